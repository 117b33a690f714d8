"""Where the manifest of a mix lies, and what lies there instead."""

from __future__ import annotations

from pathlib import Path

import pytest
from building import audited, row

import mixguard
from mixguard.errors import UsageError
from mixguard.mix.manifest import manifest_for, manifest_of, verify

LONG = "n" * 240 + ".jsonl"
"""A name to which nothing can be added."""


def test_a_corpus_with_a_long_name_has_no_manifest_beside_it(tmp_path: Path) -> None:
    sources = {str(tmp_path / LONG): "0" * 64}
    assert manifest_for(audited(tmp_path / "run", [row()], sources=sources)) is None


def test_what_another_tool_calls_a_manifest_is_none_of_ours(tmp_path: Path) -> None:
    source = tmp_path / "data.jsonl"
    manifest_of(source).write_text('{"rows": 3}')
    assert manifest_for(audited(tmp_path / "run", [row()], sources={str(source): "0" * 64})) is None


def test_a_mix_whose_manifest_has_no_room_is_refused_before_anything_is_judged(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"the name is 7 bytes too long: `\.set-aside\.jsonl`"):
        mixguard.rebalance(tmp_path / "none.jsonl", out=tmp_path / LONG)


def test_what_is_no_mix_is_told_from_a_mix(tmp_path: Path) -> None:
    with pytest.raises(
        UsageError, match=r"data\.jsonl: not a mix, or its manifest data\.jsonl\.manifest\.json is missing"
    ):
        verify(tmp_path / "data.jsonl")
