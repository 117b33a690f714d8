"""Two or more reviewers: who reads what, what they decided together, and how far they agree."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from itertools import chain
from typing import NamedTuple

from mixguard.errors import UsageError
from mixguard.review.decision import Decision
from mixguard.stats import Interval, wilson

OVERLAP, OVERLAP_LEAST = 0.1, 20
"""Share of the exchanges that all reviewers read, and how many at least: enough to say how far they agree."""
KAPPA_LEAST = 20
"""Exchanges that two must have decided for their kappa to mean anything. Judgement."""
PARTS_MOST = 100


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
    """Cohen's kappa of the same: agreement beyond chance; None below `KAPPA_LEAST`, or if both always say the same."""

    @property
    def interval(self) -> Interval | None:
        """Interval of `share`."""
        return None if self.share is None else wilson(round(self.share * self.both), self.both, 0.95)


def part(text_ids: Collection[str], number: int, of: int) -> set[str]:
    """The exchanges that one of several reviewers reads: a share of their own, and those that all read.

    Which they are depends on the ids alone, so everybody can tell without asking; a row that comes or goes moves few.

    Args:
        text_ids: all exchanges to review.
        number: which reviewer, from 1.
        of: how many reviewers.

    Raises:
        UsageError: there is no such part.
    """
    if not 1 <= number <= of <= PARTS_MOST:
        raise UsageError(
            f"part {number}/{of}: write it as NUMBER/OF, e.g. 1/2, of at most {PARTS_MOST} parts"
        )
    ranked = sorted(set(text_ids), key=_rank)
    shared = max(OVERLAP_LEAST, round(OVERLAP * len(ranked)))
    # The last digits share the rest out, since the first ones have put the ids in order.
    own = (each for each in ranked[shared:] if int(_rank(each)[-8:], 16) % of == number - 1)
    return {*ranked[:shared], *own}


def _rank(text_id: str) -> str:
    # Hashed again: an id begins with the prompt's, and prompts repeat.
    return hashlib.blake2b(text_id.encode(), digest_size=16).hexdigest()


def merge(journals: Mapping[str, Mapping[str, Decision]]) -> Merged:
    """Join the decisions of several reviewers, by name.

    Where they differ, what more than half of them say holds; else nothing does, until another one decides or somebody
    changes their mind.
    """
    taken: dict[str, dict[str, Decision]] = {}
    for author, decisions in journals.items():
        for decision in decisions.values():
            taken.setdefault(decision.text_id, {})[author] = decision
    held: list[Decision] = []
    open_: list[Disagreement] = []
    pairs: list[tuple[str, str]] = []
    for text_id, each in taken.items():
        said = {author: decision for author, decision in each.items() if decision.ruling != "skip"}
        found = _agreed([*said.values()] or [*each.values()])
        if found is None:
            open_.append(Disagreement(text_id, said))
        else:
            held.append(found)
        if len(said) > 1:
            first = sorted(said, key=lambda author: (said[author].at, author))[:2]
            one, other = sorted(first)
            pairs.append((_said(said[one]), _said(said[other])))
    held.sort(key=lambda decision: decision.at)
    same = sum(one == other for one, other in pairs)
    return Merged(
        decisions={decision.text_id: decision for decision in held},
        disagreements=tuple(open_),
        both=len(pairs),
        share=same / len(pairs) if pairs else None,
        kappa=_kappa(pairs),
    )


def _agreed(decisions: Sequence[Decision]) -> Decision | None:
    """The last of the decisions that more than half of the reviewers took."""
    counted = Counter(map(_said, decisions))
    commonest, count = counted.most_common(1)[0]
    if 2 * count <= len(decisions):
        return None
    return max((each for each in decisions if _said(each) == commonest), key=lambda each: each.at)


def _said(decision: Decision) -> str:
    """The ruling, with what is right instead if the judgement was wrong."""
    right = {"wrong-hazard": decision.hazard or "none", "wrong-stance": decision.stance or "none"}
    return " ".join(filter(None, (decision.ruling, right.get(decision.ruling))))


def _kappa(pairs: Sequence[tuple[str, str]]) -> float | None:
    from sklearn.metrics import cohen_kappa_score

    # Undefined if there is but one thing that anybody said.
    if len(pairs) < KAPPA_LEAST or len(set(chain.from_iterable(pairs))) < 2:
        return None
    return round(float(cohen_kappa_score([one for one, _ in pairs], [other for _, other in pairs])), 4)
