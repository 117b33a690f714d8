"""`mixguard bank ...`: list, check and extend refusal banks."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from mixguard.cli.options import (
    Against,
    Concurrency,
    ConfigFile,
    KeyEnv,
    PerMinute,
    Set,
    Timeout,
    load_config,
    local_only,
)
from mixguard.console.bar import progress_bar

app = typer.Typer(no_args_is_help=True, help="List, check and extend refusal banks.")

Name = Annotated[str, typer.Argument(help="Bundled name or folder.", show_default=True)]
To = Annotated[
    Path,
    typer.Option(
        "--to", help="Folder of your bank; created if missing.", callback=local_only, show_default=False
    ),
]


@app.command("list")
def list_(name: Name = "mixguard", *, config: ConfigFile = None, set_: Set = None) -> None:
    """Print how many pairs a bank has per hazard."""
    from mixguard.console.bank import render_list
    from mixguard.console.screen import console
    from mixguard.library.bank import Bank
    from mixguard.library.taxonomy import Taxonomy

    taxonomy = Taxonomy.load(load_config(config, set_).judge.taxonomy)
    console().print(render_list(Bank.load(name, taxonomy), taxonomy))


@app.command()
def show(
    hazard: Annotated[str, typer.Argument(help="Hazard code or pair id.", show_default=False)],
    name: Name = "mixguard",
    *,
    kind: Annotated[str, typer.Option("--kind", help="refusal or contrast.")] = "refusal",
    limit: Annotated[int, typer.Option("--limit", help="Pairs to print.", min=1)] = 5,
    config: ConfigFile = None,
    set_: Set = None,
) -> None:
    """Print pairs in full.

    Example: mixguard bank show ncr --kind contrast --limit 3
    """
    import polars as pl

    from mixguard.console.bank import render_pairs
    from mixguard.console.screen import console
    from mixguard.errors import UsageError, meant
    from mixguard.library.bank import Bank
    from mixguard.library.taxonomy import Taxonomy

    taxonomy = Taxonomy.load(load_config(config, set_).judge.taxonomy)
    bank = Bank.load(name, taxonomy)
    found = bank.pairs.filter(pl.col("id") == hazard)
    found = found if found.height else bank.of(kind, hazard).head(limit)
    if found.is_empty():
        raise UsageError(
            f"{name}: no {kind} pair for {hazard!r}{meant(hazard, taxonomy.codes)}; hazards: {', '.join(taxonomy.codes)}"
        )
    console().print(render_pairs(found.to_dicts()))


@app.command()
def check(
    name: Name = "mixguard",
    *,
    against: Against = None,
    config: ConfigFile = None,
    set_: Set = None,
) -> None:
    """Judge every pair as if it were a corpus row; look for repetition and contamination.

    Exits with 1 if a prompt repeats an exemplar or a text from --against; the rest is advice.

    Example: mixguard bank check our-bank --against test-prompts.jsonl
    """
    from mixguard.console.bank import render_check
    from mixguard.console.screen import console
    from mixguard.curate.bank_check import check_bank

    report = check_bank(name, load_config(config, set_), against or [])
    console().print(render_check(report))
    raise typer.Exit(1 if report.contamination or report.exemplars else 0)


@app.command("import")
def import_(
    files: Annotated[list[str], typer.Argument(help="A corpus in any supported format.", show_default=False)],
    *,
    to: To,
    model: Annotated[
        str | None, typer.Option("--model", help="Model that wrote the answers.", show_default=False)
    ] = None,
    config: ConfigFile = None,
    set_: Set = None,
) -> None:
    """Import good refusals, and good answers to look-alikes, from a corpus; say why the rest is rejected.

    Example: mixguard bank import chats.jsonl --to our-bank
    """
    from mixguard.console.bank import render_imported
    from mixguard.console.screen import console
    from mixguard.curate.bank_import import import_pairs

    with progress_bar() as progress:
        result = import_pairs(files, to, load_config(config, set_), model, progress)
    console().print(render_imported(result))


@app.command()
def fill(
    *,
    endpoint: Annotated[
        str, typer.Option("--endpoint", help="Base URL of an OpenAI-compatible API.", show_default=False)
    ],
    model: Annotated[str, typer.Option("--model", help="Your own aligned base model.", show_default=False)],
    to: To,
    hazard: Annotated[
        list[str] | None,
        typer.Option("--hazard", help="Only this hazard; repeatable.", show_default="all"),
    ] = None,
    key_env: KeyEnv = "OPENAI_API_KEY",
    concurrency: Concurrency = 4,
    per_minute: PerMinute = 0,
    timeout: Timeout = 60,
    config: ConfigFile = None,
    set_: Set = None,
) -> None:
    """Have your own model answer the bank's hazardous prompts, and keep its good refusals.

    An interrupted run resumes where it stopped; the next run retries prompts without an answer.

    Example: mixguard bank fill --endpoint http://localhost:8000/v1 --model our-base --to our-bank
    """
    from mixguard.console.bank import render_filled
    from mixguard.console.screen import console
    from mixguard.curate.bank_fill import fill as ask
    from mixguard.served.endpoint import Endpoint

    api = Endpoint(
        endpoint,
        model,
        key=os.environ.get(key_env),
        timeout=timeout,
        per_minute=per_minute,
        concurrency=concurrency,
    )
    with progress_bar() as progress:
        result = ask(to, api, load_config(config, set_), progress, hazard or ())
    console().print(render_filled(result))
    raise typer.Exit(1 if result.failed else 0)
