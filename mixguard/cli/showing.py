"""An audit that is done: its reports, the terminal, the exit code."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from mixguard.cli.manner import Manner

if TYPE_CHECKING:
    from mixguard.run.document import Audit


def show(
    result: Audit,
    output: list[Path] | None,
    fail_on: str,
    manner: Manner,
    *,
    show_text: bool,
    seconds: float | None = None,
) -> None:
    """Write the reports, print the audit, and exit with the verdict's code."""
    from mixguard.report.ci import github
    from mixguard.report.files import write
    from mixguard.run.gate import exit_code

    # Files first: whatever becomes of the terminal, they are there.
    for path in output or []:
        write(result, path, show_text=show_text)
        manner.wrote(path)
    github.summarise(result, os.environ)
    _print(result, manner, show_text=show_text, seconds=seconds)
    for line in github.marked_rows(result, os.environ):
        typer.echo(line, err=manner.as_json)
    sys.exit(exit_code(result, fail_on))


def _print(result: Audit, manner: Manner, *, show_text: bool, seconds: float | None) -> None:
    from mixguard.console import audit as screen
    from mixguard.console import details
    from mixguard.console.screen import console

    if manner.as_json:
        manner.document(result.to_json())
    elif manner.quiet:
        typer.echo(screen.line(result))
    else:
        texts = _texts(result) if show_text else None
        render = details.render if manner.verbose else screen.render
        console().print(render(result, texts, seconds), crop=False)


def _texts(result: Audit) -> dict[tuple[str, int], tuple[str, str | None]]:
    """Prompt and response of the rows to read first."""
    from mixguard.console.audit import gravest
    from mixguard.run.texts import read_texts

    read = read_texts(result, {sample.sample_id for _, sample in gravest(result)})
    return {(sample, exchange): (prompt, response) for sample, exchange, prompt, response in read.iter_rows()}
