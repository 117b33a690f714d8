"""A probe file: what a model answered, and under which conditions.

JSON Lines. The first line is the header, with the probes as they were asked; every further line is one answer, appended as it
comes. Of several lines for a sample of a probe the last one counts, so a fault can be followed by the answer of a retry. Once all
answers are there, the lines are put in the order of the probes: a run that was interrupted ends with the same bytes as one that was
not. The file holds answers only, never verdicts: they are judged whenever they are read, and again whenever the judge improves.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple

import orjson
import polars as pl
from pydantic import Field, model_validator

from mixguard.errors import UsageError
from mixguard.files import read_bounded
from mixguard.library.suite import Probe, digest, frame
from mixguard.model import Made, Model, checked
from mixguard.served.chat import ANSWER_MOST

VERSION: Final = "mixguard-probe/1"
LONGEST = 1024 * 2**20
"""Bytes of the longest probe file that is read."""
SAMPLES_MOST = 100
ANSWERS_MOST = 10**6
"""Answers of the longest run: each takes a row in memory, whether it is there or not."""
LEAST_OPENING = -1000.0
"""Lowest log-probability that is told from none at all."""
ANSWERS = pl.Schema(
    {
        "probe": pl.String(),
        "sample": pl.UInt8(),
        "text": pl.String(),  # null where there is no answer
        "problem": pl.String(),  # why there is none
        "cut": pl.Boolean(),  # whether it was cut off at the length limit
        "opening": pl.Float32(),  # log-probability that the first token opens a refusal; null if not measured
    }
)


class Target(Model):
    """What was asked."""

    model: str = Field(min_length=1, max_length=500)
    kind: Literal["endpoint", "file", "callable", "demo"]
    server: str | None = Field(default=None, max_length=500)
    """What serves it, as far as it says so; two models are compared behind the same one."""
    template: str | None = Field(default=None, max_length=100)
    """Digest of the chat template; none where the server does not show it."""


class Decoding(Model):
    """How answers were made."""

    samples: int = Field(default=3, ge=1, le=SAMPLES_MOST)
    """Answers to each probe."""
    temperature: float = Field(default=0.7, ge=0, le=10)
    """0 takes the most probable token each time."""
    max_tokens: int = Field(default=300, ge=1, le=10**6)
    system: str | None = Field(default=None, max_length=100_000)
    """System prompt of every probe that has none of its own."""
    seed: int | None = Field(default=None, ge=0, lt=2**31 - SAMPLES_MOST)
    """Sent with the first sample, one more with each further one; none leaves the choice to the server."""


class Header(Model):
    """The first line of a probe file."""

    version: Literal["mixguard-probe/1"] = VERSION
    suite: str = Field(max_length=200)
    suite_version: str = Field(max_length=100)
    suite_digest: str = Field(pattern=r"^[0-9a-f]{16}$")
    """Digest of the whole suite, before any probe was dropped."""
    target: Target
    decoding: Decoding
    started: str = Field(max_length=40)
    """Date and time at which it was begun, ISO 8601, UTC."""
    probes: tuple[Probe, ...] = Field(min_length=1, max_length=10**5)
    """The probes as they were asked."""
    dropped: tuple[str, ...] = ()
    """Ids of probes that were left out since the corpus holds them."""
    limited: int = Field(default=0, ge=0)
    """Number of probes that a limit left out; such a file is no baseline."""
    tool: str = Field(default="", max_length=100)
    """Version of mixguard that asked."""

    @model_validator(mode="after")
    def _is_of_use(self) -> Header:
        if len({probe.id for probe in self.probes}) < len(self.probes):
            raise ValueError("a probe is there twice")
        if self.wanted > ANSWERS_MOST:
            raise ValueError(f"asks for {self.wanted:,} answers, more than {ANSWERS_MOST:,}")
        return self

    @property
    def asked(self) -> str:
        """16 hex digits that change with anything that was asked or expected."""
        return digest(self.probes)

    @property
    def wanted(self) -> int:
        """Number of answers of a whole run."""
        return len(self.probes) * self.decoding.samples


class Line(Model):
    """Any further line of a probe file: an answer, or why there is none."""

    probe: str = Field(max_length=80)
    sample: int = Field(ge=0, lt=SAMPLES_MOST)
    text: str | None = Field(default=None, max_length=ANSWER_MOST)
    problem: str | None = Field(default=None, max_length=1000)
    cut: bool = False
    opening: float | None = Field(default=None, ge=LEAST_OPENING, le=0)


class Answers(NamedTuple):
    """A probe file, read."""

    header: Header
    rows: pl.DataFrame
    """Schema `ANSWERS`, one row per sample of each probe, in the order of the probes; those not asked yet have neither text nor problem."""
    path: Path | None = None

    @property
    def probes(self) -> pl.DataFrame:
        """The probes with schema `library.suite.PROBES`."""
        return frame(self.header.probes)

    @property
    def missing(self) -> int:
        """Samples without an answer."""
        return int(self.rows["text"].null_count())

    @property
    def is_whole(self) -> bool:
        """Whether every probe of the suite was asked, but those dropped, and every sample answered."""
        return not self.missing and not self.header.limited


class Stored(NamedTuple):
    """A probe file as it is on disk."""

    header: Header
    lines: dict[tuple[str, int], Line]
    """By probe and sample."""


def read_answers(path: Path) -> Answers:
    """Read a probe file; a last line truncated by a crash is left out.

    Raises:
        UsageError: it cannot be read, or a line is invalid (the message has file:line).
    """
    header, lines = read_stored(path)
    return Answers(header, table(header, lines), path)


def read_stored(path: Path) -> Stored:
    """The same, as header and lines.

    Raises:
        UsageError: it cannot be read, or a line is invalid (the message has file:line).
    """
    first, *lines = read_bounded(path, UsageError, LONGEST).split(b"\n")
    header = _parsed(Header, first, f"{path}:1")
    return Stored(header, _lines(path, header, lines))


def table(header: Header, lines: Mapping[tuple[str, int], Line]) -> pl.DataFrame:
    """Every sample of every probe, with what there is of it; schema `ANSWERS`."""
    keys = ((probe.id, sample) for probe in header.probes for sample in range(header.decoding.samples))
    empty: dict[str, Any] = dict.fromkeys(ANSWERS)
    rows = [
        {**empty, **(lines[key].model_dump() if key in lines else {"probe": key[0], "sample": key[1]})}
        for key in keys
    ]
    return pl.DataFrame(rows, schema=ANSWERS)


def to_line(line: Header | Line) -> bytes:
    """A line of a probe file."""
    return orjson.dumps(line.model_dump(mode="json", exclude_defaults=True) | _always(line)) + b"\n"


def _always(line: Header | Line) -> dict[str, Any]:
    return {"version": line.version} if isinstance(line, Header) else {}


def _lines(path: Path, header: Header, lines: list[bytes]) -> dict[tuple[str, int], Line]:
    known, found = {probe.id for probe in header.probes}, {}
    for number, line in enumerate(lines, 2):
        if not line.strip():
            continue
        try:
            answer = _parsed(Line, line, f"{path}:{number}")
        except UsageError:
            if number <= len(lines):
                raise
            continue  # the last line, which a crash cut off
        if answer.probe not in known or answer.sample >= header.decoding.samples:
            raise UsageError(f"{path}:{number}: answers a probe that was not asked: {answer.probe!r}")
        found[answer.probe, answer.sample] = answer
    return found


def _parsed(kind: type[Made], line: bytes, place: str) -> Made:
    if not line.strip():
        raise UsageError(f"{place}: is empty; a probe file is made by mixguard probe")
    try:
        tree = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise UsageError(
            f"{place}: not a JSON object: {error}; a probe file is made by mixguard probe"
        ) from None
    return checked(kind, tree, UsageError, place)
