"""The page as a file: what it says, what it leaves out, and its size."""

from __future__ import annotations

import hashlib
import re
import shlex
import shutil
from collections.abc import Callable
from datetime import date
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from commanding import command
from conftest import chat
from reporting import SECRET

import mixguard
from mixguard.config import Config
from mixguard.library.allow import Allowance
from mixguard.mix.made import Mix
from mixguard.mix.manifest import manifest_for
from mixguard.report import html
from mixguard.report.html import charts, rows
from mixguard.run.document import Audit
from mixguard.run.findings import Allowed, SampleRef, Suppression
from mixguard.run.provenance import ScreenUsed
from mixguard.stats import Interval

CHART_SHA256 = "87364cc2b2a76a6684929e7d6b80b18a897794db38400caff1fcf1791c6925d2"
"""Of `dist/chart.umd.min.js` in the npm package chart.js 4.6.1."""


def test_no_corpus_text_unless_asked(hostile_audit: Audit) -> None:
    assert SECRET not in html.render(hostile_audit).decode()
    assert SECRET in html.render(hostile_audit, show_text=True).decode()


def test_a_mix_is_compared_with_its_corpus(example_mix: Mix) -> None:
    assert example_mix.after is not None
    page = html.render(example_mix.after, manifest_for(example_mix.after)).decode()
    assert example_mix.manifest is not None
    added = [pair.kind for pair in example_mix.manifest.added]
    assert f"{added.count('refusal')} refusals and {added.count('contrast')} look-alikes added" in page
    assert f"{example_mix.before.verdict} → {example_mix.after.verdict}" in page
    row = next(row for row in example_mix.after.coverage if row.full_refusal)
    was = next(before for before in example_mix.before.coverage if before.hazard == row.hazard)
    assert f'<span class="faint">{was.full_refusal} →</span> {row.full_refusal} refused' in page
    assert "→" not in html.render(example_mix.before).decode()


@pytest.mark.parametrize("letter", ["\U0001f9ea", "<"])
def test_the_worst_corpus_stays_under_three_megabytes(hostile_audit: Audit, letter: str) -> None:
    name = letter * 4000
    samples = tuple(
        SampleRef(sample_id=f"{n:016x}", exchange=0, source=f"{n}{name}", line=n, score=0.123456)
        for n in range(1000)
    )
    findings = tuple(
        f.model_copy(update={"samples": samples, "message": name, "severity": "warn"})
        for f in hostile_audit.findings
    )
    corpus = hostile_audit.corpus.model_copy(
        update={
            "sources": {f"{n}{name}": "0" * 64 for n in range(5000)},
            "formats": {f"{n}{name}": {"openai_chat": 1} for n in range(5000)},
            "quarantined": {f"{n}{name}": 1 for n in range(5000)},
            "flags": {f"{n}{name}": 1 for n in range(5000)},
        }
    )
    entry = Allowance(check="MG103", reason=name, author=name, expires=date(2999, 1, 1))
    allowed = tuple(Allowed(entry=entry, state="unused") for _ in range(1500))
    worst = {"findings": findings, "corpus": corpus, "allowed": allowed}
    assert len(html.render(hostile_audit.model_copy(update=worst), show_text=True)) < 3_000_000


def test_very_many_long_texts_stay_under_three_megabytes(
    cache: Path, tmp_path: Path, write_jsonl: Callable[..., Path]
) -> None:
    data = write_jsonl([chat("<" * 600, "&" * 600)] * 1200)  # repeats are listed
    tree = {
        "encode": {"cache": cache},
        "run": {"folder": tmp_path / "run"},
        "checks": {"samples": 1000},
    }
    audit = mixguard.audit(data, config=Config.from_tree(tree, origin="test"))
    page = html.render(audit, show_text=True)
    assert len(page) < 3_000_000
    assert "of them have no text" in page.decode()


def test_the_suggested_command_runs(example_mix: Mix, tmp_path: Path) -> None:
    page = html.render(example_mix.before).decode()
    suggested, _ = re.findall(r'<code class="command">(.*?)</code>', page)
    done = command(tmp_path, *shlex.split(unescape(suggested))[1:])
    assert done.returncode in (0, 1), done.stderr
    assert (tmp_path / "data.safe.jsonl").is_file()


def test_counts_are_out_of_exchanges_trained_on(config: Config, write_jsonl: Callable[..., Path]) -> None:
    asked = "How can I break into my neighbour's house unseen?"
    rows = [
        {"prompt": f"{asked} {n}", "chosen": "I won't help with that.", "rejected": "Sure."}
        for n in range(30)
    ]
    page = html.render(mixguard.audit(write_jsonl(rows), config=config)).decode()
    assert '<dt>Prompts that touch a hazard</dt><dd class="figure">30 of 30</dd>' in page


def test_rows_distinguish_the_findings_of_one_check(hostile_audit: Audit) -> None:
    answered = next(finding for finding in hostile_audit.findings if finding.id == "MG103")
    first, second = (
        answered.model_copy(update={"id": "MG304", "subject": name}) for name in ("role", "drop")
    )
    listed = rows.collect(hostile_audit.model_copy(update={"findings": (first, second)}), show_text=False)
    assert set(listed.columns["finding"]) == {"MG304 role", "MG304 drop"}
    page = html.render(hostile_audit.model_copy(update={"findings": (first, second)})).decode()
    assert 'data-finding="MG304 role"' in page
    assert 'data-finding="MG304 drop"' in page


def test_the_map_says_where_it_is_a_sample(hostile_audit: Audit, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = charts.draw(hostile_audit)["map"].told
    assert "exchanges that touch no hazard" in whole
    assert "sample of" not in whole.partition(" among ")[0]
    monkeypatch.setattr(charts, "OTHERS", 7)
    assert charts.draw(hostile_audit)["map"].told.startswith("A sample of 7 of the ")


def test_suppressed_findings_are_never_reported_as_clean(example_mix: Mix) -> None:
    known = Suppression(kind="known", reason="the baseline has it")
    findings = tuple(
        f.model_copy(update={"suppressed": known})
        for f in example_mix.before.findings
        if f.severity != "pass"
    )
    page = html.render(
        example_mix.before.model_copy(update={"findings": findings, "verdict": "pass"})
    ).decode()
    assert f"{len(findings)} findings suppressed" in page
    assert page.count('<span class="chip">suppressed</span>') == len(findings)


def test_what_was_screened_out_is_said(hostile_audit: Audit) -> None:
    used = ScreenUsed(
        exchanges=103,
        dismissed=60,
        sampled=6,
        missed=0,
        found=40,
        recall=1.0,
        interval=Interval(0.7, 1.0),
        taught=9,
    )
    assert b"screened out" not in html.render(hostile_audit)
    detectors = hostile_audit.detectors.model_copy(update={"screen": used})
    assert used.told in html.render(hostile_audit.model_copy(update={"detectors": detectors})).decode()


def test_quarantine_is_reported_from_the_audit(hostile_audit: Audit, tmp_path: Path) -> None:
    moved = tmp_path / "run"
    shutil.copytree(hostile_audit.folder, moved)
    assert "1 of 104 records could not be read" in html.render(Audit.load(moved)).decode()
    for content in ("", '{"source": 1}\n', "{"):
        (moved / "quarantine.jsonl").write_text(content)
        page = html.render(Audit.load(moved)).decode()
        assert "1 of 104 records could not be read" in page
        assert "list in the run folder is missing or damaged" in page
    (moved / "quarantine.jsonl").unlink()
    assert "Every record was read" not in html.render(Audit.load(moved)).decode()


def test_a_run_whose_files_are_gone_is_still_reported(hostile_audit: Audit, tmp_path: Path) -> None:
    moved = tmp_path / "run"
    shutil.copytree(hostile_audit.folder, moved)
    (source,) = hostile_audit.corpus.sources
    hidden = Path(source).rename(tmp_path / "gone")
    try:
        page = html.render(Audit.load(moved), show_text=True).decode()
    finally:
        hidden.rename(source)
    assert "of them have no text" in page
    assert "contains no corpus text" in page


def test_the_chart_library_is_the_one_its_makers_published() -> None:
    content = (Path(html.__file__).parent / "chart.umd.min.js").read_bytes()
    assert hashlib.sha256(content).hexdigest() == CHART_SHA256


def test_nothing_to_list_still_gives_a_page(hostile_audit: Audit) -> None:
    passed = tuple(f.model_copy(update={"severity": "pass", "samples": ()}) for f in hostile_audit.findings)
    empty: Any = {
        "findings": passed,
        "verdict": "pass",
        "corpus": hostile_audit.corpus.model_copy(update={"flags": {}}),
    }
    assert "No finding lists rows" in html.render(hostile_audit.model_copy(update=empty)).decode()
