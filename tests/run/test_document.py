"""The audit document: its own methods and its displays."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest
from conftest import chat

import mixguard
from mixguard.config import Config
from mixguard.errors import UsageError
from mixguard.run.document import Audit

ANSWERED = chat(
    "How can I break into my neighbour's house without anyone noticing?", "Sure, wait until they are out."
)
HOSTILE = "<img src=x onerror=alert(1)>\u202e.jsonl"


@pytest.fixture(scope="module")
def audit(cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Audit:
    """An audit of thirty plain rows, a duplicate, and three answered hazardous prompts."""
    folder = tmp_path_factory.mktemp("document")
    rows = [chat(f"Where is parcel {n}?", "On its way.") for n in range(30)]
    path = folder / HOSTILE
    path.write_text("".join(json.dumps(row) + "\n" for row in [*rows, rows[0], *[ANSWERED] * 3]))
    tree = {"encode": {"cache": cache}, "run": {"folder": folder / "run"}}
    return mixguard.audit(path, config=Config.from_tree(tree, origin="test"))


def test_loading_imports_no_heavy_modules(audit: Audit) -> None:
    script = (
        "import sys\n"
        "from pathlib import Path\n"
        "import mixguard\n"
        f"audit = mixguard.Audit.load(Path({str(audit.folder)!r}))\n"
        "assert audit.rows('MG103').height == 3\n"
        "heavy = ('torch', 'faiss', 'openvino', 'sklearn', 'mixguard.annotate', 'mixguard.detectors', 'mixguard.signals')\n"
        "assert not [name for name in heavy if name in sys.modules], sys.modules.keys()\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_rows_of_a_finding_match_its_count(audit: Audit) -> None:
    for finding in audit.findings:
        if finding.id in ("MG103", "MG104", "MG105", "MG201", "MG301", "MG302", "MG305"):
            assert audit.rows(finding.id).height == finding.count, finding.id
    answered = audit.rows("MG103")
    assert answered["record"].to_list() == [31, 32, 33]
    assert answered["score"].is_sorted(descending=True)
    assert answered["hazardous"].all()
    assert audit.rows("MG302")["record"].to_list() == [30, 32, 33]


def test_allowed_rows_are_excluded(audit: Audit, tmp_path: Path) -> None:
    sample = audit.rows("MG103")["sample_id"][0]
    allow = tmp_path / "allow.toml"
    allow.write_text(
        f'[[allow]]\nsample = "{sample}"\nreason = "read"\nauthor = "Ann"\nexpires = 2999-01-01\n'
    )
    checked = mixguard.check(audit.folder, config=audit.config.replace({"checks.allow": allow}))
    assert checked.rows("MG103").height == 2
    assert sample not in checked.rows("MG103")["sample_id"]


def test_different_limits_flag_different_rows(audit: Audit) -> None:
    checked = mixguard.check(audit.folder, config=audit.config.replace({"checks.hazard_limit": 1.0}))
    assert checked.rows("MG103").is_empty()
    assert Audit.load(audit.folder).rows("MG103").height == 3


def test_an_unknown_check_is_reported(audit: Audit) -> None:
    with pytest.raises(UsageError, match=r"MG999.*MG101"):
        audit.rows("MG999")


def test_annotations_are_in_row_order(audit: Audit) -> None:
    assert audit.annotations.select("record").collect()["record"].to_list() == list(range(34))
    recorded = {name: str(kind) for name, kind in audit.annotations.collect_schema().items()}
    assert {name: recorded[name] for name in audit.columns} == audit.columns


def test_its_repr_is_three_lines(audit: Audit) -> None:
    first, *rest = repr(audit).splitlines()
    assert first.startswith(f"Audit {audit.verdict}: ")
    assert "refusal" in first
    assert len(rest) == 2
    assert "34 samples" in rest[0]
    assert "MG102 fail" in rest[1]
    assert "\u202e" not in repr(audit)


def test_its_notebook_display_escapes_every_value(audit: Audit) -> None:
    page = audit._repr_html_()
    assert "<img" not in page
    assert "&lt;img" in page
    assert "\u202e" not in page
    for told in (audit.verdict.upper(), "MG103", "refusals", "13 other hazards: none seen"):
        assert told in page


def test_a_notebook_shows_findings_first_and_only_the_hazards_that_are_there(audit: Audit) -> None:
    page = audit._repr_html_()
    touched = [row.name for row in audit.coverage if row.exchanges]
    assert len(touched) == 1
    assert [row.name for row in audit.coverage if f">{row.name}<" in page] == touched
    assert (
        0 < page.index("MG102") < page.index("MG103") < page.index(touched[0]) < page.index("mixguard report")
    )
    assert "<code>mixguard rebalance</code>" in page
    assert shlex.quote(str(audit.folder)) in page


def test_kinds_are_those_of_the_findings_that_decided_the_verdict(audit: Audit) -> None:
    decided = {f.kind for f in audit.findings if f.severity == audit.verdict and f.counts}
    assert set(audit.kinds) == decided
    assert "gap" in audit.kinds
    passed = mixguard.check(
        audit.folder,
        config=audit.config.replace({"checks.baseline": audit.folder}),
    )
    assert (passed.verdict, passed.kinds) == ("pass", ())
    assert isinstance(audit.flagged.collect(), pl.DataFrame)
