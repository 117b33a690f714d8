"""Progress says what it counts."""

from __future__ import annotations

import pytest

from mixguard.console.bar import counted


@pytest.mark.parametrize(
    ("done", "total", "unit", "said"),
    [
        (3, 5, "files", "3 of 5 files"),
        (64, 1904, "prompts", "64 of 1,904 prompts"),
        (7, None, "steps", "7 steps"),
        (0, None, "", ""),
        (12, 900, "bytes", "12 of 900 bytes"),
        (1_200_000, 4_000_000, "bytes", "1.2 of 4.0 MB"),
        (2_500_000_000, None, "bytes", "2.5 GB"),
    ],
)
def test_what_is_counted_is_said_in_its_unit(done: int, total: int | None, unit: str, said: str) -> None:
    assert counted(done, total, unit) == said
