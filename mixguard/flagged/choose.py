"""Which rows of a run's findings are asked for, each once, with why it was flagged in words."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple

import polars as pl

from mixguard.catalogue import BY_ID
from mixguard.errors import UsageError, meant
from mixguard.run.document import Audit
from mixguard.run.findings import Finding
from mixguard.run.show import counting
from mixguard.signals import SIGNALS

EXCHANGE = ["sample_id", "exchange"]
_ABOUT = {signal.check.id: signal.about for signal in SIGNALS}


class Wanted(NamedTuple):
    """Which rows are asked for; what is empty or None leaves none out."""

    checks: Sequence[str] = ()
    """Ids of checks; empty for all findings that count."""
    subjects: Collection[str] = ()
    hazards: Collection[str] = ()
    """Codes of hazards that the prompt touches."""
    source: str | None = None
    """Name of a file, as the run has it."""
    least: float | None = None
    """Score within the finding."""
    limit: int | None = None
    """Most rows, the gravest."""


def choose(audit: Audit, wanted: Wanted) -> pl.DataFrame:
    """The exchanges asked for, those of the gravest finding first, highest score first.

    Returns:
        The annotations, with `check` and `score` of the gravest finding that has the row, `checks` (all of them that were
        asked for) and `reason` (why, in words).

    Raises:
        UsageError: the run has no such check, subject, hazard or source.
    """
    findings = _findings(audit, wanted)
    _check(audit, findings, wanted)
    rows = _rows(audit, findings).filter(_filters(wanted))
    why = rows.group_by(EXCHANGE, maintain_order=True).agg(
        pl.col("check").unique(maintain_order=True).alias("checks"),
        pl.col("why").unique(maintain_order=True).str.join("; "),
    )
    once = rows.drop("why").unique(EXCHANGE, keep="first", maintain_order=True)
    told = once.join(why, on=EXCHANGE, maintain_order="left")
    reasoned = told.with_columns(reason=pl.concat_str("why", _judged(), separator=". ", ignore_nulls=True))
    return reasoned.drop("why").head(len(told) if wanted.limit is None else wanted.limit)


def _findings(audit: Audit, wanted: Wanted) -> list[Finding]:
    if not wanted.checks:
        return counting(audit.findings)
    known = {finding.id for finding in audit.findings}
    there = ", ".join(sorted({finding.id for finding in audit.findings if finding.count})) or "none"
    for check in wanted.checks:
        if check not in known:
            raise UsageError(
                f"--check {check}: not a check of this run{meant(check, known)}; checks that flag rows: {there}"
            )
    return [finding for finding in audit.findings if finding.id in wanted.checks]


def _check(audit: Audit, findings: Sequence[Finding], wanted: Wanted) -> None:
    """Refuse names that choose nothing because they are misspelled."""
    subjects = {finding.subject for finding in findings if finding.subject}
    named: tuple[tuple[str, Collection[str], Collection[str]], ...] = (
        ("--subject", wanted.subjects, subjects),
        ("--hazard", wanted.hazards, audit.detectors.hazards),
        ("--source", [wanted.source] if wanted.source else [], audit.corpus.sources),
    )
    for option, asked, known in named:
        for name in asked:
            if name not in known:
                there = ", ".join(sorted(known)) or "none here"
                raise UsageError(
                    f"{option} {name}: is not in these findings or this run{meant(name, known)}; there are: {there}"
                )


def _rows(audit: Audit, findings: Sequence[Finding]) -> pl.DataFrame:
    """The rows of all findings, one after the other; what several flag stands there several times."""
    frames = [
        audit.rows(finding.id, finding.subject).with_columns(
            check=pl.lit(finding.id),
            subject=pl.lit(finding.subject, pl.String),
            why=pl.lit(why_flagged(finding)),
        )
        for finding in findings
        if finding.count
    ]
    if frames:
        return pl.concat(frames)
    texts = {"check": pl.String, "subject": pl.String, "why": pl.String, "score": pl.Float64}
    return (
        audit.annotations.head(0)
        .collect()
        .with_columns(pl.lit(None, kind).alias(name) for name, kind in texts.items())
    )


def why_flagged(finding: Finding) -> str:
    """Why a finding flags a row, in a few words."""
    check = BY_ID.get(finding.id)
    aside = check.aside.words if check and check.aside else None
    about = _ABOUT.get(finding.id) or aside or finding.name.replace("-", " ")
    subject = f" ({finding.subject})" if finding.subject else ""
    return f"{finding.id} {finding.name}{subject}: {about}"


def _filters(wanted: Wanted) -> pl.Expr:
    kept = [pl.lit(value=True)]
    if wanted.subjects:
        kept.append(pl.col("subject").is_in(list(wanted.subjects)))
    if wanted.hazards:
        kept.append(pl.col("hazardous") & pl.col("hazard").is_in(list(wanted.hazards)))
    if wanted.source is not None:
        kept.append(pl.col("source") == wanted.source)
    if wanted.least is not None:
        kept.append((pl.col("score") >= wanted.least).fill_null(value=False))
    return pl.all_horizontal(kept)


def _judged() -> pl.Expr:
    """What was judged of prompt and response, in words; null if neither says anything."""
    score = pl.col("hazard_score").cast(pl.Decimal(5, 2)).cast(pl.String)
    hazard = pl.concat_str("hazard", "sub_hazard", separator=" / ", ignore_nulls=True)
    touches = pl.when("hazardous").then(pl.format("The prompt touches {}, probability {}", hazard, score))
    does = pl.col("stance").replace_strict(
        {
            "full_refusal": "The response refuses",
            "partial_refusal": "The response refuses in part",
            "full_compliance": "The response complies",
        },
        default=None,
        return_dtype=pl.String,
    )
    return pl.concat_str(touches, does, separator=". ", ignore_nulls=True)
