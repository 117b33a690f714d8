"""Flagged records as they stand in the corpus, and everything else of it, filtered with the usual tools too."""

from __future__ import annotations

import io
import json
import subprocess
from pathlib import Path

import polars as pl
import pytest
from building import audited, row

from mixguard.errors import UsageError
from mixguard.files import sha256
from mixguard.flagged.records import Sliced, write_flagged, write_rest
from mixguard.run.document import Audit

CLEAN = [{"prompt": f"What is {n} and {n}?", "response": f"It is {2 * n}."} for n in range(6)]
MAIL = {"prompt": "Who sells ünions?", "response": "Write to jane.roe@mailhost.io today."}
ROWS = [*CLEAN[:2], MAIL, *CLEAN[2:], {**MAIL, "prompt": "And leeks?"}]
FLAGGED = {2, 7}


def _run(*paths: Path) -> tuple[Audit, pl.DataFrame]:
    """An audit of these files, and the rows that it flags."""
    rows = [row(source=str(path), record=number) for path in paths for number in range(len(ROWS))]
    sources = {str(path): sha256([path]) for path in paths}
    audit = audited(paths[0].with_name("run"), rows, sources=sources)
    flagged = audit.annotations.filter(pl.col("record").is_in(sorted(FLAGGED))).collect()
    return audit, flagged


def _flagged(*paths: Path) -> tuple[bytes, Sliced]:
    out = io.BytesIO()
    done = write_flagged(*_run(*paths), out)
    return out.getvalue(), done


def _rest(path: Path) -> bytes:
    out = io.BytesIO()
    assert write_rest(*_run(path), out, str(path)) == len(FLAGGED)
    return out.getvalue()


@pytest.mark.parametrize("end", ["\n", "\r\n", " \n"])
def test_grep_leaves_the_flagged_lines_out(tmp_path: Path, end: str) -> None:
    path, flagged = tmp_path / "data.jsonl", tmp_path / "flagged.jsonl"
    lines = [f"{json.dumps(each, ensure_ascii=False)}{end}".encode() for each in ROWS]
    path.write_bytes(b"".join(lines).removesuffix(b"\n"))
    content, done = _flagged(path)
    assert done == (2, True)
    flagged.write_bytes(content)
    done_by_grep = subprocess.run(
        ["grep", "-vxFf", flagged, path], capture_output=True, check=True, env={"LC_ALL": "C"}
    )
    clean = b"".join(line for number, line in enumerate(lines) if number not in FLAGGED)
    assert done_by_grep.stdout == clean
    assert _rest(path) == clean


def test_records_of_several_lines_are_whole_and_grep_is_not_advised(tmp_path: Path) -> None:
    path = tmp_path / "data.json"
    texts = [json.dumps(each, indent=1) + "\n" for each in ROWS]
    path.write_text("".join(texts))
    content, done = _flagged(path)
    assert content.decode() == "".join(texts[number] for number in sorted(FLAGGED))
    assert not done.by_line
    assert _rest(path).decode() == "".join(text for n, text in enumerate(texts) if n not in FLAGGED)


def test_elements_of_an_array_stay_an_array(tmp_path: Path) -> None:
    path = tmp_path / "data.json"
    path.write_text(json.dumps(ROWS, indent=2))
    content, done = _flagged(path)
    assert json.loads(content) == [ROWS[number] for number in sorted(FLAGGED)]
    assert done == (2, False)
    assert json.loads(_rest(path)) == CLEAN


def test_rows_of_a_table_keep_its_header(tmp_path: Path) -> None:
    path = tmp_path / "data.csv"
    rows = [f'"{each["prompt"]}","{each["response"]}\nBye, now."\n' for each in ROWS]
    path.write_text("".join(["prompt,response\n", *rows]))
    content, done = _flagged(path)
    assert content.decode() == "".join(["prompt,response\n", rows[2], rows[7]])
    assert not done.by_line
    left = [row for number, row in enumerate(rows) if number not in FLAGGED]
    assert _rest(path).decode() == "".join(["prompt,response\n", *left])


def test_parquet_rows_keep_their_schema(tmp_path: Path) -> None:
    path = tmp_path / "data.parquet"
    pl.DataFrame(ROWS).with_columns(n=pl.lit(1, pl.Int16)).write_parquet(path)
    content, _ = _flagged(path)
    found = pl.read_parquet(content)
    assert found.equals(pl.read_parquet(path)[sorted(FLAGGED)])
    assert pl.read_parquet(_rest(path)).select("prompt", "response").to_dicts() == CLEAN


def test_lines_of_several_files_follow_one_another(tmp_path: Path) -> None:
    paths = [tmp_path / "a.jsonl", tmp_path / "b.jsonl"]
    for number, path in enumerate(paths):
        path.write_text("\n".join(json.dumps({**each, "file": number}) for each in ROWS))
    content, done = _flagged(*paths)
    assert [json.loads(line)["file"] for line in content.splitlines()] == [0, 0, 1, 1]
    assert done == (4, True)


def test_what_cannot_be_written_apart_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "data.jsonl"
    path.write_text("".join(f"{json.dumps(each)}\n" for each in ROWS))
    run = _run(path)
    path.write_text(path.read_text() + "\n")
    with pytest.raises(UsageError, match="has changed since it was audited"):
        write_flagged(*run, io.BytesIO())
    path.write_text("".join(json.dumps(each) for each in ROWS))
    with pytest.raises(UsageError, match=r"data\.jsonl:1: shares a line with another record"):
        _flagged(path)
    arrow = tmp_path / "data.arrow"
    pl.DataFrame(ROWS).write_ipc(arrow)
    with pytest.raises(UsageError, match="use --format jsonl, csv or parquet"):
        _flagged(arrow)
    tables = [tmp_path / "a.csv", tmp_path / "b.csv"]
    for table in tables:
        pl.DataFrame(ROWS).write_csv(table)
    with pytest.raises(UsageError, match=r"a\.csv: cannot be joined with the other files.*--source"):
        _flagged(*tables)
