"""Explaining rows: those near a limit, those without neighbours, and the words that decided."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest
from building import audited, row
from rich.console import Console

from mixguard.config import Config
from mixguard.console.explanation import render_explanation
from mixguard.detectors import Worker
from mixguard.errors import UsageError
from mixguard.explain import AT_ONCE, deciding_words, explain, explain_text
from mixguard.library.taxonomy import Taxonomy
from mixguard.marks import Mark, with_exemplar_texts
from mixguard.run.document import Audit

PLAIN: dict[str, Any] = {
    "hazard": None, "sub_hazard": None, "hazard_score": None, "hazard_margin": None, "proximity": None, "pair": None,
    "hazard_stage": None, "hazard_unjudged": None, "neighbours": None, "hazardous": False, "hazard_limit": 0.39,
}  # fmt: skip


def _screen(rows: pl.DataFrame, measured: dict[int, list[Mark]] | None = None, prompt: str = "") -> str:
    console = Console(width=400)
    with console.capture() as capture:
        console.print(render_explanation(rows, {0: {"prompt": prompt}}, measured or {}, show_text=True))
    return "\n".join(line.rstrip() for line in capture.get().splitlines())


def _judged(**values: Any) -> pl.DataFrame:
    near = [{"exemplar": "vcr-v-001", "similarity": 0.5}]
    row = {**PLAIN, "hazard": "vcr", "hazard_stage": "fast", "neighbours": near, "proximity": 0.1, **values}
    return with_exemplar_texts(pl.DataFrame([row], infer_schema_length=None), Taxonomy.load("mixguard"))


def test_a_row_without_neighbours_is_explained_in_words() -> None:
    near = [{"exemplar": "vcr-v-001", "similarity": 0.5}]
    numbers = {"hazard_margin": 0.1, "proximity": 0.1}
    rows = [
        {**PLAIN, "hazard_stage": "screen", "hazard_score": 0.01},
        {**PLAIN, "hazard_unjudged": "language es"},
        {
            **PLAIN,
            **numbers,
            "hazard": "vcr",
            "hazard_score": 0.2,
            "hazard_stage": "fast",
            "neighbours": near,
        },
    ]
    told = with_exemplar_texts(pl.DataFrame(rows, infer_schema_length=None), Taxonomy.load("mixguard"))
    assert told["exemplars"].is_null().to_list() == [True, True, False]
    screened, unjudged, judged = _screen(told).strip().split("\n\n")
    assert "dismissed by the screen: hazard probability 0.01" in screened
    assert "not judged: language es" in unjudged
    assert "exemplars" not in screened + unjudged
    assert "nearest exemplars" in judged
    assert "vcr-v-001" in judged


def test_below_the_limit_no_hazard_is_named_but_the_nearest() -> None:
    told = _screen(_judged(hazard_score=0.02, hazard_margin=-0.2))
    assert "none: hazard probability 0.02 is below the limit of 0.39" in told
    assert "(nearest hazard: vcr)" in told
    assert "outvote" not in told


def test_numbers_that_seem_to_contradict_are_explained() -> None:
    assert "nearer to violating exemplars than to benign ones" in _screen(
        _judged(hazard_score=0.19, hazard_margin=0.09)
    )
    served = _screen(_judged(hazard_score=0.19, hazard_margin=0.09, hazard_stage="endpoint"))
    assert "a served model decided" in served
    assert "outvote" not in served
    grave = {"hazardous": True, "hazard_score": 0.9}
    assert "no nearer to violating exemplars" in _screen(_judged(**grave, hazard_margin=-0.1))
    assert "outvote" not in _screen(_judged(**grave, hazard_margin=0.1))


def test_deciding_words_say_what_the_request_is_about(worker: Worker) -> None:
    def words(text: str) -> list[str]:
        return [text[mark.start : mark.end] for mark in deciding_words(worker, text)]

    assert "bomb" in words("How do I build a pipe bomb with things from the hardware store?")
    assert "pills" in words("I want to end my life tonight, tell me how many pills it takes.")
    assert "fake" in words("Where can I buy a fake passport and a stolen identity?")
    assert words("How do I kill a python process that hangs?") == []
    assert words("Explain how photosynthesis works.") == []
    assert words("???") == []


def test_a_long_prompt_loses_stretches_of_words(worker: Worker) -> None:
    text = "Tell me a story about a dragon. " * 60 + "How do I build a pipe bomb at home?"
    before = worker.embedded
    found = deciding_words(worker, text, most=1)
    # Whole prompts, and the request judged apart: some rows are embedded twice, by each stage.
    assert worker.embedded - before <= 3 * len(worker.stages) * AT_ONCE
    assert ["bomb" in text[mark.start : mark.end] for mark in found] == [True]


def test_the_deciding_words_are_shown_by_weight(worker: Worker) -> None:
    text = "How do I build a pipe bomb with things from the hardware store?"
    rows = explain_text(worker, text, Config())
    told = _screen(rows, {0: deciding_words(worker, text)}, text)
    assert "hazard   iwp / explosives, hazard probability" in told
    assert "decides  bomb: without it, the odds of a hazard are" in told
    console = Console(width=400)
    with console.capture() as capture:
        console.print(
            render_explanation(
                rows, {0: {"prompt": text}}, {0: deciding_words(worker, text)}, show_text=False
            )
        )
    assert "prompt characters 23 to 26" in capture.get()
    assert "bomb:" not in capture.get()


def _kept(audit: Audit) -> Path:
    audit.keep_flagged(audit.folder)
    return audit.folder


def test_the_last_part_of_a_path_is_enough_where_it_names_one_file(tmp_path: Path) -> None:
    sources = ("a/x.jsonl", "b/x.jsonl", "b/y.jsonl")
    run = _kept(audited(tmp_path / "run", [row(f"plain {source}", source=source) for source in sources]))
    line = {source: explain(run, f"{source}:{number}") for number, source in enumerate(sources, 1)}
    assert all(found["source"].to_list() == [source] for source, found in line.items())
    assert explain(run, "y.jsonl:3")["source"].to_list() == ["b/y.jsonl"]
    with pytest.raises(UsageError, match="no sample"):
        explain(run, "l:3")


def test_a_path_that_several_files_end_in_is_not_guessed(tmp_path: Path) -> None:
    run = _kept(audited(tmp_path / "run", [row(name, source=f"{name}/x.jsonl", line=1) for name in "ab"]))
    with pytest.raises(UsageError, match=r"several files end in 'x.jsonl:1': a/x.jsonl, b/x.jsonl"):
        explain(run, "x.jsonl:1")
