"""How far the judge of answers can be trusted: its error on answers of models, where that was measured."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

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
    errors, source = _errors(shipped)
    for axis in axes:
        error = errors.get(axis)
        if error is None:
            told = "expectations of the suite, which are checked by a program and taken as exact"
            yield Detector(axis=axis, error=None, source=told, misread=0.0)
        else:
            right = error.sensitivity if axis == HAZARDOUS else error.specificity
            yield Detector(axis=axis, error=error, source=source, misread=1 - right)


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


def _errors(shipped: Detectors) -> tuple[dict[str, DetectorError], str]:
    path = bundled("taxonomies", "stance") / FILE
    if not path.is_file():
        told = f"{shipped.stance_error.positives + shipped.stance_error.negatives:,} left-out exemplars of answers, not answers of this model"
        return {HAZARDOUS: shipped.stance_error, LOOK_ALIKE: shipped.stance_benign_error}, told
    found = checked(_Measured, read_toml(path, TaxonomyError), TaxonomyError, str(path))
    return {
        HAZARDOUS: DetectorError(**found.hazardous.model_dump()),
        LOOK_ALIKE: DetectorError(**found.look_alike.model_dump()),
    }, found.source
