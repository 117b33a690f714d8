"""Insecure Python by ruff's `S` rules, which are bandit's; ruff reads thousands of snippets a second."""

from __future__ import annotations

import json
import re
import subprocess
import tempfile
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from mixguard.annotate.scan.rules import RULES, counts

SECONDS = 60
"""Most that a run over a batch may take."""
NAMED = "os|subprocess|pickle|marshal|tarfile|yaml|hashlib|jinja2|requests|ssl|tempfile|markupsafe|paramiko|shelve"
"""Modules that a fragment may use without importing them."""


class RuffFinding(NamedTuple):
    """A line that a scanner objects to."""

    line: int
    """0-based, within the snippet."""
    words: str


@cache
def binary() -> str | None:
    """The installed ruff; None if there is none."""
    try:
        from ruff.__main__ import find_ruff_bin  # type: ignore[import-untyped]

        return str(find_ruff_bin())
    except (ImportError, OSError):
        return None


def scan(snippets: Sequence[str]) -> list[list[RuffFinding] | None]:
    """The findings in each snippet of Python; None where ruff could not be run or gave up."""
    found: list[list[RuffFinding] | None] = [None] * len(snippets)
    if binary() is not None and snippets:
        _scan(list(enumerate(snippets)), found)
    return found


def _scan(numbered: list[tuple[int, str]], found: list[list[RuffFinding] | None]) -> None:
    """Fill in what is found. If a snippet makes ruff fail, halves are tried, so that it hides no other."""
    report = _run([code for _, code in numbered])
    if report is None:
        if len(numbered) > 1:
            half = len(numbered) // 2
            _scan(numbered[:half], found)
            _scan(numbered[half:], found)
        return
    by_snippet: dict[int, list[RuffFinding]] = {}
    for each in report:
        code = numbered[int(Path(each["filename"]).stem)][1]
        line = each["location"]["row"] - 2  # a line of imports comes first
        if counts(each["code"], each["message"], _line(code, line)):
            by_snippet.setdefault(int(Path(each["filename"]).stem), []).append(
                RuffFinding(max(0, line), RULES[each["code"]])
            )
    for number, (place, _) in enumerate(numbered):
        found[place] = by_snippet.get(number, [])


def _line(code: str, number: int) -> str:
    lines = code.split("\n")
    return lines[number] if 0 <= number < len(lines) else ""


def _run(codes: Sequence[str]) -> list[dict[str, Any]] | None:
    with tempfile.TemporaryDirectory(prefix="mixguard-") as folder:
        for number, code in enumerate(codes):
            (Path(folder) / f"{number}.py").write_bytes(f"{_imports(code)}\n{code}".encode(errors="replace"))
        command = [
            str(binary()),
            "check",
            "--isolated",
            "--no-cache",
            "--ignore-noqa",
            "--quiet",
            "--exit-zero",
        ]
        rules = ["--select", ",".join(RULES), "--output-format", "json", folder]
        try:
            done = subprocess.run([*command, *rules], capture_output=True, timeout=SECONDS, check=True)
            report: list[dict[str, Any]] = json.loads(done.stdout)
        except (OSError, subprocess.SubprocessError, ValueError):
            return None
    return [each for each in report if each["code"] in RULES]


def _imports(code: str) -> str:
    """One line that imports what a fragment uses without an import, so that the rules know its names."""
    used = set(re.findall(rf"\b({NAMED})\.", code))
    named = set(re.findall(rf"\bimport[ \t]+({NAMED})\b", code))
    return f"import {', '.join(sorted(used - named))}" if used - named else ""
