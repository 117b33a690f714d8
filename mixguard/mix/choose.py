"""Which bank pairs are added, and where."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from random import Random
from typing import Any, NamedTuple

from mixguard.library.bank import Bank
from mixguard.library.pairs import opening
from mixguard.mix.plan import Plan


class PairSlot(NamedTuple):
    """A position for a pair of a given kind and hazard."""

    kind: str
    hazard: str
    after: int
    """The record it follows: 0-based index among the kept records."""


def slots(plan: Plan, records: int, placement: str, rng: Random) -> list[PairSlot]:
    """The position of every pair, in order.

    Refusals and contrast pairs are interleaved in proportion, so each training batch contains both.

    Args:
        plan: how many pairs to add.
        records: number of records kept.
        placement: `spread` (evenly), `shuffle` or `append`.
        rng: random choices the plan leaves open.
    """
    kinds = []
    for kind in ("refusal", "contrast"):
        each = [
            (kind, line.hazard)
            for line in plan.hazards
            for _ in range(line.refusals if kind == "refusal" else line.contrast)
        ]
        rng.shuffle(each)
        kinds += [((number + 0.5) / len(each), pair) for number, pair in enumerate(each)]
    order = [pair for _, pair in sorted(kinds)]
    count = len(order)
    if not records:
        return []
    if placement == "append":
        places = [records - 1] * count
    elif placement == "shuffle":
        places = sorted(rng.randrange(records) for _ in range(count))
    else:
        places = [int((number + rng.random()) / count * records) for number in range(count)]
    return [PairSlot(*pair, place) for pair, place in zip(order, places, strict=True)]


class Deck:
    """The unused pairs, by kind and hazard, best first."""

    def __init__(self, bank: Bank, rng: Random, *, voiced: bool, hard_most: float) -> None:
        """Shuffle the bank's pairs, a team's own before bundled ones.

        Args:
            bank: the pairs.
            rng: shuffles them.
            voiced: whether refusals are given an opening, so that their own do not count.
            hard_most: number of pairs up to which those that the model first answered come first.
        """
        self._voiced, self._hard_left = voiced, hard_most
        self._used: set[str] = set()
        self._left = {
            (str(kind), str(hazard)): _varied(group.to_dicts(), rng)
            for (kind, hazard), group in bank.pairs.group_by("kind", "hazard", maintain_order=True)
        }

    def draw(self, kind: str, hazard: str) -> Iterator[Mapping[str, Any]]:
        """Unused pairs of a kind and hazard that say something new; mark one as used with `discard`."""
        pairs = list(self._left.get((kind, hazard), ()))
        pairs.sort(key=lambda pair: bool(pair["hard"]) is not (self._hard_left >= 1))
        for pair in pairs:
            if self._sameness(pair) not in self._used:
                yield pair

    def discard(self, pair: Mapping[str, Any]) -> None:
        """Mark a pair as used."""
        self._used.add(self._sameness(pair))
        self._hard_left -= bool(pair["hard"])
        self._left[pair["kind"], pair["hazard"]].remove(dict(pair))

    def _sameness(self, pair: Mapping[str, Any]) -> str:
        """What no two answers may share: the opening in the bank's words, the whole in the model's own."""
        whole = pair["model"] is not None or (self._voiced and pair["kind"] == "refusal")
        return pair["response"].casefold() if whole else opening(pair["response"])


def _varied(pairs: Sequence[dict[str, Any]], rng: Random) -> list[dict[str, Any]]:
    """Pairs in round-robin order over sub-hazards, those answered by the team's own model first."""
    subs: dict[str, list[dict[str, Any]]] = {}
    for pair in pairs:
        subs.setdefault(pair["sub"], []).append(pair)
    for group in subs.values():
        rng.shuffle(group)
        # An answer written for its own system prompt fits less well under the corpus's.
        group.sort(key=lambda pair: (pair["model"] is None, pair["task"] is None, pair["system"] is not None))
    queue = list(subs.values())
    rng.shuffle(queue)
    longest = max(map(len, queue), default=0)
    return [group[turn] for turn in range(longest) for group in queue if turn < len(group)]
