"""What JUnit, SARIF, Markdown and Every Eval Ever say of a comparison."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from comparing import arm, comparison, counted, lost_results, result
from releasing import release

from mixguard.report.compared import every_eval, figures, junit, markdown, sarif

GOLDEN = Path(__file__).parent / "golden" / "compared.md"
EVERY_EVAL: dict[str, Any] = json.loads(
    (Path(__file__).parent / "golden" / "every_eval.schema.json").read_text()
)
"""The required fields and closed lists that we rely on, restated from evaleval/every_eval_ever (eval_types.py, validation_core.py)."""


def blind() -> Any:
    """A comparison of which nothing can be said."""
    axis: Any = {"probes": 20, "at_risk": 1, "base": None, "tuned": None, "change": None, "interval": None, "p": None,
            "adjusted": None, "visible": None, "counts": counted(apart=19, kept=1), "sentence": "nothing to lose: 5 %"}  # fmt: skip
    return comparison(
        verdict="unmeasurable", sentence="nothing to lose", openings=(), corpus=None,
        results=(result("hazardous", verdict="unmeasurable", **axis), result("hazardous", "vcr", verdict="unresolved", **axis)),
    )  # fmt: skip


def cases(made: Any) -> dict[str, ET.Element]:
    suite = ET.fromstring(junit.render(made)).find("testsuite")
    assert suite is not None
    return {f"{case.get('classname')} {case.get('name')}": case for case in suite.findall("testcase")}


def test_a_regression_fails_its_axis_and_its_hazard() -> None:
    found = cases(comparison())
    assert len(found) == len(lost_results())
    failed = {name for name, case in found.items() if case.find("failure") is not None}
    assert failed == {
        "mixguard.compare.hazardous Refusals of hazardous prompts",
        "mixguard.compare.hazardous Violent Crimes (vcr)",
    }
    failure = found["mixguard.compare.hazardous Violent Crimes (vcr)"].find("failure")
    assert failure is not None
    assert "12 prompts touch it: 1 refused, 0 partly, 11 answered" in str(failure.text)
    assert "15 refusals and 10 look-alikes added" in str(failure.text)


def test_what_cannot_be_judged_is_skipped_with_the_reason() -> None:
    skipped = [case.find("skipped") for case in cases(blind()).values()]
    assert [each.get("message") for each in skipped if each is not None] == [
        "unmeasurable: nothing to lose: 5 %",
        "unresolved: nothing to lose: 5 %",
    ]


def test_sarif_has_a_result_for_each_loss_and_none_for_the_rest() -> None:
    run = json.loads(sarif.render(comparison()))["runs"][0]
    assert [(each["ruleId"], each["level"]) for each in run["results"]] == [
        ("compare/hazardous", "error"),
        ("compare/hazardous", "error"),
        ("compare/injection", "warning"),
    ]
    assert [rule["id"] for rule in run["tool"]["driver"]["rules"]] == [
        "compare/hazardous",
        "compare/look_alike",
        "compare/injection",
    ]
    place = run["results"][0]["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "tuned.probe"
    assert len({each["partialFingerprints"]["mixguardComparison/v1"] for each in run["results"]}) == 3


def test_a_model_without_a_file_has_a_place_in_sarif() -> None:
    run = json.loads(sarif.render(comparison(tuned=arm("f", file=""))))["runs"][0]
    assert run["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == sarif.PLACE


def test_sarif_says_when_nothing_was_decided() -> None:
    run = json.loads(sarif.render(blind()))["runs"][0]
    assert run["invocations"][0]["executionSuccessful"] is False
    assert {each["level"] for each in run["results"]} == {"warning"}


def test_the_summary_is_as_it_was() -> None:
    assert markdown.render(comparison()).decode() == GOLDEN.read_text(encoding="utf-8")


def test_axes_are_never_merged() -> None:
    text = markdown.render(release()).decode()
    assert "### Lost refusals by hazard" in text
    assert r"### New over\-refusals by hazard" in text
    assert not re.search(r"\b30 of", text)  # 26 lost refusals and 4 over-refusals


def test_simulated_targets_say_so_first() -> None:
    made = comparison(base=arm("base", kind="demo"))
    assert markdown.render(made).decode().split("\n")[2].startswith("> **Simulated")
    assert json.loads(sarif.render(made))["runs"][0]["properties"]["simulated"] is True
    assert b'name="simulated"' in junit.render(made)
    record = json.loads(every_eval.render(made))
    assert record["source_metadata"]["additional_details"]["simulated"] == "true"


@pytest.mark.parametrize("made", [comparison(), release(), blind()], ids=["small", "whole", "blind"])
def test_every_eval_ever_takes_the_record(made: Any) -> None:
    record = json.loads(every_eval.render(made))
    jsonschema.Draft7Validator(EVERY_EVAL).validate(record)
    for each in record["evaluation_results"]:
        metric, score = each["metric_config"], each["score_details"]["score"]
        assert metric["min_score"] <= score <= metric["max_score"]


def test_every_eval_ever_holds_the_tuned_model_beside_its_base() -> None:
    record = json.loads(every_eval.render(comparison()))
    assert record["model_info"]["id"] == "tuned"
    assert record["model_info"]["additional_details"]["base_model"] == "base"
    vcr = next(
        each for each in record["evaluation_results"] if each["evaluation_name"].endswith("hazardous/vcr")
    )
    assert vcr["score_details"]["score"] == 0.6
    assert vcr["score_details"]["details"]["base_share"] == "0.98"
    assert vcr["score_details"]["uncertainty"]["confidence_interval"]["lower"] == 0.45
    assert json.loads(every_eval.render(blind()))["evaluation_results"] == []


def test_figures_are_said_as_people_say_them() -> None:
    assert [figures.points(x) for x in (-0.38, 0.01, -0.001, None)] == [
        "-38 points", "+1 point", "0 points", "not measured",
    ]  # fmt: skip
    assert [figures.percent(x) for x in (0, 0.001, 0.5, 0.999, 1)] == [
        "0 %", "under 1 %", "50 %", "over 99 %", "100 %",
    ]  # fmt: skip
    assert (
        figures.seen(result("hazardous", visible=None)) == "no loss of any size would have been seen reliably"
    )


def test_what_moved_comes_with_regressions_first() -> None:
    made = release()
    assert [each.hazard for each in figures.moved(made.hazards("hazardous"))] == ["vcr", "ncr", "dfm", "prv"]
    assert len(figures.still(made.hazards("hazardous"))) == 10


def test_good_and_bad_depend_on_the_axis() -> None:
    assert [figures.mood(axis, "refused") for axis in ("hazardous", "look_alike", "injection")] == [
        "good", "bad", "neither",
    ]  # fmt: skip
