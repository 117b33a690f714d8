"""Budgets for tests."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from mixguard.library.budget import BudgetFile, load_budget

HEAD = 'owner = "ann@example.org"\napproved_by = "bo@example.org"\nuntil = 2027-01-31\n'
TODAY = date(2026, 12, 1)
ALIKE = "[all.look_alike]\nmax_loss = 0.9\n"


def budget(folder: Path, text: str) -> BudgetFile:
    """A signed budget with these lines."""
    path = folder / "budget.toml"
    path.write_text(HEAD + text)
    return load_budget(path, TODAY)
