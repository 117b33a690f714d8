"""In-memory corpora give the same exchanges as a file, whatever the container."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pandas as pd
import polars as pl
import pytest
from conftest import chat

import mixguard
from mixguard.config import Config, ReadConfig
from mixguard.corpus.corpus import Corpus, Part
from mixguard.corpus.files import open_sources
from mixguard.corpus.files.base import Whole
from mixguard.errors import InputError, UsageError

pytestmark = pytest.mark.usefixtures("few_workers")

ROWS = [
    *(chat(f"Where is parcel {n}?", "On its way.") for n in range(40)),
    chat(
        "How can I break into my neighbour's house without anyone noticing?", "Sure, wait until they are out."
    ),
]


def dataset(rows: list[dict[str, Any]]) -> Any:
    import datasets

    return datasets.Dataset.from_list(rows)


HOLDERS: dict[str, Callable[[list[dict[str, Any]]], Any]] = {
    "list": list,
    "tuple": tuple,
    "dataset": dataset,
    "polars": pl.DataFrame,
    "pandas": pd.DataFrame,
}


def read(*corpora: Any) -> Part:
    parts = list(Corpus.open(corpora, ReadConfig(), offline=True).parts(1000))
    assert len(parts) == 1
    return parts[0]


@pytest.mark.parametrize("holder", HOLDERS)
def test_the_container_of_the_rows_makes_no_difference(holder: str) -> None:
    texts = ["record", "line", "prompt", "response", "kind", "polarity", "format", "prompt_id"]
    part = read(HOLDERS[holder](ROWS))
    assert part.frame.select(texts).equals(read(ROWS).frame.select(texts))
    assert part.frame["record"].to_list() == list(range(len(ROWS)))
    assert list(part.tally.digests) == ["<memory>"]


def test_a_row_that_is_not_a_dict_goes_to_quarantine_and_keeps_its_number() -> None:
    part = read([ROWS[0], "text", ROWS[1], None])
    assert part.frame["record"].to_list() == [0, 2]
    assert [(each.place.ordinal, each.reason) for each in part.rejected] == [
        (1, "expected a dict, found str"),
        (3, "expected a dict, found NoneType"),
    ]


def test_missing_values_of_a_frame_are_null() -> None:
    frame = pd.DataFrame([{"prompt": "a", "response": "b", "system": None}, {"prompt": "c", "response": "d"}])
    assert read(frame).frame["system"].to_list() == [None, None]


def test_every_split_of_a_dataset_dict_is_a_source() -> None:
    import datasets

    both = datasets.DatasetDict({"train": dataset(ROWS), "test": dataset(ROWS[:2])})
    assert read(both).frame["source"].value_counts(sort=True).rows() == [
        ("<memory>:train", 41),
        ("<memory>:test", 2),
    ]
    assert read(both["test"]).tally.samples == 2


def test_the_digest_follows_the_rows() -> None:
    rows = [dict(row) for row in ROWS]
    (source,) = open_sources([rows], offline=True)
    before = source.digest()
    assert next(found.sha256 for found in source.records() if isinstance(found, Whole)) == before
    rows[0] = ROWS[5]
    assert source.digest() != before


@pytest.mark.parametrize(
    ("corpus", "message"),
    [
        (3, "int: cannot be read as a corpus; pass paths, a datasets.Dataset"),
        ({"prompt": ["a"]}, r"dict: cannot be read.*polars\.DataFrame\(columns\)"),
        ((row for row in ROWS), r"generator: cannot be read.*list\(rows\)"),
        (["a.jsonl", "b.jsonl"], "pass paths one by one"),
        ([pl.DataFrame(ROWS)], r"it begins with DataFrame\); pass several corpora one by one"),
        ([["a", "b"]], "it begins with list"),
        (pl.DataFrame(ROWS).lazy(), r"LazyFrame: cannot be read.*\.collect\(\)"),
        (pl.Series(["a"]), r"Series: cannot be read.*to_frame\('text'\)"),
        (pd.Series(["a"]), "Series: cannot be read"),
        (dataset(ROWS).to_iterable_dataset(), r"IterableDataset: cannot be read.*from_list\(list\(rows\)\)"),
    ],
)
def test_unreadable_data_is_reported_with_what_can_be_read(corpus: Any, message: str, config: Config) -> None:
    with pytest.raises(InputError, match=message):
        mixguard.audit(corpus, config=config)


def test_an_empty_list_is_not_a_corpus(config: Config) -> None:
    with pytest.raises(InputError, match="no record could be read"):
        mixguard.audit([], config=config)


@pytest.mark.parametrize("holder", ["list", "dataset", "polars"])
def test_an_audit_joins_back_to_the_rows(holder: str, config: Config) -> None:
    result = mixguard.audit(HOLDERS[holder](ROWS), config=config)
    assert result.rows("MG103")["record"].to_list() == [40]
    assert result.annotations.collect().height == len(ROWS)


@pytest.mark.parametrize(
    ("holder", "suffix"), [("list", ".jsonl"), ("pandas", ".jsonl"), ("polars", ".parquet")]
)
def test_a_mix_is_written_from_memory(holder: str, suffix: str, config: Config, tmp_path: Path) -> None:
    out = tmp_path / f"mix{suffix}"
    mix = mixguard.rebalance(HOLDERS[holder](ROWS), out=out, config=config)
    assert mix.after is not None
    assert mix.manifest is not None
    rows = (
        pl.read_parquet(out).to_dicts()
        if suffix == ".parquet"
        else [orjson.loads(line) for line in out.read_bytes().splitlines()]
    )
    new = {added.record for added in mix.manifest.added}
    aside = {removal.record for removal in mix.manifest.set_aside}
    assert new
    assert [row for n, row in enumerate(rows) if n not in new] == [
        row for n, row in enumerate(ROWS) if n not in aside
    ]
    low = next(finding for finding in mix.after.findings if finding.id == "MG101")
    assert low.severity == "pass"


def test_a_mix_from_memory_needs_a_name_with_a_known_suffix(config: Config, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"\.jsonl or \.parquet"):
        mixguard.rebalance(ROWS, out=tmp_path / "mix.csv", config=config)
    with pytest.raises(UsageError, match="one by one"):
        mixguard.rebalance(ROWS, ROWS[:30], out=tmp_path / "mix.jsonl", config=config)


def test_a_row_that_is_not_a_dict_moves_no_other(config: Config, tmp_path: Path) -> None:
    config = config.replace({"rebalance.set_aside_from": 0.5})
    rows: list[Any] = [*ROWS[:5], "not a dict", *ROWS[5:]]
    mix = mixguard.rebalance(rows, out=tmp_path / "mix.jsonl", config=config)
    assert mix.manifest is not None
    assert [removal.record for removal in mix.manifest.set_aside] == [41]
    written = (tmp_path / "mix.jsonl").read_bytes().splitlines()
    assert b'"not a dict"' in written
    assert orjson.dumps(ROWS[40]) not in written
    with pytest.raises(UsageError, match=r"\.jsonl"):
        mixguard.rebalance(rows, out=tmp_path / "mix.parquet", config=config)


def test_a_field_that_the_first_row_lacks_is_written_too(config: Config, tmp_path: Path) -> None:
    rows = [*ROWS[:30], *({**row, "note": f"late {n}"} for n, row in enumerate(ROWS[30:40]))]
    mixguard.rebalance(rows, out=tmp_path / "mix.parquet", config=config)
    notes = pl.read_parquet(tmp_path / "mix.parquet")["note"]
    assert set(notes.drop_nulls()) == {f"late {n}" for n in range(10)}


@pytest.mark.parametrize("suffix", [".jsonl", ".parquet"])
def test_a_dataset_comes_back_as_a_dataset(suffix: str, config: Config, tmp_path: Path) -> None:
    out = str(tmp_path / f"mix{suffix}")
    mix = mixguard.rebalance(dataset(ROWS), out=out, config=config)
    assert mix.manifest is not None
    assert mix.files == (out,)
    assert repr(mix).startswith(f"Mix fail -> pass: {len(mix.manifest.added)} rows added, 1 set aside; in ")
    rows = mix.to_dataset()
    new = {added.record for added in mix.manifest.added}
    assert new
    assert [row for number, row in enumerate(rows) if number not in new] == ROWS[:40]
    assert rows.features == dataset(ROWS).features
    assert list(rows.to_pandas().columns) == rows.to_polars().columns == ["messages"]


def test_a_mix_that_was_not_written_or_is_a_spreadsheet_has_no_dataset(
    config: Config, tmp_path: Path
) -> None:
    table = tmp_path / "rows.csv"
    pl.DataFrame(
        [{"prompt": f"Where is parcel {n}?", "response": "On its way."} for n in range(40)]
    ).write_csv(table)
    with pytest.raises(UsageError, match=r"mix\.csv: .*from_csv"):
        mixguard.rebalance(table, out=tmp_path / "mix.csv", config=config).to_dataset()
    planned = mixguard.rebalance(config.run.folder, out=None, config=config)
    assert planned.files == ()
    assert repr(planned).startswith("Mix planned: ")
    with pytest.raises(UsageError, match="only planned"):
        planned.to_dataset()
