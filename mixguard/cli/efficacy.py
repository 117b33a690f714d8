"""`mixguard efficacy ...`: how well a mix protects one's own model."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mixguard.cli.options import ConfigFile, Offline, Set, load_config, local_only
from mixguard.console.bar import progress_bar

app = typer.Typer(no_args_is_help=True, help="How well a mix protects your own model: prepare a study of it.")


@app.callback()
def group() -> None:
    """Keep `init` a command of its own, however many there are."""


@app.command()
def init(
    corpus: Annotated[str, typer.Argument(help="A corpus: one file.", show_default=False)],
    *,
    output: Annotated[
        Path,
        typer.Option(
            "--output", "-o", help="Folder to write; new or empty.", callback=local_only, show_default=False
        ),
    ],
    doses: Annotated[
        str, typer.Option("--doses", help="Multiples of the plan's refusals; 0 is always there.")
    ] = "0.5,1,2",
    voice: Annotated[
        str | None,
        typer.Option(
            "--voice",
            help="How your model opens its refusals: a bundled voice (mixguard voice list) or a voice file.",
            show_default="learned from the corpus's own refusals",
        ),
    ] = None,
    bank: Annotated[
        str | None, typer.Option("--bank", help="Refusal bank: a name or a folder.", show_default="mixguard")
    ] = None,
    profile: Annotated[
        str | None, typer.Option("--profile", help="Risk profile: a name or a file.", show_default="general")
    ] = None,
    offline: Offline = False,
    config: ConfigFile = None,
    set_: Set = None,
) -> None:
    """Prepare a study of how many refusals your model needs: doses to train on, and scripts that ask and score.

    Example: mixguard efficacy init data.jsonl -o study --voice llama-3
    """
    from mixguard.checkpoint.efficacy import init as write_study
    from mixguard.console.efficacy import render_study
    from mixguard.console.screen import console
    from mixguard.errors import UsageError

    try:
        wanted = [float(each) for each in doses.split(",")]
    except ValueError:
        raise UsageError(f"--doses {doses}: give numbers, such as 0.5,1,2") from None
    effective = load_config(
        config,
        set_,
        encode__offline=offline or None,
        rebalance__voice=voice,
        rebalance__bank=bank,
        rebalance__profile=profile,
    )
    with progress_bar() as progress:
        study = write_study(corpus, output, effective, wanted, progress)
    console().print(render_study(study))
