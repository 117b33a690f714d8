"""Probes are asked as the corpus asks: with its system prompts in their shares, in the form of its task."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from conftest import chat
from probing import many, probes

from mixguard.checkpoint import like_run
from mixguard.checkpoint.like_run import asked_like, manner_of
from mixguard.config import Config
from mixguard.corpus.files import open_sources
from mixguard.errors import UsageError
from mixguard.library.bank import Bank
from mixguard.library.taxonomy import Taxonomy
from mixguard.run.document import Audit


def manner(rows: list[dict[str, Any]]) -> like_run.Manner:
    (source,) = open_sources([rows], offline=True)
    tasks = Bank.load("mixguard", Taxonomy.load("mixguard")).tasks
    return like_run._manner(source, Config().read, tasks)


def summaries(count: int) -> list[dict[str, Any]]:
    return [
        chat(
            f"Summarize the following dialogue:\n\nAnn: I come at {n}.\nBob: Fine, gate {n}.",
            "They agree.",
            system="Be brief.",
        )
        for n in range(count)
    ]


def test_system_prompts_come_in_their_shares() -> None:
    rows = [
        chat(f"What is {n} and {n}?", "Some.", system="You are Ada." if n % 4 else None) for n in range(40)
    ]
    rows.append(chat("Who am I?", "Me.", system="You talk to Mr Smith."))
    asked = asked_like(many(400), manner(rows), 0)
    counts = Counter(probe.system for probe in asked)
    assert set(counts) == {"You are Ada.", None}
    assert 260 < counts["You are Ada."] < 340
    assert [probe.id for probe in asked] == [probe.id for probe in many(400)]


def test_probes_take_the_form_of_the_task() -> None:
    found = asked_like(many(20), manner(summaries(30)), 0)
    for probe, asked in zip(many(20), found, strict=True):
        assert asked.system == "Be brief."
        assert probe.prompt in asked.prompt
        assert len(asked.prompt) > len(probe.prompt) + 20


def test_a_probe_is_asked_the_same_way_whatever_else_is_asked() -> None:
    like = manner(summaries(30))
    assert asked_like(many(20), like, 0)[:5] == asked_like(many(5), like, 0)
    assert asked_like(many(20), like, 0) != asked_like(many(20), like, 1)


def test_probes_with_a_context_of_their_own_or_of_other_axes_stay() -> None:
    found = {probe.id: probe for probe in asked_like(probes(), manner(summaries(30)), 0)}
    assert [found[probe.id] == probe for probe in probes()] == [False, False, False, True, True]


def run_of(monkeypatch: pytest.MonkeyPatch, name: str, digest: str) -> None:
    corpus = SimpleNamespace(formats={name: {"messages": 2}}, sources={name: digest})
    monkeypatch.setattr(Audit, "load", lambda folder: SimpleNamespace(corpus=corpus, config=Config()))


def test_a_corpus_that_is_gone_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    run_of(monkeypatch, str(tmp_path / "gone.jsonl"), "x")
    with pytest.raises(UsageError, match="is gone or cannot be read"):
        manner_of(Path("run"), Config())


def test_a_corpus_that_has_changed_is_told(monkeypatch: pytest.MonkeyPatch, write_jsonl: Any) -> None:
    run_of(monkeypatch, str(write_jsonl(summaries(3))), "x")
    with pytest.raises(UsageError, match="changed since it was audited"):
        manner_of(Path("run"), Config())
