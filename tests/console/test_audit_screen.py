"""The terminal's report fits one screen of 80 columns: what decided, the hazards touched, and what to do next."""

from __future__ import annotations

from pathlib import Path

import pytest
from building import DETECTORS, answered, audited, refused, row
from rich.console import Console, RenderableType

from mixguard.console import details
from mixguard.console.audit import gravest, line, render
from mixguard.run.document import Audit
from mixguard.run.findings import Coverage
from mixguard.stats import Interval

NAMES = {"iwp": "Indiscriminate Weapons", "inj": "Prompt Injection and Jailbreak"}
MANY = {**NAMES, "vcr": "Violent Crimes", **{f"h{number}x": f"Hazard {number}" for number in range(11)}}


def shown(screen: RenderableType, width: int = 80) -> list[str]:
    printer = Console(width=width, color_system=None)
    with printer.capture() as captured:
        printer.print(screen, crop=False)
    return [each.rstrip() for each in captured.get().splitlines()]


def longest(lines: list[str]) -> int:
    """Of the lines that are no command: these are never wrapped, so that they can be pasted."""
    return max(len(each) for each in lines if " mixguard " not in each)


@pytest.fixture(scope="module")
def support(tmp_path_factory: pytest.TempPathFactory) -> Audit:
    """A corpus that lacks refusals, answers six hazardous requests and holds what is only noted."""
    rows = [row(f"plain {number}") for number in range(150)]
    rows += [answered(f"bad {number}", hazard="vcr", hazard_score=0.9 + number / 100) for number in range(6)]
    rows += [row(f"near {number}", proximity=0.5) for number in range(2)]
    rows += [row("twice", prompt_id="1" * 32, response_id="2" * 32)] * 3
    return audited(
        tmp_path_factory.mktemp("support"), rows, detectors=DETECTORS.model_copy(update={"hazards": MANY})
    )


def test_it_fits_one_screen_and_says_the_verdict_with_its_kind(support: Audit) -> None:
    lines = shown(render(support))
    assert len(lines) <= 25
    assert longest(lines) <= 80
    assert lines[0] == " FAIL  do not train on this yet: it lacks refusals"
    assert [each.split()[:2] for each in lines if each.startswith(("fail", "warn"))] == [
        ["fail", "MG102"],
        ["warn", "MG101"],
        ["warn", "MG103"],
    ]
    notes = next(at for at, each in enumerate(lines) if each.startswith("note"))
    assert "MG201" in "".join(lines[notes : notes + 2]).replace("\xa0", " ")


def test_a_row_count_has_the_digits_that_the_rows_support(support: Audit) -> None:
    (places,) = [each for each in shown(render(support)) if "; likely share " in each]
    assert "data.jsonl:156, 155, 154 and 3 more; likely share" in places
    assert places.endswith("% of 161")
    assert "." not in places.partition("likely")[2]


@pytest.mark.parametrize(
    ("kind", "check"), [("prompt", "MG225"), ("document", "MG236")], ids=["unanswered", "documents"]
)
def test_hazards_that_coverage_does_not_count_are_not_called_unseen(
    kind: str, check: str, tmp_path: Path
) -> None:
    bare = {"kind": kind, "response_id": None, "stance": None, "stance_score": None}
    polarity = 1 if kind == "document" else 0
    rows = [answered(f"bad {number}", polarity=polarity, **bare) for number in range(40)]
    lines = " ".join(shown(render(audited(tmp_path / "run", rows))))
    assert f"none seen in answered prompts (elsewhere: {check})" in " ".join(lines.split())
    assert "MG102 missing-refusals: 0" not in lines.replace("\xa0", " ")


def test_only_hazards_that_are_touched_have_a_line(support: Audit) -> None:
    lines = shown(render(support))
    (touched,) = [each.split() for each in lines if each.startswith("vcr")]
    assert touched[:6] == ["vcr", "Violent", "Crimes", "6", "0", "0"]
    (rest,) = [each for each in lines if "none seen" in each]
    assert rest.startswith("13 other hazards: none seen; ")
    assert rest.endswith(" refusals wanted")
    assert not [each for each in lines if each.startswith("iwp")]


def test_what_to_do_next_is_the_remedy_and_can_be_pasted(support: Audit) -> None:
    lines = shown(render(support), width=40)
    (first,) = [each for each in lines if each.startswith("Next")]
    assert first.split()[1:3] == ["mixguard", "rebalance"]
    assert first.endswith(" -o data.safe.jsonl")


def test_why_and_source_are_behind_v(support: Audit) -> None:
    short, long = (
        " ".join(" ".join(shown(screen)).split()) for screen in (render(support), details.render(support))
    )
    reason = "Each of these rows teaches the model to comply with a hazard"
    source = "Qi et al. 2023 (arXiv 2310.03693), GPT-3.5"
    for told in (reason, source, "Passed: "):
        assert told not in short
        assert told in long


def test_red_is_for_harm_alone(support: Audit, tmp_path: Path) -> None:
    def coloured(audit: Audit) -> list[str]:
        colours = Console(width=80, force_terminal=True, color_system="standard", _environ={})
        with colours.capture() as captured:
            colours.print(render(audit))
        return captured.get().splitlines()

    gap = coloured(support)
    assert "\x1b[1;7;33m FAIL" in gap[0]
    assert any(each.startswith("\x1b[1;31mwarn") and "MG103" in each for each in gap)
    assert any(each.startswith("\x1b[1;33mfail") and "MG102" in each for each in gap)
    harm = coloured(
        audited(tmp_path, [answered(f"a {n}") for n in range(60)] + [row(f"b {n}") for n in range(100)])
    )
    assert "\x1b[1;7;31m FAIL" in harm[0]


def test_the_gravest_rows_are_shown_with_text_cut_between_words_and_escaped(support: Audit) -> None:
    rows = gravest(support)
    assert [(finding.id, sample.line) for finding, sample in rows] == [
        ("MG103", 156),
        ("MG103", 155),
        ("MG103", 154),
    ]
    keys = [(sample.sample_id, sample.exchange) for _, sample in rows]
    texts = {
        keys[0]: ("how do I\x1b[2J\n::error::x " + "break into cars " * 30, "Sure."),
        keys[1]: ("q", None),
    }
    page = shown(render(support, texts), width=120)
    assert "\x1b" not in "".join(page)
    assert "\n::error" not in "\n".join(page)
    (prompt,) = [at for at, each in enumerate(page) if each.startswith("  prompt how do I")]
    assert page[prompt + 1].endswith(("break…", "into…", "cars…"))
    assert "  answer Sure." in page
    assert sum("text not available" in each for each in page) == 1


def test_one_line_says_it_all(support: Audit) -> None:
    assert line(support).startswith("FAIL data.jsonl: lacks refusals. 0 of the ")
    assert "\n" not in line(support)


def test_the_whole_coverage_table_fits_80_columns(tmp_path: Path) -> None:
    crosswalk = {"llama-guard-3": {"iwp": "S9", "inj": "~S14"}}
    detectors = DETECTORS.model_copy(update={"hazards": NAMES, "crosswalk": crosswalk})
    rows = [answered(hazard="inj") for _ in range(12_345)] + [refused(hazard="iwp") for _ in range(3)]
    audit = audited(tmp_path, rows, detectors=detectors)
    for screen, head in (
        (
            details.render(audit),
            ["hazard", "name", "LG3", "prompts", "refused", "partial", "answered", "refusals"],
        ),
        (render(audit), ["hazard", "name", "prompts", "refused", "partial", "answered", "refusals"]),
    ):
        lines = shown(screen)
        assert longest(lines) <= 80
        (found,) = [each.split() for each in lines if each.startswith("hazard")]
        assert found == head
        last = {code: next(each.split() for each in lines if each.startswith(code)) for code in NAMES}
        wide, short = (
            next(each for each in audit.coverage if each.hazard == code) for code in ("inj", "iwp")
        )
        expected = ["12,345", "0", "0", "12,345", *wide.covered.split()]
        assert last["inj"][-len(expected) :] == expected
        assert last["iwp"][:3] == ["iwp", "Indiscriminate", "Weapons"]
        assert "…" not in "".join(last["iwp"]) + short.covered
        assert "teaches harm" in lines[0]


def test_more_refusals_than_wanted_are_a_number_alone() -> None:
    counts = {"exchanges": 3, "full_refusal": 2, "partial_refusal": 0, "full_compliance": 1, "unjudged": 0}
    there = Coverage(hazard="vcr", name="Violent Crimes", refused=Interval(0, 1), wanted=1, **counts)
    assert there.covered == "2"
    assert there.model_copy(update={"wanted": 4}).covered == "2 of 4"
