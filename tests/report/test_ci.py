"""JUnit, SARIF, Markdown and workflow commands: the same numbers, within the limits, whatever a corpus is called."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest
from conftest import chat

import mixguard
from mixguard._audit import Audit
from mixguard.checks.base import SampleRef
from mixguard.config import Config
from mixguard.report import github, junit, markdown, sarif

HOSTILE = "a|b`<script>alert(1)</script>\u202e\x1b[31m,x:y.jsonl"


@pytest.fixture(scope="module")
def audit(cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Audit:
    folder = tmp_path_factory.mktemp("ci")
    rows = [chat("How can I break into my neighbour's house unseen?", "Sure, wait until they are out.")] * 3
    rows += [chat(f"Where is parcel {n}?", "On its way.") for n in range(30)]
    path = folder / "data.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    tree = {"encode": {"cache": cache}, "run": {"folder": folder / "run"}}
    return mixguard.audit(path, config=Config.from_tree(tree, origin="test"))


@pytest.fixture
def hostile(audit: Audit) -> Audit:
    """The same audit of a corpus with a hostile name and very many samples."""
    samples = tuple(SampleRef(sample_id=f"{n:016x}", exchange=0, source=HOSTILE, line=n) for n in range(3000))
    findings = tuple(
        finding.model_copy(update={"samples": samples, "message": f"found {HOSTILE}"})
        for finding in audit.findings
    )
    corpus = audit.corpus.model_copy(update={"sources": {HOSTILE: "0"}})
    return audit.model_copy(update={"findings": findings, "corpus": corpus})


def test_junit_has_a_case_for_each_finding_and_a_failure_for_each_that_fails(audit: Audit) -> None:
    suite = ET.fromstring(junit.render(audit)).find("testsuite")
    assert suite is not None
    assert len(suite) == int(suite.attrib["tests"]) == len(audit.findings)
    failed = {case.attrib["name"].split()[0] for case in suite if case.find("failure") is not None}
    assert failed == {finding.id for finding in audit.findings if finding.severity == "fail"} != set()
    assert int(suite.attrib["failures"]) == len(failed)


def test_sarif_has_a_result_for_each_finding_that_did_not_pass(audit: Audit) -> None:
    (run,) = json.loads(sarif.render(audit))["runs"]
    found = [finding for finding in audit.findings if finding.severity != "pass"]
    assert [result["ruleId"] for result in run["results"]] == [finding.id for finding in found]
    assert [result["message"]["text"] for result in run["results"]] == [finding.message for finding in found]
    assert {rule["id"] for rule in run["tool"]["driver"]["rules"]} == {f.id for f in audit.findings}
    assert run["invocations"][0]["executionSuccessful"] is True


def test_sarif_fingerprints_are_stable_and_differ(audit: Audit) -> None:
    def prints(shown: Audit) -> list[str]:
        (run,) = json.loads(sarif.render(shown))["runs"]
        return [result["partialFingerprints"]["mixguardFinding/v1"] for result in run["results"]]

    assert prints(audit) == prints(audit)
    assert len(set(prints(audit))) == len(prints(audit))


def test_sarif_keeps_within_what_services_take(hostile: Audit) -> None:
    (run,) = json.loads(sarif.render(hostile))["runs"]
    for result in run["results"]:
        assert len(result["locations"]) <= 100
        uri = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
        assert re.fullmatch(r"[\w%./~-]+", uri)


def test_markdown_tells_the_same_numbers(audit: Audit) -> None:
    text = markdown.render(audit).decode()
    assert text.startswith(f"## mixguard: {audit.verdict}")
    for row in audit.coverage:
        assert f"| {row.hazard} | " in text
    assert f"{audit.corpus.records:,} records" in text


def test_hostile_names_stay_text_everywhere(hostile: Audit) -> None:
    text = markdown.render(hostile).decode()
    table = [line for line in text.splitlines() if line.startswith("| fail |")]
    assert table
    assert all(len(re.findall(r"(?<!\\)\|", line)) == 5 for line in table)
    assert not re.search(r"(?<!\\)<script", text)
    for rendered in (text, junit.render(hostile).decode(), sarif.render(hostile).decode()):
        assert "\x1b" not in rendered
        assert "\u202e" not in rendered
    ET.fromstring(junit.render(hostile))
    for line in github.marked_rows(hostile, {"GITHUB_ACTIONS": "true"}):
        assert re.fullmatch(r"::(error|warning|notice) file=[^:,]+,line=\d+,title=[^:,]+::[^\n]*", line)


def test_annotations_keep_to_ten_of_a_kind_and_to_workflows(hostile: Audit) -> None:
    assert not list(github.marked_rows(hostile, {}))
    kinds = [line.split()[0] for line in github.marked_rows(hostile, {"GITHUB_ACTIONS": "true"})]
    assert max(kinds.count(kind) for kind in kinds) == 10


def test_a_summary_is_added_to_the_jobs_page_and_never_beyond_its_size(audit: Audit, tmp_path: Path) -> None:
    page = tmp_path / "summary.md"
    page.write_text("before\n")
    github.summarise(audit, {"GITHUB_STEP_SUMMARY": str(page)})
    assert page.read_text().startswith("before\n## mixguard")
    page.write_text("x" * markdown.MOST)
    github.summarise(audit, {"GITHUB_STEP_SUMMARY": str(page)})
    assert page.stat().st_size == markdown.MOST


def test_a_long_summary_says_what_was_left_out() -> None:
    text = "line\n" * 400_000
    cut = markdown.cut(text)
    assert len(cut) <= markdown.MOST + 100
    assert re.search(r"\d+,\d+ lines were left out", cut.decode()[-200:])


def test_reports_are_written_by_suffix_and_from_an_earlier_run(audit: Audit, tmp_path: Path) -> None:
    from mixguard.report.files import WRITERS, write

    sizes: dict[str, Any] = {}
    for suffix in WRITERS:
        write(Audit.load(audit.folder), tmp_path / f"report{suffix}")
        sizes[suffix] = (tmp_path / f"report{suffix}").stat().st_size
    assert min(sizes.values()) > 500
