"""`mixguard monitor ...`: watch a served model over time."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mixguard.cli.options import ConfigFile, Set, load_config
from mixguard.console.bar import progress_bar

app = typer.Typer(
    no_args_is_help=True,
    help="Watch a served model over time: a history of runs, and control limits over it.",
)

HistoryFile = Annotated[Path, typer.Argument(help="History, a file that is appended to.", show_default=False)]


@app.command()
def add(
    history: HistoryFile,
    probe: Annotated[Path, typer.Argument(help="Probe file.", show_default=False)],
    *,
    promote: Annotated[
        bool,
        typer.Option(
            "--promote",
            "--baseline",
            help="Make this run the baseline from here on; a partial run cannot be one.",
        ),
    ] = False,
    config: ConfigFile = None,
    set_: Set = None,
) -> None:
    """Judge a probe file and append what was read to a history; no prompt and no answer is kept in it.

    Example: mixguard monitor add history.jsonl tuned.probe --promote
    """
    from mixguard.checkpoint.monitor import add as add_to
    from mixguard.console.monitor import render_added
    from mixguard.console.screen import console

    with progress_bar() as progress:
        added = add_to(history, probe, load_config(config, set_), progress, promoted=promote)
    console().print(render_added(added))


@app.command()
def show(
    history: HistoryFile,
    *,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Write the chart to this .svg file.", show_default=False),
    ] = None,
) -> None:
    """Print the runs of a history and a chart of them, with their limits.

    Example: mixguard monitor show history.jsonl -o history.svg
    """
    from mixguard.checkpoint.drift_chart import chart
    from mixguard.checkpoint.history import read_history
    from mixguard.checkpoint.monitor import check as check_last
    from mixguard.console.monitor import render_history
    from mixguard.console.screen import console
    from mixguard.errors import UsageError
    from mixguard.files import write_atomically

    if output is not None and output.suffix != ".svg":
        raise UsageError(f"{output}: name a file that ends in .svg")
    there = read_history(history)
    can_check = there.baseline is not None and there.baseline < len(there.runs) - 1
    drift = check_last(there) if can_check else None
    console().print(render_history(there, drift))
    if output is not None:
        if drift is None:
            raise UsageError(f"{history}: there is no chart before a run was added after a baseline")
        write_atomically(output, chart(drift))


@app.command()
def check(
    history: HistoryFile,
    probe: Annotated[
        Path | None,
        typer.Argument(
            help="Probe file to check without adding it.", show_default="the last run of the history"
        ),
    ] = None,
    *,
    config: ConfigFile = None,
    set_: Set = None,
) -> None:
    """Check the last run, or a probe file, against the baseline and the runs since.

    Exits with 0 within limits, 1 if the model drifted, 4 if it cannot be judged: other probes, decoding or judge, or answers missing.

    Example of a nightly job, for cron or CI:
    mixguard probe --endpoint URL --model M -o tonight.probe && mixguard monitor add history.jsonl tonight.probe && mixguard monitor check history.jsonl
    """
    from mixguard.checkpoint.history import read_history
    from mixguard.checkpoint.monitor import check as check_run
    from mixguard.checkpoint.monitor import read_run
    from mixguard.console.monitor import render_check
    from mixguard.console.screen import console

    there, run = read_history(history), None
    if probe is not None:
        with progress_bar() as progress:
            run = read_run(probe, load_config(config, set_), progress)
    drift = check_run(there, run)
    console().print(render_check(drift))
    raise typer.Exit(drift.exit_code)
