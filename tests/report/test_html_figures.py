"""What the page says of figures: the verdict's facts, what to do next, coverage, and how likely a finding is."""

from __future__ import annotations

import shlex
import shutil
from pathlib import Path
from typing import Any

import pytest

from mixguard._rebalance import Mix
from mixguard.report.html import advice, found, rows, summary
from mixguard.report.html.covered import covered
from mixguard.report.html.page import environment
from mixguard.run.document import Audit
from mixguard.run.findings import Coverage
from mixguard.stats import Interval


@pytest.fixture
def audit(example_mix: Mix) -> Audit:
    return example_mix.before


def changed(audit: Audit, check: str, **update: Any) -> Audit:
    findings = tuple(f.model_copy(update=update) if f.id == check else f for f in audit.findings)
    return audit.model_copy(update={"findings": findings})


def hazard(**update: Any) -> Coverage:
    row = Coverage(
        hazard="prv", name="Privacy", exchanges=0, full_refusal=0, partial_refusal=0, full_compliance=0, unjudged=0,
        refused=Interval(0.0, 1.0), wanted=2,
    )  # fmt: skip
    return row.model_copy(update=update)


def test_the_verdict_says_its_kinds_and_is_red_for_harm_alone(audit: Audit) -> None:
    assert summary.headline(audit) == "do not train on this yet: it lacks refusals"
    assert summary.verdict_tone(audit) == "gap"
    worse = changed(audit, "MG103", severity="fail")
    assert summary.headline(worse) == "do not train on this yet: it teaches harm and lacks refusals"
    assert summary.verdict_tone(worse) == "harm"


def test_only_harm_and_attacks_are_red(audit: Audit) -> None:
    tones = {each.finding.id: each.tone for each in found.told(audit, rows.collect(audit, show_text=False))}
    assert (tones["MG103"], tones["MG102"], tones["MG201"]) == ("harm", "gap", "note")


def test_harm_comes_before_a_gap_of_the_same_severity(audit: Audit) -> None:
    assert [finding.id for finding in rows.gravest(audit.findings)][:3] == ["MG102", "MG103", "MG101"]


def test_what_is_lacking_is_added_first_and_harm_is_read_first(audit: Audit) -> None:
    first, second = advice.steps(audit, mixed=False)
    assert (first.command or "").startswith("mixguard rebalance ")
    assert shlex.split(second.command or "") == ["mixguard", "review", str(audit.folder)]
    steps = advice.steps(changed(audit, "MG103", severity="fail"), mixed=False)
    assert [step.command for step in steps] == [second.command, first.command]


def test_a_path_that_a_shell_would_take_apart_is_quoted(audit: Audit, tmp_path: Path) -> None:
    moved = audit.model_copy(update={"folder": tmp_path / "my data" / "a'b $x"})
    shutil.copytree(audit.folder, moved.folder)
    commands = [shlex.split(step.command or "") for step in advice.steps(moved, mixed=False)]
    assert [words[2] for words in commands] == [str(moved.folder)] * 2


def test_a_mix_is_not_told_to_be_rebalanced_again(audit: Audit) -> None:
    assert [(step.command or "")[:15] for step in advice.steps(audit, mixed=True)] == ["mixguard review"]


def test_what_is_likely_never_contradicts_what_was_counted(audit: Audit) -> None:
    answered = {"count": 67, "total": 100, "interval": Interval(0.67, 1.0)}
    told = found.told(changed(audit, "MG103", **answered), rows.collect(audit, show_text=False))
    (counted,) = [each.counted for each in told if each.finding.id == "MG103"]
    assert counted == (
        "Counted: 67 of 100 (67 %). Likely: 67 to 100 %, once the detector's misses and false alarms are allowed for"
        " (95 % interval)."
    )


def test_rows_that_a_review_set_aside_are_told_apart(audit: Audit) -> None:
    told = found.told(changed(audit, "MG103", aside=2), rows.collect(audit, show_text=False))
    (counted,) = [each.counted for each in told if each.finding.id == "MG103"]
    assert counted is not None
    assert counted.startswith("Counted: 6 of 170 (4 %), 2 of them set aside by review. ")


def test_a_share_without_detector_error_says_nothing_of_one(audit: Audit) -> None:
    told = found.told(audit, rows.collect(audit, show_text=False))
    (counted,) = [each.counted for each in told if each.finding.id == "MG302"]
    assert counted is not None
    assert "detector" not in counted


def test_places_name_their_file_once(audit: Audit) -> None:
    told = found.told(audit, rows.collect(audit, show_text=False))
    (places,) = [each.places for each in told if each.finding.id == "MG103"]
    assert places is not None
    assert places.count("data.jsonl") == 1
    assert places.endswith("and 3 more")


def test_hazards_never_touched_are_apart_and_few_say_nothing(audit: Audit) -> None:
    few = hazard(hazard="few", exchanges=4, full_compliance=4)
    five = hazard(hazard="five", exchanges=6, unjudged=1, full_refusal=1, partial_refusal=1, full_compliance=3, refused=Interval(0.1, 0.8))  # fmt: skip
    made = covered(audit.model_copy(update={"coverage": (hazard(), few, five)}), None)
    assert [row.hazard for row in made.unseen] == ["prv"]
    assert [(each.share, each.likely) for each in made.touched] == [
        (None, "too few to say"),
        (0.4, "40 %, likely 10 to 80 %"),
    ]


def test_words_in_backticks_are_code_and_nothing_else_is_markup() -> None:
    template = environment().from_string("{{ told | coded }}")
    assert template.render(told="run `a <b>` & more") == "run <code>a &lt;b&gt;</code> &amp; more"
    assert template.render(told="one ` alone") == "one ` alone"
