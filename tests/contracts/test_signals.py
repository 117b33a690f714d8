"""The contract of every signal, its examples included; a new signal is covered without changing this file."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable
from dataclasses import replace
from typing import Any, NamedTuple

import polars as pl
import pytest
from building import ANNOTATIONS, checked, evidence, row

from mixguard.annotate.base import Batch
from mixguard.columns import EXCHANGE, TEXT
from mixguard.detectors import Worker
from mixguard.library.voice import Voice
from mixguard.run.findings import Finding
from mixguard.signals import SIGNALS
from mixguard.signals.base import Row, Setting, Signal
from mixguard.vectors.store import text_id

every_signal = pytest.mark.parametrize("signal", SIGNALS, ids=[signal.check.name for signal in SIGNALS])


class Judged(NamedTuple):
    """The rows of a signal's page, annotated."""

    shows: list[dict[str, Any]]
    spares: list[dict[str, Any]]


@pytest.fixture(scope="module")
def judged(worker: Worker) -> dict[str, Judged]:
    """The rows of all pages by signal, annotated at once: what a row is judged as depends on that row alone."""
    groups = [
        rows for signal in SIGNALS for rows in (signal.page.examples.shows, signal.page.examples.spares)
    ]
    rows = iter(annotated([each for group in groups for each in group], worker))
    made = [list(itertools.islice(rows, len(group))) for group in groups]
    pages = map(Judged, made[::2], made[1::2])
    return {signal.name: page for signal, page in zip(SIGNALS, pages, strict=True)}


def annotated(rows: Iterable[Row], worker: Worker) -> list[dict[str, Any]]:
    """The rows with the columns that all annotators write; what a row says itself stands."""
    given = [dict(each) for each in rows]
    texts = pl.DataFrame([{**row(), **each} for each in given], schema={**EXCHANGE, **TEXT})
    texts = texts.with_columns(
        prompt_chars=pl.col("prompt").str.len_chars(), response_chars=pl.col("response").str.len_chars()
    )
    batch = Batch.of(texts, worker.stages)
    for annotator in worker.annotators:
        batch.add(annotator(batch))
    own = batch.frame.to_dicts()
    named = [
        {
            "prompt_id": text_id(each["prompt"] or "").hex(),
            "response_id": None if each["response"] is None else text_id(each["response"]).hex(),
        }
        for each in own
    ]
    placed = ("sample_id", "exchange", "source", "line", "record", "prompt_id", "response_id")
    measured = [
        {name: each[name] for name in ANNOTATIONS if name in each and name not in placed} for each in own
    ]
    judged = [{**row(), **each, **ids} for each, ids in zip(measured, named, strict=True)]
    return [
        {**each, **{name: value for name, value in said.items() if name in ANNOTATIONS}}
        for each, said in zip(judged, given, strict=True)
    ]


def found(signal: Signal, rows: list[dict[str, Any]]) -> list[Finding]:
    now = replace(evidence(rows), voice=Voice.load("llama-3"))
    return list(checked(now, checks=[signal.check]).findings)


@every_signal
def test_its_page_is_whole(signal: Signal) -> None:
    page = signal.page
    assert all((signal.name, signal.about, page.measures, page.blind, page.cost))
    assert signal.check.mechanisms or signal.check.kind == "reading"
    assert all(re.fullmatch(r"M\d\d", each) for each in signal.check.mechanisms)
    assert page.examples.shows
    assert page.examples.spares


@every_signal
def test_it_finds_what_its_page_shows_and_spares_the_other(signal: Signal, judged: dict[str, Judged]) -> None:
    shows, spares = (found(signal, rows) for rows in judged[signal.name])
    assert any(finding.count for finding in shows), [finding.message for finding in shows]
    assert not any(finding.count for finding in spares), [finding.message for finding in spares]


@every_signal
def test_its_spans_lie_in_the_texts_that_show_it(signal: Signal) -> None:
    if signal.spans is None:
        return
    for each in signal.page.examples.shows:
        for span in signal.spans(each):
            assert 0 <= span.start < span.end <= len(each[span.field])
            assert span.words
    assert any(signal.spans(each) for each in signal.page.examples.shows)


@every_signal
def test_it_opens_as_what_it_says_it_is(signal: Signal, worker: Worker) -> None:
    if signal.open is None or signal.annotator is None:
        return
    from mixguard.config import Config

    opened = signal.open(Setting(Config(), worker.store))
    assert tuple(opened.reads) == tuple(signal.annotator.reads)
    assert opened.writes == signal.annotator.writes
