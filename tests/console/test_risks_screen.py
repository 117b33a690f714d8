"""The risks at the terminal: gravest first with what to do, notes in one line, within 80 columns."""

from __future__ import annotations

from pathlib import Path

from building import answered, audited, row
from rich.console import Console

from mixguard.console.details import render
from mixguard.run.document import Audit


def shown(audit: Audit) -> list[str]:
    console = Console(width=80, color_system=None)
    with console.capture() as captured:
        console.print(render(audit))
    return captured.get().splitlines()


def test_it_names_each_mechanism_with_what_to_do_first(tmp_path: Path) -> None:
    rows = [answered() for _ in range(40)] + [row(f"plain {n}") for n in range(100)]
    lines = shown(audited(tmp_path, rows))
    start = lines.index("Risks, gravest first")
    assert lines[start + 1].split()[:3] == ["fail", "answered", "hazards"]
    assert "40 of 140" in lines[start + 1]
    assert lines[start + 2].strip() == "first: Read the rows"
    assert start < next(n for n, line in enumerate(lines) if line.startswith("Refusal coverage"))
    assert max(map(len, lines)) <= 80
