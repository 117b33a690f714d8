"""The guides under `docs/` are true: what they tell you to type runs and prints what they show, and their links lead somewhere."""

from __future__ import annotations

import inspect
import itertools
import json
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import jsonschema
import pytest
from commanding import command
from conftest import REPOSITORY

import mixguard
from mixguard.catalogue import CHECKS, LIMITS
from mixguard.config import options
from mixguard.signals import SIGNALS

DOCS = REPOSITORY / "docs"
PAGES = sorted([REPOSITORY / "README.md", *DOCS.glob("*.md")])
NOT_RUN = ("pip", "git", "cd", "cp", "grep", "mkdir", "python", "source")
"""Commands of a shell block that set the machine up and are not run here; any other must be one that is."""
SCHEMA = json.loads((DOCS / "audit.schema.json").read_text(encoding="utf-8"))


class Block(NamedTuple):
    """A fenced block of a page."""

    language: str
    text: str

    @property
    def lines(self) -> list[str]:
        return [line for line in self.text.splitlines() if line.strip()]

    def commands(self, program: str) -> list[list[str]]:
        """Its commands of one program; what follows `&&` is not ours."""
        found = (line.partition("&&")[0] for line in self.lines)
        return [shlex.split(line, comments=True) for line in found if line.startswith(f"{program} ")]


class Place(NamedTuple):
    """A folder with a corpus, in which a guide is followed."""

    folder: Path
    environment: dict[str, str]

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command, cwd=self.folder, env=self.environment, capture_output=True, text=True, check=False
        )

    def mixguard(self, arguments: list[str]) -> str:
        done = command(self.folder, *arguments, environment=self.environment)
        assert done.returncode in (0, 1), (arguments, done.stderr)
        assert done.stdout.strip(), arguments
        return done.stdout

    def python(self, blocks: list[str]) -> list[str]:
        """What each block prints; every one has names of its own."""
        script = (
            "import sys, json\n"
            "for block in json.loads(sys.argv[1]):\n"
            "    exec(compile(block, 'example', 'exec'), {'__name__': 'example'})\n"
            "    print('\\0')\n"
        )
        done = self.run(sys.executable, "-c", script, json.dumps(blocks))
        assert done.returncode == 0, done.stderr
        return done.stdout.split("\0")[: len(blocks)]


@pytest.fixture
def place(shared_cache: dict[str, str], tmp_path: Path) -> Place:
    return prepared(tmp_path, shared_cache)


@pytest.fixture(scope="module")
def audited(shared_cache: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Place:
    """Where `mixguard audit data.jsonl` was run; not to be changed."""
    place = prepared(tmp_path_factory.mktemp("audited"), shared_cache)
    place.mixguard(["audit", "data.jsonl"])
    return place


def prepared(folder: Path, environment: dict[str, str]) -> Place:
    shutil.copy(REPOSITORY / "examples" / "support.jsonl", folder / "data.jsonl")
    return Place(folder, {**environment, "COLUMNS": "100"})


def blocks(page: str) -> list[Block]:
    text = (DOCS / page).read_text(encoding="utf-8")
    return [Block(*found) for found in re.findall(r"^```(\w+)\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)]


def spoken(text: str) -> str:
    """Text without what a machine, its speed or the width of its terminal may change."""
    return re.sub(r"\d+\.\d+", "#", re.sub(r"\s+", " ", text))


def table_names(page: str) -> set[str]:
    """What the first columns of a page's tables name."""
    cells = re.findall(r"^\|([^|]+)\|", (DOCS / page).read_text(encoding="utf-8"), re.MULTILINE)
    return {name for cell in cells for name in re.findall(r"`([^`]+)`", cell)}


def test_the_quickstart_prints_what_it_shows_and_keeps_its_promise(place: Place) -> None:
    assert follow("quickstart.md", place) >= 11
    after = mixguard.Audit.load(place.folder / "mixguard-run-after")
    assert after.verdict == "pass"
    assert len(after.coverage) == 14
    assert all(row.refusals >= row.wanted and not row.full_compliance for row in after.coverage)
    gate = mixguard.Audit.load(place.folder / "mixguard-gate")
    assert gate.verdict == "pass", "the last command is the gate, and it opens"


def test_the_page_on_rows_can_be_followed(place: Place) -> None:
    assert follow("rows.md", place) == 7
    assert len((place.folder / "clean.jsonl").read_bytes().splitlines()) == 152


def test_the_page_on_the_document_can_be_followed(place: Place) -> None:
    assert follow("audit-json.md", place) >= 3
    place.python([block.text for block in blocks("audit-json.md") if block.language == "python"])


def follow(page: str, place: Place) -> int:
    """Run a page's commands in order, and compare what they print with what it shows; how many there were."""
    printed, ran = "", 0
    for block in blocks(page):
        if block.language == "sh":
            for line in block.lines:
                assert line.split()[0] in ("mixguard", "jq", *NOT_RUN), f"is this run or not: {line}"
            commands = block.commands("mixguard")
            printed = "".join(place.mixguard(command[1:]) for command in commands)
            ran += len(commands)
            assert [name for name in written(commands) if not (place.folder / name).is_file()] == []
        elif block.language == "text":
            shown = [line.strip() for line in block.lines if line != "..."]
            assert [line for line in shown if spoken(line) not in spoken(printed)] == []
    return ran


def written(commands: list[list[str]]) -> list[str]:
    """Files that commands are told to write."""
    pairs = (pair for command in commands for pair in itertools.pairwise(command))
    return [name for flag, name in pairs if flag in ("-o", "--card")]


def test_every_example_of_python_prints_what_its_comments_say(place: Place) -> None:
    examples = [block.text for block in blocks("python.md") if block.language == "python"]
    printed = place.python(examples)
    for example, output in zip(examples, printed, strict=True):
        said = re.findall(r"print\(.*\)  # (.*)$", example, re.MULTILINE)
        assert said, example
        lines = [line for line in output.splitlines() if line]
        assert list(dict.fromkeys(lines)) == list(dict.fromkeys(said)), example


@pytest.mark.skipif(shutil.which("jq") is None, reason="jq is not installed")
def test_every_jq_command_finds_something(audited: Place) -> None:
    queries = [
        query for block in blocks("audit-json.md") if block.language == "sh" for query in block.commands("jq")
    ]
    printed = []
    for query in queries:
        done = audited.run(*query)
        assert done.returncode == 0, (query, done.stderr)
        printed.append(done.stdout.split("\n")[0])
    assert printed[0] == "fail"
    assert printed[1].startswith("MG102 ")
    assert printed[2].startswith("data.jsonl:64 prv ")
    assert printed[3:] == ["vcr", "true"]


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


def test_every_column_is_documented(audited: Place) -> None:
    run = mixguard.Audit.load(audited.folder / "mixguard-run")
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


def test_a_real_document_is_as_the_schema_says_and_a_broken_one_is_not(audited: Place) -> None:
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


def test_two_runs_differ_in_their_provenance_alone(audited: Place, place: Place) -> None:
    place.mixguard(["audit", "data.jsonl"])
    first, second = audit_json(audited), audit_json(place)
    assert {name for name in first if first[name] != second[name]} == {"provenance"}


def audit_json(place: Place) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((place.folder / "mixguard-run" / "audit.json").read_bytes())
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


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(REPOSITORY)))
def test_links_lead_somewhere(page: Path) -> None:
    for target in _links(page):
        name, _, anchor = target.partition("#")
        other = (page.parent / name).resolve() if name else page
        assert other.exists(), f"{page.name}: {target}"
        if anchor and other.suffix == ".md":
            assert anchor in _anchors(other), f"{page.name}: {target}"


def test_every_page_is_in_the_index() -> None:
    listed = set(_links(DOCS / "README.md"))
    assert {page.name for page in DOCS.glob("*.md")} - {"README.md"} <= listed


def _prose(page: Path) -> str:
    text = page.read_text(encoding="utf-8")
    return re.sub(r"^```.*?^```$", "", text, flags=re.DOTALL | re.MULTILINE)


def _links(page: Path) -> list[str]:
    found = re.findall(r"\]\(([^)\s]+)\)", _prose(page))
    return [target for target in found if not target.startswith(("http:", "https:"))]


def _anchors(page: Path) -> set[str]:
    """Anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", _prose(page), re.MULTILINE)
    named = re.findall(r'<a id="([^"]+)">', _prose(page))
    return {re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-") for heading in headings} | {
        *named
    }


def test_the_picture_shows_the_floors_as_they_are() -> None:
    root = ET.parse(DOCS / "pictures" / "architecture.svg").getroot()
    svg = "{http://www.w3.org/2000/svg}"
    rows: dict[str, list[str]] = {}
    for group in root.iter(f"{svg}g"):
        if group.get("class") == "floor":
            rows.setdefault(group[0].get("y", ""), []).append(group[1][0].text or "")
    layers = _layers()
    depths = [[layers[name] for name in row] for row in rows.values()]
    assert sorted(name for row in rows.values() for name in row) == sorted(layers)
    for above, below in itertools.pairwise(depths):
        assert max(above) < min(below), "a floor is drawn above one that it lies below"


def _layers() -> dict[str, int]:
    tree = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))
    contract = next(c for c in tree["tool"]["importlinter"]["contracts"] if c["type"] == "layers")
    return {
        name.strip().removeprefix("mixguard."): depth
        for depth, floor in enumerate(contract["layers"])
        for name in floor.split("|")
    }


def test_the_architecture_says_what_every_module_is() -> None:
    told = table_names("architecture.md")
    package = REPOSITORY / "mixguard"
    modules = {path.name for path in package.glob("*.py")} - {"__init__.py"}
    folders = {f"{path.parent.name}/" for path in package.glob("*/__init__.py")}
    assert (modules | folders) - told == set()
