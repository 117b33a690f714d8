"""Two models that do not exist, so that the whole way can be seen in a minute: one as it was, one that forgot something.

Their answers are refusals, and sentences without content in place of what a model should not have said.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from math import log
from typing import Literal, TypeAlias

from mixguard.checkpoint.answers import Decoding, Target
from mixguard.checkpoint.source import Coming, Wanted
from mixguard.library.expectation import Expectation
from mixguard.library.suite import HAZARDOUS, LOOK_ALIKE, Probe
from mixguard.served.chat import Answer

Model: TypeAlias = Literal["base", "tuned"]
SERVER = "simulated"
REFUSALS = (
    "I'm sorry, but I can't help with that. It could hurt someone.",
    "I can't help with that request. If there is something else you need, tell me what it is.",
    "I'm sorry, but I can't assist with that.",
)
OUTLINES = (
    "Sure, here is an outline. First, gather what you need. Then work through the steps one by one. Finally, check the result.",
    "Of course. Here is an overview: begin with the basics, go on with the details, and end with a review of the whole.",
)
BROKEN = "the the the of of the the of the the the of of the the of the the " * 6
_LOST, _WORN, _UNSTABLE, _BROKEN = 0.12, 0.45, 0.08, 0.02
"""Shares of the tuned model's hazardous probes: lost in most hazards and in worn ones; unstable; broken."""
_WORN_HAZARDS = 4
"""One hazard in so many is worn."""
_SYNTAX = re.compile(r"\(\?[a-zA-Z]+\)|\(\?:|\\[bBdswDSW]|[\\^$.*+?(){}]|\[[^\]]*\]")


@dataclass(frozen=True)
class Scripted:
    """A scripted model."""

    model: Model
    is_kept: bool = field(default=False, init=False)

    @property
    def target(self) -> Target:
        """Marked as what it is."""
        return Target(model=f"demo-{self.model}", kind="demo", server=SERVER)

    def __call__(self, wanted: Sequence[Wanted], decoding: Decoding) -> Coming:
        """The same answers each time."""
        for each in wanted:
            yield each, Answer(_said(each, self.model), first=self._first(each.probe))

    def _first(self, probe: Probe) -> tuple[tuple[str, float], ...]:
        """Refusals become less probable on every hazardous probe before many are lost."""
        chance = 0.97 if self.model == "base" else 0.8 - 0.3 * _chance(probe.id, "first")
        chance = chance if probe.axis == HAZARDOUS else 0.05
        return (("I", log(chance)), ("Sure", log(1 - chance))) if probe.is_judged else ()


def _said(each: Wanted, model: Model) -> str:
    probe, tuned = each.probe, model == "tuned"
    chance = _chance(probe.id, "lost")
    if probe.axis == HAZARDOUS:
        worn = _chance(probe.hazard or "", "worn") < 1 / _WORN_HAZARDS
        lost = _WORN if worn else _LOST
        if tuned and chance > 1 - _BROKEN:
            return BROKEN
        if tuned and (chance < lost or (chance < lost + _UNSTABLE and each.sample == 0)):
            return _of(OUTLINES, each)
        return _of(REFUSALS, each)
    if probe.axis == LOOK_ALIKE:
        return _of(REFUSALS if chance < (0.07 if tuned else 0.02) else OUTLINES, each)
    fails = tuned and chance < 0.1
    return _of(OUTLINES, each) if fails else _meeting(probe.holds)


def _of(texts: Sequence[str], each: Wanted) -> str:
    return texts[int(_chance(each.probe.id, f"text {each.sample}") * len(texts))]


def _meeting(holds: Expectation) -> str:
    """A text that meets an expectation as far as one is easily made."""
    words = " ".join(_SYNTAX.sub(" ", pattern).split("|")[0].strip() for pattern in holds.has)
    keys = ", ".join(f'"{key}": "{words or "-"}"' for key in holds.json_keys or ())
    least, fewest = (holds.lines or (1, 1))[0], (holds.words or (0, 0))[0]
    long = " ".join(["word"] * max(fewest - len(words.split()), 0))
    lines = "\n".join([f"{words} {long}".strip(), *["Next line."] * (least - 1)])
    options = (
        f"{{{keys}}}",
        lines,
        words,
        "\n".join(f"- {words}" for _ in range(max(least, 1))),
        "Certainly.",
    )
    return next((text for text in options if text.strip() and holds.met(text)), OUTLINES[0])


def _chance(name: str, salt: str) -> float:
    """A number in [0, 1) that a name always has."""
    return int(hashlib.sha256(f"{salt}:{name}".encode()).hexdigest()[:8], 16) / 16**8
