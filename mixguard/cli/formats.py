"""`mixguard formats`: how a file would be read, and which formats there are."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from mixguard.cli.options import Columns, ConfigFile, Format, Offline, Set, load_config


def formats(
    paths: Annotated[
        list[str] | None,
        typer.Argument(
            help="A corpus, as for `audit`; without one, all formats are listed.", show_default=False
        ),
    ] = None,
    *,
    format_: Format = None,
    columns: Columns = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")] = False,
    offline: Offline = False,
    config: ConfigFile = None,
    set_: Set = None,
) -> None:
    """Show how a file would be read: its columns, its format, what is not read, and the first exchanges.

    Only the head of each file is read, and nothing is judged.

    Examples: mixguard formats data.jsonl; mixguard formats data.csv --columns prompt=question,response=best_answer
    """
    from mixguard.console.formats import as_tree, render_formats, render_look
    from mixguard.console.screen import console
    from mixguard.corpus.formats.keys import keys_of_formats
    from mixguard.corpus.look import looks

    if not paths:
        keys = keys_of_formats()
        if as_json:
            typer.echo(json.dumps(keys, indent=2))
        else:
            console().print(render_formats(keys))
        return
    effective = load_config(
        config, set_, read__format=format_, read__columns=columns, encode__offline=offline or None
    )
    found = list(looks(paths, effective.read, offline=effective.encode.offline))
    if as_json:
        typer.echo(json.dumps([as_tree(look) for look in found], indent=2))
        return
    for look in found:
        console().print(render_look(look))
