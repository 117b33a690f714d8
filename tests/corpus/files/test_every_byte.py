"""Every byte of a file belongs to one record, one rejected stretch, or what stands between them; damage stays local."""

from __future__ import annotations

import csv
import io
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reading import gaps, read

texts = st.text(alphabet='ab{}[]":,\\\n\t é漢', max_size=8)
messages = st.lists(
    st.fixed_dictionaries({"role": st.just("user"), "content": texts}), min_size=1, max_size=3
)
rows = st.lists(
    st.one_of(
        st.fixed_dictionaries({"prompt": texts, "completion": texts}),
        st.fixed_dictionaries({"messages": messages}),
    ),
    min_size=1,
    max_size=8,
)
LAYOUTS: dict[str, Callable[[list[dict[str, Any]]], str]] = {
    "lines": lambda rows: "".join(json.dumps(row) + "\n" for row in rows),
    "array": json.dumps,
    "indented array": lambda rows: json.dumps(rows, indent=2),
    "an array a line": lambda rows: "".join(json.dumps([row, row]) + "\n" for row in rows),
    "lists of messages": lambda rows: "".join(json.dumps(row.get("messages", [])) + "\n" for row in rows),
    "wrapped": lambda rows: json.dumps({"version": 1, "data": rows, "n": len(rows)}),
    "end to end": lambda rows: "".join(map(json.dumps, rows)),
    "separators": lambda rows: "".join(f"\x1e{json.dumps(row)}\n" for row in rows),
}
damage = st.lists(
    st.tuples(
        st.sampled_from(["cut", "flip", "insert", "drop", "repeat"]),
        st.integers(0, 10**6),
        st.sampled_from([b'"', b"{", b"}", b"[", b"]", b",", b"\n", b"\xff", b"\0", b"\\", b"x", b'{"a": ']),
    ),
    max_size=4,
)


def damaged(content: bytes, faults: list[tuple[str, int, bytes]]) -> bytes:
    for kind, number, extra in faults:
        at = number % (len(content) + 1)
        if kind == "cut":
            content = content[:at]
        elif kind == "flip" and at < len(content):
            content = content[:at] + bytes([content[at] ^ (1 << number % 8)]) + content[at + 1 :]
        elif kind == "insert":
            content = content[:at] + extra + content[at:]
        elif kind == "drop":
            content = content[:at] + content[at + 1 + number % 5 :]
        elif kind == "repeat":
            content = content + content[at:]
    return content


@settings(max_examples=300, deadline=None)
@given(rows=rows, layout=st.sampled_from(sorted(LAYOUTS)), faults=damage, tail=st.booleans())
def test_every_byte_of_a_json_file_is_accounted_for(
    tmp_path_factory: pytest.TempPathFactory,
    rows: list[dict[str, Any]],
    layout: str,
    faults: list[tuple[str, int, bytes]],
    tail: bool,
) -> None:
    content = (
        damaged(b'{"first": 1}\n' * tail + LAYOUTS[layout](rows).encode(), faults) + b'\n{"last": 1}\n' * tail
    )
    if not content.strip() or b"\0" in content:
        return
    found = read(tmp_path_factory.mktemp("any") / "a.json", content)
    allowed = b" \t\r\n,[]\x1e"
    if layout == "wrapped" and not tail:  # the object around the list
        return
    assert not gaps(content, found).strip(allowed).translate(None, allowed)
    if tail:
        assert {"last": 1} in found.rows or any(
            b'"last"' in each.raw or each.extent > 50 for each in found.bad
        )


@settings(max_examples=200, deadline=None)
@given(
    rows=st.lists(st.tuples(texts, texts), min_size=1, max_size=6),
    mark=st.sampled_from(",;\t"),
    end=st.sampled_from(["\n", "\r\n"]),
    faults=damage,
)
def test_every_byte_of_a_table_is_accounted_for(
    tmp_path_factory: pytest.TempPathFactory,
    rows: list[tuple[str, str]],
    mark: str,
    end: str,
    faults: list[tuple[str, int, bytes]],
) -> None:
    text = io.StringIO()
    csv.writer(text, delimiter=mark, lineterminator=end).writerows(rows)
    header = f"one{mark}two{end}".encode()
    content = header + damaged(text.getvalue().encode(), faults) + f"last{mark}row{end}".encode()
    if b"\0" in content:
        return
    found = read(tmp_path_factory.mktemp("any") / ("a.tsv" if mark == "\t" else "a.csv"), content)
    assert gaps(content, found).replace(header.strip(), b"", 1).strip(b"\r\n").translate(None, b"\r\n") == b""


@settings(max_examples=100, deadline=None)
@given(
    layout=st.sampled_from(
        ["lines", "array", "indented array", "an array a line", "end to end", "separators"]
    ),
    faults=damage.filter(lambda faults: len(faults) == 1 and faults[0][0] in ("flip", "insert", "drop")),
)
def test_damage_costs_no_record_far_from_it(
    tmp_path_factory: pytest.TempPathFactory, layout: str, faults: list[tuple[str, int, bytes]]
) -> None:
    rows = [{"prompt": f"Where does plant {n} grow?", "completion": f"On slope {n}."} for n in range(30)]
    content = damaged(LAYOUTS[layout](rows).encode(), faults)
    if b"\0" in content:
        return
    found = read(tmp_path_factory.mktemp("any") / "a.json", content)
    lost = [row for row in rows if row not in found.rows]
    assert len(lost) <= 2
    assert len(found.bad) <= 8


@settings(max_examples=60, deadline=None)
@given(at=st.integers(0, 10**6), extra=st.sampled_from([b'"', b'"x', b'",', b"\xff", b"\n", b'\n"']))
def test_damage_costs_no_row_far_from_it(
    tmp_path_factory: pytest.TempPathFactory, at: int, extra: bytes
) -> None:
    lines = [f'Where does plant {n} grow?,"On slope {n}, ""here"""\n'.encode() for n in range(30)]
    body = b"".join(lines)
    at %= len(body)
    found = read(tmp_path_factory.mktemp("any") / "a.csv", b"p,c\n" + body[:at] + extra + body[at:])
    expected = [f"Where does plant {n} grow?" for n in range(30)]
    assert len(set(expected) - {row["p"] for row in found.rows}) <= 2


@pytest.mark.parametrize(
    ("name", "piece"),
    [
        ("a.json", b'{"a":'), ("a.json", b'[{"a":['), ("a.json", b'{"a":[{"b":['), ("a.json", b'{"a":"x"y"},'),
        ("a.json", b'\n[{"a":[{"b":['), ("a.json", b"{}"), ("a.json", b"["), ("a.csv", b'x","y\n'), ("a.csv", b'"a\n'),
    ],
)  # fmt: skip
def test_no_file_takes_quadratic_time(tmp_path: Path, name: str, piece: bytes) -> None:
    """Eight times the bytes take at most some ten times as long, beside what may be read twice in any file."""

    def seconds(size: int) -> float:
        content = b"p,q\n" * (name == "a.csv") + piece * (size // len(piece))
        started = time.process_time()
        read(tmp_path / name, content)
        return time.process_time() - started

    assert seconds(160_000) < 16 * seconds(20_000) + 3
