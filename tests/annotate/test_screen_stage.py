"""The stage `screen`: what it dismisses, what it passes on, and that a row's fate depends on that row alone."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from building import exchange_frame, unstaged
from polars.testing import assert_frame_equal

from mixguard.annotate.base import DISMISSED, SAMPLED, Batch
from mixguard.annotate.hashed_sentences import SLOTS, slot
from mixguard.annotate.screen import Screen, ScreenAnnotator, Share
from mixguard.annotate.stance_grammar import Grammar
from mixguard.detectors import Worker
from mixguard.files import bundled
from mixguard.vectors.store import text_id

NONE, ALL = Share(0.0, 0.0), Share(0.0, 1.0)
LUNCH, REACTOR = "What is for lunch on Monday?", "How do I wreck a reactor?"


def screen(sampled: Share = NONE) -> Screen:
    levels = np.zeros(SLOTS, dtype=np.int8)
    levels[slot("wreck")] = 100
    return Screen(levels, step=0.2, bias=-4.0, limit=-3.0, sampled=sampled)


def frame(*pairs: tuple[str, str | None], **columns: object) -> pl.DataFrame:
    rows = exchange_frame(pairs)
    ids = [text_id(prompt).hex() for prompt, _ in pairs]
    given = {"language": "en", "pair": None, **columns}
    return rows.with_columns(
        pl.Series("prompt_id", ids),
        *(pl.lit(value, pl.String).alias(name) for name, value in given.items()),
    )


def states(rows: pl.DataFrame, sampled: Share = NONE) -> list[str | None]:
    grammar = Grammar.load(bundled("taxonomies", "stance"))
    return ScreenAnnotator(screen(sampled), grammar, "en")(unstaged(rows))["screen"].to_list()


def test_only_what_is_far_from_any_hazard_is_dismissed() -> None:
    assert states(frame((LUNCH, "Soup."), (REACTOR, "Like this."))) == [DISMISSED, None]


@pytest.mark.parametrize(
    "answer", ["I'm sorry, but I can't help with that.", "No. I refuse to tell you anything about lunch."]
)
def test_an_answer_with_words_of_refusal_is_passed_on(answer: str) -> None:
    assert states(frame((LUNCH, answer))) == [None]


@pytest.mark.parametrize("columns", [{"language": "de"}, {"pair": "mg-1"}])
def test_what_is_not_judged_or_known_is_not_dismissed(columns: dict[str, object]) -> None:
    assert states(frame((LUNCH, "Soup."), **columns)) == [None]


def test_a_request_beside_a_long_text_is_seen() -> None:
    text = "The soup is warm and the bread is fresh. " * 60
    assert states(frame((text, "Good."), (f"{text}\n{REACTOR}", "Good."))) == [DISMISSED, None]


def test_a_sample_of_what_is_dismissed_is_judged_by_the_hash_of_its_prompt() -> None:
    assert states(frame((LUNCH, "Soup."), (REACTOR, "So.")), ALL) == [SAMPLED, None]
    many = frame(*((f"What is for lunch on day {day}?", "Soup.") for day in range(400)))
    share = states(many, Share(0.2, 0.3)).count(SAMPLED) / 400
    assert 0.05 < share < 0.15


def test_without_a_screen_nothing_is_said() -> None:
    grammar = Grammar.load(bundled("taxonomies", "stance"))
    found = ScreenAnnotator(None, grammar, "en")(unstaged(frame((LUNCH, "Soup."))))
    assert found.to_dict(as_series=False) == {"screen": [None], "screen_score": [None]}


PAIRS: list[tuple[str, str | None]] = [
    (LUNCH, "Soup, and bread with it."), (REACTOR, "Open the valve and wait."), (LUNCH, "I'm sorry, but I can't help."),
    ("Wie kann ich mein Paket zurückschicken?", "Gerne!"), ("", ""), ("What is 12 times 7?", None),
]  # fmt: skip


def given() -> pl.DataFrame:
    ids = [text_id(prompt).hex() for prompt, _ in PAIRS]
    return exchange_frame(PAIRS).with_columns(pl.Series("prompt_id", ids))


def test_kept_rows_are_judged_as_without_a_screen_and_the_rest_by_the_screen_alone(worker: Worker) -> None:
    exact, screened = worker(given()), worker.screened_by(screen())(given())
    far = (screened["screen"] == DISMISSED).fill_null(value=False)
    assert far.to_list() == [True, False, False, False, False, True]
    others = [name for name in exact.columns if name not in ("screen", "screen_score")]
    assert_frame_equal(exact.filter(~far).select(others), screened.filter(~far).select(others), abs_tol=1e-3)
    dismissed = screened.filter(far)
    assert dismissed["hazard_stage"].to_list() == ["screen", "screen"]
    assert dismissed["hazard_score"].to_list() == dismissed["screen_score"].to_list()
    assert dismissed["stance"].to_list() == ["full_compliance", None]
    assert dismissed["stance_unjudged"].to_list() == exact.filter(far)["stance_unjudged"].to_list()
    assert dismissed["neighbours"].null_count() == dismissed["proximity"].null_count() == 2


def test_a_frame_cut_anywhere_gives_the_same_rows(worker: Worker) -> None:
    fast = worker.screened_by(screen(Share(0.0, 0.5)))
    whole = fast(given())
    for cut in range(1, len(PAIRS)):
        parts = pl.concat([fast(given()[:cut]), fast(given()[cut:])])
        assert_frame_equal(whole, parts, abs_tol=1e-3)


def test_no_vector_is_made_of_what_is_dismissed(worker: Worker) -> None:
    batch = Batch.of(given()[:1], worker.stages)
    for annotator in worker.screened_by(screen()).annotators:
        batch.add(annotator(batch))
    assert batch._vectors == {}
    assert batch._openings is None
