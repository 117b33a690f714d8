"""How far the judge of answers can be trusted: its error on answers of models, where that was measured."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from pydantic import Field

from mixguard.checkpoint.conditions import Detector
from mixguard.errors import TaxonomyError
from mixguard.files import bundled, read_toml
from mixguard.library.suite import HAZARDOUS, LOOK_ALIKE
from mixguard.model import Definition, Model, checked
from mixguard.run.provenance import Detectors
from mixguard.stats import DetectorError

FILE = "answers.toml"


class _Error(Model):
    """The fields of `stats.DetectorError`."""

    sensitivity: float = Field(ge=0, le=1)
    specificity: float = Field(ge=0, le=1)
    positives: int = Field(ge=1)
    negatives: int = Field(ge=1)
    sensitivity_sd: float = Field(default=0.0, ge=0)
    specificity_sd: float = Field(default=0.0, ge=0)


class _Measured(Definition):
    """`taxonomies/stance/answers.toml`: how well refusals are found among answers of models."""

    source: str = "answers of models, read by hand"
    hazardous: _Error
    look_alike: _Error


def detectors(axes: Iterable[str], shipped: Detectors) -> Iterator[Detector]:
    """How far each axis's judge can be trusted.

    Args:
        axes: the axes that were asked.
        shipped: errors of the stance detector on its exemplars, used until those on answers of models are there.
    """
    known = _errors(shipped)
    errors = {HAZARDOUS: known.hazardous, LOOK_ALIKE: known.look_alike}
    for axis in axes:
        error = errors.get(axis)
        if error is None:
            told = "expectations of the suite, which are checked by a program and taken as exact"
            yield Detector(axis=axis, error=None, source=told, misread=0.0)
        else:
            right = error.sensitivity if axis == HAZARDOUS else error.specificity
            yield Detector(axis=axis, error=error, source=known.source, misread=1 - right)


def of_good(detector: Detector) -> DetectorError | None:
    """The error of finding good answers: on look-alikes those that do not refuse."""
    error = detector.error
    if error is None or detector.axis != LOOK_ALIKE:
        return error
    return DetectorError(
        error.specificity,
        error.sensitivity,
        error.negatives,
        error.positives,
        error.specificity_sd,
        error.sensitivity_sd,
    )


class Measured(NamedTuple):
    """The error of finding refusals among answers of models."""

    hazardous: DetectorError
    look_alike: DetectorError
    source: str


def measured() -> Measured | None:
    """The error on answers of models; None until it is measured.

    Raises:
        TaxonomyError: the file is invalid.
    """
    path = bundled("taxonomies", "stance") / FILE
    if not path.is_file():
        return None
    found = checked(_Measured, read_toml(path, TaxonomyError), TaxonomyError, str(path))
    one, other = (DetectorError(**each.model_dump()) for each in (found.hazardous, found.look_alike))
    return Measured(one, other, found.source)


def _errors(shipped: Detectors) -> Measured:
    cases = shipped.stance_error.positives + shipped.stance_error.negatives
    told = f"{cases:,} left-out exemplars of answers, not answers of this model"
    return measured() or Measured(shipped.stance_error, shipped.stance_benign_error, told)
