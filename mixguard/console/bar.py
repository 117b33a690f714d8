"""Progress on stderr, with the time left; silent when stderr is not a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from mixguard.progress import Progress, silent


@contextmanager
def progress_bar() -> Iterator[Progress]:
    """A progress function that draws a bar while the block runs."""
    from rich.progress import BarColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    from mixguard.console.screen import console

    screen = console(stderr=True)
    if not screen.is_terminal:
        yield silent
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[counted]}"),
        TimeRemainingColumn(),
    )
    with Bar(*columns, console=screen, transient=True) as bar:
        task = bar.add_task("reading", total=None, counted="")

        def report(stage: str, done: int, total: int | None, unit: str = "") -> None:
            bar.update(
                task, description=stage, completed=done, total=total, counted=counted(done, total, unit)
            )

        yield report


def counted(done: int, total: int | None, unit: str) -> str:
    """Progress of a stage, e.g. `2.1 of 4.0 MB`, `3 of 5 files`; empty without a unit."""
    if unit == "bytes":
        known = total if total is not None else done
        size, name = next(((10**power, name) for power, name in _SIZES if known >= 10**power), (1, "bytes"))
        shown, whole = (f"{number / size:.{1 if size > 1 else 0}f}" for number in (done, known))
        return f"{shown} {name}" if total is None else f"{shown} of {whole} {name}"
    if not unit:
        return ""
    return f"{done:,} {unit}" if total is None else f"{done:,} of {total:,} {unit}"


_SIZES = ((9, "GB"), (6, "MB"), (3, "kB"))
