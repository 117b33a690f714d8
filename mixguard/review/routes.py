"""What the page asks the server, by path."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mixguard.errors import UsageError
from mixguard.escape import one_line
from mixguard.model import checked
from mixguard.review.after import after, taught
from mixguard.review.queue import Filter
from mixguard.review.server import Route
from mixguard.review.session import Asked, Ruled, Session, Wanted


def routes(session: Session, kept: Filter) -> dict[str, Route]:
    """The routes of a review; `kept` is the filter that it begins with."""

    def teach(_: Mapping[str, Any]) -> Mapping[str, Any]:
        added, following = taught(session)
        left_out = added.long + added.contrary + added.missing
        more = f"; {left_out:,} left out: too long, contradictory or without text" if left_out else ""
        known = added.exemplars - added.new
        said = f"{added.file}: {added.new:,} {'exemplar' if added.new == 1 else 'exemplars'} added, {known:,} already present{more}"
        return {"said": one_line(said), "next": [each._asdict() for each in following]}

    return {
        "/begun": lambda _: {**session.begun(), "kept": kept.model_dump()},
        "/row": lambda body: session.row(checked(Asked, body, UsageError, "row")),
        "/words": lambda body: session.words(checked(Wanted, body, UsageError, "row")),
        "/decide": lambda body: session.decide(checked(Ruled, body, UsageError, "decision")),
        "/undo": lambda _: session.undo(),
        "/finish": lambda _: after(session).to_json(),
        "/teach": teach,
    }
