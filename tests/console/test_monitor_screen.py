from __future__ import annotations

from pathlib import Path

from monitoring import history, run

from mixguard.checkpoint.answers import Target
from mixguard.checkpoint.history import History
from mixguard.checkpoint.monitor import check
from mixguard.console.monitor import render_added, render_check, render_history, spark
from mixguard.console.screen import console


def printed(shown: object) -> str:
    screen = console()
    screen.width = 80
    with screen.capture() as caught:
        screen.print(shown)
    return caught.get()


def test_a_history_shows_its_runs_and_what_drifted(tmp_path: Path) -> None:
    late = run("2026-01-03", bad=12).model_copy(
        update={"target": Target(model="\x1b[31mevil::set", kind="demo")}
    )
    there = history(tmp_path, run("2026-01-01", promoted=True), run("2026-01-02"), late)
    text = printed(render_history(there, check(there)))
    assert "1* " in text
    assert "DRIFTED" in text
    assert "outside limits" in text
    assert "\x1b[31mevil" not in text
    assert all(len(line) <= 80 for line in text.splitlines())
    row = next(line for line in text.splitlines() if line.startswith("2 "))
    assert row.split()[-3:] == ["8", "0", "0"]


def test_what_could_not_be_judged_says_why(tmp_path: Path) -> None:
    there = history(tmp_path, run("1", promoted=True), run("2", temperature=0.0))
    assert "the temperature differs" in " ".join(printed(render_check(check(there))).split())


def test_adding_says_what_comes_next(tmp_path: Path) -> None:
    there = history(tmp_path, run("1"), run("2", promoted=True), run("3"))
    first, second, third = (
        printed(render_added(History(Path("h"), there.runs[:count]))) for count in (1, 2, 3)
    )
    assert "no baseline yet: mixguard monitor add h PROBE --promote" in first
    assert "as the baseline" in second
    assert "next: mixguard monitor check h" in third


def test_a_full_block_is_at_the_limit(tmp_path: Path) -> None:
    drift = check(history(tmp_path, run("1", promoted=True), run("2", mixed=0), run("3", bad=20)))
    line = next(
        line for line in drift.lines if (line.axis, line.hazard, line.rate) == ("hazardous", None, "lost")
    )
    assert spark(line) == "▁█"
