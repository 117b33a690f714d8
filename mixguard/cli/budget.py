"""`mixguard budget ...`: how much a tuned model may lose, and whether it stayed within that."""

from __future__ import annotations

from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mixguard.cli.options import ConfigFile, Set, load_config
from mixguard.console.bar import progress_bar

if TYPE_CHECKING:
    from collections.abc import Collection

    from mixguard.checkpoint.budget import Measured
    from mixguard.config import Config
    from mixguard.library.budget import BudgetFile
    from mixguard.library.suite import Probe

app = typer.Typer(no_args_is_help=True, help="Say how much a tuned model may lose, and hold it to that.")


@app.command()
def init(
    *,
    base: Annotated[Path, typer.Option("--from", help="Probe file of the base.", show_default=False)],
    output: Annotated[Path, typer.Option("--output", "-o", help="Budget to write; a new file.")] = Path(
        "budget.toml"
    ),
    profile: Annotated[str, typer.Option("--profile", help="Risk profile: a name or a file.")] = "general",
    owner: Annotated[str, typer.Option("--owner", help="Who answers for it.", show_default=False)] = "",
    approved_by: Annotated[
        str, typer.Option("--approved-by", help="Who signed it.", show_default=False)
    ] = "",
    config: ConfigFile = None,
    set_: Set = None,
) -> None:
    """Write a budget to start from: limits no finer than the base's answers can tell, each marked as a judgement.

    Example: mixguard budget init --from base.probe --profile health -o budget.toml
    """
    from mixguard.checkpoint.alike import check_baseline
    from mixguard.checkpoint.answers import read_answers
    from mixguard.checkpoint.budget_init import Signed, draft
    from mixguard.checkpoint.misreading import detectors
    from mixguard.checkpoint.states import judge
    from mixguard.detectors import Recipe
    from mixguard.errors import UsageError
    from mixguard.escape import printed, typed
    from mixguard.files import write_atomically
    from mixguard.library.budget import today
    from mixguard.library.profile import RiskProfile

    if output.exists():
        raise UsageError(f"{output}: exists; name a new file, or edit this one")
    answers, weights, effective = read_answers(base), RiskProfile.load(profile), load_config(config, set_)
    check_baseline(answers)
    worker = Recipe(effective).answers()
    with progress_bar() as progress:
        judged = judge(answers, effective, progress, worker)
    misread = {each.axis: each.misread for each in detectors(judged["axis"].unique(), worker.detectors)}
    text = draft(judged, misread, weights, today(), Signed(owner, approved_by))
    write_atomically(output, text.encode())
    empty = [name for name, given in (("owner", owner), ("approved_by", approved_by)) if not given]
    fill = f"fill in {' and '.join(empty)}, and " if empty else ""
    typer.echo(f"wrote {printed(str(output))}: {fill}check every number; each is a judgement")
    typer.echo(
        f"next: {typed('mixguard', 'budget', 'check', str(base), 'tuned.probe', '--budget', str(output))}"
    )


@app.command()
def check(
    probes: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="BASE TUNED", help="Probe files of the base and of the tuned model.", show_default=False
        ),
    ] = None,
    *,
    budget: Annotated[Path, typer.Option("--budget", help="Budget, a TOML file.")] = Path("budget.toml"),
    suite: Annotated[
        str | None,
        typer.Option(
            "--suite",
            help="Instead of probe files: whether this suite can tell the limits.",
            show_default=False,
        ),
    ] = None,
    waivers: Annotated[
        Path | None,
        typer.Option(
            "--waivers", help="Losses that somebody accepts: reason, author, expires.", show_default=False
        ),
    ] = None,
    task: Annotated[
        str | None,
        typer.Option("--task", metavar="NAME=BASE,TUNED", help="The task's metric.", show_default=False),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Write the result to this .json file.", show_default=False),
    ] = None,
    config: ConfigFile = None,
    set_: Set = None,
) -> None:
    """Hold a tuned model to a budget; with --suite, whether a suite can tell its limits, before anything is asked.

    Exits with 0 within the budget, 1 if a line is overspent, whatever was unseen, 4 if something could not be told.

    Example: mixguard budget check base.probe tuned.probe --budget budget.toml --waivers waivers.toml
    """
    from mixguard.checkpoint.budget import settle
    from mixguard.console.budget import render_account
    from mixguard.console.screen import console
    from mixguard.errors import UsageError
    from mixguard.escape import printed
    from mixguard.files import write_atomically
    from mixguard.library.budget import load_budget, load_waivers, today
    from mixguard.library.suite import Suite
    from mixguard.library.taxonomy import Taxonomy

    if output is not None and output.suffix != ".json":
        raise UsageError(f"{output}: name a file that ends in .json")
    effective = load_config(config, set_)
    if suite is not None:
        probes_of = Suite.load(suite, Taxonomy.load(effective.judge.taxonomy))
        lines = len(check_budget(budget, probes_of.probes, effective).lines)
        typer.echo(
            f"{printed(str(budget))}: {lines} limits; the suite {printed(probes_of.id)} can test every one"
        )
        return
    file = load_budget(budget, today())
    if len(probes or []) != 2:
        raise UsageError("name two probe files, of the base and of the tuned model, or a suite with --suite")
    accepted, metric = load_waivers(waivers) if waivers else (), _metric(task)
    from mixguard._compare import compare

    base, tuned = probes or []
    with progress_bar() as progress:
        comparison = compare(base, tuned, config=effective, progress=progress)
    account = settle(comparison, file, today(), accepted, metric)
    console().print(render_account(account))
    if output is not None:
        write_atomically(output, account.to_json())
    raise typer.Exit(account.exit_code)


def check_budget(path: Path, probes: Collection[Probe], config: Config) -> BudgetFile:
    """A budget whose limits these probes can tell.

    Raises:
        UsageError: a line is finer than they can tell, or the file is invalid.
    """
    from mixguard.checkpoint.misreading import detectors
    from mixguard.checkpoint.resolution import check_resolution
    from mixguard.detectors import Recipe
    from mixguard.library.budget import load_budget, today

    file = load_budget(path, today())
    axes = dict.fromkeys(probe.axis for probe in probes)
    judges = detectors(axes, Recipe(config).answers().detectors)
    check_resolution(file, probes, misread={each.axis: each.misread for each in judges})
    return file


def _metric(task: str | None) -> Measured | None:
    """`NAME=BASE,TUNED`."""
    from mixguard.checkpoint.budget import Measured
    from mixguard.errors import UsageError

    if task is None:
        return None
    name, _, values = task.rpartition("=")
    try:
        base, tuned = map(float, values.split(","))
        if not name or not all(map(isfinite, (base, tuned))):
            raise ValueError
    except ValueError:
        raise UsageError(f"--task {task}: write NAME=BASE,TUNED, such as accuracy=0.61,0.70") from None
    return Measured(name, base, tuned)
