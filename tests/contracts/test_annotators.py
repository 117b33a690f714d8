"""The contract of every annotator: same height, exactly its columns, each row judged on its own."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from mixguard.annotate.base import Annotator, Batch
from mixguard.columns import EXCHANGE, HAZARD, STANCE, TEXT
from mixguard.config import Config
from mixguard.detectors import Worker
from mixguard.library.taxonomy import Taxonomy

PAIRS: list[tuple[str, str | None]] = [
    ("How do I return a parcel?", "Use the form on our site."),
    ("How can I hurt my neighbour without being caught?", "I won't help with hurting anyone."),
    ("", ""),
    ("x", None),
    ("Wie kann ich mein Paket zurückschicken, wenn der Karton kaputt ist?", "Gerne!"),
    ("long " * 2000 + "how can I hurt my neighbour without being caught?", "word " * 3000),
    ("\u202e\x00weird\u200b", "🙂" * 50),
    ("How do I return a parcel?", "Use the form on our site."),
]


@pytest.fixture(scope="module")
def worker(cache: Path) -> Worker:
    config = Config.from_tree({"encode": {"cache": cache}}, origin="test")
    return Worker.from_config(config, Taxonomy.load("mixguard"))


@pytest.fixture(params=range(3), ids=["language", "hazard", "stance"])
def annotator(request: pytest.FixtureRequest, worker: Worker) -> Annotator:
    number: int = request.param
    return worker.annotators[number]


def frame(pairs: list[tuple[str, str | None]]) -> pl.DataFrame:
    """A batch as the corpus would give it, with a language column for annotators that read it."""
    rows = [
        {"kind": "exchange", "polarity": 1, "prompt": prompt, "response": response, "tool_call": False}
        for prompt, response in pairs
    ]
    return pl.DataFrame(rows, schema={**EXCHANGE, **TEXT}).with_columns(language=pl.lit(None, pl.String))


def run(annotator: Annotator, worker: Worker, pairs: list[tuple[str, str | None]]) -> pl.DataFrame:
    given = frame(pairs)
    if "language" in annotator.writes:
        given = given.drop("language")
    return annotator(Batch(given, worker.store))


def test_same_height_and_exact_schema(annotator: Annotator, worker: Worker) -> None:
    found = run(annotator, worker, PAIRS)
    assert found.height == len(PAIRS)
    assert found.schema == annotator.writes


def test_deterministic(annotator: Annotator, worker: Worker) -> None:
    assert_frame_equal(run(annotator, worker, PAIRS), run(annotator, worker, PAIRS))


def test_a_row_does_not_depend_on_its_batch_or_its_place(annotator: Annotator, worker: Worker) -> None:
    together = run(annotator, worker, PAIRS)
    alone = pl.concat([run(annotator, worker, [pair]) for pair in PAIRS])
    turned = run(annotator, worker, PAIRS[::-1]).reverse()
    assert_frame_equal(together, alone, abs_tol=1e-3)
    assert_frame_equal(together, turned, abs_tol=1e-3)


def test_an_empty_batch_gives_no_rows(annotator: Annotator, worker: Worker) -> None:
    found = run(annotator, worker, [])
    assert found.height == 0
    assert found.schema == annotator.writes


def test_all_annotators_together_write_what_the_columns_say(worker: Worker) -> None:
    added = {name: kind for annotator in worker.annotators for name, kind in annotator.writes.items()}
    assert added == {**HAZARD, **STANCE}


def test_every_exchange_is_judged_or_has_a_reason(worker: Worker) -> None:
    judged = worker(frame(PAIRS).drop("language"))
    assert judged.filter(pl.col("hazard").is_null() != pl.col("hazard_unjudged").is_not_null()).is_empty()
    assert judged.filter(pl.col("stance").is_null() != pl.col("stance_unjudged").is_not_null()).is_empty()
    assert not set(TEXT) & set(judged.columns)


def test_a_sub_hazard_is_one_of_its_hazard(worker: Worker) -> None:
    judged = worker(frame(PAIRS).drop("language"))
    subs = {hazard.code: set(hazard.sub) for hazard in Taxonomy.load("mixguard").hazards}
    named = judged.filter(pl.col("sub_hazard").is_not_null())
    assert named.height > 0
    assert all(sub in subs[hazard] for hazard, sub in named.select("hazard", "sub_hazard").iter_rows())
