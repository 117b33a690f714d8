from __future__ import annotations

import pytest

from mixguard.report.mixes import mix_of


@pytest.mark.parametrize(
    ("sources", "name"),
    [
        (("my data/rows.jsonl",), "rows.safe.jsonl"),
        (("a.b.JSON.gz",), "a.b.safe.JSON.gz"),
        (("s3://bucket/x.parquet",), "x.safe.parquet"),
        (("a.jsonl", "b/c.csv"), "safe-data"),
        (("a/x.jsonl", "b/x.jsonl"), None),
        (("-",), None),
        (("<memory>",), None),
        (("hf://owner/name",), None),
        (("book.xlsx",), None),
        ((), None),
    ],
)
def test_a_mix_is_named_by_its_source_and_keeps_its_kind(sources: tuple[str, ...], name: str | None) -> None:
    assert mix_of(sources) == name
