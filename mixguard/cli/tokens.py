"""`mixguard tokens`: the tokens that a model's refusals hang on."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mixguard.cli.options import ConfigFile, Set, load_config, local_only
from mixguard.console.bar import progress_bar


def tokens(
    *,
    model: Annotated[Path, typer.Option("--model", help="Folder of the aligned model.", show_default=False)],
    base: Annotated[
        Path | None,
        typer.Option(
            "--base",
            help="Folder of the model before alignment, or after tuning, to compare it with.",
            show_default="none",
        ),
    ] = None,
    bank: Annotated[
        str | None,
        typer.Option(
            "--bank", help="Bank whose prompts are asked: a name or folder.", show_default="mixguard"
        ),
    ] = None,
    hazard: Annotated[
        list[str] | None, typer.Option("--hazard", help="Only this hazard; repeatable.", show_default="all")
    ] = None,
    positions: Annotated[
        int, typer.Option("--positions", help="First positions of the response to look at.", min=1, max=64)
    ] = 8,
    top: Annotated[int, typer.Option("--top", help="Most tokens to keep.", min=1)] = 32,
    output: Annotated[
        Path, typer.Option("--output", "-o", help="Folder to write.", callback=local_only)
    ] = Path("safety-tokens"),
    config: ConfigFile = None,
    set_: Set = None,
) -> None:
    """Find the few tokens that a model's refusals hang on, for a trainer to hold in place (experimental).

    Example: mixguard tokens --model aligned --base base -o safety-tokens
    """
    from mixguard.checkpoint.safety_tokens import (
        DIRECTION,
        FILE,
        choose_prompts,
        find_tokens,
        write_direction,
    )
    from mixguard.console.screen import console
    from mixguard.console.tokens import render_tokens
    from mixguard.errors import UsageError
    from mixguard.library.bank import Bank
    from mixguard.library.taxonomy import Taxonomy

    effective = load_config(config, set_, rebalance__bank=bank)
    seed = effective.rebalance.seed
    source = Bank.load(effective.rebalance.bank, Taxonomy.load(effective.judge.taxonomy))
    prompts = choose_prompts(source, hazard or (), seed)
    if output.exists() and not output.is_dir():
        raise UsageError(f"{output}: is a file; -o names a folder to write")
    with progress_bar() as progress:
        found = find_tokens(model, prompts, base=base, positions=positions, top=top, progress=progress)
    found.save(output / FILE)
    refusals = write_direction(output / DIRECTION, source, hazard or (), seed)
    console().print(render_tokens(found, output, refusals))
