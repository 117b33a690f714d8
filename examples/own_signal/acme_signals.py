"""A signal of your own: once this package is installed, every audit measures it and every report shows it."""

import polars as pl

from mixguard.annotate.base import Expressions
from mixguard.checks.base import Case, Check, Evidence, Judged, Limit, Rate
from mixguard.checks.terms import TRAINED
from mixguard.signals.base import Examples, Page, Signal


def judge(rate: Rate, _: Evidence) -> Judged:
    """More shouting than the limit allows is worth a warning."""
    message = f"shouting: {rate.count:,} of {rate.total:,} answers are in capitals"
    return Judged("warn" if rate.interval.low > rate.limit else "note" if rate.count else "pass", message)


SHOUTING = Signal(
    name="shouting",
    about="answers in capitals",
    # A column per exchange: a number or a mark, never text.
    annotator=Expressions(
        reads=("response",),
        writes=pl.Schema({"acme_shouts": pl.Boolean}),
        columns={
            "acme_shouts": pl.col("response")
            .str.contains(r"^(?:[^a-z]*[A-Z]){8}[^a-z]*$")
            .fill_null(value=False)
        },
    ),
    check=Check(
        id="ACME001",
        name="acme-shouting",
        kind="quality",
        severities=("note", "warn"),
        # Which exchanges are looked at, which of them are meant, and what their share says.
        cases=(Case(among=TRAINED, flags=pl.col("acme_shouts"), judge=judge),),
        limit=Limit(0.01, "Share of answers in capitals that triggers a warning. Judgement."),
        why="Customers complained about capitals.",
        source="our support desk",
        remedy="Write these answers again in sentence case.",
        mechanisms=("M22",),
    ),
    page=Page(
        measures="Share of answers with eight or more capitals and no small letter.",
        blind="Answers that shout in part.",
        cost="One regular expression over answers.",
        examples=Examples(
            shows=({"prompt": "Where is my parcel?", "response": "IT IS ON ITS WAY!"},),
            spares=({"prompt": "Where is my parcel?", "response": "It is on its way. FAQ: see our site."},),
        ),
    ),
)
