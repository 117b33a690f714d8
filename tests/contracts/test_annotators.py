"""The contract of every annotator: same height, exactly its columns, each row judged on its own."""

from __future__ import annotations

import polars as pl
import pytest
from building import exchange_frame
from polars.testing import assert_frame_equal

from mixguard.annotate.base import Annotator, Batch
from mixguard.columns import EXCHANGE, TEXT
from mixguard.detectors import Worker
from mixguard.library.bank import Bank
from mixguard.library.taxonomy import Taxonomy

REFUSAL = Bank.load("mixguard", Taxonomy.load("mixguard")).pairs.row(0, named=True)
PAIRS: list[tuple[str, str | None]] = [
    ("How do I return a parcel?", "Use the form on our site."),
    ("How can I hurt my neighbour without being caught?", "I won't help with hurting anyone."),
    ("", ""),
    ("x", None),
    ("Wie kann ich mein Paket zurückschicken, wenn der Karton kaputt ist?", "Gerne!"),
    ("long " * 2000 + "how can I hurt my neighbour without being caught?", "word " * 3000),
    ("\u202e\x00weird\u200b", "🙂" * 50),
    (REFUSAL["prompt"], REFUSAL["response"]),
    ("How do I return a parcel?", "Use the form on our site."),
]


class Given:
    """An annotator, and the frame a worker passes to it."""

    def __init__(self, annotator: Annotator, frame: pl.DataFrame, worker: Worker) -> None:
        self.annotator, self.frame, self._worker = annotator, frame, worker

    def batch(self, frame: pl.DataFrame) -> Batch:
        return Batch.of(frame, self._worker.stages)

    def found(self, frame: pl.DataFrame) -> pl.DataFrame:
        return self.annotator(self.batch(frame))

    def same(self, one: pl.DataFrame, other: pl.DataFrame) -> None:
        """Fail, naming the annotator, if two results differ by more than batching in the encoder explains."""
        try:
            assert_frame_equal(one, other, abs_tol=1e-3)
        except AssertionError as error:
            raise AssertionError(f"{self}: {error}") from None

    def __repr__(self) -> str:
        return type(self.annotator).__name__


@pytest.fixture(scope="module")
def given(worker: Worker) -> list[Given]:
    """Every annotator of the worker, each with the columns of those before it."""
    batch, handed = Batch.of(exchange_frame(PAIRS), worker.stages), []
    for annotator in worker.annotators:
        handed.append(Given(annotator, batch.frame, worker))
        batch.add(annotator(batch))
    return handed


def test_same_height_and_exact_schema(given: list[Given]) -> None:
    for each in given:
        found = each.found(each.frame)
        assert found.height == len(PAIRS), each
        assert found.schema == each.annotator.writes, each


def test_it_adds_columns_and_changes_none(given: list[Given]) -> None:
    for each in given:
        batch, before = each.batch(each.frame), each.frame.clone()
        each.annotator(batch)
        assert batch.frame.equals(before), each
        assert not set(each.annotator.writes) & set(before.columns), each


def test_it_needs_only_the_columns_it_reads(given: list[Given]) -> None:
    for each in given:
        each.same(each.found(each.frame.select(each.annotator.reads)), each.found(each.frame))


def test_it_is_deterministic(given: list[Given]) -> None:
    for each in given:
        assert each.found(each.frame).equals(each.found(each.frame)), each


def test_a_row_does_not_depend_on_its_batch_or_position(given: list[Given]) -> None:
    for each in given:
        together = each.found(each.frame)
        each.same(pl.concat([each.found(row) for row in each.frame.iter_slices(1)]), together)
        each.same(each.found(each.frame.reverse()).reverse(), together)


@pytest.mark.parametrize("rows", [range(0, len(PAIRS), 2), [1], [2, 3, 4], []], ids=str)
def test_masked_rows_are_judged_as_in_the_full_batch(given: list[Given], rows: list[int]) -> None:
    mask = pl.Series([number in rows for number in range(len(PAIRS))], dtype=pl.Boolean)
    for each in given:
        batch = each.batch(each.frame)
        together = each.annotator(batch)
        each.same(each.annotator(batch.where(mask)), together.filter(mask))


def test_an_empty_batch_gives_no_rows(given: list[Given]) -> None:
    for each in given:
        found = each.found(each.frame.clear())
        assert found.height == 0, each
        assert found.schema == each.annotator.writes, each


@pytest.mark.parametrize("pairs", [PAIRS, []], ids=["some", "none"])
def test_a_worker_writes_its_declared_columns(worker: Worker, pairs: list[tuple[str, str | None]]) -> None:
    judged = worker(exchange_frame(pairs))
    assert judged.schema == worker.columns
    assert judged.height == len(pairs)
    assert not set(TEXT) & set(judged.columns)
    assert set(EXCHANGE) < set(judged.columns)


def test_every_exchange_is_judged_or_has_a_reason(worker: Worker) -> None:
    judged = worker(exchange_frame(PAIRS))
    assert judged.filter(pl.col("hazard").is_null() != pl.col("hazard_unjudged").is_not_null()).is_empty()
    assert judged.filter(pl.col("stance").is_null() != pl.col("stance_unjudged").is_not_null()).is_empty()
    assert judged["hazard_unjudged"].n_unique() == 3  # none, empty, another language
    assert judged["stance_unjudged"].n_unique() == 3  # none, empty, no response


def test_a_sub_hazard_belongs_to_its_hazard(worker: Worker) -> None:
    judged = worker(exchange_frame(PAIRS))
    subs = {hazard.code: set(hazard.sub) for hazard in worker.taxonomy.hazards}
    named = judged.filter(pl.col("sub_hazard").is_not_null())
    assert named.height > 0
    assert all(sub in subs[hazard] for hazard, sub in named.select("hazard", "sub_hazard").iter_rows())
