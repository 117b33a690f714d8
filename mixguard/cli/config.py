"""`mixguard config`: the effective options, and a file to start from."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mixguard.cli.options import DEFAULT_FILE, ConfigFile, Set, load_config

app = typer.Typer(
    invoke_without_command=True,
    help="Print the options in force, or write a configuration file to start from.",
)

COMMON: dict[str, object] = {
    "read.columns": {"prompt": "question", "response": "best_answer"},
    "encode.offline": False,
    "judge.taxonomy": None,
    "judge.evaluation": ["test.jsonl"],
    "judge.references": ["books/"],
    "checks.hazard_limit": 0.8,
    "checks.allow": "allow.toml",
    "checks.baseline": "accepted-run",
    "checks.provider": "openai",
    "run.folder": "mixguard-run",
    "rebalance.profile": None,
    "rebalance.voice": "llama-3",
    "rebalance.set_aside": None,
    "rebalance.set_aside_from": None,
    "training.file": "axolotl.yml",
    "training.epochs": 3,
    "training.learning_rate": 2e-5,
    "training.warmup_steps": 10,
}
"""The options that people change, each with an example where its default says little."""


@app.callback()
def config(ctx: typer.Context, *, config: ConfigFile = None, set_: Set = None) -> None:
    """Print the options in force, or write a configuration file to start from.

    Example: mixguard config
    """
    if ctx.invoked_subcommand is None:
        _show(config, set_)
    elif config is not None or set_:
        ctx.fail(f"give options after the command: mixguard config {ctx.invoked_subcommand} ...")


@app.command()
def show(*, config: ConfigFile = None, set_: Set = None) -> None:
    """Print the effective configuration as TOML, each option with its help; `mixguard config` alone does the same.

    Example: mixguard config show --set checks.samples=3
    """
    _show(config, set_)


@app.command()
def init(
    file: Annotated[
        Path,
        typer.Argument(help="File to write; it must not exist. - prints it.", show_default=str(DEFAULT_FILE)),
    ] = DEFAULT_FILE,
) -> None:
    """Write a configuration file with the most common options, each explained and commented out.

    Example: mixguard config init
    """
    from mixguard.errors import UsageError
    from mixguard.escape import printed, typed
    from mixguard.files import write_atomically

    if file == Path("-"):
        typer.echo(template(), nl=False)
        return
    if file.exists():
        raise UsageError(f"{file}: already exists; name a new file, or edit this one")
    write_atomically(file, template().encode())
    read = (
        "is read whenever you work in this folder"
        if file == DEFAULT_FILE
        else f"is read with {typed('-c', str(file))}"
    )
    typer.echo(f"wrote {printed(str(file))}, which {read}: uncomment what you want to change")


def template() -> str:
    """A configuration file of the options that people change, commented out."""
    from mixguard.config import Config, options
    from mixguard.files import spelt

    lines = [
        "# Options of mixguard; `mixguard config` prints all of them. The command line overrides this file."
    ]
    section = ""
    for name, _, _, told in options():
        own, _, key = name.partition(".")
        if name not in COMMON:
            continue
        if own != section:
            section = own
            lines += ["", f"[{section}]"]
        example = COMMON[name]
        value = Config().value(name) if example is None else example
        lines += [f"# {told}", f"# {key} = {spelt(value)}"]
    lines += ["", "[checks.limits]", "# Limits by check; docs/checks.md lists them.", "# MG103 = 10", ""]
    return "\n".join(lines)


def _show(config: Path | None, set_: list[str] | None) -> None:
    from mixguard.catalogue import LIMITS, limits

    effective = load_config(config, set_)
    limits(effective.checks)
    typer.echo(effective.to_toml(LIMITS), nl=False)
