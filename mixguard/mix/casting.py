"""Which pair fills a slot of a source, in whose words and in which form."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Any, NamedTuple

from mixguard.annotate.rest import with_rests
from mixguard.config import Config
from mixguard.library.bank import Bank
from mixguard.library.voice import Voice
from mixguard.mix.choose import Deck, PairSlot
from mixguard.mix.mould import Mould
from mixguard.mix.plan import Plan
from mixguard.mix.task_form import FORM_SHARE, TaskForm
from mixguard.mix.voicing import Voicing, Words
from mixguard.mix.weave import Insert

HARD_MOST = 0.5
"""Share of the refusals up to which those that the model first answered are preferred (GR-SAP, arXiv 2603.10243)."""


@dataclass(frozen=True)
class Stock:
    """What all files of a mix are written from."""

    plan: Plan
    bank: Bank
    deck: Deck
    voicing: Voicing
    rng: Random
    config: Config

    @classmethod
    def of(cls, plan: Plan, bank: Bank, voice: Voice | None, config: Config) -> Stock:
        """Shuffle the bank."""
        rng = Random(config.rebalance.seed)
        bank = replace(bank, pairs=with_rests(bank.pairs)) if voice else bank
        deck = Deck(bank, rng, voiced=voice is not None, hard_most=HARD_MOST * plan.refusals)
        return cls(plan, bank, deck, Voicing(voice, rng), rng, config)


class Chosen(NamedTuple):
    """What was added in a slot, as the manifest has it."""

    kind: str
    hazard: str
    words: Words
    opening: str | None
    task: str | None


class TaskQuota:
    """Says for each new row whether it should have a task's form, so that enough of them do."""

    def __init__(self, tasks: Sequence[TaskForm]) -> None:
        self._tasks = tasks
        self._share = max(FORM_SHARE, min(1.0, sum(form.share for form in tasks))) if tasks else 0.0
        self._rows, self._given = 0, 0

    def forms(self, rng: Random) -> list[TaskForm | None]:
        """The forms to try for the next row, best first; None is the corpus's chat form."""
        if self._given >= self._share * (self._rows + 1):
            return [None]
        first = rng.choices(self._tasks, [form.share for form in self._tasks])[0]
        return [first, *(form for form in self._tasks if form is not first), None]

    def count(self, form: TaskForm | None) -> None:
        """Count a row."""
        self._rows, self._given = self._rows + 1, self._given + (form is not None)


def cast_pair(
    mould: Mould, slot: PairSlot, number: int, stock: Stock, quota: TaskQuota
) -> tuple[Insert, Chosen] | None:
    """The first unused pair that fits this source's format."""
    for form in quota.forms(stock.rng):
        for pair in _own_first(stock.deck.draw(slot.kind, slot.hazard), form):
            if pair["task"] is not None if form is None else not form.fits(pair):
                continue
            spoken = stock.voicing.spoken(pair)
            cast = mould.cast({**pair, "response": spoken.response}, number, stock.rng, form)
            if cast is not None:
                stock.deck.discard(pair)
                stock.voicing.dealt(spoken)
                quota.count(form)
                chosen = Chosen(slot.kind, slot.hazard, spoken.words, spoken.opening, cast.task)
                return Insert(pair["id"], cast.row), chosen
    return None


def _own_first(pairs: Iterable[Mapping[str, Any]], form: TaskForm | None) -> Iterable[Mapping[str, Any]]:
    """The pairs, those written for the task before those of the chat, after what the model itself said."""
    if form is None:
        return pairs
    return sorted(pairs, key=lambda pair: pair["model"] is None and pair["task"] is None)
