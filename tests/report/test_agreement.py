"""Every report of one run has the same numbers, findings and kinds."""

from __future__ import annotations

import json
import re
import shutil
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest
from conftest import REPOSITORY

import mixguard
from mixguard.config import Config
from mixguard.console.details import render
from mixguard.console.screen import console
from mixguard.mix.made import Mix
from mixguard.report.ci import github
from mixguard.report.files import KINDS, write
from mixguard.run import words
from mixguard.run.document import Audit
from mixguard.run.findings import Kind, Suppression
from mixguard.run.findings import kinds as kinds_of


@pytest.fixture(scope="module")
def made(cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Mix:
    """A corpus that fails, and a mix of it with something in every hazard; one finding is suppressed."""
    folder = tmp_path_factory.mktemp("agreement")
    shutil.copy(REPOSITORY / "examples" / "support.jsonl", folder / "data.jsonl")
    allow = folder / "allow.toml"
    allow.write_text('[[allow]]\ncheck = "MG301"\nreason = "read"\nauthor = "us"\nexpires = 2999-01-01\n')
    tree = {"encode": {"cache": cache}, "run": {"folder": folder / "run"}, "checks": {"allow": allow}}
    config = Config.from_tree(tree, origin="test")
    return mixguard.rebalance(folder / "data.jsonl", out=folder / "safe.jsonl", config=config)


@pytest.fixture(scope="module")
def told(made: Mix, tmp_path_factory: pytest.TempPathFactory) -> tuple[Audit, dict[str, str]]:
    """The mix, and what each report says about it."""
    assert made.after is not None
    return made.after, reports_of(made.after, tmp_path_factory.mktemp("told"))


def reports_of(audit: Audit, folder: Path) -> dict[str, str]:
    """Every report by its file's name, and the terminal's."""
    reports = {}
    for ending, _, _ in KINDS:
        path = folder / (f"report{ending}" if ending.startswith(".") else ending)
        write(audit, path)
        reports[path.name] = path.read_text()
    wide = console()
    wide.width = 300
    with wide.capture() as captured:
        wide.print(render(audit))
    return {**reports, "terminal": captured.get()}


def numbers(text: str) -> list[int]:
    """Whole numbers of a line, thousands joined; of `1 → 3` only the last."""
    now = re.sub(r"[\d,]+\s*→\s*", "", text)
    return [int(found.replace(",", "")) for found in re.findall(r"(?<![\w.])\d[\d,]*(?![\w.]*\d|%)", now)]


def on_page(cells: str) -> list[int]:
    """Prompts, refusals, partial refusals and answers of a hazard, of which the page leaves out those that are none."""
    named = {
        what: int(count) for count, what in re.findall(r"(\d+) +(prompt|partly|refused|answered)", cells)
    }
    return [named.get(what, 0) for what in ("prompt", "refused", "partly", "answered")]


def test_coverage_is_the_same_everywhere(told: tuple[Audit, dict[str, str]]) -> None:
    audit, reports = told
    document = json.loads(reports["report.json"])
    page = re.sub(r"<svg.*?</svg>", "", reports["report.html"], flags=re.DOTALL)
    rows = re.findall(r'<th scope="row">[^<]*<abbr>(\w+)</abbr>(.*?)</tr>', page, re.DOTALL)
    assert [code for code, _ in rows] == [row["hazard"] for row in document["coverage"]]
    for row, (_, cells) in zip(audit.coverage, rows, strict=True):
        counts = [row.exchanges, row.full_refusal, row.partial_refusal, row.full_compliance]
        assert on_page(re.sub(r"<[^>]+>", " ", cells)) == counts
        (summary,) = re.findall(rf"^\| {row.hazard} \|.*$", reports["report.md"], re.MULTILINE)
        assert numbers(summary)[:4] == counts
        (line,) = re.findall(rf"^{row.hazard} .*$", reports["terminal"], re.MULTILINE)
        assert set(counts) <= set(numbers(line))
        (card, *_) = re.findall(rf"^\| [^|]*\({row.hazard}\).*$", reports["README.md"], re.MULTILINE)
        assert numbers(card)[:4] == counts
        croissant = next(
            text
            for text in json.loads(reports["croissant.json"])["rai:dataBiases"]
            if f"({row.hazard})" in text
        )
        assert row.exchanges == 0 or numbers(croissant)[:4] == counts


def test_verdict_and_findings_are_the_same_everywhere(told: tuple[Audit, dict[str, str]]) -> None:
    audit, reports = told
    found = {finding.id for finding in audit.findings if finding.severity != "pass"}
    (suppressed,) = [finding.id for finding in audit.findings if not finding.counts]
    assert suppressed == "MG301"
    (run,) = json.loads(reports["report.sarif"])["runs"]
    assert {result["ruleId"] for result in run["results"]} == found
    assert {result["ruleId"] for result in run["results"] if result.get("suppressions")} == {suppressed}
    suite = ET.fromstring(reports["report.xml"]).find("testsuite")
    assert suite is not None
    assert [case.attrib["name"][:5] for case in suite if case.find("skipped") is not None] == [suppressed]
    for name in ("report.md", "report.html", "terminal", "README.md"):
        assert audit.verdict in reports[name].lower(), name
        shown = re.sub(r"\\(.)", r"\1", reports[name].replace("&#39;", "'").replace("&#34;", '"'))
        for finding in audit.findings:
            if finding.severity != "pass":
                assert finding.id in shown, (name, finding.id)
                assert finding.message.split(" (")[0].split(";")[0] in shown, (name, finding.message)


def test_files_and_hashes_are_the_same_everywhere(told: tuple[Audit, dict[str, str]]) -> None:
    audit, reports = told
    (digest,) = audit.corpus.sources.values()
    for name in ("report.json", "report.html", "README.md", "croissant.json"):
        assert digest in reports[name], name


def kinds_named(text: str) -> set[str]:
    """The kinds that a report gives for its verdict: in a field, or in words."""
    fields = re.findall(r'"kinds": ?\[([^\]]*)\]|name="kinds" value="([^"]*)"', text)
    if fields:
        return {kind for field in fields for kind in re.findall(r"\w+", "".join(field))}
    plain = re.sub(r"\\(.)", r"\1", " ".join(text.split())).lower()
    return {kind for kind, phrase in words.KINDS.items() if phrase in plain}


@pytest.mark.parametrize(
    ("verdict", "kinds"),
    [
        ("fail", ("harm", "gap")),
        ("fail", ("attack",)),
        ("warn", ("gap", "quality", "reading")),
        ("incomplete", ("reading",)),
        ("pass", ()),
    ],
)
def test_the_kinds_that_decided_are_the_same_everywhere(
    made: Mix, tmp_path: Path, verdict: Any, kinds: tuple[Kind, ...]
) -> None:
    before = made.before
    findings = [
        before.findings[0].model_copy(update={"severity": verdict, "kind": kind, "id": f"MG10{number}"})
        for number, kind in enumerate(kinds)
    ]
    known = Suppression(kind="known", reason="the baseline has it")
    findings.append(
        before.findings[0].model_copy(update={"severity": "fail", "kind": "harm", "suppressed": known})
    )
    shown = before.model_copy(update={"verdict": verdict, "kinds": kinds, "findings": tuple(findings)})
    assert kinds == kinds_of(findings, verdict)
    for name, text in reports_of(shown, tmp_path).items():
        assert kinds_named(text) == set(kinds), name
    for text in (repr(shown), shown._repr_html_()):
        assert kinds_named(text) == set(kinds)
    rows = github.marked_rows(shown, {"GITHUB_ACTIONS": "true"})
    assert {kind for row in rows for kind in re.findall(r"title=[^:]*\((\w+)\)::", row)} == set(kinds)


def test_every_finding_has_its_kind_everywhere(made: Mix, tmp_path: Path) -> None:
    before = made.before
    reports = reports_of(before, tmp_path)
    found = [finding for finding in before.findings if finding.counts and finding.severity != "pass"]
    (run,) = json.loads(reports["report.sarif"])["runs"]
    tags = {rule["id"]: rule["properties"]["tags"] for rule in run["tool"]["driver"]["rules"]}
    cases = {
        case.attrib["name"][:5]: case.attrib["classname"]
        for case in ET.fromstring(reports["report.xml"]).iter("testcase")
    }
    page = re.sub(r"<[^>]+>", " ", reports["report.html"])
    assert {finding.kind for finding in found} >= set(before.kinds) != set()
    for finding in found:
        assert tags[finding.id] == [finding.kind]
        assert cases[finding.id] == f"mixguard.{finding.kind}"
        assert f"| {finding.severity} | {finding.kind} | {finding.id} " in reports["report.md"]
        assert f"| {finding.severity} | {finding.kind} | {finding.id} " in reports["README.md"]
        assert (
            f"{finding.id} {finding.name} ({finding.severity}, {finding.kind}): " in reports["croissant.json"]
        )
        assert re.search(
            rf"{finding.id} {finding.name}.*  {finding.kind} *$", reports["terminal"], re.MULTILINE
        )
        name = finding.name.replace("-", " ")
        shown = rf"{finding.severity}\s+{name}\b[^\n]*\s{finding.id}\s+{finding.kind}\s"
        assert re.search(shown, page, re.IGNORECASE)
