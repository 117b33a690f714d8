from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from conftest import chat

from mixguard.config import ReadConfig
from mixguard.corpus.corpus import BATCH, Corpus, Tally
from mixguard.corpus.records import Rejected
from mixguard.errors import ConfigError, InputError
from mixguard.progress import silent

Write = Callable[..., Path]


def frames(
    path: Path, tally: Tally, *, rows: int = 1000, config: ReadConfig | None = None
) -> tuple[list[pl.DataFrame], list[Rejected]]:
    rejected: list[Rejected] = []
    corpus = Corpus.open([path], config or ReadConfig(), offline=True)
    found = list(corpus.batches(rows, tally=tally, reject=rejected.append, progress=silent))
    return found, rejected


def test_batches_hold_every_exchange_once_whatever_their_size(write_jsonl: Write) -> None:
    path = write_jsonl([chat(f"question {n}", f"answer {n}") for n in range(25)])
    whole, _ = frames(path, Tally())
    parts, _ = frames(path, Tally(), rows=4)
    assert len(parts) > 5
    assert pl.concat(parts).equals(pl.concat(whole))
    assert whole[0].schema == BATCH


def test_files_may_mix_formats(write_jsonl: Write) -> None:
    tally = Tally()
    path = write_jsonl([chat("a", "b"), {"instruction": "c", "input": "", "output": "d"}, chat("e", "f")])
    (frame,), _ = frames(path, tally)
    assert frame["format"].to_list() == ["openai_chat", "alpaca", "openai_chat"]
    assert tally.formats == {(str(path), "openai_chat"): 2, (str(path), "alpaca"): 1}


def test_a_named_format_is_the_only_one(write_jsonl: Write) -> None:
    path = write_jsonl([{"instruction": "c", "input": "", "output": "d"}, chat("a", "b")])
    _, rejected = frames(path, Tally(), config=ReadConfig(format="alpaca"))
    assert [r.place.line for r in rejected] == [2]
    with pytest.raises(ConfigError, match="nonsense"):
        frames(path, Tally(), config=ReadConfig(format="nonsense"))


def test_ids_are_stable_and_tell_equal_rows_apart(write_jsonl: Write) -> None:
    path = write_jsonl([chat("same", "row")] * 3)
    (first,), _ = frames(path, Tally())
    (second,), _ = frames(path, Tally())
    assert first["sample_id"].to_list() == second["sample_id"].to_list()
    assert first["sample_id"].n_unique() == 3
    assert first["prompt_id"].n_unique() == 1


@pytest.mark.evaldata
def test_public_corpora_parse_without_a_single_reject(evaldata: Path) -> None:
    for folder in ("corpora", "formats"):
        for path in sorted((evaldata / folder).iterdir()):
            tally = Tally()
            _, rejected = frames(path, tally)
            assert not rejected, rejected[0]
            assert tally.exchanges >= tally.samples > 0
            assert len(tally.formats) == 1


@pytest.mark.parametrize("table", ["Tell me how,Well-then\n1,2,3\n", "first second,Übung\n1,2,3\n"])
def test_a_table_without_a_header_leaves_no_text_in_a_reason(tmp_path: Path, table: str) -> None:
    path = tmp_path / "data.csv"
    path.write_text(f"plain_name,{table}", encoding="utf-8")
    tally = Tally()
    rejected: list[Rejected] = []
    corpus = Corpus.open([path], ReadConfig(), offline=True)
    with pytest.raises(InputError) as raised:
        list(corpus.batches(10, tally=tally, reject=rejected.append, progress=silent))
    for words in (*tally.rejected, str(raised.value), *(each.reason for each in rejected)):
        assert "plain_name" in words
        assert "not shown, as they look like text" in words
        assert not any(word in words for word in ("Tell", "first", "Übung"))
    assert rejected
