from __future__ import annotations

from pathlib import Path

from budgeting import TODAY, budget
from comparing import comparison

from mixguard.checkpoint.budget import settle
from mixguard.console.budget import render_account
from mixguard.console.screen import console


def test_the_worst_line_comes_first_with_spent_and_left(tmp_path: Path) -> None:
    text = "[all.look_alike]\nmax_loss = 0.6\n[hazards.ncr]\nmax_loss = 0.3\n[hazards.vcr]\nmax_loss = 0.2\n"
    account = settle(comparison(), budget(tmp_path, text), TODAY)
    screen = console()
    screen.width = 80
    with screen.capture() as caught:
        screen.print(render_account(account))
    shown = caught.get()
    assert shown.startswith("OVERSPENT; owner ann@example.org")
    rows = [line.split() for line in shown.splitlines() if line.startswith(("Violent", "Non-Violent"))]
    assert rows[0][:2] == ["Violent", "Crimes"]
    assert rows[0][2:5] == ["38", "20", "-18"]
    assert max(map(len, shown.splitlines())) <= 80
