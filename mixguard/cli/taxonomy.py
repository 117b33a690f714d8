"""`mixguard taxonomy ...`: list, extend, check and build taxonomies."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from mixguard.cli.options import Against, ConfigFile, Set, load_config
from mixguard.console.bar import progress_bar

app = typer.Typer(no_args_is_help=True, help="List, extend, check and build taxonomies.")

Name = Annotated[str, typer.Argument(help="Bundled name or folder.", show_default=True)]


@app.command("list")
def list_(name: Name = "mixguard") -> None:
    """Print a taxonomy's hazards and how many exemplars each has."""
    from mixguard.console.screen import console
    from mixguard.console.taxonomy import render_list
    from mixguard.library.taxonomy import Taxonomy

    console().print(render_list(Taxonomy.load(name)))


@app.command()
def show(
    hazard: Annotated[str, typer.Argument(help="Hazard code, e.g. vcr.", show_default=False)],
    name: Name = "mixguard",
) -> None:
    """Print a hazard: definition, scope, sub-hazards, and its names in other schemes.

    Example: mixguard taxonomy show ncr
    """
    from mixguard.console.screen import console
    from mixguard.console.taxonomy import render_hazard
    from mixguard.errors import UsageError, meant
    from mixguard.library.taxonomy import Taxonomy

    taxonomy = Taxonomy.load(name)
    if hazard not in taxonomy.codes:
        raise UsageError(
            f"{taxonomy.id}: no hazard {hazard!r}{meant(hazard, taxonomy.codes)}; hazards: {', '.join(taxonomy.codes)}"
        )
    console().print(render_hazard(taxonomy, hazard))


@app.command()
def add(
    files: Annotated[
        list[Path], typer.Argument(help="JSON Lines with text, label, hazard, sub.", show_default=False)
    ],
    *,
    to: Annotated[
        Path, typer.Option("--to", help="Folder of your taxonomy; created if missing.", show_default=False)
    ],
    extends: Annotated[
        str, typer.Option("--extends", help="Taxonomy that a new folder extends.")
    ] = "mixguard",
) -> None:
    """Add your own exemplars, checked line by line; bundled files are not changed.

    Example: mixguard taxonomy add ours.jsonl --to our-taxonomy
    """
    from mixguard.curate.taxonomy_add import add_exemplars
    from mixguard.escape import printed, typed

    added = add_exemplars(files, to, extends)
    typer.echo(f"{added.new} exemplars added to {printed(str(added.file))}, {added.known} already present")
    typer.echo(
        f"next: {typed('mixguard', 'taxonomy', 'check', str(to))};"
        f" {typed('mixguard', 'audit', 'data.jsonl', '--set', f'judge.taxonomy={to}')}"
    )


@app.command()
def check(
    name: Name = "mixguard",
    *,
    against: Against = None,
    config: ConfigFile = None,
    set_: Set = None,
) -> None:
    """Look for exemplars with doubtful labels, near-duplicates and thin sub-hazards.

    Exits with 1 if an exemplar repeats a text from --against; the rest is advice.

    Example: mixguard taxonomy check our-taxonomy --against test-prompts.jsonl
    """
    from mixguard.console.screen import console
    from mixguard.console.taxonomy import render_check
    from mixguard.curate.taxonomy_check import check_taxonomy
    from mixguard.library.taxonomy import Taxonomy
    from mixguard.vectors.load import open_store

    effective = load_config(config, set_)
    report = check_taxonomy(Taxonomy.load(name), open_store(effective), against or [], effective)
    console().print(render_check(report))
    raise typer.Exit(1 if report.contamination else 0)


@app.command()
def build(
    name: Annotated[
        str,
        typer.Argument(
            help="Bundled name, folder, `stance` for the stance model, `signals` for the sentences of signals, or `rounding` for the encoder in eight bits."
        ),
    ] = "mixguard",
    *,
    adapter: Annotated[
        bool,
        typer.Option(
            "--adapter", help="First refit the encoder's adapter, then every bundled model; takes minutes."
        ),
    ] = False,
    config: ConfigFile = None,
    set_: Set = None,
) -> None:
    """Fit model.json to a taxonomy's exemplars; required after every change to them."""
    from mixguard.errors import UsageError
    from mixguard.fit import build as make

    effective = load_config(config, set_)
    if adapter and name != "mixguard":
        raise UsageError(f"--adapter: only the bundled taxonomy has an adapter, not {name!r}")
    if adapter:
        with progress_bar() as progress:
            make.build_adapter(progress)
    names = ["mixguard", "stance", "signals"] if adapter else [name]
    for each in names:
        typer.echo(json.dumps({each: make.build(each, effective)}, indent=2))
