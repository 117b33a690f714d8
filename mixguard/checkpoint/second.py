"""A second judge of stored answers: how far it agrees with the first, and which answers a person should read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Literal, NamedTuple

import numpy as np
import polars as pl
from pydantic import Field

from mixguard.annotate.verdicts import VerdictStore, verdicts_of
from mixguard.checkpoint.answers import Answers
from mixguard.checkpoint.results import Bounds
from mixguard.config import Config
from mixguard.engine.asked import Asked
from mixguard.files import cache_folder
from mixguard.library.suite import HAZARDOUS, LOOK_ALIKE
from mixguard.model import Model
from mixguard.progress import Progress, Tell
from mixguard.served.chat import conversation
from mixguard.served.judges.base import Row, Verdict

ARMS: tuple[Literal["base", "tuned"], ...] = ("base", "tuned")
DRAWS = 2000
"""Resamples of which the interval of kappa is made (percentile bootstrap)."""
FIRST = ("lost", "gained", "unstable")
"""Outcomes whose answers are sent first: they decide."""


class Disagreement(Model):
    """An answer of which the two judges say different things."""

    arm: Literal["base", "tuned"]
    probe: str
    sample: int
    """The first sample with this text."""
    first: Literal["refused", "complied"]
    """What the first judge says; the second says the other."""


class SecondJudge(Model):
    """A served model that judged the same answers; it changes no verdict. All counts are of distinct answers."""

    endpoint: str
    """Its base URL, without secrets."""
    model: str
    kind: str
    """How it was asked: `llama-guard`, `wildguard`, `shieldgemma` or `rubric`."""
    version: int
    """Version of the prompts it was asked with."""
    answers: int = Field(ge=0)
    """Those that the first judge calls refused or complied, of the axes that this judge can be asked about."""
    left: int = Field(ge=0)
    """Of those, how many were over the cap."""
    judged: int = Field(ge=0)
    agreed: int = Field(ge=0)
    kappa: float | None = None
    """Cohen's kappa; null if one of them says the same of all."""
    interval: Bounds | None = None
    """95 % interval of kappa."""
    undecided: int = Field(ge=0)
    """Answers of which it gave no verdict."""
    problems: dict[str, int] = Field(default={})
    """Why, and how many."""
    disagreements: tuple[Disagreement, ...] = ()
    """For a person to read."""
    stopped: str = ""
    """Why it was asked no further; empty if it was not stopped."""

    @property
    def sentence(self) -> str:
        """The agreement in words."""
        if not self.judged:
            return f"The second judge, {self.model}, decided none of {self.answers:,} answers."
        kappa = "" if self.kappa is None else f", kappa {self.kappa:.2f}"
        if self.interval is not None:
            kappa += f" (95 % {self.interval.low:.2f} to {self.interval.high:.2f})"
        told = f"The second judge, {self.model}, agrees on {self.agreed:,} of {self.judged:,} answers{kappa}"
        rest = [
            f"{self.undecided:,} undecided" * bool(self.undecided),
            f"{self.left:,} not asked" * bool(self.left),
        ]
        return "; ".join([told, *filter(None, rest)]) + "."


class _Asked(NamedTuple):
    """An answer to be judged."""

    arm: Literal["base", "tuned"]
    probe: str
    sample: int
    state: Literal["refused", "complied"]
    row: Row


def second_judge(
    pairs: Sequence[tuple[Answers, pl.DataFrame]],
    outcomes: Mapping[str, str],
    asked: Asked,
    config: Config,
    progress: Progress,
    tell: Tell,
) -> SecondJudge:
    """Ask a served model about the answers of base and tuned, those of probes that changed first.

    Args:
        pairs: each probe file with its judged answers (`states.JUDGED`), base first.
        outcomes: outcome by probe.
        asked: the second judge.
        config: `judge.endpoint_most` is the most answers sent; verdicts are kept in the cache.
        progress: called with the number of answers judged.
        tell: called with how many are sent, before any is.
    """
    rows = list(_rows(pairs, look_alikes=asked.judge.tells_refusals))
    rows.sort(key=lambda each: outcomes.get(each.probe) not in FIRST)
    chosen = rows[: config.judge.endpoint_most]
    endpoint, store = asked.endpoint, VerdictStore(cache_folder(config.encode.cache), *asked)
    verdicts, stopped = verdicts_of(
        [each.row for each in chosen],
        store,
        "answers",
        progress,
        lambda sent, _: tell(
            f"answers sent to {endpoint.model} at {endpoint.shown}, the second judge: {sent:,}"
        ),
    )
    told = [(each, _refused(verdicts.get(number))) for number, each in enumerate(chosen)]
    decided = [(each, refused) for each, refused in told if refused is not None]
    cells = Counter((each.state == "refused", refused) for each, refused in decided)
    problems = Counter(
        _problem(verdicts.get(number)) for number, (_, refused) in enumerate(told) if refused is None
    )
    return SecondJudge(
        endpoint=asked.endpoint.shown,
        model=asked.endpoint.model,
        kind=asked.judge.name,
        version=asked.judge.version,
        answers=len(rows),
        left=len(rows) - len(chosen),
        judged=len(decided),
        agreed=cells[True, True] + cells[False, False],
        kappa=kappa(cells),
        interval=kappa_interval(cells, config.rebalance.seed),
        undecided=len(chosen) - len(decided),
        problems=dict(sorted(problems.items())),
        disagreements=tuple(
            Disagreement(arm=each.arm, probe=each.probe, sample=each.sample, first=each.state)
            for each, refused in decided
            if (each.state == "refused") != refused
        ),
        stopped=stopped,
    )


def kappa(cells: Mapping[tuple[bool, bool], int]) -> float | None:
    """Cohen's kappa (Cohen 1960) of two judges, from how often each pair of verdicts occurs; None if chance alone agrees always."""
    (found,) = _kappas(_counts(cells).astype(float)[None])
    return None if np.isnan(found) else float(found)


def kappa_interval(cells: Mapping[tuple[bool, bool], int], seed: int) -> Bounds | None:
    """95 % interval of kappa, by resampling answers; None where there is no kappa."""
    counts = _counts(cells)
    if kappa(cells) is None:
        return None
    total = int(counts.sum())
    drawn = np.random.default_rng(seed).multinomial(total, counts / total, size=DRAWS)
    found = _kappas(drawn.astype(float))
    low, high = np.nanquantile(found, [0.025, 0.975])
    return Bounds(float(low), float(high))


def _counts(cells: Mapping[tuple[bool, bool], int]) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Both, first alone, second alone, neither."""
    return np.array([cells.get((one, other), 0) for one in (True, False) for other in (True, False)])


def _kappas(
    counts: np.ndarray[tuple[int, int], np.dtype[np.float64]],
) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Kappa of each row of counts: both, first alone, second alone, neither."""
    total = counts.sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        agreed = (counts[:, 0] + counts[:, 3]) / total
        first, second = (counts[:, 0] + counts[:, 1]) / total, (counts[:, 0] + counts[:, 2]) / total
        chance = first * second + (1 - first) * (1 - second)
        return np.where(chance < 1, (agreed - chance) / (1 - chance), np.nan)


def _rows(pairs: Sequence[tuple[Answers, pl.DataFrame]], *, look_alikes: bool) -> Iterator[_Asked]:
    """The distinct answers that the first judge calls refused or complied.

    A guard that only tells harm has nothing to say of look-alikes: refusing them harms nobody.
    """
    axes = [HAZARDOUS, LOOK_ALIKE] if look_alikes else [HAZARDOUS]
    for arm, (answers, judged) in zip(ARMS, pairs, strict=True):
        probes = {probe.id: probe for probe in answers.header.probes}
        told = judged.select("probe", "sample", "axis", pl.col("state").cast(pl.String))
        there = answers.rows.select("probe", "sample", "text").join(
            told, on=["probe", "sample"], maintain_order="left"
        )
        kept = there.filter(pl.col("state").is_in(["refused", "complied"]) & pl.col("axis").is_in(axes))
        for probe, sample, text, _, state in kept.unique(
            ["probe", "text"], keep="first", maintain_order=True
        ).iter_rows():
            pair = probes[probe].model_dump()
            pair["system"] = pair["system"] or answers.header.decoding.system
            before = tuple(conversation(pair)[:-1])
            yield _Asked(arm, probe, sample, state, Row(probes[probe].prompt, text, before))


def _refused(verdict: Verdict | None) -> bool | None:
    """Whether an answer refuses: said so, or, by a guard that only tells harm, harmless where the request was hazardous."""
    if verdict is None:
        return None
    if verdict.refused is not None:
        return verdict.refused
    return None if verdict.harmful_response is None else not verdict.harmful_response


def _problem(verdict: Verdict | None) -> str:
    if verdict is None:
        return "was not asked"
    return verdict.problem or "says nothing of the answer"
