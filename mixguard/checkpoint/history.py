"""A history: what was read in a model's answers, run after run, in an append-only file.

JSON Lines, one run a line, without any prompt or answer: the conditions, and a letter for each answer to each probe. Each line holds
the SHA-256 of the line before it, so a line that was changed or taken out is noticed.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Final, Literal, NamedTuple

import orjson
import polars as pl
from pydantic import Field, StringConstraints, ValidationError, model_validator

from mixguard import __version__, moving
from mixguard.checkpoint.answers import Answers, Target
from mixguard.detectors import Worker
from mixguard.errors import UsageError
from mixguard.files import LINES_MOST, read_bounded
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
_Group = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z_]{0,39}(/[A-Za-z0-9._-]{1,40})?$")]
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
    def _has_every_sample(self) -> Run:
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


class History(NamedTuple):
    """A history, read."""

    path: Path
    runs: tuple[Run, ...]

    @property
    def baseline(self) -> int | None:
        """Place of the run that was promoted last."""
        return max((place for place, run in enumerate(self.runs) if run.promoted), default=None)


def run_of(answers: Answers, judged: pl.DataFrame, worker: Worker, *, promoted: bool = False) -> Run:
    """What a history keeps of a probe file.

    Args:
        answers: the probe file.
        judged: the states of its answers, schema `states.JUDGED`.
        worker: what judged them.
        promoted: whether it is the baseline from here on.

    Raises:
        UsageError: it would be the baseline, and is incomplete.
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
    run = Run(
        before="",
        at=header.started,
        promoted=promoted,
        target=header.target,
        asked=_asked(answers, worker),
        misread=_misread(worker),
        states=states,
    )
    if promoted and run.missing:
        raise UsageError(
            f"{answers.path}: {run.missing} of {header.wanted} answers are missing, so it cannot be a baseline; run mixguard probe again"
        )
    return run


def read_history(path: Path) -> History:
    """Read a history; a last line cut off by a crash is left out.

    Raises:
        UsageError: it cannot be read, a line is invalid, or a line does not follow the one before (the message has file:line).
    """
    return History(path, tuple(run for run, _ in _read(path)))


def add_run(path: Path, run: Run) -> History:
    """Append a run to a history, which is made if missing: one line, synced, under a lock.

    Raises:
        UsageError: the history cannot be read, or holds this run already.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with moving.locked(path.parent):
        there = _read(path) if path.exists() else []
        for number, (known, _) in enumerate(there, 1):
            if known.content == run.content and known.promoted >= run.promoted:
                raise UsageError(f"{path}:{number}: holds this run already")
        run = run.model_copy(update={"before": _digest_of(there)})
        end = sum(len(line) + 1 for _, line in there)
        _append(
            path, end, orjson.dumps(run.model_dump(mode="json", exclude_defaults=True) | {"version": VERSION})
        )
    return History(path, (*(known for known, _ in there), run))


def _append(path: Path, end: int, line: bytes) -> None:
    """Write a line after the first `end` bytes; what a crash left of another there is overwritten."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o644)
    with os.fdopen(handle, "wb") as stream:
        stream.seek(max(end - 1, 0))
        stream.write(b"\n" * bool(end) + line + b"\n")
        stream.truncate()
        stream.flush()
        os.fsync(stream.fileno())
    moving.sync(path.parent)


def _read(path: Path) -> list[tuple[Run, bytes]]:
    """Every run with its line; a last line that a crash cut off is left out."""
    found: list[tuple[Run, bytes]] = []
    *lines, last = read_bounded(path, UsageError, LINES_MOST).split(b"\n")
    for number, line in enumerate(lines, 1):
        run = _parsed(line, f"{path}:{number}")
        if run.before != _digest_of(found):
            raise UsageError(
                f"{path}:{number}: does not follow the line before it: a line was changed, added or taken out by hand"
            )
        found.append((run, line))
    if last and not found:
        raise UsageError(f"{path}:1: is not a history; name a new file, or one made by mixguard monitor add")
    return found


def _digest_of(lines: list[tuple[Run, bytes]]) -> str:
    """What the next line says of the one before it."""
    return hashlib.sha256(lines[-1][1]).hexdigest() if lines else ""


def _parsed(line: bytes, place: str) -> Run:
    try:
        tree = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise UsageError(f"{place}: not a line of a history: {error}") from None
    if isinstance(tree, Mapping) and tree.get("version") != VERSION:
        raise UsageError(
            f"{place}: version {str(tree.get('version'))[:40]!r} is not read here; this mixguard reads {VERSION}"
        )
    try:
        return Run.model_validate(tree)
    except ValidationError as error:
        problem = error.errors()[0]
        where = ".".join(map(str, problem["loc"]))[:100]
        told = problem["msg"].removeprefix("Value error, ")
        raise UsageError(f"{place}: {where}: {told}" if where else f"{place}: {told}") from None


def _asked(answers: Answers, worker: Worker) -> Asked:
    header, detectors = answers.header, worker.detectors
    system = header.decoding.system
    return Asked(
        suite=header.suite,
        suite_version=header.suite_version,
        probes=header.asked,
        samples=header.decoding.samples,
        temperature=header.decoding.temperature,
        max_tokens=header.decoding.max_tokens,
        system=None if system is None else _short(system),
        judge=f"{__version__}/{_short(detectors.stance_digest + worker.store.encoder.weights)}",
    )


def _misread(worker: Worker) -> Misread:
    detectors = worker.detectors
    return Misread(
        refusals=round(1 - detectors.stance_error.sensitivity, 4),
        answers=round(1 - detectors.stance_benign_error.specificity, 4),
    )


def _short(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _told_apart(group: str) -> tuple[str, str | None]:
    axis, _, hazard = group.partition("/")
    return axis, hazard or None
