from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

import mixguard
from mixguard.annotate import references
from mixguard.annotate.references import References, reference_files
from mixguard.config import Config, parsed
from mixguard.errors import ConfigError

WORDS = [f"word{number}" for number in range(200)]
PASSAGE = " ".join(WORDS)


def longest(folder: Path, *texts: str, least: int = 50) -> list[references.Run | None]:
    known = References.load([folder])
    assert known is not None
    return known.longest(pl.Series(texts, dtype=pl.String), least)


def test_a_run_is_as_long_as_what_is_shared_and_stands_where_it_does(tmp_path: Path) -> None:
    (tmp_path / "book.txt").write_text(PASSAGE)
    shared = ", ".join(WORDS[20:90]).upper()
    text = f"Well, he said: {shared}! And so on."
    (run,) = longest(tmp_path, text)
    assert run is not None
    assert run.words == 70
    assert text[run.start : run.end] == shared


def test_what_is_shorter_or_broken_is_no_run(tmp_path: Path) -> None:
    (tmp_path / "book.md").write_text(PASSAGE)
    broken = " ".join("other" if number % 40 == 0 else word for number, word in enumerate(WORDS))
    assert longest(tmp_path, " ".join(WORDS[:49]), broken, "", "a b c") == [None] * 4
    assert longest(tmp_path, " ".join(WORDS[:50]))[0]


def test_runs_do_not_go_on_from_one_text_to_the_next(tmp_path: Path) -> None:
    (tmp_path / "book.txt").write_text(PASSAGE)
    assert longest(tmp_path, " ".join(WORDS[:40]), " ".join(WORDS[40:80])) == [None, None]


def test_every_string_of_json_lines_is_read(tmp_path: Path) -> None:
    (tmp_path / "rows.jsonl").write_text('{"n": 1, "turns": [{"text": "' + PASSAGE + '"}]}\n\n')
    assert longest(tmp_path, PASSAGE)[0]


def test_a_long_text_is_cut_without_losing_a_passage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(references, "PIECE", 300)
    monkeypatch.setattr(references, "OVERLAP", 120)
    (tmp_path / "book.txt").write_text(PASSAGE)
    (run,) = longest(tmp_path, PASSAGE)
    assert run is not None
    assert run.words == len(WORDS)


def test_files_of_a_folder_are_listed_in_order(tmp_path: Path) -> None:
    for name in ("b.txt", "a.md", "c.jsonl", "d.png"):
        (tmp_path / name).write_text("x")
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "e.txt").write_text("x")
    assert [file.name for file in reference_files([tmp_path])] == ["a.md", "b.txt", "c.jsonl", "e.txt"]


def test_nothing_named_is_nothing_loaded() -> None:
    assert References.load([]) is None


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("missing.txt", None, "does not exist"),
        ("book.pdf", "x", "is not a .txt, .md, .jsonl file"),
        ("rows.jsonl", '{"a": 1}\n{oops\n', "rows.jsonl:2: is not JSON"),
    ],
)
def test_what_cannot_be_read_is_told(tmp_path: Path, name: str, content: str | None, told: str) -> None:
    if content is not None:
        (tmp_path / name).write_text(content)
    with pytest.raises(ConfigError, match=told):
        References.load([tmp_path / name])


def test_a_folder_without_text_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"holds no \.txt"):
        reference_files([tmp_path])


def test_more_than_the_most_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(references, "MOST", 5)
    (tmp_path / "book.txt").write_text("longer than that")
    with pytest.raises(ConfigError, match="is longer than"):
        References.load([tmp_path])


def test_an_audit_tells_before_it_loads_anything(tmp_path: Path) -> None:
    config = Config.load(values={"judge.references": str(tmp_path / "missing.txt")})
    assert config.judge.references == (str(tmp_path / "missing.txt"),)
    with pytest.raises(ConfigError, match=r"missing\.txt: does not exist"):
        mixguard.audit([{"prompt": "a", "response": "b"}], config=config)
    listed = parsed(['judge.references=["a.txt", "b.txt"]'])
    assert Config.load(values=listed).judge.references == ("a.txt", "b.txt")
