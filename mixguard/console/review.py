"""How far a review is, at the terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from rich.console import Group, RenderableType
from rich.text import Text

from mixguard.escape import one_line
from mixguard.review.after import After
from mixguard.review.agreement import Disagreement, Merged
from mixguard.review.opening import Opened
from mixguard.review.queue import Filter
from mixguard.review.session import Session
from mixguard.review.view import RULINGS, place

DIFFERENCES_SHOWN = 10


def render_summary(opened: Opened, left: After | None = None) -> RenderableType:
    """What was decided and what is open, how far reviewers agree, and what is left of a review that ends."""
    session, merged = opened.session, opened.merged
    lines = [_counted("Rows", session.counts(opened.kept))]
    if opened.kept != Filter(notes=True):
        lines.append(_counted("All", session.counts(Filter(notes=True))))
    if merged is not None:
        lines += _agreement(session, merged)
    if left is None:
        return Group(*lines, _headed("Saved", str(session.journal.path)))
    return Group(
        *lines, *_listed("Saved", left.written), *_listed("Next", [each.command for each in left.next])
    )


def _listed(head: str, lines: Sequence[str]) -> Iterator[Text]:
    for number, line in enumerate(lines):
        yield _headed("" if number else head, line)


def _counted(head: str, counts: Mapping[str, int]) -> Text:
    rulings = ", ".join(f"{counts[name]:,} {words}" for name, words in RULINGS.items() if counts[name])
    left = counts["rows"] - counts["decided"] - counts["skip"]
    told = f"{counts['decided']:,} of {counts['rows']:,} decided{f': {rulings}' if rulings else ''}; {left:,} not read yet"
    return _headed(head, told)


def _agreement(session: Session, merged: Merged) -> Iterator[Text]:
    if merged.share is None:
        yield _headed("Agree", "no row was decided by two reviewers")
        return
    kappa = "" if merged.kappa is None else f"; kappa {merged.kappa:.2f}"
    between = "" if merged.interval is None else f" [{merged.interval.low:.0%} to {merged.interval.high:.0%}]"
    yield _headed(
        "Agree", f"on {merged.share:.0%} of {merged.both:,} rows that two reviewers decided{between}{kappa}"
    )
    for number, each in enumerate(merged.disagreements[:DIFFERENCES_SHOWN]):
        yield _headed("Differ" if number == 0 else "", _differing(session, each))
    more = len(merged.disagreements) - DIFFERENCES_SHOWN
    if more > 0:
        yield _headed("", f"and {more:,} more")


def _differing(session: Session, each: Disagreement) -> str:
    row = session.find(each.text_id)
    where = each.text_id if row is None else place(row)
    told = "; ".join(f"{author}: {RULINGS[taken.ruling]}" for author, taken in each.decisions.items())
    return f"{where} ({told})"


def _headed(head: str, told: str) -> Text:
    return Text.assemble((f"{head:<8}", "bold"), one_line(told), overflow="ignore", no_wrap=True)
