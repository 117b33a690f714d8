"""`mixguard diff`: what changed between two audits."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from mixguard.changes.document import Changes
    from mixguard.changes.told import Texts
    from mixguard.run.document import Audit

GATES = ("never", "new")


def diff(
    before: Annotated[
        Path, typer.Argument(help="Run folder of the first audit, or its URL.", show_default=False)
    ],
    after: Annotated[
        Path, typer.Argument(help="Run folder of the second audit, or its URL.", show_default=False)
    ],
    *,
    output: Annotated[
        list[Path] | None,
        typer.Option(
            "--output",
            "-o",
            help="Write what changed to this file: .json (the document) or .md (a summary). Repeatable.",
            show_default=False,
        ),
    ] = None,
    fail_on: Annotated[
        str,
        typer.Option(
            "--fail-on",
            metavar="never|new",
            help="new: exit 1 if a finding now warns or fails that did not before.",
        ),
    ] = "never",
    show_text: Annotated[
        bool, typer.Option("--show-text", help="Show prompts and responses of the listed rows, also in .md.")
    ] = False,
) -> None:
    """Show what changed between two audits, of one corpus or of two: verdict, findings, hazards and rows.

    Rows are identified by their texts: a row that only moved in its file has not changed.

    Examples: mixguard diff before-run after-run; mixguard diff before-run after-run -o diff.md --fail-on new
    """
    from mixguard.changes.find import find_changes
    from mixguard.cli.streams import aside
    from mixguard.console.changes import render_changes
    from mixguard.console.screen import console
    from mixguard.errors import UsageError
    from mixguard.report.changes import check_name, write
    from mixguard.run.document import Audit
    from mixguard.urls import shown

    if fail_on not in GATES:
        raise UsageError(f"--fail-on {fail_on}: use {' or '.join(GATES)}")
    for path in output or []:
        check_name(path)
    one, other = Audit.load(before), Audit.load(after)
    changes = find_changes(one, other)
    texts = _texts(changes, one, other) if show_text else {}
    for path in output or []:
        write(changes, path, texts)
        aside(f"wrote {shown(path)}")
    console().print(render_changes(changes, texts))
    sys.exit(int(fail_on == "new" and bool(changes.new_findings)))


def _texts(changes: Changes, before: Audit, after: Audit) -> Texts:
    """Texts of the rows that are shown, each from the audit that has it, shortened at whole words."""
    from textwrap import shorten

    from mixguard.changes.told import SHOWN
    from mixguard.run.texts import read_texts

    shown = changes.rows.listed[:SHOWN]
    found = {}
    for audit, ids in (
        (after, {row.sample_id for row in shown if row.after}),
        (before, {row.sample_id for row in shown if not row.after}),
    ):
        for sample, exchange, *texts in read_texts(audit, ids).iter_rows() if ids else ():
            prompt, response = (text and shorten(text, 200, placeholder=" …") for text in texts)
            found[sample, exchange] = (prompt, response)
    return found
