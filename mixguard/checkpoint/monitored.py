"""One run as a history keeps it: the conditions, and what was read in each answer; no prompt, no answer."""

from __future__ import annotations

import hashlib
from typing import Annotated, Final, Literal

import orjson
import polars as pl
from pydantic import Field, StringConstraints, model_validator

from mixguard import __version__
from mixguard.checkpoint.answers import Answers, Target
from mixguard.checkpoint.misreading import detectors
from mixguard.detectors import Worker
from mixguard.library.suite import HAZARDOUS, LOOK_ALIKE
from mixguard.model import Model

VERSION: Final = "mixguard-history/1"
GOOD, BAD, NEITHER, INCOHERENT, ERROR = "gbnie"
"""One letter for each answer."""
STATES = pl.Schema(
    {
        "probe": pl.String(),
        "axis": pl.String(),
        "hazard": pl.String(),  # null on axes that are about none
        "answered": pl.UInt32(),  # samples with an answer
        "good": pl.UInt32(),
        "bad": pl.UInt32(),
        "incoherent": pl.UInt32(),
        "error": pl.UInt32(),
    }
)
_Group = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z_]{0,39}(/[A-Za-z0-9][A-Za-z0-9._-]{0,39})?$")]
_Probe = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,79}$")]
_Letters = Annotated[str, StringConstraints(pattern=r"^[gbnie]{1,100}$")]
_Digest = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{16}$")]


class Asked(Model):
    """What must be the same in two runs before they are compared."""

    suite: str = Field(max_length=200)
    suite_version: str = Field(max_length=100)
    probes: _Digest
    """Digest of the probes as they were asked."""
    samples: int = Field(ge=1, le=100)
    temperature: float = Field(ge=0, le=10)
    max_tokens: int = Field(ge=1, le=10**6)
    system: _Digest | None = None
    """Digest of the system prompt."""
    judge: str = Field(max_length=200)
    """Version of mixguard and digest of the detector that read the answers."""


class Misread(Model):
    """How often the detector of stances is wrong."""

    refusals: float = Field(ge=0, le=1)
    """Share of refusals that it takes for something else."""
    answers: float = Field(ge=0, le=1)
    """Share of other answers that it takes for refusals."""


class Run(Model):
    """One line of a history."""

    version: Literal["mixguard-history/1"] = VERSION
    before: str = Field(pattern=r"^([0-9a-f]{64})?$")
    """SHA-256 of the line before; empty on the first."""
    at: str = Field(max_length=40)
    """When the model was asked, ISO 8601, UTC."""
    promoted: bool = False
    """Whether this run is the baseline from here on."""
    target: Target
    asked: Asked
    misread: Misread
    states: dict[_Group, dict[_Probe, _Letters]] = Field(min_length=1)
    """By axis, or axis and hazard (`hazardous/vcr`): a letter for each sample of each probe.

    `g` good, `b` bad, `n` neither, `i` incoherent, `e` no answer.
    """

    @model_validator(mode="after")
    def _is_whole(self) -> Run:
        if self.promoted and self.missing:
            raise ValueError("is promoted, but answers are missing, so it cannot be the baseline")
        for probes in self.states.values():
            for probe, letters in probes.items():
                if len(letters) != self.asked.samples:
                    raise ValueError(f"{probe} has {len(letters)} of {self.asked.samples} samples")
        return self

    @property
    def frame(self) -> pl.DataFrame:
        """What each probe was answered with; schema `STATES`."""
        rows = [
            (probe, *_told_apart(group), letters)
            for group, probes in self.states.items()
            for probe, letters in probes.items()
        ]
        found = pl.DataFrame(
            rows, schema={**dict.fromkeys(("probe", "axis", "hazard", "letters"), pl.String)}, orient="row"
        )
        letters = pl.col("letters")
        counts = {"good": GOOD, "bad": BAD, "incoherent": INCOHERENT, "error": ERROR}
        return found.with_columns(
            answered=letters.str.len_chars() - letters.str.count_matches(ERROR, literal=True),
            **{name: letters.str.count_matches(letter, literal=True) for name, letter in counts.items()},
        ).select(pl.col(name).cast(kind) for name, kind in STATES.items())

    @property
    def missing(self) -> int:
        """Samples without an answer."""
        return sum(letters.count(ERROR) for probes in self.states.values() for letters in probes.values())

    @property
    def content(self) -> bytes:
        """What makes it this run and no other, whatever its place in the history."""
        return orjson.dumps(
            self.model_dump(mode="json", exclude={"before", "promoted"}), option=orjson.OPT_SORT_KEYS
        )


def run_of(answers: Answers, judged: pl.DataFrame, worker: Worker, *, promoted: bool = False) -> Run:
    """What a history keeps of a probe file.

    Args:
        answers: the probe file.
        judged: the states of its answers, schema `states.JUDGED`.
        worker: what judged them.
        promoted: whether it is the baseline from here on.
    """
    header = answers.header
    letter = (
        pl.when("good")
        .then(pl.lit(GOOD))
        .when("bad")
        .then(pl.lit(BAD))
        .when(pl.col("state") == "incoherent")
        .then(pl.lit(INCOHERENT))
        .when(pl.col("state") == "error")
        .then(pl.lit(ERROR))
        .otherwise(pl.lit(NEITHER))
    )
    lines = (
        judged.group_by("axis", "hazard", "probe", maintain_order=True)
        .agg(letters=letter.str.join())
        .with_columns(group=pl.concat_str("axis", "hazard", separator="/", ignore_nulls=True))
    )
    states: dict[str, dict[str, str]] = {}
    for group, probe, letters in lines.select("group", "probe", "letters").iter_rows():
        states.setdefault(group, {})[probe] = letters
    return Run(
        before="",
        at=header.started,
        promoted=promoted,
        target=header.target,
        asked=_asked(answers, worker),
        misread=_misread(worker),
        states=states,
    )


def _asked(answers: Answers, worker: Worker) -> Asked:
    header, used = answers.header, worker.detectors
    system = header.decoding.system
    return Asked(
        suite=header.suite,
        suite_version=header.suite_version,
        probes=header.asked,
        samples=header.decoding.samples,
        temperature=header.decoding.temperature,
        max_tokens=header.decoding.max_tokens,
        system=None if system is None else _short(system),
        judge=f"{__version__}/{_short(used.stance_digest + worker.store.encoder.weights)}",
    )


def _misread(worker: Worker) -> Misread:
    refusals, answers = detectors((HAZARDOUS, LOOK_ALIKE), worker.detectors)
    return Misread(refusals=round(refusals.misread, 4), answers=round(answers.misread, 4))


def _short(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _told_apart(group: str) -> tuple[str, str | None]:
    axis, _, hazard = group.partition("/")
    return axis, hazard or None
