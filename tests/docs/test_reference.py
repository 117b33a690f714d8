"""The pages of reference have all that the code has, and nothing else."""

from __future__ import annotations

import inspect
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from commanding import command
from conftest import REPOSITORY

import mixguard
from mixguard.catalogue import CHECKS, LIMITS
from mixguard.config import options
from mixguard.corpus.formats import FORMATS
from mixguard.signals import SIGNALS

DOCS = REPOSITORY / "docs"
PAGES = sorted([REPOSITORY / "README.md", *DOCS.glob("*.md")])
SCHEMA = json.loads((DOCS / "audit.schema.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def audited(shared_cache: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where `mixguard audit data.jsonl` was run."""
    return audit(tmp_path_factory.mktemp("audited"), shared_cache)


def audit(folder: Path, environment: dict[str, str]) -> Path:
    shutil.copy(REPOSITORY / "examples" / "support.jsonl", folder / "data.jsonl")
    done = command(folder, "audit", "data.jsonl", environment=environment)
    assert done.returncode == 1, done.stderr
    return folder


def table_names(page: str) -> set[str]:
    """What the first columns of a page's tables name."""
    cells = re.findall(r"^\|([^|]+)\|", (DOCS / page).read_text(encoding="utf-8"), re.MULTILINE)
    return {name for cell in cells for name in re.findall(r"`([^`]+)`", cell)}


def test_every_public_name_is_documented() -> None:
    text = (DOCS / "python.md").read_text(encoding="utf-8")
    sections = {part.split("\n", 1)[0]: part for part in text.split("\n## ")[1:]}
    assert set(mixguard.__all__) <= set(sections)
    for name in mixguard.__all__:
        assert "```python" in sections[name], f"{name}: no example"
        public = getattr(mixguard, name)
        if inspect.isfunction(public):
            head = sections[name].split("```")[1]
            assert re.findall(r"(\w+)(?:,|=[\w\"]+,|=[\w\"]+\)|\))", head) == list(
                inspect.signature(public).parameters
            )


def test_every_column_is_documented(audited: Path) -> None:
    run = mixguard.Audit.load(audited / "mixguard-run")
    annotations = run.annotations.collect_schema()
    own = {name for signal in SIGNALS if signal.annotator for name in signal.annotator.writes}
    assert own
    assert own <= set(run.columns)
    assert set(annotations) - own <= table_names("python.md")
    assert own <= set(re.findall(r"`(\w+)`", (DOCS / "checks.md").read_text(encoding="utf-8")))


def test_every_field_of_the_document_is_documented() -> None:
    told = table_names("audit-json.md")
    kinds = [
        SCHEMA,
        *(
            SCHEMA["$defs"][name]
            for name in ("Finding", "Coverage", "CorpusSummary", "JudgeUsed", "ScreenUsed")
        ),
    ]
    assert {field for kind in kinds for field in kind["properties"]} == told


def test_a_real_document_is_as_the_schema_says_and_a_broken_one_is_not(audited: Path) -> None:
    document = audit_json(audited)
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    jsonschema.validate(document, SCHEMA)
    for broken in _broken(document):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(broken, SCHEMA)


def _broken(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield {**document, "verdict": "fine"}
    yield {**document, "version": "mixguard-audit/1"}
    yield {**document, "verdcit": "pass"}
    yield {name: value for name, value in document.items() if name != "coverage"}
    yield {**document, "findings": [{**document["findings"][0], "count": "many"}]}


def test_two_runs_differ_in_their_provenance_alone(
    audited: Path, tmp_path: Path, shared_cache: dict[str, str]
) -> None:
    first, second = audit_json(audited), audit_json(audit(tmp_path, shared_cache))
    assert {name for name in first if first[name] != second[name]} == {"provenance"}


def audit_json(folder: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((folder / "mixguard-run" / "audit.json").read_bytes())
    return document


def test_every_check_says_its_kind_and_every_limit_is_an_option() -> None:
    page = (DOCS / "checks.md").read_text(encoding="utf-8")
    sections = {part[:5]: part for part in page.split("\n## ")[1:]}
    for check in CHECKS:
        assert f"**Kind**: {check.kind};" in sections[check.id]
        assert (f"`checks.limits.{check.id}`" in sections[check.id]) == (check.limit is not None)
        assert (f"--set-aside {check.aside.name}`" if check.aside else "## ") in f"## {sections[check.id]}"
    assert {f"checks.limits.{name}" for name in LIMITS} <= table_names("config.md")


def test_no_page_names_an_option_that_does_not_exist() -> None:
    known = {name for name, _, _, _ in options()} | {f"checks.limits.{name}" for name in LIMITS}
    sections = "|".join(sorted({name.partition(".")[0] for name in known} - {"run"}))
    option = re.compile(rf"(?<![\w/.-])(?:{sections})\.[a-z]\w*(?:\.MG\d+)?(?![\w/])")
    for page in [*PAGES, REPOSITORY / "action.yml", *(REPOSITORY / "examples").rglob("*.*ml")]:
        named = option.findall(page.read_text(encoding="utf-8"))
        assert {name for name in named if not name.endswith((".md", ".py", ".jsonl", ".xml"))} <= known, (
            page.name
        )


def test_generated_pages_are_up_to_date() -> None:
    done = subprocess.run(
        [sys.executable, str(DOCS / "generate.py"), "--check"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_every_format_is_documented() -> None:
    page = (DOCS / "formats.md").read_text(encoding="utf-8")
    assert not [form.id for form in FORMATS if f"`{form.id}`" not in page]


def test_every_figure_of_the_page_of_limits_is_on_a_page_that_it_names() -> None:
    text = (DOCS / "limits.md").read_text(encoding="utf-8")
    parts = [part for part in re.split(r"\n(?=- )|\n\n", text) if not part.startswith("#")]
    measured = 0
    for part in parts:
        linked = "".join(_text(name) for name in re.findall(r"\]\(([\w-]+\.md)[^)]*\)", part))
        figures = re.findall(
            r"(?<![\w.,-])\d(?:[\d,]*\d)?(?:\.\d+)?(?:x|%)?(?!\w)", re.sub(r"\]\([^)]*\)", "]", part)
        )
        measured += len(figures)
        assert [figure for figure in figures if figure not in linked] == [], part
    assert measured > 50


def _text(page: str) -> str:
    return (DOCS / page).read_text(encoding="utf-8")
