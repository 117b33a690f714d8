"""The commands."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mixguard.cli import bank as bank_commands
from mixguard.cli import taxonomy
from mixguard.cli.bar import progress_bar
from mixguard.cli.options import ConfigFile, FailOn, Output, Set, exit_code, load_config

if TYPE_CHECKING:
    from mixguard._audit import Audit

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    help="Check a fine-tuning corpus before training: hazards, refusal coverage, and the rows that would make an aligned model forget how to refuse.",
    epilog="Exit codes: 0 pass, 1 the gate failed, 2 usage or configuration, 3 internal error, 4 incomplete.",
)
app.add_typer(taxonomy.app, name="taxonomy")
app.add_typer(bank_commands.app, name="bank")


@app.callback(invoke_without_command=True)
def root(
    *, version: Annotated[bool, typer.Option("--version", help="Print the version and exit.")] = False
) -> None:
    """Say the version where it is asked for."""
    if version:
        from mixguard import __version__

        typer.echo(f"mixguard {__version__}")
        raise typer.Exit


@app.command()
def audit(
    paths: Annotated[
        list[str],
        typer.Argument(
            help="Files, folders, globs, - for standard input, or hf://owner/name[:split].",
            show_default=False,
        ),
    ],
    *,
    run: Annotated[
        Path | None, typer.Option("--run", help="Run folder to write.", show_default="mixguard-run")
    ] = None,
    output: Output = None,
    format_: Annotated[
        str | None, typer.Option("--format", help="Record format, in place of the vote.", show_default=False)
    ] = None,
    device: Annotated[
        str | None, typer.Option("--device", help="auto, cpu or cuda.", show_default="auto")
    ] = None,
    offline: Annotated[bool, typer.Option("--offline", help="Refuse to reach the network.")] = False,
    config: ConfigFile = None,
    set_: Set = None,
    fail_on: FailOn = "fail",
) -> None:
    """Annotate a corpus, check it, print the report and exit by its verdict.

    Example: mixguard audit data.jsonl -o report.json
    """
    from mixguard import audit as run_audit
    from mixguard.report.files import check_suffix

    effective = load_config(
        config,
        set_,
        run__folder=run,
        read__format=format_,
        encode__device=device,
        encode__offline="true" if offline else None,
    )
    for path in output or []:
        check_suffix(path)
    exit_code("pass", 0, fail_on)
    with progress_bar() as progress:
        result = run_audit(*paths, config=effective, progress=progress)
    _show(result, output, fail_on)


@app.command()
def check(
    run: Annotated[Path, typer.Argument(help="Run folder of an earlier audit.", show_default=False)],
    *,
    output: Output = None,
    config: ConfigFile = None,
    set_: Set = None,
    fail_on: FailOn = "fail",
) -> None:
    """Find again under other limits; nothing is embedded.

    Example: mixguard check mixguard-run --set checks.refusals_per_hazard=20
    """
    from mixguard import check as run_check
    from mixguard._audit import Audit
    from mixguard.report.files import check_suffix

    for path in output or []:
        check_suffix(path)
    effective = load_config(config, set_) if config else Audit.load(run).config.with_overrides(set_ or [])
    _show(run_check(run, config=effective), output, fail_on)


@app.command()
def rebalance(
    paths: Annotated[
        list[str], typer.Argument(help="A corpus as `audit` takes it, or one run folder.", show_default=False)
    ],
    *,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            help="The mix: a file like the corpus's own, a folder for several. With --dry-run, the plan as JSON.",
            show_default=False,
        ),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the plan and write no mix.")] = False,
    plan: Annotated[
        Path | None, typer.Option("--plan", help="Apply this plan, edited or not.", show_default=False)
    ] = None,
    profile: Annotated[
        str | None, typer.Option("--profile", help="Risk profile: a name or a file.", show_default="general")
    ] = None,
    bank: Annotated[
        str | None, typer.Option("--bank", help="Refusal bank: a name or a folder.", show_default="mixguard")
    ] = None,
    budget: Annotated[
        int | None, typer.Option("--budget", help="Refusal pairs wanted in all.", show_default="by size")
    ] = None,
    seed: Annotated[
        int | None, typer.Option("--seed", help="The same seed gives the same bytes.", show_default="0")
    ] = None,
    placement: Annotated[
        str | None, typer.Option("--placement", help="spread, shuffle or append.", show_default="spread")
    ] = None,
    keep_answered: Annotated[
        bool, typer.Option("--keep-answered", help="Set no answered hazardous prompt aside.")
    ] = False,
    set_aside: Annotated[
        list[str] | None,
        typer.Option(
            "--set-aside",
            help="Whose rows go aside: answered, turnover, over-refusal. May be given again.",
            show_default="answered",
        ),
    ] = None,
    weight_zero: Annotated[
        bool,
        typer.Option(
            "--weight-zero", help="Keep those rows with weight zero, where the format has a weight."
        ),
    ] = False,
    mark_field: Annotated[
        str | None,
        typer.Option("--mark-field", help="Key that names the pair in new records.", show_default=False),
    ] = None,
    run: Annotated[
        Path | None, typer.Option("--run", help="Run folder to write.", show_default="mixguard-run")
    ] = None,
    format_: Annotated[
        str | None, typer.Option("--format", help="Record format, in place of the vote.", show_default=False)
    ] = None,
    config: ConfigFile = None,
    set_: Set = None,
    fail_on: FailOn = "fail",
) -> None:
    """Write the corpus that should be trained on: the same records, refusal and contrast pairs, and a manifest.

    The mix is audited in turn, and its verdict is the exit code.

    Examples: mixguard rebalance data.jsonl --dry-run; mixguard rebalance data.jsonl -o data.safe.jsonl --profile health
    """
    from mixguard._rebalance import rebalance as run_rebalance
    from mixguard.atomic import write_atomically
    from mixguard.errors import UsageError
    from mixguard.plan import Plan
    from mixguard.report.plan import render_mix, render_plan
    from mixguard.report.terminal import console

    if output is None and not dry_run:
        raise UsageError("rebalance needs an output: -o FILE, or --dry-run to see the plan")
    effective = load_config(
        config,
        set_,
        run__folder=run,
        read__format=format_,
        rebalance__profile=profile,
        rebalance__bank=bank,
        rebalance__budget=budget,
        rebalance__seed=seed,
        rebalance__placement=placement,
        rebalance__keep_answered="true" if keep_answered else None,
        rebalance__set_aside=str(set_aside) if set_aside else None,
        rebalance__weight_zero="true" if weight_zero else None,
        rebalance__mark_field=mark_field,
    )
    exit_code("pass", 0, fail_on)
    given = Plan.load(plan) if plan else None
    with progress_bar() as progress:
        mix = run_rebalance(
            *paths, out=None if dry_run else output, config=effective, plan=given, progress=progress
        )
    console().print(render_plan(mix.plan))
    if dry_run and output is not None:
        write_atomically(output, mix.plan.to_json())
        typer.echo(f"wrote {output}: edit it, then apply it with --plan {output}", err=True)
    if mix.after is None and output is not None and not dry_run:
        typer.echo(f"nothing to do: {output} was not written", err=True)
    if mix.after is None or output is None:
        sys.exit(0 if dry_run else exit_code(mix.before.verdict, mix.before.exit_code, fail_on))
    console().print()
    console().print(render_mix(mix, output))
    sys.exit(exit_code(mix.after.verdict, mix.after.exit_code, fail_on))


@app.command()
def verify(
    mix: Annotated[Path, typer.Argument(help="A mix, or its manifest.", show_default=False)],
) -> None:
    """Say whether a mix is still what its manifest signed; exits with 1 where it is not.

    Example: mixguard verify data.safe.jsonl
    """
    from mixguard.mix.manifest import verify as differences
    from mixguard.report.escape import plain

    found = differences(mix)
    for line in found:
        typer.echo(plain(line))
    if not found:
        typer.echo(f"{plain(str(mix))}: as its manifest says")
    raise typer.Exit(1 if found else 0)


@app.command()
def explain(
    run: Annotated[Path | None, typer.Argument(help="Run folder.", show_default=False)] = None,
    sample: Annotated[
        str | None, typer.Argument(help="Sample id, or its place as file:line.", show_default=False)
    ] = None,
    *,
    text: Annotated[
        str | None, typer.Option("--text", help="Explain this text instead.", show_default=False)
    ] = None,
    show_text: Annotated[
        bool, typer.Option("--show-text", help="Print the sample's text too, read again from its file.")
    ] = False,
    config: ConfigFile = None,
    set_: Set = None,
) -> None:
    """Say why: scores, and the exemplars that decided.

    Examples: mixguard explain mixguard-run data.jsonl:12 --show-text; mixguard explain --text "how do I ..."
    """
    from mixguard.errors import UsageError
    from mixguard.report.terminal import console, render_explanation

    if text is not None:
        from mixguard.explain import explain_text

        console().print(render_explanation(explain_text(text, config=load_config(config, set_)), {}))
        return
    if run is None or sample is None:
        raise UsageError("explain needs a run folder and a sample, or --text")
    from mixguard import explain as why

    rows = why.explain(run, sample)
    texts = why.read_texts(run, rows["sample_id"][0]) if show_text else {}
    console().print(render_explanation(rows, texts))


@app.command("config")
def show_config(*, config: ConfigFile = None, set_: Set = None) -> None:
    """Print the effective configuration as TOML, each option with its help.

    Example: mixguard config > mixguard.toml
    """
    typer.echo(load_config(config, set_).to_toml(), nl=False)


@app.command()
def report(
    run: Annotated[Path, typer.Argument(help="Run folder of an earlier audit.", show_default=False)],
    *,
    output: Output = None,
    fail_on: FailOn = "never",
) -> None:
    """Print an earlier run's report again, and write it as files; nothing is judged anew.

    Example: mixguard report mixguard-run -o results.sarif -o junit.xml -o summary.md
    """
    from mixguard._audit import Audit
    from mixguard.report.files import check_suffix

    for path in output or []:
        check_suffix(path)
    _show(Audit.load(run), output, fail_on)


def _show(result: Audit, output: list[Path] | None, fail_on: str) -> None:
    from mixguard.report import github
    from mixguard.report.files import write
    from mixguard.report.terminal import console, render

    console().print(render(result))
    for path in output or []:
        write(result, path)
        typer.echo(f"wrote {path}", err=True)
    github.summarise(result, os.environ)
    for line in github.marked_rows(result, os.environ):
        typer.echo(line)
    sys.exit(exit_code(result.verdict, result.exit_code, fail_on))
