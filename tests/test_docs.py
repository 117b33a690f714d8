"""What the documents say is true."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from commanding import command
from conftest import REPOSITORY

from mixguard.corpus.formats import FORMATS

README = (REPOSITORY / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", README, re.DOTALL)
COMMANDS = [
    line.partition("#")[0].strip()
    for language, block in BLOCKS
    if language == "sh"
    for line in block.splitlines()
    if line.startswith("mixguard ")
]


def test_every_command_of_the_readme_runs(tmp_path: Path, cache: Path) -> None:
    shutil.copy(REPOSITORY / "examples" / "support.jsonl", tmp_path / "data.jsonl")
    (tmp_path / "mixguard.toml").write_text(f'[encode]\ncache = "{cache}"\n')
    assert len(COMMANDS) >= 6
    for line in COMMANDS:
        done = command(tmp_path, *shlex.split(line)[1:])
        assert done.returncode in (0, 1), (line, done.stderr)
        assert done.stdout.strip(), line


def test_the_python_of_the_readme_runs(tmp_path: Path, shared_cache: dict[str, str]) -> None:
    shutil.copy(REPOSITORY / "examples" / "support.jsonl", tmp_path / "data.jsonl")
    code = "\n".join(block for language, block in BLOCKS if language == "python")
    subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=shared_cache, check=True, capture_output=True
    )


def test_the_python_example_runs(shared_cache: dict[str, str]) -> None:
    done = subprocess.run(
        [sys.executable, str(REPOSITORY / "examples" / "audit.py")],
        env=shared_cache,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.startswith("verdict: fail")


@pytest.mark.parametrize(
    "document", ["README.md", "CHANGELOG.md", "CONTRIBUTING.md", "docs/formats.md", "docs/speed.md"]
)
def test_links_lead_somewhere(document: str) -> None:
    path = REPOSITORY / document
    for target in re.findall(r"\]\(([^)#]+)\)", path.read_text(encoding="utf-8")):
        assert target.startswith("http") or (path.parent / target).exists(), target


def test_every_format_is_documented() -> None:
    page = (REPOSITORY / "docs" / "formats.md").read_text(encoding="utf-8")
    assert not [form.id for form in FORMATS if f"`{form.id}`" not in page]
