"""`mixguard explain`: why a row was judged the way it was."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mixguard.cli.options import ConfigFile, Set, load_config


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
    """Explain a judgement: scores, and the exemplars that decided it.

    Examples: mixguard explain mixguard-run data.jsonl:12 --show-text; mixguard explain --text "how do I ..."
    """
    from mixguard.console.explanation import render_explanation
    from mixguard.console.screen import console
    from mixguard.errors import UsageError

    if text is not None:
        from mixguard.explain import explain_text

        judged = explain_text(text, config=load_config(config, set_))
        console().print(render_explanation(judged, {}, show_text=False))
        return
    if run is None or sample is None:
        raise UsageError("explain: nothing to explain; give a run folder and a sample, or --text")
    from mixguard import explain as why
    from mixguard.run.texts import texts_of

    rows = why.explain(run, sample)
    texts = texts_of(run, rows["sample_id"][0])
    console().print(render_explanation(rows, texts, show_text=show_text))
