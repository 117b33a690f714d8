"""JUnit, SARIF, Markdown and workflow commands: same numbers, within service limits, hostile names inert."""

from __future__ import annotations

import html
import io
import json
import re
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from conftest import chat
from rich.console import Console

import mixguard
from mixguard.catalogue import BY_ID
from mixguard.config import Config, parsed
from mixguard.console import audit as terminal
from mixguard.console.explanation import render_explanation
from mixguard.report.ci import github, junit, markdown, sarif
from mixguard.run.document import Audit
from mixguard.run.findings import Finding, SampleRef

ALLOWED = "allowed until 2999-12-31 by Ann: looked\ufffd at <b>it</b> | `x`"
SUPPRESSED = {
    "MG102": "fail", "MG101": "warn", "MG103": "warn", "MG206": "note", "MG221": "note", "MG302": "note",
}  # fmt: skip
"""What is suppressed in `accepted`, in order."""
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
    """The same audit, of a corpus with a hostile name and thousands of samples."""
    samples = tuple(SampleRef(sample_id=f"{n:016x}", exchange=0, source=HOSTILE, line=n) for n in range(3000))
    findings = tuple(
        finding.model_copy(update={"samples": samples, "message": f"found {HOSTILE}"})
        for finding in audit.findings
    )
    corpus = audit.corpus.model_copy(update={"sources": {HOSTILE: "0"}})
    return audit.model_copy(update={"findings": findings, "corpus": corpus})


def _under(audit: Audit, folder: Path, entry: str, baseline: str) -> Audit:
    """The audit again with an allow file of one entry, and optionally a baseline."""
    allow = folder / "allow.toml"
    reason = "reason = 'looked\\u202e at <b>it</b> | `x`'\nauthor = 'Ann'\nexpires = 2999-12-31\n"
    allow.write_text(entry + reason.replace("'", '"'), encoding="utf-8")
    given = [f"checks.allow='{allow}'", *([f"checks.baseline='{baseline}'"] if baseline else [])]
    return mixguard.check(audit.folder, config=audit.config.replace(parsed(given)))


@pytest.fixture(scope="module")
def allowed(audit: Audit, tmp_path_factory: pytest.TempPathFactory) -> Audit:
    """The same audit with the failing finding allowed."""
    return _under(audit, tmp_path_factory.mktemp("allowed"), '[[allow]]\ncheck = "MG102"\n', "")


@pytest.fixture(scope="module")
def accepted(audit: Audit, tmp_path_factory: pytest.TempPathFactory) -> Audit:
    """The same audit with the answered prompts allowed and everything else known from a baseline."""
    folder = tmp_path_factory.mktemp("accepted")
    return _under(audit, folder, '[[allow]]\ncheck = "MG103"\n', str(audit.folder))


def _printed(audit: Audit) -> str:
    console = Console(width=100, file=io.StringIO(), color_system=None)
    with console.capture() as capture:
        console.print(terminal.render(audit))
    return capture.get()


def test_junit_has_a_case_for_each_finding_and_a_failure_for_each_that_fails(audit: Audit) -> None:
    suite = ET.fromstring(junit.render(audit)).find("testsuite")
    assert suite is not None
    assert len(suite.findall("testcase")) == int(suite.attrib["tests"]) == len(audit.findings)
    failed = {
        case.attrib["name"].split()[0] for case in suite.iter("testcase") if case.find("failure") is not None
    }
    assert failed == {finding.id for finding in audit.findings if finding.severity == "fail"} != set()
    assert int(suite.attrib["failures"]) == len(failed)


def test_sarif_has_a_result_for_each_finding_that_did_not_pass(audit: Audit) -> None:
    (run,) = json.loads(sarif.render(audit))["runs"]
    found = [finding for finding in audit.findings if finding.severity != "pass"]
    assert [result["ruleId"] for result in run["results"]] == [finding.id for finding in found]
    for result, finding in zip(run["results"], found, strict=True):
        assert result["message"]["text"].startswith(finding.message)
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


@pytest.mark.parametrize(("source", "uri"), [("a b/data.jsonl", "a%20b/data.jsonl"), ("-", "stdin")])
def test_every_sarif_result_has_a_place_even_where_no_row_is_listed(
    audit: Audit, source: str, uri: str
) -> None:
    assert any(not f.samples for f in audit.findings if f.severity != "pass")
    moved = audit.model_copy(
        update={"corpus": audit.corpus.model_copy(update={"sources": {source: "0", "z": "0"}})}
    )
    (run,) = json.loads(sarif.render(moved))["runs"]
    listed = {finding.id: bool(finding.samples) for finding in audit.findings}
    for result in run["results"]:
        assert len(result["locations"]) >= 1
        place = result["locations"][0]["physicalLocation"]
        if not listed[result["ruleId"]]:
            assert place == {"artifactLocation": {"uri": uri}, "region": {"startLine": 1}}
    (run,) = json.loads(sarif.render(_moved(audit, [source])))["runs"]
    assert {_uri(result) for result in run["results"]} == {uri}


def test_sarif_rules_are_the_checks_own_and_a_subject_brings_its_remedy(audit: Audit) -> None:
    rules = [
        Finding(
            id="MG304", name="trainer-rules", kind="reading", subject=subject, severity="warn", message=f"{subject} tripped", count=1,
            total=2, why=f"why {subject}", source=f"source {subject}", remedy=f"remedy {subject}",
        )
        for subject in ("one", "two")
    ]  # fmt: skip
    (run,) = json.loads(sarif.render(audit.model_copy(update={"findings": (*rules, *audit.findings)})))[
        "runs"
    ]
    check = BY_ID["MG304"]
    (rule,) = (rule for rule in run["tool"]["driver"]["rules"] if rule["id"] == "MG304")
    assert rule["fullDescription"]["text"] == check.why
    assert rule["help"]["text"] == f"{check.remedy}\nSource: {check.source}"
    texts = [result["message"]["text"] for result in run["results"] if result["ruleId"] == "MG304"]
    assert texts == ["one tripped. remedy one", "two tripped. remedy two"]


def test_markdown_has_the_same_numbers(audit: Audit) -> None:
    text = markdown.render(audit).decode()
    assert text.startswith(f"## mixguard: {audit.verdict}")
    for row in audit.coverage:
        assert f"| {row.hazard} | " in text
    assert f"{audit.corpus.records:,} records" in text


def test_hostile_names_stay_text_everywhere(hostile: Audit) -> None:
    text = markdown.render(hostile).decode()
    table = [line for line in text.splitlines() if line.startswith("| fail |")]
    assert table
    assert all(len(re.findall(r"(?<!\\)\|", line)) == 6 for line in table)
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


def test_many_rows_of_one_finding_leave_room_for_the_others(hostile: Audit) -> None:
    fails = tuple(
        hostile.findings[0].model_copy(update={"id": f"MG90{n}", "severity": "fail"}) for n in range(4)
    )
    told = list(
        github.marked_rows(hostile.model_copy(update={"findings": fails}), {"GITHUB_ACTIONS": "true"})
    )
    ids = [line.split("title=")[1][:5] for line in told]
    assert ids == ["MG900", "MG901", "MG902", "MG903", *["MG900"] * 6]
    assert len(set(told)) == 10


def test_a_summary_is_added_to_the_jobs_page_and_never_beyond_its_size(audit: Audit, tmp_path: Path) -> None:
    page = tmp_path / "summary.md"
    page.write_text("before\n")
    github.summarise(audit, {"GITHUB_STEP_SUMMARY": str(page)})
    assert page.read_text().startswith("before\n## mixguard")
    page.write_text("x" * markdown.MOST)
    github.summarise(audit, {"GITHUB_STEP_SUMMARY": str(page)})
    assert page.stat().st_size == markdown.MOST
    github.summarise(audit, {"GITHUB_STEP_SUMMARY": str(tmp_path / "new" / "summary.md")})
    assert (tmp_path / "new" / "summary.md").read_text().startswith("## mixguard")


def test_a_long_summary_says_what_was_left_out() -> None:
    text = "line\n" * 400_000
    cut = markdown.cut(text)
    assert len(cut) <= markdown.MOST + 100
    assert re.search(r"\d+,\d+ lines left out", cut.decode()[-200:])


def test_reports_are_written_by_name_and_from_an_earlier_run(audit: Audit, tmp_path: Path) -> None:
    from mixguard.report.files import KINDS, write

    sizes: dict[str, Any] = {}
    for ending, _, _ in KINDS:
        path = tmp_path / (f"report{ending}" if ending.startswith(".") else ending)
        write(Audit.load(audit.folder), path)
        sizes[ending] = path.stat().st_size
    assert min(sizes.values()) > 500


def test_suppressed_findings_are_skipped_in_junit_with_the_reason(accepted: Audit) -> None:
    suite = ET.fromstring(junit.render(accepted)).find("testsuite")
    assert suite is not None
    skipped = {case.attrib["name"].split()[0]: case.find("skipped") for case in suite.iter("testcase")}
    assert {id_ for id_, element in skipped.items() if element is not None} == set(SUPPRESSED)
    assert (suite.attrib["failures"], suite.attrib["errors"]) == ("0", "0")
    assert int(suite.attrib["skipped"]) == sum(not finding.counts for finding in accepted.findings)
    assert suite.find("testcase/failure") is None
    for id_, severity in SUPPRESSED.items():
        element = skipped[id_]
        assert element is not None
        assert element.attrib["message"] == (ALLOWED if id_ == "MG103" else "known from the baseline")
        assert element.text is not None
        assert element.text.startswith(f"{severity}: ")


def test_junit_counts_what_is_allowed_apart_from_what_fails(audit: Audit, allowed: Audit) -> None:
    suites = [ET.fromstring(junit.render(shown)).find("testsuite") for shown in (audit, allowed)]
    before, after = (suite.attrib for suite in suites if suite is not None)
    assert (before["failures"], before["skipped"]) == ("1", "0")
    assert (after["failures"], after["skipped"], after["tests"]) == ("0", "1", before["tests"])


def test_sarif_says_what_was_accepted_and_what_the_baseline_had(audit: Audit, accepted: Audit) -> None:
    (run,) = json.loads(sarif.render(accepted))["runs"]
    shown = {result["ruleId"]: result for result in run["results"]}
    assert shown["MG103"]["suppressions"] == [
        {"kind": "external", "status": "accepted", "justification": ALLOWED}
    ]
    assert [id_ for id_, result in shown.items() if "suppressions" in result] == ["MG103"]
    states = {id_: result["baselineState"] for id_, result in shown.items()}
    assert states == {**dict.fromkeys(SUPPRESSED, "unchanged"), "MG103": "new"}
    (bare,) = json.loads(sarif.render(audit))["runs"]
    assert all("baselineState" not in result and "suppressions" not in result for result in bare["results"])
    assert {result["ruleId"] for result in bare["results"]} == set(shown)


def test_what_is_new_is_new_in_sarif(audit: Audit, allowed: Audit, tmp_path: Path) -> None:
    (tmp_path / "allow.toml").write_text("")
    tree = [
        f"checks.allow='{tmp_path / 'allow.toml'}'",
        f"checks.baseline='{allowed.folder}'",
        "checks.limits.MG104=0",
    ]
    rows = [
        chat(f"What is the capital of country {n}?", "I'm sorry, but I can't help with that.")
        for n in range(30)
    ]
    path = tmp_path / "new.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    config = audit.config.replace(parsed([*tree, f"run.folder='{tmp_path / 'run'}'"]))
    result = mixguard.audit(*audit.corpus.sources, path, config=config)
    (run,) = json.loads(sarif.render(result))["runs"]
    states = {each["ruleId"]: each["baselineState"] for each in run["results"]}
    assert states["MG104"] == "new"
    assert states["MG103"] == "unchanged"


def test_markdown_and_terminal_list_suppressed_findings_apart(accepted: Audit) -> None:
    text = markdown.render(accepted).decode()
    apart_count = sum(not finding.counts for finding in accepted.findings)
    assert f"{apart_count} findings suppressed" in text.splitlines()[0]
    counted, apart = text.split("| suppressed | what was found | why |")
    assert not any(id_ in counted for id_ in SUPPRESSED)
    rows = [line for line in apart.splitlines() if line.startswith("| MG")]
    assert list(dict.fromkeys(line[2:7] for line in rows)) == list(SUPPRESSED)
    assert all(len(re.findall(r"(?<!\\)\|", line)) == 4 for line in rows)
    assert "allowed until 2999\\-12\\-31 by Ann: " in rows[2]
    assert "known from the baseline" in rows[0]
    assert "Set aside or rewrite as refusals" not in text
    shown = _printed(accepted)
    assert f"{apart_count} findings suppressed" in shown
    findings, rest = shown.split("\nSuppressed")
    assert "MG103" not in findings
    assert ALLOWED in " ".join(rest.split())
    assert "known from the baseline" in " ".join(rest.split())
    assert rest.index("MG103") < rest.index("Passed:") < rest.index("Next:")


def test_the_terminal_shows_suppressed_findings_last(audit: Audit, allowed: Audit) -> None:
    assert "Suppressed" not in _printed(audit)
    shown = _printed(allowed)
    assert shown.index("Findings") < shown.index("MG103") < shown.index("Suppressed") < shown.index("MG102")
    assert "why" not in shown.split("Suppressed")[1].split("Passed:")[0]


def test_rows_left_out_one_by_one_are_reported(audit: Audit, tmp_path: Path) -> None:
    sample = next(finding for finding in audit.findings if finding.id == "MG103").samples[0].sample_id
    result = _under(audit, tmp_path, f'[[allow]]\ncheck = "MG103"\nsample = "{sample}"\n', "")
    for shown in (markdown.render(result).decode(), _printed(result)):
        line = " ".join(shown.split())
        assert f"MG103, sample {sample}" in line
        assert "1 exchange left out" in line
        assert "2 answers comply with hazardous requests" in line


@pytest.mark.parametrize("check", ['check = "MG103"\n', ""])
def test_rows_left_out_one_by_one_are_skipped_in_junit_and_suppressed_in_sarif(
    audit: Audit, tmp_path: Path, check: str
) -> None:
    ref = next(finding for finding in audit.findings if finding.id == "MG103").samples[0]
    result = _under(audit, tmp_path, f'[[allow]]\n{check}sample = "{ref.sample_id}"\n', "")
    id_ = "MG103" if check else "MG307"
    suite = ET.fromstring(junit.render(result)).find("testsuite")
    assert suite is not None
    (case,) = (
        case for case in suite.iter("testcase") if case.attrib["name"].endswith(f" sample {ref.sample_id}")
    )
    assert case.attrib["name"].startswith(id_)
    skipped = case.find("skipped")
    assert skipped is not None
    assert skipped.attrib["message"] == ALLOWED
    assert f"at {ref.source}:{ref.line}" in str(skipped.text)
    assert (suite.attrib["skipped"], int(suite.attrib["tests"])) == ("1", len(suite.findall("testcase")))
    (run,) = json.loads(sarif.render(result))["runs"]
    (left,) = (each for each in run["results"] if "suppressions" in each)
    assert (left["ruleId"], left["message"]["text"]) == (id_, "1 exchange left out")
    assert left["suppressions"][0]["justification"] == ALLOWED
    assert [place["physicalLocation"]["region"]["startLine"] for place in left["locations"]] == [ref.line]
    prints = [each["partialFingerprints"]["mixguardFinding/v1"] for each in run["results"]]
    assert len(prints) == len(set(prints))


@pytest.mark.parametrize("width", [40, 80, 100])
@pytest.mark.parametrize(
    "name",
    ["x\n::stop-commands::x", "x\t ::stop-commands::x", "x" * 99 + "::error::x", "x ::", "##[group]x", "x :"],
)
def test_no_line_at_the_terminal_is_a_command_to_what_runs_the_workflow(
    audit: Audit, name: str, width: int
) -> None:
    moved = _moved(audit, [name])
    findings = tuple(f.model_copy(update={"message": f"found {name}"}) for f in moved.findings)
    rows = (
        audit.annotations.head(1)
        .collect()
        .with_columns(source=pl.lit(name), exemplars=pl.lit(None), hazard_limit=pl.lit(0.5))
    )
    texts = {0: {"prompt": name, "response": name}}
    for shown in (
        terminal.render(moved.model_copy(update={"findings": findings})),
        render_explanation(rows, texts, {}, show_text=True),
    ):
        console = Console(width=width, file=io.StringIO(), color_system=None)
        with console.capture() as capture:
            console.print(shown)
        assert not [line for line in capture.get().splitlines() if line.lstrip().startswith("::")]
        assert "##[" not in capture.get()
        assert "stop-commands" not in name or "stop-commands" in capture.get()


@pytest.mark.parametrize("character", ["\ufffe", "\uffff", "\ud800", "\udfff"])
def test_junit_and_sarif_are_well_formed_whatever_characters_a_name_holds(
    audit: Audit, character: str
) -> None:
    moved = _moved(audit, [f"a{character}b.jsonl"])
    findings = tuple(f.model_copy(update={"message": f"in a{character}b"}) for f in moved.findings)
    hostile = moved.model_copy(update={"findings": findings})
    text = "".join(ET.fromstring(junit.render(hostile)).itertext())
    assert "in a\ufffdb" in text
    assert json.loads(sarif.render(hostile))["runs"][0]["results"][0]["message"]["text"] == "in a\ufffdb"


@pytest.mark.parametrize(
    ("text", "live"),
    [
        ("ask @octocat", "@octocat"),
        ("see https://evil.example/x", "://"),
        ("see WWW.evil.example", "WWW."),
        ("a_www.evil.example", "www."),
        ("mail ann@evil.example", "@evil"),
        ("fixes owner/name#12", "#12"),
    ],
)
def test_no_name_in_markdown_mentions_links_or_refers(text: str, live: str) -> None:
    shown = markdown.safe(text)
    assert live not in shown
    # A reader sees the original text, except for the zero-width space.
    read = re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", shown)
    assert html.unescape(read).replace("\u200b", "") == text


def test_many_suppressed_findings_are_cut_short_at_the_terminal(accepted: Audit) -> None:
    findings = accepted.findings * 20
    shown = " ".join(_printed(accepted.model_copy(update={"findings": findings})).split())
    assert shown.count("known from the baseline") + shown.count("allowed until") == 10
    more = sum(not finding.counts for finding in findings) - 10
    assert f"and {more} more, in audit.json" in shown


def test_no_row_is_annotated_for_a_suppressed_finding(audit: Audit, allowed: Audit, accepted: Audit) -> None:
    workflow = {"GITHUB_ACTIONS": "true"}
    marked = [line.split("title=")[1][:5] for line in github.marked_rows(audit, workflow)]
    assert {"MG102", "MG103"} < set(marked)
    left = [line.split("title=")[1][:5] for line in github.marked_rows(allowed, workflow)]
    assert left == [id_ for id_ in marked if id_ != "MG102"]
    assert not set(SUPPRESSED) & {
        line.split("title=")[1][:5] for line in github.marked_rows(accepted, workflow)
    }


def _uri(result: dict[str, Any]) -> str:
    """The file that a result is shown in."""
    return str(result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"])


SOURCES = [
    "data.jsonl", "a/data.jsonl", "b/data.jsonl", "/abs/a/data.jsonl", "c\\data.jsonl", "c/data.jsonl", "./x.jsonl",
    "deep/x/y.jsonl", "x/y.jsonl", "-", "hf://owner/name:train", "hf://other/name:train", "zip/", "zip", "only.jsonl",
]  # fmt: skip


def _prints(audit: Audit) -> dict[tuple[str, str], str]:
    """Rule and file to fingerprint."""
    (run,) = json.loads(sarif.render(audit))["runs"]
    return {
        (result["ruleId"], _uri(result)): result["partialFingerprints"]["mixguardFinding/v1"]
        for result in run["results"]
    }


def _moved(audit: Audit, sources: list[str]) -> Audit:
    """The same audit with a sample of each finding in each of these files."""
    samples = tuple(SampleRef(sample_id="0" * 16, exchange=0, source=name, line=1) for name in sources)
    findings = tuple(
        f.model_copy(update={"samples": samples}) for f in audit.findings if f.severity != "pass"
    )
    corpus = audit.corpus.model_copy(update={"sources": dict.fromkeys(sources, "0")})
    return audit.model_copy(update={"findings": findings, "corpus": corpus})


def test_fingerprints_differ_by_finding_and_file_whatever_files_are_called(audit: Audit) -> None:
    moved = _moved(audit, SOURCES)
    (run,) = json.loads(sarif.render(moved))["runs"]
    prints = [result["partialFingerprints"]["mixguardFinding/v1"] for result in run["results"]]
    assert len(prints) == len(set(prints)) == len(SOURCES) * len(moved.findings)


def test_fingerprints_stay_where_lines_order_machine_and_other_files_change(audit: Audit) -> None:
    here = _prints(_moved(audit, ["/home/ann/a/data.jsonl", "/home/ann/b/data.jsonl"]))
    there = _prints(_moved(audit, ["/ci/work/b/data.jsonl", "/ci/work/a/data.jsonl", "/ci/work/new.jsonl"]))
    for (rule, uri), print_ in here.items():
        assert there[rule, uri.replace("/home/ann", "/ci/work")] == print_
    alone = _prints(_moved(audit, ["/x/data.jsonl"]))
    for other in ("/other/data.jsonl", "C:\\other\\data.jsonl"):
        assert set(alone.values()) == set(_prints(_moved(audit, [other])).values())


def test_the_fingerprint_of_a_relative_path_is_its_own_whatever_else_is_audited(audit: Audit) -> None:
    alone = _prints(_moved(audit, ["a/data.jsonl"]))
    for others in (["b/data.jsonl"], ["/home/ann/a/data.jsonl"], ["data.jsonl", "x.jsonl"]):
        together = _prints(_moved(audit, [*others, "a/data.jsonl"]))
        assert alone.items() <= together.items()
        assert len(set(together.values())) == len(together)
    written_otherwise = _prints(_moved(audit, ["./a//b/../data.jsonl"]))
    assert set(written_otherwise.values()) == set(alone.values())
    assert set(alone.values()).isdisjoint(_prints(_moved(audit, ["b/data.jsonl"])).values())


def test_allowing_a_finding_does_not_change_its_fingerprint(audit: Audit, accepted: Audit) -> None:
    assert _prints(audit) == _prints(accepted)
