"""`mixguard rebalance` and `verify`: write a mix, and check that it has not changed since."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mixguard.cli import completing
from mixguard.cli.manner import Json, Manner, Quiet, Verbose
from mixguard.cli.options import (
    Allow,
    Aside,
    Columns,
    Concurrency,
    ConfigFile,
    FailOn,
    Format,
    KeyEnv,
    Offline,
    RunFolder,
    Set,
    load_config,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mixguard.console.onward import Step
    from mixguard.mix.made import Mix


def rebalance(
    paths: Annotated[
        list[str], typer.Argument(help="A corpus, as for `audit`, or one run folder.", show_default=False)
    ],
    *,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            help="The mix: a file of the corpus's own type, or a folder for several files. With --dry-run, the plan as JSON.",
            show_default=False,
        ),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the plan and write no mix.")] = False,
    plan: Annotated[
        Path | None, typer.Option("--plan", help="Apply this plan, edited or not.", show_default=False)
    ] = None,
    profile: Annotated[
        str | None,
        typer.Option(
            "--profile",
            help="Risk profile: a name or a file.",
            show_default="general",
            autocompletion=completing.profiles,
        ),
    ] = None,
    bank: Annotated[
        str | None, typer.Option("--bank", help="Refusal bank: a name or a folder.", show_default="mixguard")
    ] = None,
    budget: Annotated[
        int | None, typer.Option("--budget", help="Total number of refusals to add.", show_default="by size")
    ] = None,
    voice: Annotated[
        str | None,
        typer.Option(
            "--voice",
            help="How your model opens its refusals: a bundled voice (mixguard voice list) or a voice file.",
            show_default="learned from the corpus's own refusals",
            autocompletion=completing.voices,
        ),
    ] = None,
    endpoint: Annotated[
        str | None,
        typer.Option(
            "--endpoint",
            help="Base URL of an OpenAI-compatible API: the model you will tune is asked for refusals in its own words.",
            show_default=False,
        ),
    ] = None,
    model: Annotated[
        str | None, typer.Option("--model", help="Name of the model at the endpoint.", show_default=False)
    ] = None,
    key_env: KeyEnv = "OPENAI_API_KEY",
    concurrency: Concurrency = 4,
    seed: Annotated[
        int | None,
        typer.Option("--seed", help="Random seed; the same seed gives the same bytes.", show_default="0"),
    ] = None,
    placement: Annotated[
        str | None,
        typer.Option(
            "--placement", help="Where new records go: spread, shuffle or append.", show_default="spread"
        ),
    ] = None,
    keep_answered: Annotated[
        bool, typer.Option("--keep-answered", help="Do not set aside answered hazardous prompts.")
    ] = False,
    set_aside: Annotated[
        list[str] | None,
        typer.Option(
            "--set-aside",
            help="Rows to set aside, by rule: answered, turnover, over-refusal and more (docs/checks.md). Repeatable.",
            show_default="answered",
        ),
    ] = None,
    weight_zero: Annotated[
        bool,
        typer.Option("--weight-zero", help="Keep these rows with weight zero, if the format has weights."),
    ] = False,
    mark_field: Annotated[
        str | None,
        typer.Option("--mark-field", help="Key that holds the pair id in new records.", show_default=False),
    ] = None,
    allow: Allow = None,
    aside: Aside = None,
    run: RunFolder = None,
    format_: Format = None,
    columns: Columns = None,
    offline: Offline = False,
    config: ConfigFile = None,
    set_: Set = None,
    fail_on: FailOn = "fail",
    verbose: Verbose = False,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Write the corpus to train on: the same records plus refusals and look-alikes, with a manifest.

    The mix is audited too, and its verdict sets the exit code.

    Examples: mixguard rebalance data.jsonl --dry-run; mixguard rebalance data.jsonl -o data.safe.jsonl --voice llama-3;
    mixguard rebalance data.jsonl -o data.safe.jsonl --endpoint http://localhost:8000/v1 --model our-base
    """
    from mixguard._rebalance import rebalance as run_rebalance
    from mixguard.errors import UsageError
    from mixguard.files import write_atomically
    from mixguard.mix.plan import Plan
    from mixguard.run.gate import check_fail_on, exit_code
    from mixguard.served.endpoint import Endpoint

    if output is None and not dry_run:
        raise UsageError("rebalance: no output; give -o FILE, or --dry-run to see the plan")
    if (endpoint is None) != (model is None):
        raise UsageError("rebalance: --endpoint URL and --model NAME belong together")
    effective = load_config(
        config,
        set_,
        run__folder=run,
        read__format=format_,
        read__columns=columns,
        encode__offline=offline or None,
        checks__allow=allow,
        checks__aside=aside,
        rebalance__profile=profile,
        rebalance__bank=bank,
        rebalance__budget=budget,
        rebalance__voice=voice,
        rebalance__seed=seed,
        rebalance__placement=placement,
        rebalance__keep_answered=keep_answered or None,
        rebalance__set_aside=tuple(set_aside) if set_aside else None,
        rebalance__weight_zero=weight_zero or None,
        rebalance__mark_field=mark_field,
    )
    check_fail_on(fail_on)
    given = Plan.load(plan) if plan else None
    key = os.environ.get(key_env)
    api = Endpoint(endpoint, model, key=key, concurrency=concurrency) if endpoint and model else None
    manner = Manner(quiet, as_json, verbose)
    with manner.progress() as progress:
        mix = run_rebalance(
            *paths,
            out=None if dry_run else output,
            config=effective,
            plan=given,
            endpoint=api,
            progress=progress,
        )
    if dry_run and output is not None:
        write_atomically(output, mix.plan.to_json())
        manner.wrote(output)
    written = _applying(mix, paths, output) if dry_run and output is not None else ()
    _print(mix, output or Path(), manner, written)
    if mix.after is not None:
        sys.exit(exit_code(mix.after, fail_on))


def _applying(mix: Mix, paths: Sequence[str], plan: Path) -> Sequence[Step]:
    """The command that applies a plan that was written."""
    from mixguard.console.onward import Step
    from mixguard.report.mixes import mix_of
    from mixguard.urls import shown

    to = mix_of(tuple(mix.before.corpus.sources))
    return [Step("Apply", ("mixguard", "rebalance", *paths, "--plan", shown(plan), "-o", to))] if to else []


def _print(mix: Mix, out: Path, manner: Manner, written: Sequence[Step]) -> None:
    from mixguard.console import mix as mixed
    from mixguard.console import plan
    from mixguard.console.screen import console

    if manner.as_json:
        manner.document((mix.manifest or mix.plan).to_json())
    elif manner.quiet:
        typer.echo(mixed.line(mix, out))
    elif mix.after is None:
        console().print(plan.render_plan(mix.plan, written, verbose=manner.verbose), crop=False)
    else:
        console().print(mixed.render_mix(mix, out, verbose=manner.verbose), crop=False)


def verify(
    mix: Annotated[Path, typer.Argument(help="A mix, or its manifest.", show_default=False)],
) -> None:
    """Check a mix against its manifest; exits with 1 if they differ.

    Example: mixguard verify data.safe.jsonl
    """
    from mixguard.escape import printed
    from mixguard.mix.manifest import verify as differences
    from mixguard.urls import shown

    found = differences(mix)
    for line in found:
        typer.echo(printed(line))
    if not found:
        typer.echo(f"{printed(shown(mix))}: matches its manifest")
    raise typer.Exit(1 if found else 0)
