"""`mixguard probe`: ask a model the probes of a suite, and keep its answers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mixguard.cli.manner import Manner, Quiet
from mixguard.cli.options import (
    Concurrency,
    ConfigFile,
    EndpointUrl,
    KeyEnv,
    PerMinute,
    Set,
    Timeout,
    load_config,
    local_only,
)
from mixguard.cli.targets import Opened, Pace, Target

if TYPE_CHECKING:
    from mixguard._probe import Choice, Options
    from mixguard.config import Config

SYSTEM_BYTES = 400_000
"""Bytes of the longest system prompt."""


def probe(
    *,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            help="Probe file to write, or to go on with.",
            callback=local_only,
            show_default=False,
        ),
    ] = None,
    endpoint: EndpointUrl = None,
    model: Annotated[
        str | None,
        typer.Option(
            "--model", help="The model's name there; of --answers a name for it.", show_default=False
        ),
    ] = None,
    answers: Annotated[
        str | None,
        typer.Option(
            "--answers",
            help="Answers made elsewhere, instead of asking: lines with a probe's id and a response, or prompts and answers in any supported format.",
            show_default=False,
        ),
    ] = None,
    demo: Annotated[
        str | None,
        typer.Option(
            "--demo", help="A simulated model, to see how it works: base or tuned.", show_default=False
        ),
    ] = None,
    prompts_only: Annotated[
        Path | None,
        typer.Option(
            "--write-prompts",
            help="Only write the probes as JSON Lines, to answer them elsewhere; then use --answers.",
            show_default=False,
        ),
    ] = None,
    suite: Annotated[str, typer.Option("--suite", help="standard, smoke or a folder.")] = "standard",
    limit: Annotated[
        int | None,
        typer.Option(
            "--limit",
            help="Only so many probes, spread over axes and hazards: a try.",
            min=1,
            show_default=False,
        ),
    ] = None,
    samples: Annotated[
        int | None,
        typer.Option("--samples", help="Answers to each probe.", show_default="3; 1 at temperature 0", min=1),
    ] = None,
    temperature: Annotated[
        float, typer.Option("--temperature", help="How much answers vary; 0 gives the likeliest one.", min=0)
    ] = 0.7,
    max_tokens: Annotated[
        int, typer.Option("--max-tokens", help="Length at which answers are cut off.", min=1)
    ] = 300,
    seed: Annotated[
        int | None,
        typer.Option(
            "--seed", help="Sent with each request, so that a run can be repeated.", show_default=False, min=0
        ),
    ] = None,
    system_prompt: Annotated[
        Path | None,
        typer.Option(
            "--system-prompt",
            help="File: the system prompt of probes that have none of their own.",
            show_default=False,
        ),
    ] = None,
    corpus: Annotated[
        list[str] | None,
        typer.Option(
            "--corpus",
            help="What the model was tuned on: probes that it holds, or nearly, are not asked. Repeatable.",
            show_default=False,
        ),
    ] = None,
    run: Annotated[
        list[str] | None,
        typer.Option(
            "--run",
            help="Run folder of its audit: probes that it holds are not asked. Repeatable.",
            show_default=False,
        ),
    ] = None,
    like: Annotated[
        str | None,
        typer.Option(
            "--like",
            help="Run folder of an audit: probes are asked with the corpus's own system prompts and in its task's form.",
            show_default=False,
        ),
    ] = None,
    budget: Annotated[
        Path | None,
        typer.Option(
            "--budget",
            help="Budget that the answers are meant for: refused before anything is asked if this suite cannot tell its limits.",
            show_default=False,
        ),
    ] = None,
    anew: Annotated[bool, typer.Option("--anew", help="Replace the answers that the file holds.")] = False,
    key_env: KeyEnv = "OPENAI_API_KEY",
    concurrency: Concurrency = 4,
    per_minute: PerMinute = 0,
    timeout: Timeout = 60,
    config: ConfigFile = None,
    set_: Set = None,
    quiet: Quiet = False,
) -> None:
    """Ask a model what it should refuse, what it should not, and more, before and after tuning.

    Asks the probes of a suite and keeps the answers in a file. `mixguard compare` compares two such files.

    If a run stops, the same command goes on where it was, and asks again what got no answer.

    The file holds what the model said, which may be harmful; only you can read it.

    Try it: mixguard probe --demo base -o base.probe

    A served model: mixguard probe --endpoint http://localhost:8000/v1 --model our-base -o base.probe

    Without a server: mixguard probe --write-prompts prompts.jsonl, then mixguard probe --answers answered.jsonl -o tuned.probe
    """
    from mixguard._probe import choose
    from mixguard.cli.budget import check_budget

    effective = load_config(config, set_)
    target = Target(endpoint, model, answers, demo)
    target.check(output, prompts_only)
    given: Options = {
        "temperature": temperature,
        "max_tokens": max_tokens,
        "seed": seed,
        "limit": limit,
        "corpus": corpus or (),
        "run": run or (),
        "like": like,
        "system": _read(system_prompt) if system_prompt else None,
        "anew": anew,
    }
    if samples is not None:
        given["samples"] = samples
    manner = Manner(quiet)
    with manner.progress() as progress:
        choice = choose(suite, effective, given, progress)
    if budget is not None:
        check_budget(budget, choice.chosen.probes, effective)
    if output is None or prompts_only is not None:
        _write_prompts(prompts_only or Path(), choice, given)
        return
    pace = Pace(key_env, concurrency, per_minute, timeout)
    opened = target.source(choice, given, pace, effective)
    raise typer.Exit(_run(output, choice, opened, given, effective, manner))


def _run(output: Path, choice: Choice, target: Opened, given: Options, config: Config, manner: Manner) -> int:
    """Ask, judge, and show what came of it; the exit code."""
    from mixguard._probe import decoding_of, header_of
    from mixguard.checkpoint.asking import ask, left
    from mixguard.checkpoint.served import Served
    from mixguard.checkpoint.states import judge
    from mixguard.console.probing import line, render_ahead, render_asked
    from mixguard.console.screen import console
    from mixguard.library.taxonomy import Taxonomy

    source, shown = target
    anew = given.get("anew", False)
    header = header_of(choice, source, decoding_of(given))
    ahead = left(header, output, anew=anew)
    if not manner.quiet:
        told = render_ahead(header, ahead, shown=shown, measures=isinstance(source, Served))
        console(stderr=True).print(told, soft_wrap=True)
    with manner.progress() as progress:
        asked = ask(header, source, output, progress, anew=anew)
        judged = judge(asked.answers, config, progress)
    names = {hazard.code: hazard.name for hazard in Taxonomy.load(config.judge.taxonomy).hazards}
    if manner.quiet:
        typer.echo(line(asked, output))
    else:
        console().print(render_asked(asked, judged, names, output))
    return 4 if asked.answers.missing else 0


def _write_prompts(path: Path, choice: Choice, given: Options) -> None:
    from mixguard.checkpoint.given import write_prompts
    from mixguard.escape import printed

    write_prompts(path, choice.chosen.probes, given.get("system"))
    count = len(choice.chosen.probes)
    typer.echo(
        f'wrote {count:,} prompts to {printed(str(path))}: add "response" to each line, then give the file as --answers',
        err=True,
    )


def _read(path: Path) -> str:
    """A system prompt.

    Raises:
        UsageError: the file cannot be read, or is not text.
    """
    from mixguard.errors import UsageError
    from mixguard.files import read_bounded

    try:
        return read_bounded(path, UsageError, SYSTEM_BYTES).decode("utf-8-sig").strip()
    except UnicodeDecodeError:
        raise UsageError(f"{path}: is not UTF-8 text") from None
