"""What comes next is a command that works where it is pasted."""

from __future__ import annotations

from pathlib import Path

import pytest
from building import answered, audited, refused, row

from mixguard.console.onward import nearby, steps
from mixguard.run.document import Audit


def commands(audit: Audit) -> list[str]:
    return [line.plain[6:] for line in steps(audit)]


def test_a_folder_is_named_as_one_types_it_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert nearby(tmp_path / "a" / "run") == str(Path("a", "run"))
    assert nearby(Path("/elsewhere/run")) == str(Path("/elsewhere/run"))


def test_what_lacks_refusals_is_rebalanced_and_names_are_quoted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    rows = [row(f"plain {number}") for number in range(60)]
    assert commands(audited(tmp_path / "a run", rows, sources={"my data/ü rows.jsonl": "0" * 64})) == [
        "mixguard rebalance 'a run' -o 'ü rows.safe.jsonl'",
        "mixguard report 'a run' -o report.html",
        "mixguard report 'a run' -v",
    ]


def test_what_teaches_harm_is_read_and_a_corpus_of_harm_is_not_rebalanced(tmp_path: Path) -> None:
    harmful = [answered(f"bad {number}") for number in range(40)]
    assert commands(audited(tmp_path / "x", harmful))[0].startswith("mixguard review ")
    lacking = harmful + [row(f"plain {number}") for number in range(100)]
    found = commands(audited(tmp_path / "y", lacking))
    assert [each.split()[1] for each in found] == ["rebalance", "review", "report", "report"]


def test_a_corpus_with_nothing_to_mend_has_a_page(tmp_path: Path) -> None:
    kept = [refused(f"no {number}", hazard=code) for code in ("vcr", "ncr") for number in range(30)]
    audit = audited(tmp_path / "z", [*kept, *(row(f"plain {number}") for number in range(200))])
    assert audit.verdict == "pass"
    assert [each.split()[1] for each in commands(audit)] == ["report", "report"]
