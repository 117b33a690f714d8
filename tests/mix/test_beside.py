"""What new rows hold beside their conversation."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mixguard.corpus.formats import by_id
from mixguard.corpus.records import Role, Turn
from mixguard.errors import RecordError
from mixguard.mix.beside import New, filled, fills_of, tokens_in

CHAT = by_id("openai_chat")
WORDS = ("pear", "fig", "plum", "quince", "olive", "almond", "cherry", "medlar")
NEW = New("p-1", "en", 0, (Turn(Role.USER, "Asked?"), Turn(Role.ASSISTANT, "Told.", "text", 1)))


def conversation(number: int, exchanges: int = 1) -> list[dict[str, str]]:
    """Messages with words of their own."""
    return [
        {"role": role, "content": f"{said} {WORDS[number % 8]} number {number}, {turn}."}
        for turn in range(exchanges)
        for role, said in (("user", "Where is the"), ("assistant", "Here is the"))
    ]


def made(column: Callable[[int], Any], name: str = "column", new: New = NEW) -> dict[str, Any]:
    """The new row's column beside `messages`, or nothing if it is left out; `...` stands for a missing key."""
    rows = [{"messages": conversation(n), name: column(n)} for n in range(24)]
    rows = [{key: value for key, value in row.items() if value is not ...} for row in rows]
    fills = fills_of(CHAT.parse, [(row, CHAT.parse(row)) for row in rows], lambda: rows)
    like = next((row for row in rows if name in row), rows[0])
    row = {
        **like,
        "messages": [{"role": "user", "content": "Asked?"}, {"role": "assistant", "content": "Told."}],
    }
    done = filled(row, like, fills, new)
    assert done.pop("messages") == row["messages"]
    return done


@pytest.mark.parametrize(
    ("name", "column", "wanted"),
    [
        ("source", lambda n: "garden", "garden"),
        ("source", lambda n: "odd" if n == 5 else "garden", "garden"),
        ("topic", lambda n: WORDS[n % 8], ""),
        ("topic", lambda n: WORDS[n % 8] if n % 2 else None, None),
        ("topic", lambda n: WORDS[n % 8] if n % 2 else "", ""),
        ("topic", lambda n: WORDS[n % 8] if n % 2 else ..., ...),
        ("score", lambda n: n / 7, None),
        ("tokens", lambda n: n * 37 % 101, None),
        ("good", lambda n: n % 2 == 0, None),
        ("tags", lambda n: [WORDS[n % 8]], []),
        ("Complex_CoT", lambda n: f"I think about {WORDS[n % 8]}, number {n}.", ""),
        ("created_at", lambda n: f"2024-01-{n + 1:02d}", None),
        ("timestamp", lambda n: "2024-01-01", None),
        ("timestamp", lambda n: 1700000000 + n, None),
        ("hashed_ip", lambda n: hashlib.md5(str(n).encode()).hexdigest(), ""),
        ("user_id", lambda n: f"user-{n}", ""),
        ("parent_id", lambda n: f"m{n}", ""),
        ("url", lambda n: f"https://example.org/{n}", ""),
        ("tools", lambda n: f"[{n}]", "[0]"),
        ("images", lambda n: [f"pictures/{n}.jpg"], []),
        ("images", lambda n: [f"pictures/{n}.jpg"] if n % 2 else None, None),
        ("images", lambda n: [{"bytes": None, "path": f"{n}.png"}], []),
        ("screens", lambda n: [f"pictures/{n}.jpg"], []),
        ("image", lambda n: f"coco/{n}.jpg", ...),
        ("image", lambda n: f"coco/{n}.jpg" if n % 2 else ..., ...),
        ("image", lambda n: {"bytes": "x", "path": None}, ...),
        ("audio", lambda n: {"array": [n], "path": "x", "sampling_rate": 16000}, ...),
        ("language", lambda n: "English", "English"),
        ("language", lambda n: "French", ""),
        ("language", lambda n: ("French", "English")[n % 2], "English"),
        ("lang", lambda n: ("fr", "en-US", "de")[n % 3], "en-US"),
        ("language", lambda n: "python", "python"),
        ("turn", lambda n: 1, 1),
        ("num_turns", lambda n: "1", "1"),
    ],
)  # fmt: skip
def test_a_column_is_kept_emptied_or_left_out(name: str, column: Callable[[int], Any], wanted: Any) -> None:
    assert made(column, name) == ({} if wanted is ... else {name: wanted})


@pytest.mark.parametrize(
    ("name", "column", "wanted"),
    [
        ("id", lambda n: n, 24),
        ("id", lambda n: 23 - n, 24),
        ("id", float, 24.0),
        ("id", lambda n: f"{n:06d}", "000024"),
        ("qid", str, "24"),
        ("id", lambda n: f"train_{n}", "train_24"),
        ("id", lambda n: f"row-{n + 1:05d}", "row-00025"),
        ("id", lambda n: f"coco/{n}", "coco/24"),
        ("id", lambda n: f"{13810000 + n}" + "-1" * (n % 12 == 0), "13810024"),
        ("id", lambda n: f"{('gsm', 'sql')[n % 2]}-{n}", "gsm-23"),
        ("id", lambda n: f"doc{n}_q{n % 3}", "doc24_q0"),
        ("id", lambda n: f"{WORDS[n % 8]} of {WORDS[n // 8]}", "p-1"),
        ("question_id", lambda n: n // 4, 6),
        ("__index_level_0__", lambda n: n * 3, 70),
        ("Unnamed: 0", lambda n: n, 24),
        ("number", lambda n: n + 100, 124),
        ("item", lambda n: f"item-{n}", "item-24"),
        ("topic_id", lambda n: n % 3, None),
        ("category_id", lambda n: WORDS[n % 3], ""),
        ("length", lambda n: n * 37 % 101, None),
        ("version", lambda n: f"1.{n}", ""),
    ],
)  # fmt: skip
def test_a_row_gets_a_name_of_its_own(name: str, column: Callable[[int], Any], wanted: Any) -> None:
    assert made(column, name) == {name: wanted}


def test_numbers_go_on_after_the_largest_of_the_whole_file() -> None:
    rows = [{"messages": conversation(n), "id": f"s-{n}", "meta": {"row": n}} for n in range(24)]
    every = [*rows, {"id": "s-900", "meta": {"row": 901}}, {"id": "x-999"}, {"id": 5, "meta": None}]
    fills = fills_of(CHAT.parse, [(row, CHAT.parse(row)) for row in rows], lambda: every)
    assert fills["id"](NEW) == "s-901"
    assert fills["meta"](NEW._replace(number=2)) == {"row": 904}


def test_names_drawn_at_random_are_drawn_again() -> None:
    def column(number: int) -> str:
        return f"chatcmpl-{base64.b32encode(hashlib.md5(str(number).encode()).digest()).decode()[:12]}"

    name = made(column, "id")["id"]
    assert re.fullmatch(r"chatcmpl-[A-Z2-7]{12}", name)
    assert name == made(column, "id")["id"]
    assert name not in {column(n) for n in range(24)}
    assert name != made(column, "id", NEW._replace(pair="p-2"))["id"]


def test_digests_and_uuids_keep_their_form() -> None:
    name = made(lambda n: hashlib.sha256(str(n).encode()).hexdigest(), "sha256")["sha256"]
    assert len(name) == 64
    assert int(name, 16)
    assert (
        name
        != made(lambda n: hashlib.sha256(str(n).encode()).hexdigest(), "sha256", NEW._replace(pair="p-2"))[
            "sha256"
        ]
    )
    assert made(lambda n: hashlib.md5(str(n).encode()).hexdigest().upper(), "key")["key"].isupper()
    assert uuid.UUID(made(lambda n: str(uuid.UUID(int=n + 2**100)), "thing")["thing"])


def test_nested_objects_are_filled_key_by_key() -> None:
    found = made(
        lambda n: {"id": n, "split": "train", "model": WORDS[n % 8], "at": {"line": n * 37 % 101}}, "metadata"
    )
    assert found == {"metadata": {"id": 24, "split": "train", "model": "", "at": {"line": None}}}
    assert made(lambda n: {"a": n * 37 % 101} if n % 2 else {"b": 1.5}, "metadata") == {"metadata": {}}


def test_turns_are_counted_anew() -> None:
    rows = [
        {"messages": conversation(n, n % 3 + 1), "turn": n % 3 + 1, "num_messages": 2 * (n % 3 + 1)}
        for n in range(24)
    ]
    fills = fills_of(CHAT.parse, [(row, CHAT.parse(row)) for row in rows], lambda: rows)
    done = filled(rows[2], rows[2], fills, NEW._replace(turns=CHAT.parse(rows[1]).turns))
    assert (done["turn"], done["num_messages"]) == (2, 4)


ECHOES: dict[str, tuple[Callable[[dict[str, Any]], Any], Any]] = {
    "prompt": (lambda row: row["messages"][0]["content"], "Asked?"),
    "answer": (lambda row: row["messages"][-1]["content"], "Told."),
    "text": (
        lambda row: "".join(f"<|{m['role']}|>\n{m['content']}\n" for m in row["messages"]),
        "<|user|>\nAsked?\n<|assistant|>\nTold.\n",
    ),
    "chat": (
        lambda row: [{"from": m["role"], "value": m["content"]} for m in row["messages"]],
        [{"from": "user", "value": "Asked?"}, {"from": "assistant", "value": "Told."}],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", ECHOES)
def test_a_copy_of_the_conversation_is_made_anew(name: str) -> None:
    column, wanted = ECHOES[name]
    rows = [{"messages": conversation(n)} for n in range(24)]
    rows = [{**row, name: column(row)} for row in rows]
    fills = fills_of(CHAT.parse, [(row, CHAT.parse(row)) for row in rows], lambda: rows)
    assert filled(rows[0], rows[0], fills, NEW)[name] == wanted


def test_a_copy_in_a_form_that_was_never_seen_is_not_guessed() -> None:
    column, _ = ECHOES["text"]
    rows = [{"messages": conversation(n)} for n in range(24)]
    rows = [{**row, "text": column(row)} for row in rows]
    fills = fills_of(CHAT.parse, [(row, CHAT.parse(row)) for row in rows], lambda: rows)
    longer = CHAT.parse({"messages": conversation(90, 2)}).turns
    with pytest.raises(RecordError, match="a form that the corpus does not show"):
        filled(rows[0], rows[0], fills, NEW._replace(turns=longer))


def test_a_column_that_the_format_reads_is_not_touched() -> None:
    form = by_id("alpaca")
    rows = [
        {
            "instruction": f"Say {WORDS[n % 8]} {n}",
            "input": WORDS[n % 8],
            "output": f"It is {n}.",
            "system": f"s{n}",
        }
        for n in range(24)
    ]
    assert fills_of(form.parse, [(row, form.parse(row)) for row in rows], lambda: rows).keys() == set()


def test_token_ids_are_found() -> None:
    rows = [{"messages": [], "input_ids": [1, 2], "prompt_ids": ["a"], "completion_ids": [3], "labels": [1]}]
    assert tokens_in(rows) == ["input_ids", "completion_ids"]
    assert tokens_in([{"input_ids": None}]) == []


def test_the_schema_that_datasets_infers_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import datasets

    rows = [
        {
            "messages": conversation(n), "created_at": f"2024-01-{n + 1:02d}T10:00:00", "n": n * 37 % 101, "score": n / 7,
            "metadata": {"id": n, "topic": WORDS[n % 8], "ok": n % 2 == 0}, "images": [f"{n}.jpg"], "tags": [[n]],
        }
        for n in range(24)
    ]  # fmt: skip
    fills = fills_of(CHAT.parse, [(row, CHAT.parse(row)) for row in rows], lambda: rows)
    new = [filled({**row, "messages": conversation(99)}, row, fills, NEW) for row in rows]
    features = []
    for name, content in (("own", rows), ("mixed", rows + new), ("new first", new[:1] + rows)):
        path = tmp_path / f"{name}.jsonl"
        path.write_text("".join(json.dumps(row) + "\n" for row in content))
        loaded = datasets.load_dataset(
            "json", data_files=str(path), split="train", cache_dir=str(tmp_path / name)
        )
        features.append(loaded.features)
    assert features[0] == features[1] == features[2]
