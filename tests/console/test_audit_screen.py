"""The terminal's report fits 80 columns, and names what decided."""

from __future__ import annotations

from pathlib import Path

from building import DETECTORS, answered, audited, refused
from rich.console import Console

from mixguard.console.audit import render

NAMES = {"iwp": "Indiscriminate Weapons", "inj": "Prompt Injection and Jailbreak"}


def test_the_coverage_table_fits_80_columns(tmp_path: Path) -> None:
    crosswalk = {"llama-guard-3": {"iwp": "S9", "inj": "~S14"}}
    detectors = DETECTORS.model_copy(update={"hazards": NAMES, "crosswalk": crosswalk})
    rows = [answered(hazard="inj") for _ in range(12_345)] + [refused(hazard="iwp") for _ in range(3)]
    audit = audited(tmp_path, rows, detectors=detectors)
    console = Console(width=80, color_system=None)
    with console.capture() as captured:
        console.print(render(audit))
    lines = captured.get().splitlines()
    assert max(map(len, lines)) <= 80
    (head,) = [line.split() for line in lines if line.startswith("hazard")]
    assert head == ["hazard", "name", "LG3", "prompts", "refused", "partial", "answered", "covered"]
    row = {code: next(line.split() for line in lines if line.startswith(code)) for code in NAMES}
    wide, short = (next(each for each in audit.coverage if each.hazard == code) for code in ("inj", "iwp"))
    shown = ["12,345", "0", "0", "12,345", *wide.covered.split()]
    assert row["inj"][-len(shown) :] == shown
    assert row["iwp"][:3] == ["iwp", "Indiscriminate", "Weapons"]
    assert "…" not in "".join(row["iwp"]) + short.covered
    assert "teaches harm" in captured.get().split("\n")[0]
