"""`mixguard cache ...`: what is kept between runs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mixguard.cli.options import ConfigFile, Set, load_config

if TYPE_CHECKING:
    from mixguard.config import Config

app = typer.Typer(
    no_args_is_help=True,
    help="Show, verify and prune what is kept between runs, so that nothing is computed twice: vectors of texts, judges'"
    " verdicts, converted encoders, fitted models. It holds no corpus text.",
)


def _opened(config: Path | None, set_: list[str] | None) -> tuple[Config, Path]:
    from mixguard.files import cache_folder

    effective = load_config(config, set_)
    return effective, cache_folder(effective.encode.cache)


@app.command()
def show(*, config: ConfigFile = None, set_: Set = None) -> None:
    """Print what the cache keeps: where, of which encoders and judges, how many texts, how large, last used, and the limit.

    Example: mixguard cache show
    """
    from mixguard.console.cache import render_kept
    from mixguard.console.screen import console
    from mixguard.curate.kept import kept

    effective, cache = _opened(config, set_)
    console().print(render_kept(cache, kept(cache), effective.encode.cache_size))


@app.command()
def verify(*, config: ConfigFile = None, set_: Set = None) -> None:
    """Check every seal and checksum; exit with 1 if anything is damaged. Nothing is changed: what is damaged is never used.

    Example: mixguard cache verify
    """
    from mixguard.console.cache import render_damage
    from mixguard.console.screen import console
    from mixguard.curate.kept import damaged, kept

    _, cache = _opened(config, set_)
    found = list(damaged(cache))
    console().print(render_damage(kept(cache), found))
    raise typer.Exit(1 if found else 0)


@app.command()
def prune(
    *,
    to: Annotated[
        str | None,
        typer.Option(
            "--to",
            metavar="SIZE",
            help="Drop vectors used least recently, of whatever encoder, until the rest take at most this, e.g. 1GiB. Judges' verdicts stay.",
            show_default=False,
        ),
    ] = None,
    all_: Annotated[
        bool, typer.Option("--all", help="Drop everything, while no process uses the cache.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print what would be dropped.")] = False,
    config: ConfigFile = None,
    set_: Set = None,
) -> None:
    """Drop what is kept: vectors down to a size, or everything. What is needed again is computed again.

    Audits that are running go on: only --all waits for them to end.

    Examples: mixguard cache prune --to 1GiB --dry-run; mixguard cache prune --all
    """
    from mixguard.console.cache import render_gone
    from mixguard.console.screen import console
    from mixguard.curate.kept import clear
    from mixguard.curate.kept import prune as drop
    from mixguard.errors import UsageError

    _, cache = _opened(config, set_)
    if (to is None) != all_:
        raise UsageError("cache prune: give either --to SIZE, e.g. --to 1GiB, or --all")
    gone = clear(cache, dry_run=dry_run) if to is None else drop(cache, _bytes(to), dry_run=dry_run)
    console().print(render_gone(gone, dry_run=dry_run))


def _bytes(size: str) -> int:
    from pydantic import TypeAdapter, ValidationError

    from mixguard.config import Size
    from mixguard.errors import UsageError

    try:
        return int(TypeAdapter(Size).validate_python(size))
    except ValidationError:
        raise UsageError(
            f"--to {size}: is not a size; write bytes, or a number with a unit, e.g. 1GiB"
        ) from None
