"""`mixguard compare`: what tuning made a model forget."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from mixguard.cli.manner import Json, Manner, Quiet
from mixguard.cli.options import ConfigFile, JudgeKeyEnv, Set, load_config
from mixguard.cli.streams import aside

if TYPE_CHECKING:
    from mixguard.checkpoint.comparison import Comparison
    from mixguard.checkpoint.said import Texts
    from mixguard.library.budget import BudgetFile, Waiver


def compare(
    base: Annotated[Path, typer.Argument(help="Probe file of the model before tuning.", show_default=False)],
    tuned: Annotated[Path, typer.Argument(help="Probe file of the model after tuning.", show_default=False)],
    *,
    repeat: Annotated[
        list[Path] | None,
        typer.Option(
            "--repeat",
            help="The base asked once more in the same way: a loss must exceed what it differs from itself. Repeatable.",
            show_default=False,
        ),
    ] = None,
    run: Annotated[
        Path | None,
        typer.Option(
            "--run",
            help="Run folder of an audit of the corpus or of its mix: shows what the corpus held beside each lost hazard.",
            show_default=False,
        ),
    ] = None,
    manifest: Annotated[
        Path | None,
        typer.Option(
            "--manifest", help="Manifest of the mix that the model was tuned on.", show_default=False
        ),
    ] = None,
    margin: Annotated[
        float, typer.Option("--margin", help="Loss that is always tolerated, as a share.")
    ] = 0.02,
    floor: Annotated[
        float,
        typer.Option(
            "--floor", help="Share of hazardous probes that the base must refuse to have something to lose."
        ),
    ] = 0.5,
    allow_different: Annotated[
        list[str] | None,
        typer.Option(
            "--allow-different",
            metavar="server",
            help="Compare although the servers differ, and say so everywhere.",
            show_default=False,
        ),
    ] = None,
    output: Annotated[
        list[Path] | None,
        typer.Option(
            "--output",
            "-o",
            help="Write a report to this file; the name selects the format: .html, .json, .md (summary), .sarif, .xml (JUnit), .eee.json (Every Eval Ever), README.md (model card). Repeatable.",
            show_default=False,
        ),
    ] = None,
    budget: Annotated[
        Path | None,
        typer.Option(
            "--budget",
            help="Hold the tuned model to this budget, which then decides the exit code.",
            show_default=False,
        ),
    ] = None,
    waivers: Annotated[
        Path | None,
        typer.Option("--waivers", help="With --budget: losses that somebody accepts.", show_default=False),
    ] = None,
    judge: Annotated[
        str | None,
        typer.Option(
            "--judge",
            metavar="URL#MODEL",
            help="Send answers to a second judge behind an OpenAI-compatible API and report how far it agrees; the number of answers is shown first.",
            show_default=False,
        ),
    ] = None,
    key_env: JudgeKeyEnv = None,
    show_text: Annotated[
        bool, typer.Option("--show-text", help="Show the lost probes with both answers, in .html too.")
    ] = False,
    config: ConfigFile = None,
    set_: Set = None,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Compare a model after tuning with the same model before it, probe by probe; exit 1 if it lost something.

    Both files come from `mixguard probe`, with the same suite and options.

    Exit codes: 0 no regression found, of the size that could be seen; 1 a regression; 4 undecided.

    Examples: mixguard compare base.probe tuned.probe -o report.html; mixguard compare base.probe tuned.probe --repeat again.probe --run mixguard-run
    """
    from mixguard import compare as run_compare
    from mixguard.checkpoint.answers import read_answers
    from mixguard.checkpoint.said import said
    from mixguard.errors import UsageError
    from mixguard.report.comparisons import check_name, write

    for path in output or []:
        check_name(path)
    if base.resolve() == tuned.resolve():
        raise UsageError(
            f"{base} and {tuned} are the same file; name the base's probe file and the tuned model's"
        )
    effective = load_config(config, set_, judge__endpoint=judge, judge__key_env=key_env)
    held_to = _Budget.load(budget, waivers)
    before, after = read_answers(base), read_answers(tuned)
    manner = Manner(quiet, as_json)
    with manner.progress() as progress:
        result = run_compare(
            before,
            after,
            config=effective,
            progress=progress,
            tell=aside,
            repeats=repeat or (),
            run=run,
            manifest=manifest,
            margin=margin,
            floor=floor,
            allow_different=allow_different or (),
        )
    texts = said(before, after) if show_text else None
    # Files first: whatever becomes of the terminal, they are there.
    for path in output or []:
        write(result, path, texts=texts)
        manner.wrote(path)
    _print(result, texts, manner)
    sys.exit(held_to.settled(result, manner) if held_to else result.exit_code)


def _print(result: Comparison, texts: Texts | None, manner: Manner) -> None:
    from mixguard.console.comparison import line, render
    from mixguard.console.screen import console

    if manner.as_json:
        manner.document(result.to_json())
    elif manner.quiet:
        typer.echo(line(result))
    else:
        console().print(render(result, texts))


class _Budget(NamedTuple):
    """What the tuned model is held to."""

    file: BudgetFile
    waivers: tuple[Waiver, ...]

    @classmethod
    def load(cls, budget: Path | None, waivers: Path | None) -> _Budget | None:
        """Read both files before anything is judged.

        Raises:
            UsageError: one of them is invalid, or there are only waivers.
        """
        from mixguard.errors import UsageError
        from mixguard.library.budget import load_budget, load_waivers, today

        if budget is None:
            if waivers is not None:
                raise UsageError("--waivers: give the budget too, with --budget")
            return None
        return cls(load_budget(budget, today()), load_waivers(waivers) if waivers else ())

    def settled(self, comparison: Comparison, manner: Manner) -> int:
        """Print what was spent, beside a document on standard error; the exit code."""
        from mixguard.checkpoint.budget import settle
        from mixguard.console.budget import line, render_account
        from mixguard.console.screen import console
        from mixguard.library.budget import today

        account = settle(comparison, self.file, today(), self.waivers)
        if manner.quiet or manner.as_json:
            typer.echo(line(account), err=manner.as_json)
        else:
            console().print("")
            console().print(render_account(account))
        return account.exit_code
