"""`mixguard voice ...`: how a model opens its refusals."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from mixguard.cli.options import (
    Concurrency,
    ConfigFile,
    EndpointUrl,
    KeyEnv,
    PerMinute,
    Set,
    Timeout,
    load_config,
)
from mixguard.console.bar import progress_bar

app = typer.Typer(no_args_is_help=True, help="How a model opens its refusals: list, show and learn voices.")


@app.command("list")
def list_() -> None:
    """List the bundled voices."""
    from mixguard.console.screen import console
    from mixguard.console.voice import render_voices
    from mixguard.library.voice import Voice, bundled_voices

    console().print(render_voices([Voice.load(name) for name in bundled_voices()]))


@app.command()
def show(
    name: Annotated[str, typer.Argument(help="Bundled voice, or a voice file.", show_default=False)],
) -> None:
    """Show a voice: its openings with their shares and sources.

    Example: mixguard voice show llama-3
    """
    from mixguard.console.screen import console
    from mixguard.console.voice import render_voice
    from mixguard.library.voice import Voice

    console().print(render_voice(Voice.load(name)))


@app.command()
def learn(
    *,
    output: Annotated[Path, typer.Option("--output", "-o", help="Voice file to write.")] = Path("voice.toml"),
    endpoint: EndpointUrl = None,
    model: Annotated[
        str | None,
        typer.Option("--model", help="The model you will tune; also names the voice.", show_default=False),
    ] = None,
    answers: Annotated[
        str | None,
        typer.Option(
            "--answers",
            help="Answers made elsewhere, instead of asking: prompts and answers in any supported format.",
            show_default=False,
        ),
    ] = None,
    corpus: Annotated[
        list[str] | None,
        typer.Option(
            "--corpus", help="Learn from the refusals of a corpus instead. Repeatable.", show_default=False
        ),
    ] = None,
    prompts: Annotated[
        int, typer.Option("--prompts", help="Hazardous prompts of the bank to ask.", min=10)
    ] = 60,
    samples: Annotated[int, typer.Option("--samples", help="Answers to each.", min=1)] = 3,
    prompts_only: Annotated[
        Path | None,
        typer.Option(
            "--write-prompts",
            help="Only write the prompts as JSON Lines, to answer them elsewhere; then use --answers.",
            show_default=False,
        ),
    ] = None,
    key_env: KeyEnv = "OPENAI_API_KEY",
    concurrency: Concurrency = 4,
    per_minute: PerMinute = 0,
    timeout: Timeout = 60,
    config: ConfigFile = None,
    set_: Set = None,
) -> None:
    """Learn how a model opens its refusals, and how often it refuses, from its answers to hazardous prompts.

    Examples: mixguard voice learn --endpoint http://localhost:8000/v1 --model our-base -o our-base.toml;
    mixguard voice learn --corpus chats.jsonl -o ours.toml
    """
    from mixguard.console.screen import console
    from mixguard.console.voice import render_learned
    from mixguard.curate import voice_learn
    from mixguard.errors import UsageError
    from mixguard.escape import printed
    from mixguard.served.endpoint import Endpoint

    options = load_config(config, set_)
    if prompts_only is not None:
        voice_learn.write_prompts(prompts_only, options, prompts)
        typer.echo(f"wrote {printed(str(prompts_only))}: add an answer to each, then use --answers", err=True)
        return
    if sum(source is not None for source in (endpoint, answers, corpus)) != 1:
        raise UsageError("voice learn: give one of --endpoint URL, --answers FILE or --corpus FILE")
    if endpoint is not None and model is None:
        raise UsageError("voice learn: --endpoint needs --model NAME")
    with progress_bar() as progress:
        if endpoint is not None and model is not None:
            api = Endpoint(
                endpoint,
                model,
                key=os.environ.get(key_env),
                timeout=timeout,
                per_minute=per_minute,
                concurrency=concurrency,
                max_tokens=voice_learn.ANSWER_TOKENS,
            )
            said = voice_learn.ask_model(api, options, progress, prompts, samples)
            voice = voice_learn.learn(said, model, options, f"{model}'s answers")
        elif answers is not None:
            said = voice_learn.read_answers(answers, options)
            voice = voice_learn.learn(said, model or Path(answers).stem, options, Path(answers).name)
        else:
            said = voice_learn.corpus_refusals(corpus or [], options, progress)
            voice = voice_learn.voice_of_corpus(said, model or "the corpus")
    voice.save(output)
    console().print(render_learned(voice, output))
