"""`mixguard review`: flagged rows read one after the other, and decided on."""

from __future__ import annotations

import sys
from contextlib import nullcontext
from datetime import date
from pathlib import Path
from time import sleep
from typing import TYPE_CHECKING, Annotated

import typer

from mixguard.cli.faults import INTERRUPTED, USAGE_ERROR, tell
from mixguard.cli.options import EarlierRun

if TYPE_CHECKING:
    from mixguard.review.opening import Opened
    from mixguard.run.document import Audit

HOUR = 3600


def review(
    run: EarlierRun,
    *,
    author: Annotated[
        str | None,
        typer.Option(
            "--author", help="Name of the reviewer.", show_default="git's user.email, or the login name"
        ),
    ] = None,
    check: Annotated[
        str | None,
        typer.Option("--check", help="Begin with the rows of this check, e.g. MG103.", show_default=False),
    ] = None,
    hazard: Annotated[
        str | None,
        typer.Option("--hazard", help="Begin with the rows of this hazard, e.g. prv.", show_default=False),
    ] = None,
    least: Annotated[
        float,
        typer.Option("--least", help="Begin with rows of at least this hazard probability.", min=0, max=1),
    ] = 0.0,
    part: Annotated[
        str | None,
        typer.Option(
            "--part",
            metavar="I/N",
            help="Review part I of N, e.g. 1/2, to split the work among several people.",
            show_default=False,
        ),
    ] = None,
    with_: Annotated[
        list[Path] | None,
        typer.Option(
            "--with",
            help="Journal of another reviewer, to merge with yours; rows you disagree on come first. Repeatable.",
            show_default=False,
        ),
    ] = None,
    allow: Annotated[
        Path | None,
        typer.Option(
            "--allow", help="Allow file for rows that may stay.", show_default="mixguard.allow.toml"
        ),
    ] = None,
    aside: Annotated[
        Path | None,
        typer.Option(
            "--aside",
            help="Set-aside file for rows that must not be trained on.",
            show_default="mixguard.aside.toml",
        ),
    ] = None,
    teach: Annotated[
        Path | None,
        typer.Option(
            "--teach",
            help="Folder of your own taxonomy, created if missing, to add what decisions teach.",
            show_default=False,
        ),
    ] = None,
    expires: Annotated[
        str | None,
        typer.Option(
            "--expires",
            metavar="DAY",
            help="Last day on which new entries hold, e.g. 2027-01-31.",
            show_default="in six months",
        ),
    ] = None,
    port: Annotated[
        int, typer.Option("--port", help="Port on this machine; 0 picks a free one.", min=0, max=65535)
    ] = 0,
    open_: Annotated[bool, typer.Option("--open", help="Open the page in your browser.")] = False,
    summary: Annotated[
        bool,
        typer.Option("--summary", help="Only show progress and, with --with, how far reviewers agree."),
    ] = False,
) -> None:
    """Review flagged rows on a local page, one at a time, and decide on each.

    The page is served on this machine alone, to anyone who has the printed address, until Ctrl-C.

    Examples: mixguard review mixguard-run --open; mixguard review mixguard-run --check MG103 --part 1/2;
    mixguard review mixguard-run --with mixguard-run.review/ada.jsonl --summary
    """
    from mixguard.console.review import render_summary
    from mixguard.console.screen import console
    from mixguard.curate.taxonomy_add import opened as check_taxonomy
    from mixguard.errors import UsageError
    from mixguard.review.after import after
    from mixguard.review.opening import open_review, whoami
    from mixguard.review.outcome import ALLOW, ASIDE
    from mixguard.review.queue import Filter
    from mixguard.review.session import Places
    from mixguard.run.document import Audit

    audit = Audit.load(run)
    checks = audit.config.checks
    places = Places(allow or checks.allow or ALLOW, aside or checks.aside or ASIDE, _day(expires), teach)
    kept = Filter(check=check, hazard=_hazard(audit, hazard), least=least)
    opened = open_review(
        audit, whoami() if author is None else author, places, kept=kept, share=part, others=with_ or ()
    )
    if summary:
        console().print(render_summary(opened), soft_wrap=True)
        return
    # Said now if they cannot be written, not after an hour of reading.
    opened.session.write()
    if teach is not None:
        check_taxonomy(teach, audit.config.judge.taxonomy)
    _serve(opened, port, browse=open_)
    try:
        console().print(render_summary(opened, after(opened.session)), soft_wrap=True)
    except UsageError as error:  # or it would be taken for a consequence of Ctrl-C
        tell((str(error),))
        raise typer.Exit(USAGE_ERROR) from None


def _serve(opened: Opened, port: int, *, browse: bool) -> None:
    """Serve the page until Ctrl-C."""
    from mixguard.review.browse import opened as shown
    from mixguard.review.page import page
    from mixguard.review.routes import routes
    from mixguard.review.server import Site, serving

    made = page()
    site = Site(made.content, made.policy, routes(opened.session, opened.kept))
    with serving(site, port) as address, shown(address) if browse else nullcontext():
        try:
            typer.echo(f"Open {address}")
            typer.echo("Press Ctrl-C to end the review; every decision is saved as you make it.")
            sys.stdout.flush()
            while True:
                sleep(HOUR)  # a lock would not be woken: polars has signals restart what waits for one
        except SystemExit as ended:
            if ended.code != INTERRUPTED:
                raise
            typer.echo()


def _day(text: str | None) -> date:
    from mixguard.errors import UsageError
    from mixguard.review.outcome import expiry

    today = date.today()  # noqa: DTZ011 - the day of whoever decides
    if text is None:
        return expiry(today)
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise UsageError(f"--expires: {text!r} is not a date; write it as 2027-01-31") from None
    if day < today:
        raise UsageError(f"--expires: {day} is in the past, so decisions would expire at once")
    return day


def _hazard(audit: Audit, hazard: str | None) -> str | None:
    from mixguard.errors import UsageError

    there = [row.hazard for row in audit.coverage]
    if hazard is not None and hazard not in there:
        raise UsageError(f"--hazard: {hazard!r} is not a hazard; hazards: {', '.join(there)}")
    return hazard
