"""Two or more reviewers: who reads what, what they decided together, and how far they agree."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import NamedTuple

from mixguard.review.decision import Decision


class Disagreement(NamedTuple):
    """An exchange on which reviewers differ; it stays open."""

    text_id: str
    decisions: Mapping[str, Decision]
    """By reviewer, skipped ones left out."""


class Merged(NamedTuple):
    """The decisions of several reviewers."""

    decisions: dict[str, Decision]
    """Those that hold, by text id, in the order they were taken; open ones are missing."""
    disagreements: tuple[Disagreement, ...]
    both: int
    """Exchanges that at least two decided, skipped ones left out."""
    share: float | None
    """Of these, the share on which the first two agree; None if there are none."""
    kappa: float | None
    """Cohen's kappa of the same; None if there are too few, or if it is undefined."""


def part(text_ids: Collection[str], number: int, of: int) -> set[str]:
    """The exchanges that one of several reviewers reads: a share of their own, and those that all read.

    Args:
        text_ids: all exchanges to review.
        number: which reviewer, from 1.
        of: how many reviewers.

    Raises:
        UsageError: there is no such part.
    """
    raise NotImplementedError


def merge(journals: Mapping[str, Mapping[str, Decision]]) -> Merged:
    """Join the decisions of several reviewers, by name; where they differ, what most say holds, else nothing."""
    raise NotImplementedError
