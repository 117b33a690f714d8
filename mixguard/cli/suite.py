"""`mixguard suite ...`: list, show, check and extend suites of probes."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mixguard.cli.options import Against, ConfigFile, Set, load_config

app = typer.Typer(no_args_is_help=True, help="List, show, check and extend suites of probes.")

Name = Annotated[str, typer.Argument(help="Bundled name or folder.", show_default=True)]
TaxonomyName = Annotated[str, typer.Option("--taxonomy", help="Taxonomy whose hazards the probes are about.")]


@app.command("list")
def list_() -> None:
    """List the bundled suites with their sizes and digests."""
    from mixguard.console.screen import console
    from mixguard.console.suite import render_suites
    from mixguard.library.suite import Suite, bundled_suites
    from mixguard.library.taxonomy import Taxonomy

    taxonomy = Taxonomy.load("mixguard")
    console().print(render_suites([Suite.load(name, taxonomy) for name in bundled_suites()]))


@app.command()
def show(
    name: Name = "standard",
    *,
    hazard: Annotated[
        str | None, typer.Option("--hazard", help="Print the probes of a hazard.", show_default=False)
    ] = None,
    axis: Annotated[
        str | None, typer.Option("--axis", help="Print the probes of an axis.", show_default=False)
    ] = None,
    taxonomy: TaxonomyName = "mixguard",
) -> None:
    """Print what a suite asks, by axis and hazard, or the probes of one of them.

    Example: mixguard suite show --axis injection
    """
    from mixguard.console.screen import console
    from mixguard.console.suite import render_probes, render_suite
    from mixguard.errors import UsageError
    from mixguard.library.suite import Suite
    from mixguard.library.taxonomy import Taxonomy

    words = Taxonomy.load(taxonomy)
    suite = Suite.load(name, words)
    if hazard is not None and hazard not in words.codes:
        raise UsageError(f"--hazard {hazard}: the taxonomy has: {', '.join(words.codes)}")
    if axis is not None and axis not in suite.axes:
        raise UsageError(f"--axis {axis}: the suite has: {', '.join(suite.axes)}")
    if hazard is None and axis is None:
        console().print(render_suite(suite, words))
        return
    wanted = (
        probe for probe in suite.probes if hazard in (None, probe.hazard) and axis in (None, probe.axis)
    )
    console().print(render_probes(list(wanted)))


@app.command()
def check(
    name: Name = "standard",
    *,
    against: Against = None,
    config: ConfigFile = None,
    set_: Set = None,
) -> None:
    """Look for probes that repeat the bank, the exemplars, each other or a corpus, and for thin hazards.

    Exits with 1 if a probe repeats an exemplar, a prompt of the bank or a text from --against; the rest is advice.

    Example: mixguard suite check our-suite --against data.jsonl
    """
    from mixguard.console.screen import console
    from mixguard.console.suite import render_check
    from mixguard.curate.suite_check import check_suite

    report = check_suite(name, load_config(config, set_), against or [])
    console().print(render_check(report))
    raise typer.Exit(1 if report.known or report.contamination else 0)


@app.command()
def add(
    files: Annotated[
        list[Path],
        typer.Argument(help="JSON Lines with id, axis, prompt, and hazard or holds.", show_default=False),
    ],
    *,
    to: Annotated[
        Path, typer.Option("--to", help="Folder of your suite; created if missing.", show_default=False)
    ],
    extends: Annotated[str, typer.Option("--extends", help="Suite that a new folder extends.")] = "standard",
    taxonomy: TaxonomyName = "mixguard",
) -> None:
    """Add your own probes, checked line by line; bundled files are not changed.

    Example: mixguard suite add ours.jsonl --to our-suite
    """
    from mixguard.curate.suite_add import add_probes
    from mixguard.escape import printed, typed
    from mixguard.library.taxonomy import Taxonomy

    added = add_probes(files, to, extends, Taxonomy.load(taxonomy))
    typer.echo(f"{added.new} probes added to {printed(str(added.folder))}, {added.known} already present")
    typer.echo(
        f"next: {typed('mixguard', 'suite', 'check', str(to))}; {typed('mixguard', 'probe', '--suite', str(to))} ..."
    )
