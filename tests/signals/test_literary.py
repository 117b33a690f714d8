from __future__ import annotations

import polars as pl
import pytest
from building import evidence, found, row, unstaged

from mixguard.signals.literary import LITERARY, LiteraryAnnotator

EXAMPLES = LITERARY.page.examples
OUTLINE, SCENE = EXAMPLES.shows[0]["prompt"], EXAMPLES.shows[0]["response"]
REPORT = "The council said on Monday that the bridge was closed. " * 30


def kind(prompt: str, response: str | None) -> str | None:
    frame = pl.DataFrame(
        {"prompt": [prompt], "response": [response]}, schema={"prompt": pl.String, "response": pl.String}
    )
    (made,) = LiteraryAnnotator()(unstaged(frame)).row(0)
    return made if made is None else str(made)


def test_prose_from_an_outline_and_after_an_opening() -> None:
    assert kind(OUTLINE, SCENE) == "outline"
    other = SCENE.replace("Martha", "Ellen").replace("letters", "rings")
    assert kind(f"Continue the following story: {' '.join(OUTLINE.split()[8:])}", other) == "opening"


@pytest.mark.parametrize(
    ("prompt", "response"),
    [
        (SCENE, OUTLINE),
        ("Write a story about a brother and a sister.", SCENE),
        ("What did the council say about the bridge that was closed on Monday? " * 4, REPORT),
        (OUTLINE, "\n".join(f"- {sentence}" for sentence in SCENE.split(". "))),
        (OUTLINE, None),
        (OUTLINE, "海" * 3000),
    ],
)
def test_other_texts_are_none(prompt: str, response: str | None) -> None:
    assert kind(prompt, response) is None


@pytest.mark.parametrize(
    ("prose", "other", "severity"),
    [(0, 10, "pass"), (1, 200, "pass"), (1, 20, "note"), (9, 9, "note"), (12, 12, "warn")],
)
def test_its_share_of_the_characters_decides(prose: int, other: int, severity: str) -> None:
    rows = [row(literary="outline", response_chars=1000) for _ in range(prose)]
    plain = [row(literary=None, response_chars=1000) for _ in range(other)]
    finding = found(evidence([*rows, *plain]), LITERARY.check.id)
    assert (finding.severity, finding.count) == (severity, prose)
