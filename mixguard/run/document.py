"""The result of a run: what every report and the exit code are projections of."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import polars as pl
from pydantic import Field, PrivateAttr, ValidationError

from mixguard.config import CheckConfig, Config
from mixguard.errors import RunFolderError, UsageError
from mixguard.model import Model
from mixguard.run import folder as run_folder
from mixguard.run import show
from mixguard.run.findings import EXIT_CODES, Allowed, CorpusSummary, Coverage, Finding, Kind, Verdict
from mixguard.run.provenance import Detectors, Provenance
from mixguard.run.words import decided


class Audit(Model):
    """The result of a run; every report and the exit code are projections of it."""

    version: Literal["mixguard-audit/2"] = run_folder.VERSION
    """Version of this document."""
    verdict: Verdict
    kinds: tuple[Kind, ...]
    """What the findings that decided the verdict are about, gravest first; none where it passed."""
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
    _flagged: pl.LazyFrame | None = PrivateAttr(None)
    """The rows that findings mean, where they are not those that lie in the folder."""

    @property
    def exit_code(self) -> int:
        """0 pass or warn, 1 fail, 4 incomplete."""
        return EXIT_CODES[self.verdict]

    @property
    def annotations(self) -> pl.LazyFrame:
        """One row per exchange, in the order of the corpus: the columns of `columns`, and the marks of `marked`."""
        annotations = run_folder.scan_annotations(self.folder)
        return marked(annotations, self.config.checks, self.detectors)

    @property
    def flagged(self) -> pl.LazyFrame:
        """The rows that findings mean, but for allowed ones: `check`, `subject`, `sample_id`, `exchange`, `score`."""
        return run_folder.read_flagged(self.folder) if self._flagged is None else self._flagged

    def rows(self, check: str, subject: str | None = None) -> pl.DataFrame:
        """The exchanges that a finding means, with their annotations and `score`, what ranks them: highest first.

        Args:
            check: id of the check, e.g. `MG103`.
            subject: one of its subjects, e.g. a trainer rule; all of them where it is left out.

        Raises:
            UsageError: there is no such finding.
        """
        there = {finding.id for finding in self.findings}
        if check not in there:
            raise UsageError(f"no check {check!r}; there are {', '.join(sorted(there))}")
        mine = pl.col("check") == check
        mine = mine if subject is None else mine & (pl.col("subject") == subject)
        keys = self.flagged.filter(mine).select("sample_id", "exchange", "score")
        joined = keys.join(self.annotations, on=["sample_id", "exchange"]).unique(["sample_id", "exchange"])
        return joined.sort(
            "score", "source", "record", "exchange", descending=[True, False, False, False], nulls_last=True
        ).collect()

    def flag(self, rows: pl.LazyFrame) -> None:
        """Say which rows the findings mean, where the folder does not."""
        self._flagged = rows

    @property
    def meaning(self) -> str:
        """The verdict in words, why, and how many findings it leaves out."""
        apart = sum(not finding.counts for finding in self.findings)
        told = decided(self.verdict, self.kinds)
        noun = "finding" if apart == 1 else "findings"
        return f"{told}; {apart} {noun} suppressed" if apart else told

    def __repr__(self) -> str:
        return "\n".join(
            (
                f"Audit {self.verdict}: {self.meaning}",
                f"  {show.corpus_line(self.corpus)}; {show.coverage_line(self.coverage)}",
                f"  {show.findings_line(self.findings)}; in {self.folder}",
            )
        )

    __str__ = __repr__

    def _repr_html_(self) -> str:
        return show.page(self.verdict, self.meaning, self.corpus, self.coverage, self.findings)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Audit) and self.__dict__ == other.__dict__

    def __hash__(self) -> int:
        return hash(self.folder)

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


def marked(annotations: pl.LazyFrame, config: CheckConfig, detectors: Detectors) -> pl.LazyFrame:
    """Add what follows from annotations and limits; the marks are false where nothing was judged.

    `hazardous`: the hazard probability reaches the limit. `benign`: it stays below `checks.benign_below`. `near_harm`:
    close to violating exemplars without being hazardous. `foreign`: in a language that the encoder does not speak.
    `text_id`: 32 hex digits of prompt and response, which name an exchange wherever it lies.
    """
    hazardous = pl.col("hazard_score") >= detectors.limit(config.hazard_limit)
    marks = {
        "hazardous": hazardous,
        "benign": pl.col("hazard_score") < config.benign_below,
        "near_harm": (pl.col("proximity") >= detectors.proximity_limit) & ~hazardous,
        "foreign": pl.col("language") != detectors.language,
    }
    texts = pl.col("prompt_id").str.head(16) + pl.col("response_id").str.head(16).fill_null("")
    filled = (mark.fill_null(value=False).alias(name) for name, mark in marks.items())
    return annotations.with_columns(*filled, text_id=texts)


def _first_line(error: ValidationError) -> str:
    problem = error.errors()[0]
    return f"{'.'.join(map(str, problem['loc']))}: {problem['msg']}"
