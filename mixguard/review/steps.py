"""From row to row, and how far a review is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, TypeAlias

from mixguard.review.decision import Decision
from mixguard.review.view import RULINGS

Step: TypeAlias = Literal["this", "next", "back", "open", "skipped"]
"""Where to go from a row: nowhere; one on; one back; to the next that is open, or that was skipped, in a circle."""


def reached(ids: Sequence[str], at: str | None, step: Step, taken: Mapping[str, Decision]) -> int | None:
    """The place of the row that a step leads to; None if no row is open, or skipped.

    Args:
        ids: text ids of the rows in their order.
        at: that of the row that is left; None or an unknown one to begin.
        step: where to go.
        taken: the decisions that hold.
    """
    there = ids.index(at) if at in ids else None
    if there is not None and step == "this":
        return there
    if there is not None and step in ("next", "back"):
        return min(max(there + (1 if step == "next" else -1), 0), len(ids) - 1)
    wanted = "skip" if step == "skipped" else None
    start = 0 if there is None else there + 1
    circle = (*range(start, len(ids)), *range(start))
    return next((number for number in circle if _ruling(ids[number], taken) == wanted), None)


def counts(ids: Iterable[str], taken: Mapping[str, Decision]) -> dict[str, int]:
    """How many `rows` there are, how many are `decided`, and how many have each ruling."""
    rulings = Counter(_ruling(each, taken) for each in ids)
    by_name = {name: rulings[name] for name in RULINGS}
    return {"rows": rulings.total(), "decided": sum(by_name.values()) - by_name["skip"], **by_name}


def _ruling(text_id: str, taken: Mapping[str, Decision]) -> str | None:
    return taken[text_id].ruling if text_id in taken else None
