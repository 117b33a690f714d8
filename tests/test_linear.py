"""Whatever a corpus says, reading and judging it takes time that grows with its length and no faster."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from mixguard.annotate.requests import requests
from mixguard.annotate.rest import openings, sentences
from mixguard.annotate.stance_grammar import Grammar
from mixguard.annotate.stance_text import place, plain_text
from mixguard.config import Config, ReadConfig
from mixguard.corpus.corpus import Corpus
from mixguard.curate.voice_learn import Said, voice_of
from mixguard.detectors import Recipe, Worker
from mixguard.escape import harmless, printed
from mixguard.files import bundled
from mixguard.judge import annotate_texts
from mixguard.library.bank import Bank
from mixguard.library.pairs import opening
from mixguard.library.taxonomy import Taxonomy
from mixguard.mix.frames import answer_frame, prompt_frame

_EXAMPLES = import_module("corpus.formats.examples")
UNITS = (
    "a", " ", "\n", "\t\n", '"', "'", "```\n", "&_;", "&#39;", "&amp;", "<think>", "</think>", "<think></think>", "[INST]", "<|im_start|>",
    "<|im_start|>user\n", "<|channel|>final", "<|start_header_id|>", "<s>", "</s>", "### ", "\n\nHuman: ", "\n\nAssistant:", "\nUser: a\n",
    "- ", "1. ", "**", "**a", "[a](", "{", "[", "\\", "::", "##[", "I can't ", "i cannot i ", "sorry, but i ", "no, ", "as an ai as an ", "never an ",
    "e\u0301", "\u0301", "Z\u0351\u036b\u0343", "\u200b", "\u202e", "\u0430", "\ufdfa", "\U0001f600\u200d", "\x00", "\ufffd", "\u4f60", "?", ". ", "&lt;",
)  # fmt: skip
"""What a pattern could stumble over, repeated to a length."""
SHORT, LONG = 8_000, 32_000
MOST, FLOOR = 10.0, 0.02
"""Times as long that four times the text may take, and seconds below which time is noise."""
GRAMMAR = Grammar.load(bundled("taxonomies", "stance"))
TASKS = Bank.load("mixguard", Taxonomy.load("mixguard")).tasks


def texts(length: int) -> list[str]:
    """Every unit repeated; and between ordinary words, so that it begins nothing."""
    repeated = [unit * (length // len(unit)) for unit in UNITS]
    return [*repeated, *(f"How do I {text} do that?" for text in repeated)]


def reading(found: list[str]) -> None:
    """Every format, with the text wherever an example has one."""
    rows = [_filled(row, text) for text in found for rows in _EXAMPLES.EXAMPLES.values() for row in rows[:1]]
    for part in Corpus.open([rows], ReadConfig(), offline=True).parts(64):
        assert part.frame.width


def _filled(value: Any, text: str) -> Any:
    if isinstance(value, dict):
        return {name: _filled(each, text) for name, each in value.items()}
    if isinstance(value, list):
        return [_filled(each, text) for each in value]
    if isinstance(value, str) and any(each in value for each in (_EXAMPLES.Q, _EXAMPLES.A, _EXAMPLES.B)):
        return text[:2000] if len(value) > 200 else text
    return value


def stance(found: list[str]) -> None:
    plain = plain_text(pl.Series(found))
    GRAMMAR.features(plain)
    GRAMMAR.evidence(plain, tuple(GRAMMAR.sentence))
    for text in found:
        place("I cannot help you with that", text)


def asking(found: list[str]) -> None:
    requests(pl.DataFrame({"kind": ["exchange"] * len(found), "prompt": found}))
    for task in TASKS:
        for text in found:
            task.shows(text, ())


def refusing(found: list[str]) -> None:
    openings(found)
    for text in found:
        sentences(text)
        opening(text)
    voice_of(
        [Said("p", f"I can't help with that. {text}") for text in found]
        + [Said("q", "I can't help with that.")] * 9,
        "m",
        "s",
    )


def framing(found: list[str]) -> None:
    prompt_frame(found)
    answer_frame(found)


def showing(found: list[str]) -> None:
    for text in found:
        printed(text)
        harmless(text)


SUBJECTS: tuple[Callable[[list[str]], None], ...] = (reading, stance, asking, refusing, framing, showing)


def seconds(subject: Callable[[list[str]], object], found: list[str]) -> float:
    started = time.process_time()
    subject(found)
    return max(time.process_time() - started, FLOOR)


def grows(subject: Callable[[list[str]], object], short: str, long: str) -> bool:
    """Whether the long text takes about as much longer as it is; what a busy machine does once it does not do thrice."""
    taken = (seconds(subject, [long]) for _ in range(3))
    return any(each < MOST * FLOOR or each < MOST * seconds(subject, [short]) for each in taken)


@pytest.mark.parametrize("subject", SUBJECTS, ids=lambda subject: subject.__name__)
def test_time_grows_with_length(subject: Callable[[list[str]], None]) -> None:
    subject(texts(100)[:1])  # what is made once
    for short, long in zip(texts(SHORT), texts(LONG), strict=True):
        assert grows(subject, short, long), f"{short[:40]!r}"


@pytest.fixture(scope="module")
def everything(cheap: dict[str, Any]) -> Worker:
    """Every annotator, on vectors that cost next to nothing."""
    return Recipe(Config.from_tree(cheap, origin="test")).worker()


def test_every_annotator_takes_time_that_grows_with_length(everything: Worker) -> None:
    def judge(found: list[str]) -> None:
        assert annotate_texts(everything, found, found).height == len(found)

    judge(texts(100))
    assert seconds(judge, texts(LONG // 8)) < MOST * seconds(judge, texts(SHORT // 8))


def test_what_once_never_ended_ends(everything: Worker) -> None:
    """106 characters took 15 seconds, 234 would have taken longer than anybody waits."""
    text = "I" + "&_;" * 70 + " zebra. I *can't* help with that."
    started = time.process_time()
    judged = annotate_texts(everything, ["hi"], [text])
    assert judged["stance"].to_list() != [None]
    assert time.process_time() - started < 10


def nested() -> Iterator[str]:
    yield json.dumps(
        {
            "messages": [
                {"role": "user", "content": [{"type": "text", "text": "part"}] * 10_000},
                {"role": "assistant", "content": "ok"},
            ]
        }
    )
    yield json.dumps(
        {**{f"column {number}": "v" for number in range(100_000)}, "prompt": "hi", "completion": "yo"}
    )
    yield json.dumps(
        {
            "messages": [
                {"role": ("user", "assistant")[number % 2], "content": "word"} for number in range(40_000)
            ]
        }
    )


@pytest.mark.parametrize("line", tuple(nested()), ids=["10,000 parts", "100,000 columns", "40,000 turns"])
def test_a_large_record_is_read_in_time(line: str, tmp_path: Path) -> None:
    path = tmp_path / "data.jsonl"
    path.write_text(line + "\n")
    started = time.process_time()
    tallies = [part.tally for part in Corpus.open([path], ReadConfig(), offline=True).parts(2048)]
    assert sum(tally.samples for tally in tallies) == 1
    assert time.process_time() - started < 20
