"""The findings as the page shows them: how grave, how many, how likely, and three rows of each."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from mixguard.catalogue import BY_ID
from mixguard.library.mechanism import mechanisms
from mixguard.report.html.embedded import short_name, weight
from mixguard.report.html.rows import Listed, gravest, label
from mixguard.run.document import Audit
from mixguard.run.findings import Finding, Severity
from mixguard.run.risks import EVIDENCE
from mixguard.stats import rate, span

ROWS_SHOWN = 3
"""Rows of a finding that it shows itself."""
CARDS_BYTES = 300_000
"""Bytes of the texts that findings show themselves, as encoded in the page."""
STANCES = {"full_refusal": "refused", "partial_refusal": "partly refused", "full_compliance": "answered"}


class Card(NamedTuple):
    """A row with its texts."""

    place: str
    hazard: str | None
    """Its hazard and the probability, in words."""
    stance: str
    language: str | None
    texts: dict[str, list[Any]]
    """By field, in pieces."""


class Told(NamedTuple):
    """A finding, and what the page says of it."""

    finding: Finding
    label: str
    tone: str
    """The class that colours it."""
    counted: str | None
    """How many were counted, and what share is likely."""
    effect: str | None
    """What is known of the mechanism that it measures."""
    cards: list[Card]
    places: str | None
    """Where its rows are that it does not show; None if it shows all of them."""


def told(audit: Audit, listed: Listed) -> list[Told]:
    """What did not pass, gravest first."""
    found, left = [], CARDS_BYTES
    for finding in gravest(audit.findings):
        cards = list(_cards(audit, listed, label(finding)))
        left -= sum(weight(card.texts) for card in cards)
        found.append(_told(audit, finding, cards if left >= 0 else []))
    return found


def _told(audit: Audit, finding: Finding, cards: list[Card]) -> Told:
    return Told(
        finding,
        label(finding),
        tone(finding) if finding.counts else "suppressed",
        _counted(audit, finding),
        _effect(finding),
        cards,
        _places(finding, len(cards)),
    )


def tone(finding: Finding) -> str:
    """The class that colours a finding: red is for harm alone."""
    plain: dict[Severity, str] = {"pass": "pass", "note": "note", "incomplete": "incomplete"}
    harmful = "harm" if finding.kind in ("harm", "attack") else "gap"
    return plain.get(finding.severity, harmful)


def _counted(audit: Audit, finding: Finding) -> str | None:
    """What was counted, and what is likely, which contradict each other only in how sure they are."""
    if not finding.interval or not finding.total:
        return None
    aside = f", {finding.aside:,} of them set aside by review" if finding.aside else ""
    counted = (
        f"Counted: {finding.count:,} of {finding.total:,} ({rate(finding.count, finding.total)}){aside}."
    )
    likely = span(finding.interval, finding.total)
    check = BY_ID.get(finding.id)
    corrected = check is not None and any(case.errors is not None for case in check.cases)
    allowed = ", once the detector's misses and false alarms are allowed for" if corrected else ""
    return f"{counted} Likely: {likely}{allowed} ({100 * audit.config.checks.confidence:g} % interval)."


def _effect(finding: Finding) -> str | None:
    known = mechanisms().get(finding.mechanisms[0]) if finding.mechanisms else None
    return None if known is None else f"{known.effect} ({known.source}; {EVIDENCE[known.known]})"


def _places(finding: Finding, shown: int) -> str | None:
    """The first places, if no row is shown, and how many more there are."""
    if not finding.samples or 0 < finding.count <= shown:
        return None
    if shown:
        return f"{finding.count - shown:,} more"
    told: list[str] = []
    for before, sample in zip((None, *finding.samples), finding.samples[:ROWS_SHOWN], strict=False):
        same = before is not None and before.source == sample.source
        told.append(f"{'' if same else short_name(sample.source)}:{sample.line}")
    more = finding.count - len(told)
    return ", ".join(told) + (f" and {more:,} more" if more > 0 else "")


def _cards(audit: Audit, listed: Listed, name: str) -> Iterator[Card]:
    """The first rows of a finding, if their texts are on the page."""
    columns = listed.columns
    if listed.with_text is None or name not in columns["finding"]:
        return
    first = columns["finding"].index(name)
    for row in range(first, min(first + ROWS_SHOWN, listed.height)):
        texts = {field: columns[field][row] for field in ("system", "prompt", "response")}
        if columns["finding"][row] == name and texts["prompt"] is not None:
            hazard, score = columns["hazard"][row], columns["hazard_score"][row]
            yield Card(
                f"{columns['sources'][columns['source'][row]]}:{columns['line'][row]}",
                None if hazard is None else f"{audit.detectors.hazards.get(hazard, hazard)} {score:.2f}",
                STANCES.get(columns["stance"][row], "not judged"),
                columns["language"][row],
                {field: text for field, text in texts.items() if text is not None},
            )
