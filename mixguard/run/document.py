"""The result of a run: what every report and the exit code are projections of."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import polars as pl
from pydantic import Field, ValidationError

from mixguard.config import Config
from mixguard.errors import RunFolderError
from mixguard.model import Model
from mixguard.run import folder as run_folder
from mixguard.run.findings import EXIT_CODES, Allowed, CorpusSummary, Coverage, Finding, Verdict
from mixguard.run.provenance import Detectors, Provenance


class Audit(Model):
    """The result of a run; every report and the exit code are projections of it."""

    version: Literal["mixguard-audit/2"] = run_folder.VERSION
    """Version of this document."""
    verdict: Verdict
    findings: tuple[Finding, ...]
    """Gravest first, those that do not count last; passed checks included."""
    allowed: tuple[Allowed, ...] = ()
    """What became of each entry of the allow file."""
    coverage: tuple[Coverage, ...]
    """One entry per hazard, in taxonomy order."""
    corpus: CorpusSummary
    columns: dict[str, str]
    """Columns of the annotations: name to polars type."""
    detectors: Detectors
    provenance: Provenance
    config: Config
    folder: Path = Field(exclude=True)
    """The run folder; not part of the document."""

    @property
    def exit_code(self) -> int:
        """0 pass or warn, 1 fail, 4 incomplete."""
        return EXIT_CODES[self.verdict]

    @property
    def annotations(self) -> pl.LazyFrame:
        """One row per exchange: the columns of `mixguard.columns`, and those that `marked` adds at the limit in force."""
        return marked(run_folder.scan_annotations(self.folder), self.hazard_limit)

    @property
    def hazard_limit(self) -> float:
        """Hazard probability from which an exchange counts: the configured one, or the calibrated one."""
        return self.detectors.limit(self.config.checks.hazard_limit)

    def to_json(self) -> bytes:
        """The canonical JSON document; it holds no corpus text."""
        return self.model_dump_json(indent=2).encode() + b"\n"

    @classmethod
    def load(cls, folder: Path | str) -> Audit:
        """Read an earlier run.

        Raises:
            RunFolderError: there is no run there, it is half-written, or another version wrote it.
        """
        folder = Path(folder)
        tree = run_folder.read_audit(folder)
        try:
            result = cls.model_validate({**tree, "folder": folder})
        except ValidationError as error:
            raise RunFolderError(
                f"{folder / run_folder.AUDIT}: not as this mixguard writes it ({_first_line(error)}); "
                "audit the corpus again (`mixguard audit`)"
            ) from None
        run_folder.check_annotations(folder, result.corpus.exchanges, result.columns)
        return result


def marked(annotations: pl.LazyFrame, limit: float) -> pl.LazyFrame:
    """Add what follows from the annotations.

    `hazardous` (bool): whether the hazard probability reaches the limit; false where it was not judged. `text_id`: 32
    hex digits of prompt and response, which name an exchange wherever it lies.
    """
    return annotations.with_columns(
        hazardous=(pl.col("hazard_score") >= limit).fill_null(value=False),
        text_id=pl.col("prompt_id").str.head(16) + pl.col("response_id").str.head(16).fill_null(""),
    )


def _first_line(error: ValidationError) -> str:
    problem = error.errors()[0]
    return f"{'.'.join(map(str, problem['loc']))}: {problem['msg']}"
