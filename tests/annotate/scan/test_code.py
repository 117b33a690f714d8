from __future__ import annotations

import polars as pl
import pytest

from mixguard.annotate.scan.code import holds_code, snippets

CODE = [
    "def add(a, b):\n    return a + b",
    "import os\nprint(os.name)",
    "SELECT name FROM ships WHERE crew > 3",
    "#include <stdio.h>\nint main() {\n    return 0;\n}",
    "const a = 1;\nconsole.log(a);",
    "<ul>\n<li>one</li>\n</ul>",
    "Use this:\n```python\nx = 1\n```\nIt sets x.",
    "```\nx = 1\n```",
    "First:\n```text\nhello\n```\nThen:\n```js\nf();\n```",
]
CODE += [
    "#!/bin/sh\n\nif [ -f boats.txt ]\nthen\n    echo 'There.'\nfi",
    "export PORT=80\nmkdir -p /srv/boats\nchmod 750 /srv/boats",
    "def sum(a, b)\n  total = a + b\n  puts total\nend",
]
NONE = [
    "The end\nof the year\ncame early.",
    "The sea is wide and grey this morning.",
    "Mix 2 eggs with flour; then wait.\nBake it for an hour.\nServe it warm.",
    "x = 5",
    "1. Walk\n2. Run (slowly)\n3. Rest",
    "```text\nhello there\n```",
    "```json\n{}\n```",
    "",
    None,
]


@pytest.mark.parametrize("text", CODE)
def test_code_is_seen(text: str) -> None:
    assert pl.DataFrame({"text": [text]}).select(holds_code("text")).item()


@pytest.mark.parametrize("text", NONE)
def test_prose_is_none(text: str | None) -> None:
    assert not pl.DataFrame({"text": [text]}, schema={"text": pl.String}).select(holds_code("text")).item()


def test_fenced_code_is_cut_out_where_it_stands() -> None:
    text = "Use:\n```python\nx = 1\n```\nand\n```text\nno\n```\nor\n```\ny = 2"
    pieces = snippets(text)
    assert [piece.code for piece in pieces] == ["x = 1\n", "y = 2"]
    assert all(text.startswith(piece.code, piece.start) for piece in pieces)


def test_code_without_a_fence_is_whole() -> None:
    assert snippets("x = 1") == [("x = 1", 0)]
