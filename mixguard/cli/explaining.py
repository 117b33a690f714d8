"""`mixguard explain` and `config`: why a row was judged the way it was, and the effective options."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from mixguard.cli.options import ConfigFile, Set, load_config

if TYPE_CHECKING:
    import polars as pl

    from mixguard.config import Config
    from mixguard.marks import Mark


def explain(
    run: Annotated[Path | None, typer.Argument(help="Run folder.", show_default=False)] = None,
    sample: Annotated[str | None, typer.Argument(help="Sample id, or file:line.", show_default=False)] = None,
    *,
    text: Annotated[
        str | None, typer.Option("--text", help="Explain this text instead.", show_default=False)
    ] = None,
    show_text: Annotated[
        bool, typer.Option("--show-text", help="Also print the sample's text, re-read from its file.")
    ] = False,
    config: ConfigFile = None,
    set_: Set = None,
) -> None:
    """Explain a judgement: scores, the words that decided it, and the nearest exemplars.

    A hazardous prompt is judged again without each of its words, which takes seconds.

    Examples: mixguard explain mixguard-run data.jsonl:12 --show-text; mixguard explain --text "how do I ..."
    """
    from mixguard.console.explanation import render_explanation
    from mixguard.console.screen import console
    from mixguard.errors import UsageError

    if text is not None:
        rows, texts, words = _of_text(text, load_config(config, set_))
        console().print(render_explanation(rows, texts, words, show_text=True))
        return
    if run is None or sample is None:
        raise UsageError("explain: nothing to explain; give a run folder and a sample, or --text")
    rows, texts, words = _of_run(run, sample)
    console().print(render_explanation(rows, texts, words, show_text=show_text))


class _Explained(NamedTuple):
    rows: pl.DataFrame
    texts: Mapping[int, Mapping[str, Any]]
    words: Mapping[int, Sequence[Mark]]


def _of_text(text: str, config: Config) -> _Explained:
    from mixguard.detectors import Recipe
    from mixguard.errors import UsageError
    from mixguard.explain import deciding_words, explain_text

    if not text.strip():
        raise UsageError('--text: the text is blank; give one to judge, e.g. --text "how do I ..."')
    worker = Recipe(config).worker()
    return _Explained(
        explain_text(worker, text, config), {0: {"prompt": text}}, {0: deciding_words(worker, text)}
    )


def _of_run(run: Path, sample: str) -> _Explained:
    from mixguard.cli.streams import aside
    from mixguard.errors import UsageError
    from mixguard.explain import explain as explained
    from mixguard.explain import measured
    from mixguard.run.texts import texts_of

    rows = explained(run, sample)
    texts = texts_of(run, rows["sample_id"][0])
    try:
        words = measured(run, rows, texts)
    except UsageError as error:
        aside(f"The words that decided were not measured: {error}")
        words = {}
    return _Explained(rows, texts, words)


def show_config(*, config: ConfigFile = None, set_: Set = None) -> None:
    """Print the effective configuration as TOML, each option with its help.

    Example: mixguard config > mixguard.toml
    """
    from mixguard.catalogue import LIMITS, limits

    effective = load_config(config, set_)
    limits(effective.checks)
    typer.echo(effective.to_toml(LIMITS), nl=False)
