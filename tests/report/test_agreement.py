"""Every report of one run tells the same numbers."""

from __future__ import annotations

import json
import re
import shutil
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from conftest import REPOSITORY

import mixguard
from mixguard.config import Config
from mixguard.console.audit import render
from mixguard.console.screen import console
from mixguard.report.files import KINDS, write
from mixguard.run.document import Audit


@pytest.fixture(scope="module")
def told(cache: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Audit, dict[str, str]]:
    """A mix with something in every hazard, a suppressed finding, and what each report says of it, without markup."""
    folder = tmp_path_factory.mktemp("agreement")
    shutil.copy(REPOSITORY / "examples" / "support.jsonl", folder / "data.jsonl")
    allow = folder / "allow.toml"
    allow.write_text('[[allow]]\ncheck = "MG301"\nreason = "read"\nauthor = "us"\nexpires = 2999-01-01\n')
    tree = {"encode": {"cache": cache}, "run": {"folder": folder / "run"}, "checks": {"allow": allow}}
    config = Config.from_tree(tree, origin="test")
    audit = mixguard.rebalance(folder / "data.jsonl", out=folder / "safe.jsonl", config=config).after
    assert audit is not None
    reports = {}
    for ending, _, _ in KINDS:
        write(audit, folder / ending.replace(".", "report.", 1 if ending.startswith(".") else 0))
    for path in (*folder.glob("report.*"), folder / "README.md", folder / "croissant.json"):
        reports[path.name] = path.read_text()
    wide = console()
    wide.width = 300
    with wide.capture() as captured:
        wide.print(render(audit))
    reports["terminal"] = captured.get()
    return audit, reports


def numbers(text: str) -> list[int]:
    """Whole numbers of a line, thousands joined; `1 → 3` is what it came to."""
    now = re.sub(r"[\d,]+\s*→\s*", "", text)
    return [int(found.replace(",", "")) for found in re.findall(r"(?<![\w.])\d[\d,]*(?![\w.]*\d|%)", now)]


def test_coverage_is_the_same_everywhere(told: tuple[Audit, dict[str, str]]) -> None:
    audit, reports = told
    document = json.loads(reports["report.json"])
    page = re.sub(r"<svg.*?</svg>", "", reports["report.html"], flags=re.DOTALL)
    rows = re.findall(r'<th scope="row"><abbr title="[^"]*">(\w+)</abbr>(.*?)</tr>', page, re.DOTALL)
    assert [code for code, _ in rows] == [row["hazard"] for row in document["coverage"]]
    for row, (_, cells) in zip(audit.coverage, rows, strict=True):
        counts = [row.exchanges, row.full_refusal, row.partial_refusal, row.full_compliance]
        assert numbers(re.sub(r"<[^>]+>", " ", cells))[:4] == counts
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
