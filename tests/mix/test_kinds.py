"""Mixes are readable by the project's own reader: every file type, including unusual variants."""

from __future__ import annotations

import csv
import io
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

import mixguard
from mixguard.config import Config, parsed
from mixguard.corpus.files import open_sources
from mixguard.corpus.files.base import Whole
from mixguard.corpus.records import Record
from mixguard.errors import UsageError
from mixguard.files import bundled

pytestmark = pytest.mark.usefixtures("few_workers")

ROWS = [
    {"instruction": f"Where is {n}?\nTell me", "output": f'On "shelf" {n}; below,\nleft'} for n in range(60)
]


@pytest.fixture
def config(config: Config) -> Config:
    """What is tested here does not depend on the careful stage, which takes longer to start."""
    return config.replace({"judge.stages": "fast"})


def delimited(rows: list[dict[str, Any]], delimiter: str, *, bom: bool = False, end: str = "\n") -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter, lineterminator=end)
    writer.writerow(rows[0])
    writer.writerows(row.values() for row in rows)
    return (b"\xef\xbb\xbf" if bom else b"") + text.getvalue().encode()


FILES = {
    "comma.csv": delimited(ROWS, ","),
    "excel.csv": delimited(ROWS, ";", bom=True, end="\r\n"),
    "tab.tsv": delimited(ROWS, "\t"),
    "ids.jsonl": "".join(json.dumps({"id": n + 1, **row}) + "\n" for n, row in enumerate(ROWS)).encode(),
}


def mixed(path: Path, config: Config, *over: str) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Original and new rows of a mix, as the reader sees them; none may be unreadable."""
    out = path.with_name(f"safe-{path.name}")
    mix = mixguard.rebalance(path, out=out, config=config.replace(parsed(over)))
    assert mix.manifest is not None
    *records, whole = open_sources([out], offline=True)[0].records()
    assert all(isinstance(record, Record) for record in records)
    assert isinstance(whole, Whole)
    rows = [dict(record.row) for record in records if isinstance(record, Record)]
    new = {added.record for added in mix.manifest.added}
    return [r for n, r in enumerate(rows) if n not in new], [r for n, r in enumerate(rows) if n in new]


@pytest.mark.parametrize("name", FILES)
def test_a_mix_can_be_read_back(name: str, tmp_path: Path, config: Config) -> None:
    path = tmp_path / name
    path.write_bytes(FILES[name])
    own, new = mixed(path, config)
    assert [{key: row[key] for key in ROWS[0]} for row in own] == ROWS
    assert len(new) == 12
    assert all(row["instruction"] and row["output"] for row in new)
    if "id" in new[0]:
        ids = [row["id"] for row in (*own, *new)]
        assert len(set(ids)) == len(ids)


def test_columns_that_repeat_the_conversation_are_updated(tmp_path: Path, config: Config) -> None:
    rows = [
        {"prompt": f"Where is item {n} kept?", "completion": f"Item {n} is on the shelf."} for n in range(60)
    ]
    for row in rows:
        row["text"] = f"### Ask: {row['prompt']}\n### Answer: {row['completion']}"
    path = tmp_path / "data.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    _, new = mixed(path, config)
    assert all(row["text"] == f"### Ask: {row['prompt']}\n### Answer: {row['completion']}" for row in new)


def test_parquet_keeps_row_groups_and_types(tmp_path: Path, config: Config) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pa.Table.from_pylist(ROWS).append_column(
        "share", pa.array(["0.50"] * len(ROWS)).cast(pa.decimal128(9, 2))
    )
    path = tmp_path / "data.parquet"
    pq.write_table(table, path, row_group_size=25)
    _, new = mixed(path, config, "rebalance.mark_field=pair")
    out = pq.ParquetFile(tmp_path / "safe-data.parquet")
    assert [out.metadata.row_group(n).num_rows for n in range(2)] == [25, 25]
    assert out.read().column("share").null_count == 0
    assert all(row["pair"] for row in new)


@pytest.mark.parametrize(
    ("name", "content", "over", "words"),
    [
        ("twice.csv", b"instruction,output,n,n\n" + b"a?,b,1,2\n" * 60, "seed=0", "same name"),
        ("mark.jsonl", FILES["ids.jsonl"], "mark_field=id", "already has a field 'id'"),
        ("mark.csv", FILES["comma.csv"], "mark_field=pair", "delimited rows cannot be marked"),
    ],
)
def test_mixes_that_would_be_invalid_are_refused(
    name: str, content: bytes, over: str, words: str, tmp_path: Path, config: Config
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(UsageError, match=words):
        mixed(path, config, f"rebalance.{over}")
    assert not list(tmp_path.glob("safe-*"))


def test_a_mix_in_which_no_pair_finds_a_place_is_not_written(tmp_path: Path, config: Config) -> None:
    path = tmp_path / "german.csv"
    quoteless = "".join(f'Wo ist der 3" Nagel {n}?,Da {n}\n' for n in range(60))
    path.write_bytes(b"instruction,output\n" + quoteless.encode())
    bank = tmp_path / "bank"
    shutil.copytree(bundled("refusal_bank", "mixguard"), bank)
    for file in (bank / "pairs").iterdir():
        pairs = [json.loads(line) for line in file.read_text().splitlines()]
        file.write_text(
            "".join(json.dumps({**pair, "prompt": pair["prompt"] + "\n"}) + "\n" for pair in pairs)
        )
    with pytest.raises(UsageError, match="no pair of the bank can be written as a row like these"):
        mixed(path, config, f"rebalance.bank={bank}")
    assert not list(tmp_path.glob("safe-*"))


def test_token_ids_beside_the_text_are_not_mixed(tmp_path: Path, config: Config) -> None:
    path = tmp_path / "a.jsonl"
    rows = [{**row, "input_ids": [1, n, 2], "labels": [-100, n, 2]} for n, row in enumerate(ROWS)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    with pytest.raises(UsageError, match=r"holds token ids \(input_ids\) beside the text"):
        mixed(path, config)
    assert not list(tmp_path.glob("safe-*"))


def test_invalid_inputs_are_reported_before_the_audit(tmp_path: Path, config: Config) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(FILES["ids.jsonl"])
    with pytest.raises(UsageError, match="read twice"):
        mixguard.rebalance("-", out=tmp_path / "x.jsonl", config=config)
    with pytest.raises(UsageError, match="named twice"):
        mixguard.rebalance(path, path, out=tmp_path / "x", config=config)


def test_a_full_disk_leaves_existing_files_untouched(
    tmp_path: Path, config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, out = tmp_path / "a.jsonl", tmp_path / "safe.jsonl"
    path.write_bytes(FILES["ids.jsonl"])
    mixguard.rebalance(path, out=out, config=config)
    before = {file.name: file.read_bytes() for file in tmp_path.glob("safe*")}

    def full(*_: object) -> bytes:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("mixguard.mix.manifest.Manifest.to_json", full)
    with pytest.raises(UsageError, match="No space left"):
        mixguard.rebalance(path, out=out, config=config.replace(parsed(["rebalance.seed=3"])))
    assert {file.name: file.read_bytes() for file in tmp_path.glob("safe*")} == before
    assert not list(tmp_path.glob(".safe*"))


def test_a_plan_for_another_bank_or_for_missing_rows_is_refused(tmp_path: Path, config: Config) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(FILES["ids.jsonl"])
    plan = mixguard.rebalance(path, out=None, config=config).plan
    with pytest.raises(UsageError, match="a bank other than"):
        other = plan.model_copy(update={"bank_digest": "0" * 16})
        mixguard.rebalance(path, out=tmp_path / "x.jsonl", config=config, plan=other)
    removal = {"sample_id": "0" * 16, "source": str(path), "line": 1, "record": 9999, "rule": "answered",
               "hazard": None, "score": 1.0}  # fmt: skip
    tree = json.loads(plan.to_json()) | {"remove": [removal]}
    with pytest.raises(UsageError, match="record 9999, which does not exist"):
        mixguard.rebalance(
            path, out=tmp_path / "x.jsonl", config=config, plan=type(plan).model_validate(tree)
        )
