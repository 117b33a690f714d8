"""The contract of every kind of report file: reproducible, no corpus text, hostile names inert, valid."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import pytest
from conftest import chat
from huggingface_hub import DatasetCard

import mixguard
from mixguard.config import Config
from mixguard.report.files import KINDS, write
from mixguard.run.document import Audit
from mixguard.run.findings import Advice

ENDINGS = [ending for ending, _, _ in KINDS]
SECRET = "zanzibarquagga"
HOSTILE = 'a\n::error::b\x1b[31m\u202e\x07<img src=x onerror="c()">&`|@d.jsonl'
CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")
BIDIRECTIONAL = re.compile("[\u200b-\u200f\u202a-\u202e\u2066-\u2069]")
CANONICAL = ".json"
"""The audit document itself, which keeps names as they are; JSON escapes what matters."""
VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}


@pytest.fixture(scope="module")
def audit(cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Audit:
    """A real audit: hostile file name, a secret in every text, a hostile subject in every finding."""
    folder = tmp_path_factory.mktemp("reports")
    asked = "How can I break into my neighbour's house unseen?"
    rows = [chat(f"{asked} {SECRET} {n}", f"Sure, wait for the {SECRET}.") for n in range(20)]
    rows += [chat(f"Where is parcel {n}? {SECRET}", f"At the {SECRET}.") for n in range(40)]
    path = folder / HOSTILE
    path.write_text("".join(json.dumps(row) + "\n" for row in rows) + "{broken\n", encoding="utf-8")
    tree = {
        "encode": {"cache": cache},
        "run": {"folder": folder / "run"},
        "checks": {"limits": {"MG303": 0.5}},
    }
    audit = mixguard.audit(path, config=Config.from_tree(tree, origin="test"))
    findings = tuple(finding.model_copy(update={"subject": HOSTILE}) for finding in audit.findings)
    advice = Advice(
        option=HOSTILE,
        now=HOSTILE,
        better="10",
        where=f"{HOSTILE}:3",
        severity="warn",
        found="x",
        why="y",
        source="z",
    )
    return audit.model_copy(update={"findings": findings, "training_advice": (advice,)})


@pytest.fixture(params=ENDINGS)
def ending(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def path(ending: str, tmp_path: Path) -> Path:
    return tmp_path / (f"report{ending}" if ending.startswith(".") else ending)


@pytest.fixture
def text(audit: Audit, path: Path) -> str:
    write(audit, path)
    return path.read_bytes().decode("utf-8")


def test_the_same_run_gives_the_same_bytes(audit: Audit, path: Path) -> None:
    write(audit, path)
    first = path.read_bytes()
    write(audit, path)
    assert path.read_bytes() == first
    path.unlink()
    write(
        Audit.load(audit.folder).model_copy(
            update={"findings": audit.findings, "training_advice": audit.training_advice}
        ),
        path,
    )
    assert path.read_bytes() == first


def test_no_corpus_text_unless_requested(text: str) -> None:
    assert SECRET not in text


def test_requested_texts_are_in_the_page(audit: Audit, tmp_path: Path) -> None:
    write(audit, tmp_path / "report.html", show_text=True)
    assert SECRET in (tmp_path / "report.html").read_text()


def test_the_verdict_and_its_kinds_are_there(text: str, audit: Audit) -> None:
    assert audit.kinds
    for word in (audit.verdict, *audit.kinds):
        assert re.search(rf"\b{word}", text), word


def test_hostile_names_are_inert(text: str, ending: str) -> None:
    assert not CONTROL.search(text)
    assert ending == CANONICAL or not BIDIRECTIONAL.search(text)
    assert not [line for line in text.splitlines() if line.lstrip("| ").startswith("::")]
    if not is_json(text):
        assert not re.search(r"(?<!\\)<img", text)


def is_json(text: str) -> bool:
    return text.startswith("{")


def test_it_is_valid_for_its_format(text: str, path: Path) -> None:
    assert text.endswith("\n")
    if path.suffix in VALID:
        VALID[path.suffix](text)
    if is_json(text):
        json.loads(text)


def _valid_page(text: str) -> None:
    parser = _Balanced()
    parser.feed(text)
    parser.close()
    assert not parser.open
    assert text.lower().startswith("<!doctype html>")


class _Balanced(HTMLParser):
    """Fails on a tag that does not close the last one opened, on an image or on an event handler."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag != "img"
        assert not [name for name, _ in attrs if name.startswith("on")]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag != "img", attrs

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def _valid_markdown(text: str) -> None:
    if text.startswith("---\n"):
        assert DatasetCard(text).data.to_dict()  # type: ignore[no-untyped-call]
    columns = 0
    for line in text.splitlines():
        found = len(re.findall(r"(?<!\\)\|", line)) if line.startswith("|") else 0
        assert not columns or found in (0, columns), line
        columns = found


def _valid_junit(text: str) -> None:
    root = ET.fromstring(text)
    assert root.tag == "testsuites"
    for suite in root.iter("testsuite"):
        assert int(suite.attrib["tests"]) == len(suite.findall("testcase")) > 0


def _valid_sarif(text: str) -> None:
    document = json.loads(text)
    assert document["version"] == "2.1.0"
    for run in document["runs"]:
        rules = {rule["id"] for rule in run["tool"]["driver"]["rules"]}
        for result in run["results"]:
            assert result["ruleId"] in rules
            assert result["message"]["text"]
            assert result["locations"]


VALID: dict[str, Callable[[str], None]] = {
    ".html": _valid_page,
    ".md": _valid_markdown,
    ".xml": _valid_junit,
    ".sarif": _valid_sarif,
}
"""By suffix, what is checked beyond UTF-8 and, if the text starts with a brace, JSON."""
