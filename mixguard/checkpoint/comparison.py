"""The result of a comparison: what a model did before tuning and after it, and what that says."""

from __future__ import annotations

from pathlib import Path
from typing import Final, Literal

import orjson
from pydantic import Field, ValidationError

from mixguard.checkpoint import comparison_shown
from mixguard.checkpoint.conditions import Arm, Asked, CorpusHeld, Detector, Rule
from mixguard.checkpoint.results import EXIT_CODES, Opening, Outcome, ProbeOutcome, Result, Verdict
from mixguard.checkpoint.second import SecondJudge
from mixguard.errors import UsageError
from mixguard.files import read_bounded
from mixguard.model import Model

VERSION: Final = "mixguard-comparison/1"


class Comparison(Model):
    """The result of a comparison; every report and the exit code are projections of it. It holds no answers."""

    version: Literal["mixguard-comparison/1"] = VERSION
    """Version of this document."""
    made: str
    """When it was made, ISO 8601, UTC."""
    verdict: Verdict
    sentence: str
    """The verdict in words."""
    base: Arm
    tuned: Arm
    repeats: tuple[Arm, ...] = ()
    """The base asked again, for the noise."""
    asked: Asked
    allowed: tuple[str, ...] = ()
    """Conditions that differ between the two and were allowed to: at most `server`."""
    rule: Rule
    results: tuple[Result, ...]
    """One entry per axis, each followed by its hazards in taxonomy order."""
    openings: tuple[Opening, ...] = ()
    """By axis, hazardous first; empty if not measured in both models."""
    probes: tuple[ProbeOutcome, ...]
    """In the order of the probe files."""
    detectors: tuple[Detector, ...]
    """One entry per axis."""
    second: SecondJudge | None = None
    """A served model that judged the same answers; null if none was named."""
    corpus: CorpusHeld | None = None
    """What the corpus held; null if no run or manifest was given."""
    notes: tuple[str, ...] = ()
    """What else must be known to read it: caveats, what could not be seen, advice."""
    versions: dict[str, str] = Field(default={})
    """Version by package of what judged, including Python and mixguard."""

    @property
    def exit_code(self) -> int:
        """1 for a regression, whatever else was unseen; 0 if none was found; else 4."""
        return EXIT_CODES[self.verdict]

    @property
    def axes(self) -> tuple[Result, ...]:
        """The results of whole axes."""
        return tuple(result for result in self.results if result.hazard is None)

    def hazards(self, axis: str) -> tuple[Result, ...]:
        """The results of an axis's hazards, in taxonomy order."""
        return tuple(result for result in self.results if result.axis == axis and result.hazard is not None)

    def became(
        self, outcome: Outcome, axis: str | None = None, hazard: str | None = None
    ) -> tuple[ProbeOutcome, ...]:
        """The probes with an outcome, on one axis and of one hazard if named."""
        return tuple(
            probe
            for probe in self.probes
            if probe.outcome == outcome and axis in (None, probe.axis) and hazard in (None, probe.hazard)
        )

    @property
    def lines(self) -> tuple[str, ...]:
        """The verdict and each axis, a sentence each."""
        return (self.sentence, *(result.sentence for result in self.axes))

    def __repr__(self) -> str:
        return "\n  ".join([f"Comparison {self.verdict}: {self.sentence}", *self.lines[1:]])

    __str__ = __repr__

    def _repr_html_(self) -> str:
        return comparison_shown.page(self.verdict, self.sentence, self.axes)

    def to_json(self) -> bytes:
        """The canonical JSON document; contains no answers."""
        return self.model_dump_json(indent=2).encode() + b"\n"

    @classmethod
    def load(cls, path: Path) -> Comparison:
        """Read a comparison that was written as JSON.

        Raises:
            UsageError: it cannot be read, or another version wrote it.
        """
        try:
            return cls.model_validate(orjson.loads(read_bounded(path, UsageError)))
        except (ValidationError, orjson.JSONDecodeError) as error:
            first = error.errors()[0] if isinstance(error, ValidationError) else None
            why = f"{'.'.join(map(str, first['loc']))}: {first['msg']}" if first else str(error)
            raise UsageError(
                f"{path}: not a comparison that this version can read ({why}); run `mixguard compare` again"
            ) from None
