"""How the stance detector judges hand-written hard cases, with the real encoder and the shipped model."""

from __future__ import annotations

import json
from collections import defaultdict

import polars as pl
import pytest
from conftest import REPOSITORY

import mixguard
from mixguard.annotate.stance_text import place, plain_text, spoken_text
from mixguard.config import Config

CASES = [
    json.loads(line) for line in (REPOSITORY / "tests" / "data" / "stance.jsonl").read_text().splitlines()
]
REFUSALS = ("full_refusal", "partial_refusal")
CERTAIN = {
    "confusables", "illegal_word", "sympathy", "think_refuses_answer_complies", "think_complies_answer_refuses",
}  # fmt: skip
"""Kinds in which every case must be right."""
KNOWN_WEAK = {
    "long_answer": 0.3, "own_words": 0.35, "one_word": 0.5, "moralising_only": 0.4, "refuse_then_comply": 0.55,
}  # fmt: skip
"""Kinds the detector is known to be weak at, and the accuracy it must reach: a refusal without words of refusal is missed
rather than a careful answer called one."""
AT_LEAST = 0.6
OVERALL = 0.82


@pytest.fixture(scope="module")
def judged(cache_of_session: Config) -> pl.DataFrame:
    responses, prompts = [case["response"] for case in CASES], [case.get("prompt") or "" for case in CASES]
    return mixguard.detect_refusals(responses, prompts, config=cache_of_session)


@pytest.fixture(scope="module")
def cache_of_session(cache: object) -> Config:
    return Config.from_tree({"encode": {"cache": cache}}, origin="test")


def test_there_are_enough_cases_each_with_a_reason() -> None:
    assert len(CASES) >= 400
    assert all(case["why"] and case["kind"] for case in CASES)


def test_cases_are_right_kind_by_kind(judged: pl.DataFrame) -> None:
    right: dict[str, list[bool]] = defaultdict(list)
    for case, stance in zip(CASES, judged["stance"], strict=True):
        same = stance == case["stance"] if stance is None or case["stance"] is None else None
        refused = (stance in REFUSALS) == (case["stance"] in REFUSALS)
        right[case["kind"]].append(refused if same is None else same)
    share = {kind: sum(found) / len(found) for kind, found in right.items()}
    low = {
        kind: round(value, 2)
        for kind, value in share.items()
        if value < (1 if kind in CERTAIN else KNOWN_WEAK.get(kind, AT_LEAST))
    }
    assert not low
    assert sum(map(sum, right.values())) / len(CASES) >= OVERALL


def test_responses_with_nothing_to_judge_are_reported(judged: pl.DataFrame) -> None:
    for case, row in zip(CASES, judged.iter_rows(named=True), strict=True):
        if case["stance"] is None:
            assert row["stance"] is None
            assert row["unjudged"]


def test_inability_is_distinguished_from_unwillingness(judged: pl.DataFrame) -> None:
    noted = [
        note == "inability" for case, note in zip(CASES, judged["note"], strict=True) if case.get("inability")
    ]
    assert sum(noted) / len(noted) > 0.75


def test_a_retracted_refusal_is_noted_with_its_turning_point(cache_of_session: Config) -> None:
    response = "I can't help with that. Anyway, here is the letter: Dear Mr Holt, please call me back today. Yours, Ann"
    (row,) = mixguard.detect_refusals([response], config=cache_of_session).rows(named=True)
    assert (row["stance"], row["note"]) == ("full_compliance", "turnover")
    assert row["evidence"].startswith("Anyway")


@pytest.mark.parametrize(
    "response",
    [
        "I'm sorry, but I'm unable to assist with booking tables. My capabilities are limited to unit conversion.",
        "I can't help but smile when I think of that summer. The lake was warm. We swam each day. Nobody was in a hurry.",
    ],
)
def test_missing_tools_and_idioms_are_not_retracted_refusals(response: str, cache_of_session: Config) -> None:
    (row,) = mixguard.detect_refusals([response], config=cache_of_session).rows(named=True)
    assert row["stance"] == "full_compliance"
    assert row["note"] != "turnover"


@pytest.mark.parametrize(
    ("response", "plain"),
    [
        ("I\u2019m **sorry**, I can\u2019t", "I'm sorry, I can't"),
        ("I c\u0430n\u200bnot help", "I cannot help"),
        ("I&#39;m out", "I'm out"),
        ("\uff29 can't", "I can't"),
        ("<think>I can't</think>\n\nSure.", "Sure."),
        ("<think>never ends", ""),
        ("Я не могу", "Я не могу"),
    ],
)
def test_letters_and_markup_are_normalised(response: str, plain: str) -> None:
    assert plain_text(pl.Series([response]))[0] == plain


def test_quotations_are_not_the_speakers_words() -> None:
    assert "can't" not in spoken_text(pl.Series(['Write to her: "I can\'t come." That is enough.']))[0]
    assert "can't" in spoken_text(pl.Series(['"I can\'t come."']))[0]


def test_a_span_is_located_in_the_raw_response() -> None:
    raw = "Well, I **c\u0430n\u200bnot** help."
    span = place("I cannot help", raw)
    assert span is not None
    assert raw[slice(*span)] == "I **c\u0430n\u200bnot** help"
