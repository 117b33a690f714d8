"""The commands, one module each."""

from __future__ import annotations

from typing import Annotated

import typer

from mixguard.cli import auditing, comparing, differing, explaining, merging, probing, rebalancing, reviewing
from mixguard.cli import bank as bank_commands
from mixguard.cli import budget as budget_commands
from mixguard.cli import cache as cache_commands
from mixguard.cli import card as card_command
from mixguard.cli import config as config_commands
from mixguard.cli import efficacy as efficacy_commands
from mixguard.cli import formats as formats_command
from mixguard.cli import monitor as monitor_commands
from mixguard.cli import rows as rows_command
from mixguard.cli import suite as suite_commands
from mixguard.cli import taxonomy as taxonomy_commands
from mixguard.cli import tokens as tokens_command
from mixguard.cli import voice as voice_commands
from mixguard.cli.group import Group

app = typer.Typer(
    no_args_is_help=True,
    cls=Group,
    context_settings={"help_option_names": ["-h", "--help"]},
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    help="Check a fine-tuning corpus before training: hazards, refusal coverage, and the rows that would make an aligned"
    " model forget how to refuse.",
    epilog="Exit codes: 0 pass, 1 gate failed, 2 usage or configuration error, 3 internal error, 4 incomplete.",
)
app.command()(auditing.audit)
app.command()(merging.merge)
app.command()(auditing.check)
app.command()(rebalancing.rebalance)
app.command()(rebalancing.verify)
app.command()(probing.probe)
app.command()(comparing.compare)
app.command()(reviewing.review)
app.command()(rows_command.rows)
app.command()(differing.diff)
app.command()(explaining.explain)
app.command()(auditing.report)
app.command()(card_command.card)
app.command()(tokens_command.tokens)
app.command()(formats_command.formats)
app.add_typer(config_commands.app, name="config")
app.add_typer(taxonomy_commands.app, name="taxonomy")
app.add_typer(bank_commands.app, name="bank")
app.add_typer(voice_commands.app, name="voice")
app.add_typer(suite_commands.app, name="suite")
app.add_typer(budget_commands.app, name="budget")
app.add_typer(monitor_commands.app, name="monitor")
app.add_typer(efficacy_commands.app, name="efficacy")
app.add_typer(cache_commands.app, name="cache")


@app.callback(invoke_without_command=True)
def root(
    *, version: Annotated[bool, typer.Option("--version", help="Print the version and exit.")] = False
) -> None:
    """Print the version if asked to."""
    if version:
        from mixguard import __version__

        typer.echo(f"mixguard {__version__}")
        raise typer.Exit
