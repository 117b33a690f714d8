"""What changed between two audits: nothing, a limit, a row, its place, the corpus."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from building import answered, audited, refused, row

import mixguard
from mixguard.changes.document import Changes, FindingChange
from mixguard.changes.find import find_changes
from mixguard.run.document import Audit

PLAIN = [row(f"plain {number}") for number in range(30)]
ASKED = [answered("one"), answered("two", hazard_score=0.7), answered("three", hazard="ncr")]


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., Audit]:
    numbers = iter(range(9))

    def make(*rows: dict[str, Any], **corpus: Any) -> Audit:
        return audited(tmp_path / f"run-{next(numbers)}", rows, **corpus)

    return make


def _finding(changes: Changes, check: str) -> FindingChange:
    (found,) = [finding for finding in changes.findings if finding.id == check]
    return found


def test_the_same_corpus_twice_makes_no_difference(run: Callable[..., Audit]) -> None:
    changes = find_changes(run(*PLAIN, *ASKED), run(*PLAIN, *ASKED))
    assert changes.is_none
    assert changes.differences == ()
    assert Changes.model_validate_json(changes.to_json()) == changes


def test_a_row_that_moved_has_not_changed(run: Callable[..., Audit]) -> None:
    assert find_changes(run(*PLAIN, *ASKED), run(*ASKED, *reversed(PLAIN))).is_none


def test_another_limit_is_named_with_the_rows_that_it_judges_differently(run: Callable[..., Audit]) -> None:
    before = run(*PLAIN, *ASKED)
    after = mixguard.check(before.folder, config=before.config.replace({"checks.hazard_limit": 0.8}))
    changes = find_changes(before, after)
    told = {each.what: (each.before, each.after) for each in changes.differences}
    assert told["hazard limit"] == ("0.5", "0.8")
    assert told["checks.hazard_limit"] == ("not set", "0.8")
    assert (changes.rows.new, changes.rows.gone, changes.rows.judged) == (0, 0, 1)
    (changed,) = changes.rows.listed
    assert changed.before is not None
    assert changed.after is not None
    assert (changed.before.hazard, changed.after.hazard) == ("vcr", None)
    assert "MG103" in changed.lost
    assert (_finding(changes, "MG103").count_before, _finding(changes, "MG103").count_after) == (3, 2)


def test_a_row_with_another_answer_is_one_gone_and_one_new(run: Callable[..., Audit]) -> None:
    changed = refused(None, prompt_id=answered("one")["prompt_id"])
    changes = find_changes(run(*PLAIN, *ASKED), run(*PLAIN, changed, *ASKED[1:]))
    assert (changes.rows.new, changes.rows.gone) == (1, 1)
    (gone,) = [each for each in changes.rows.listed if each.after is None]
    assert "MG103" in gone.lost
    (hazard,) = changes.hazards
    assert (hazard.before.answered, hazard.after.answered) == (2, 1)
    assert (hazard.before.refused, hazard.after.refused) == (0, 1)


def test_the_same_row_judged_differently_is_told_with_both_judgements(run: Callable[..., Audit]) -> None:
    (changed,) = find_changes(run(*PLAIN, answered("one")), run(*PLAIN, refused("one"))).rows.listed
    assert changed.before is not None
    assert changed.after is not None
    assert (changed.before.stance, changed.after.stance) == ("full_compliance", "full_refusal")


def test_one_copy_more_is_one_row_more(run: Callable[..., Audit]) -> None:
    changes = find_changes(run(*PLAIN), run(*PLAIN, PLAIN[0]))
    assert (changes.rows.new, changes.rows.gone) == (1, 0)
    assert [each.gained for each in changes.rows.listed] == [("MG302",)]


def test_another_corpus_is_named_by_its_digest(run: Callable[..., Audit]) -> None:
    other = run(*ASKED, sources={"other.jsonl": "1" * 64})
    changes = find_changes(run(*PLAIN), other)
    files = [(each.what, each.before, each.after) for each in changes.differences]
    assert ("file data.jsonl", "sha256 0000000000000000", None) in files
    assert ("file other.jsonl", None, "sha256 1111111111111111") in files
    assert (changes.rows.new, changes.rows.gone) == (3, 30)
    new = _finding(changes, "MG103")
    assert new.change == "new"
    assert new in changes.new_findings


@pytest.mark.parametrize(
    ("before", "after", "change", "new"),
    [
        ("pass", "warn", "new", True),
        ("absent", "fail", "new", True),
        ("suppressed", "warn", "new", True),
        ("note", "warn", "graver", True),
        ("warn", "fail", "graver", False),
        ("absent", "note", "new", False),
        ("fail", "warn", "milder", False),
        ("warn", "suppressed", "gone", False),
        ("warn", "warn", "more", False),
    ],
)
def test_what_becomes_of_a_finding(before: Any, after: Any, change: str, *, new: bool) -> None:
    found = FindingChange(
        id="MG103", name="x", kind="harm", before=before, after=after, count_before=1, count_after=2
    )
    assert (found.change, found.is_new) == (change, new)


def test_the_list_is_bounded_and_gravest_first(
    run: Callable[..., Audit], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mixguard.changes.rows.LISTED", 2)
    rows = find_changes(run(*PLAIN), run(*PLAIN, PLAIN[0], *ASKED)).rows
    assert len(rows.listed) == 2
    assert rows.left_out == 2
    assert all("MG103" in each.gained for each in rows.listed)
