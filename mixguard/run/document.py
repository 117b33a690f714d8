"""The result of a run."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import polars as pl
from pydantic import Field, PrivateAttr, ValidationError

from mixguard.config import CheckConfig, Config
from mixguard.errors import RunFolderError, UsageError
from mixguard.model import Model
from mixguard.remote import named
from mixguard.run import elsewhere, show
from mixguard.run import folder as run_folder
from mixguard.run.findings import (
    EXIT_CODES,
    Advice,
    Allowed,
    AsideUse,
    CorpusSummary,
    Coverage,
    Finding,
    Kind,
    Nature,
    Verdict,
)
from mixguard.run.provenance import Detectors, Provenance
from mixguard.run.words import decided


class Audit(Model):
    """The result of a run; every report and the exit code are projections of it."""

    version: Literal["mixguard-audit/3"] = run_folder.VERSION
    """Version of this document."""
    verdict: Verdict
    kinds: tuple[Kind, ...]
    """Kinds of the findings that decided the verdict, most severe first; empty if it passed."""
    nature: Nature = "ordinary"
    """What the corpus is made of."""
    findings: tuple[Finding, ...]
    """Most severe first, suppressed ones last; passed checks included."""
    allowed: tuple[Allowed, ...] = ()
    """The outcome of each allow file entry."""
    set_aside: tuple[AsideUse, ...] = ()
    """The outcome of each set-aside file entry."""
    coverage: tuple[Coverage, ...]
    """One entry per hazard, in taxonomy order."""
    training_advice: tuple[Advice, ...] = ()
    """What to change in the training plan, most severe first; empty if none was stated."""
    corpus: CorpusSummary
    columns: dict[str, str]
    """Columns of the annotations: name to polars type."""
    detectors: Detectors
    provenance: Provenance
    config: Config
    folder: Path = Field(exclude=True)
    """The run folder; not part of the document."""
    _flagged: tuple[pl.LazyFrame, ...] | None = PrivateAttr(None)
    """The flagged rows of each finding; override those stored in the folder."""

    @property
    def exit_code(self) -> int:
        """0 pass or warn, 1 fail, 4 incomplete."""
        return EXIT_CODES[self.verdict]

    @property
    def annotations(self) -> pl.LazyFrame:
        """One row per exchange, in corpus order: the columns of `columns`, plus those added by `marked`."""
        annotations = run_folder.scan_annotations(self.folder)
        return marked(annotations, self.config.checks, self.detectors)

    @property
    def flagged(self) -> pl.LazyFrame:
        """Rows of findings, without allowed ones: `check`, `subject`, `sample_id`, `exchange`, `score`."""
        return run_folder.read_flagged(self.folder) if self._flagged is None else pl.concat(self._flagged)

    def rows(self, check: str, subject: str | None = None) -> pl.DataFrame:
        """The exchanges that a finding refers to, with their annotations, ranked by `score`, highest first.

        Args:
            check: ID of the check, e.g. `MG103`.
            subject: one of its subjects, e.g. a trainer rule; all of them if omitted.

        Raises:
            UsageError: the check is unknown.
        """
        there = {finding.id for finding in self.findings}
        if check not in there:
            raise UsageError(f"unknown check {check!r}; use one of {', '.join(sorted(there))}")
        mine = pl.col("check") == check
        mine = mine if subject is None else mine & (pl.col("subject") == subject)
        keys = self.flagged.filter(mine).select("sample_id", "exchange", "score")
        joined = keys.join(self.annotations, on=["sample_id", "exchange"]).unique(["sample_id", "exchange"])
        return joined.sort(
            "score", "source", "record", "exchange", descending=[True, False, False, False], nulls_last=True
        ).collect()

    def flag(self, rows: tuple[pl.LazyFrame, ...]) -> None:
        """Set the flagged rows, those of each finding apart, overriding those stored in the folder."""
        self._flagged = rows

    def keep_flagged(self, folder: Path) -> None:
        """Write the flagged rows that were set to a run folder."""
        run_folder.write_flagged(folder, self._flagged or ())

    @property
    def meaning(self) -> str:
        """The verdict in words, why, and how many findings are suppressed."""
        apart = sum(not finding.counts for finding in self.findings)
        told = decided(self.verdict, self.findings)
        noun = "finding" if apart == 1 else "findings"
        return f"{told}; {apart} {noun} suppressed" if apart else told

    def __repr__(self) -> str:
        return "\n".join(
            (
                f"Audit {self.verdict}: {self.meaning}",
                f"  {show.corpus_line(self.corpus)}; {show.coverage_line(self.coverage)}",
                f"  {show.findings_line(self.findings)}; in {named(self.folder)}",
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
        """Hazard probability threshold: the configured one, or else the calibrated one."""
        return self.detectors.limit(self.config.checks.hazard_limit)

    def to_json(self) -> bytes:
        """The canonical JSON document; contains no corpus text."""
        return self.model_dump_json(indent=2).encode() + b"\n"

    @classmethod
    def load(cls, folder: Path | str) -> Audit:
        """Load an earlier run; a remote one is fetched, and `folder` is then where its copy lies.

        Raises:
            RunFolderError: the run is missing, half-written, or written by another version.
        """
        folder = elsewhere.here(folder)
        tree = run_folder.read_audit(folder)
        try:
            result = cls.model_validate({**tree, "folder": folder})
        except ValidationError as error:
            raise RunFolderError(
                f"{folder / run_folder.AUDIT}: does not match this mixguard version ({_first_line(error)}); "
                "audit the corpus again (`mixguard audit`)"
            ) from None
        run_folder.check_annotations(folder, result.corpus.exchanges, result.columns)
        return result


def marked(annotations: pl.LazyFrame, config: CheckConfig, detectors: Detectors) -> pl.LazyFrame:
    """Add columns derived from annotations and limits; marks are false for unjudged exchanges.

    `hazardous`: the hazard probability reaches the limit. `benign`: it is below `checks.benign_below`.
    `near_harm`: close to violating exemplars but not hazardous. `foreign`: in a language the encoder does not
    support. `text_id`: 32 hex digits identifying prompt and response, wherever the row is.
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
