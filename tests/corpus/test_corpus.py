from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from conftest import chat
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mixguard.config import ReadConfig
from mixguard.corpus.corpus import BATCH, Corpus, Part, Tally
from mixguard.errors import ConfigError, InputError

Write = Callable[..., Path]

ALPACA = {"instruction": "c", "input": "", "output": "d"}
TWICE = {"messages": [*chat("What is up?", "The sky.")["messages"], *chat("And down?", "The earth.")["messages"]]}  # fmt: skip
LINES = {
    "chat": json.dumps(chat("question", "answer")),
    "two exchanges": json.dumps(TWICE),
    "no exchange": json.dumps({"messages": []}),
    "alpaca": json.dumps(ALPACA),
    "a key twice": '{"instruction": "a", "output": "b", "output": "c"}',
    "broken": '{"broken',
    "a list": "[1, 2]",
    "unheard": '{"unheard": 1}',
}
REJECTED = {"broken", "a list", "unheard"}


def parts(path: Path, *, rows: int = 1000, config: ReadConfig | None = None) -> list[Part]:
    return list(Corpus.open([path], config or ReadConfig(), offline=True).parts(rows))


@settings(max_examples=50, deadline=None)
@given(
    files=st.lists(st.lists(st.sampled_from(list(LINES)), max_size=12), min_size=1, max_size=3),
    rows=st.integers(1, 8),
)
@example(files=[["two exchanges"] * 4, [], ["broken"] * 9 + ["a key twice"]], rows=2)
def test_parts_of_any_size_add_up_to_the_whole_corpus(
    tmp_path_factory: pytest.TempPathFactory, files: list[list[str]], rows: int
) -> None:
    folder = tmp_path_factory.mktemp("corpus")
    files = [["chat", *kinds] for kinds in files]
    for number, kinds in enumerate(files):
        (folder / f"{number}.jsonl").write_text("".join(f"{LINES[kind]}\n" for kind in kinds))
    (whole,) = parts(folder)
    cut = parts(folder, rows=rows)

    assert sum((part.tally for part in cut), Tally()) == whole.tally
    assert pl.concat([part.frame for part in cut]).equals(whole.frame)
    assert [each for part in cut for each in part.rejected] == list(whole.rejected)
    for part in cut:
        assert part.tally.exchanges == part.frame.height <= rows
        assert part.tally.rejected.total() == len(part.rejected) <= rows

    lines = [kind for kinds in files for kind in kinds]
    tally = whole.tally
    assert tally.records == tally.samples + tally.rejected.total() == len(lines)
    assert tally.rejected.total() == sum(kind in REJECTED for kind in lines)
    assert tally.empty == lines.count("no exchange")
    assert tally.flags["duplicate_keys"] == lines.count("a key twice")
    assert tally.formats.total() == tally.samples
    assert tally.digests == {
        str(file): hashlib.sha256(file.read_bytes()).hexdigest() for file in folder.iterdir()
    }


def test_the_tally_counts_unread_bytes_and_files_that_break_off(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text(f"{LINES['chat']}\n{LINES['unheard']}\n{LINES['chat'][:-9]}")
    (part,) = parts(path)
    assert part.tally.rejected_bytes == len(LINES["unheard"]) + len(LINES["chat"]) - 9
    assert part.tally.broken == {str(path): 1}
    assert part.tally.bytes == len(LINES["chat"]) + 1


def test_a_part_is_full_when_its_records_are_long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mixguard.corpus.gathered.PART_CHARS", 1000)
    path = tmp_path / "a.jsonl"
    path.write_text("".join(json.dumps(chat("q" * 600, "a")) + "\n" for _ in range(6)))
    assert [part.tally.samples for part in parts(path)] == [2, 2, 2, 0]


def test_empty_parts_have_every_column(write_jsonl: Write) -> None:
    (part,) = parts(write_jsonl([{"messages": []}]))
    assert part.frame.schema == BATCH
    assert (part.tally.samples, part.tally.exchanges) == (1, 0)


def test_files_may_mix_formats(write_jsonl: Write) -> None:
    path = write_jsonl([chat("a", "b"), ALPACA, chat("e", "f")])
    (part,) = parts(path)
    assert part.frame["format"].to_list() == ["openai_chat", "alpaca", "openai_chat"]
    assert part.tally.formats == {(str(path), "openai_chat"): 2, (str(path), "alpaca"): 1}


def test_a_configured_format_is_the_only_one_used(write_jsonl: Write) -> None:
    path = write_jsonl([ALPACA, chat("a", "b")])
    (part,) = parts(path, config=ReadConfig(format="alpaca"))
    assert [each.place.line for each in part.rejected] == [2]
    with pytest.raises(ConfigError, match="nonsense"):
        parts(path, config=ReadConfig(format="nonsense"))


def test_ids_are_stable_and_distinguish_equal_rows(write_jsonl: Write) -> None:
    path = write_jsonl([chat("same", "row")] * 3)
    (first,), (second,) = parts(path), parts(path)
    assert first.frame["sample_id"].to_list() == second.frame["sample_id"].to_list()
    assert first.frame["sample_id"].n_unique() == 3
    assert first.frame["prompt_id"].n_unique() == 1


def test_an_exchange_keeps_its_context(write_jsonl: Write) -> None:
    (part,) = parts(write_jsonl([{"messages": [*chat("a", "b", system="Be kind.")["messages"], *chat("c", "d")["messages"]]}]))  # fmt: skip
    first, second = part.frame.select("system", "earlier", "tools").rows()
    assert first == ("Be kind.", [], None)
    assert second == ("Be kind.", [{"role": "user", "text": "a"}, {"role": "assistant", "text": "b"}], None)


@pytest.mark.parametrize("rows", [1, 1000])
def test_an_unreadable_corpus_is_reported_with_reasons(tmp_path: Path, rows: int) -> None:
    path = tmp_path / "data.jsonl"
    path.write_text(f"{LINES['unheard']}\n" * 3 + f"{LINES['broken']}\n")
    with pytest.raises(InputError, match=r"data\.jsonl: no record could be read: .*\(3\); .*\(1\)$"):
        parts(path, rows=rows)


@pytest.mark.evaldata
def test_public_corpora_parse_without_a_single_reject(evaldata: Path) -> None:
    for folder in ("corpora", "formats"):
        for path in sorted((evaldata / folder).iterdir()):
            found = parts(path)
            rejected = [each for part in found for each in part.rejected]
            tally = sum((part.tally for part in found), Tally())
            assert not rejected, rejected[0]
            assert tally.exchanges >= tally.samples > 0
            assert len(tally.formats) == 1


@pytest.mark.parametrize("table", ["Tell me how,Well-then\n1,2,3\n", "first second,Übung\n1,2,3\n"])
def test_reasons_never_quote_a_table_without_a_header(tmp_path: Path, table: str) -> None:
    path = tmp_path / "data.csv"
    path.write_text(f"plain_name,{table}", encoding="utf-8")
    told = []
    with pytest.raises(InputError) as raised:
        for part in Corpus.open([path], ReadConfig(), offline=True).parts(1):
            told += [*part.tally.rejected, *(each.reason for each in part.rejected)]
    assert told
    for words in (*told, str(raised.value)):
        assert "plain_name" in words
        assert "not shown, as they look like text" in words
        assert not any(word in words for word in ("Tell", "first", "Übung"))


def test_a_long_sample_is_split_and_counted_once(tmp_path: Path) -> None:
    turns = [{"role": ("user", "assistant")[number % 2], "content": f"turn {number}"} for number in range(20)]
    path = tmp_path / "data.jsonl"
    path.write_text(json.dumps({"messages": turns}) + "\n" + LINES["chat"] + "\n")
    cut = parts(path, rows=4)
    assert [part.frame.height for part in cut] == [4, 4, 3]
    assert [part.tally.samples for part in cut] == [1, 0, 1]
    frame = pl.concat([part.frame for part in cut])
    assert frame["exchange"].to_list() == [*range(10), 0]
    assert frame["sample_id"].n_unique() == 2
    (whole,) = parts(path)
    assert frame.equals(whole.frame)


def test_a_part_is_bounded_in_characters_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mixguard.corpus.gathered.PART_CHARS", 1000)
    path = tmp_path / "data.jsonl"
    path.write_text("".join(json.dumps(chat("q" * 400, f"answer {number}")) + "\n" for number in range(9)))
    assert [part.frame.height for part in parts(path)] == [3, 3, 3, 0]


def test_few_long_records_vote_on_the_format(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All records that vote are in memory at a time: two thousand of the longest would be a hundred gigabytes."""
    monkeypatch.setattr("mixguard.corpus.corpus.HEAD_BYTES", 100)
    path = tmp_path / "data.jsonl"
    path.write_text("".join(json.dumps(ALPACA | {"output": "d" * 90}) + "\n" for _ in range(9)))
    (whole,) = parts(path)
    assert (whole.tally.samples, whole.frame["format"].unique().to_list()) == (9, ["alpaca"])


def test_an_empty_name_is_no_file() -> None:
    with pytest.raises(InputError, match="an empty name"):
        Corpus.open([""], ReadConfig(), offline=True)


def test_a_document_among_chats_is_one_after_a_file_of_documents_too(write_jsonl: Write) -> None:
    parts(write_jsonl([{"text": f"Page {number}."} for number in range(4)], "documents.jsonl"))
    (part,) = parts(write_jsonl([chat("a", "b"), chat("c", "d"), {"text": "A page."}], "chats.jsonl"))
    assert not part.tally.rejected
    assert part.frame["format"].to_list() == ["openai_chat", "openai_chat", "pretrain"]
