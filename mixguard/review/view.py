"""One row as the page shows it: texts in pieces, and why it was judged and flagged as it was."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from mixguard.escape import one_line, plain
from mixguard.library.taxonomy import Hazard
from mixguard.marks import Mark, marks, pieces
from mixguard.report.html.embedded import short_name
from mixguard.review.decision import Decision
from mixguard.review.reading import Row
from mixguard.run.findings import Finding

STAGES = {
    "screen": "the screen, by its words alone",
    "fast": "the fast stage",
    "careful": "the careful stage",
    "endpoint": "your own judge",
}
STANCES = {"full_refusal": "refused", "partial_refusal": "partially refused", "full_compliance": "answered"}
RULINGS = {
    "accept": "accepted",
    "set-aside": "set aside",
    "wrong-hazard": "wrong hazard",
    "wrong-stance": "wrong stance",
    "skip": "skipped",
}
MESSAGE = 300
"""Characters of what a finding says."""
EXEMPLAR = 600
"""Characters of an exemplar."""


def view(
    row: Row,
    findings: Sequence[Finding],
    hazards: Mapping[str, Hazard],
    taken: Sequence[Decision],
    words: Sequence[Mark] | None = None,
) -> dict[str, Any]:
    """The row as JSON; every text in it is harmless where it is shown as text.

    Args:
        row: as `Reading.row` gives it.
        findings: those that flag it, gravest first.
        hazards: the taxonomy's, by code.
        taken: what was decided of it: the decision that holds, then those that it overruled.
        words: those that decided its hazard; None if they were not measured.
    """
    return {
        "id": row["text_id"],
        "place": place(row),
        "path": f"{short_name(row['source'])}:{row['line']}",
        "exchange": row["exchange"],
        "rejected": row["polarity"] == -1,
        "language": row["language"],
        "hazard": _hazard(row, hazards),
        "stance": _stance(row),
        "flags": [_flag(finding) for finding in findings],
        "texts": texts(row, {finding.id for finding in findings}, words) if row["read"] else None,
        "measured": words is not None,
        "exemplars": [_exemplar(each, hazards) for each in row.get("exemplars") or ()],
        "taken": [_taken(decision, hazards) for decision in taken],
    }


def place(row: Row) -> str:
    """Where a row is, by the last part of its file's name."""
    return f"{short_name(row['source'].rstrip('/').rpartition('/')[2])}:{row['line']}"


def _hazard(row: Row, hazards: Mapping[str, Hazard]) -> dict[str, Any]:
    if row["hazard_unjudged"]:
        return {"unjudged": row["hazard_unjudged"]}
    return {
        "code": row["hazard"],
        "name": _name(row["hazard"], hazards),
        "sub": row["sub_hazard"],
        "score": row["hazard_score"],
        "touched": row["hazardous"],
        "stage": STAGES.get(row["hazard_stage"], row["hazard_stage"]),
    }


def _stance(row: Row) -> dict[str, Any]:
    if row["stance_unjudged"]:
        return {"unjudged": row["stance_unjudged"]}
    return {
        "words": STANCES.get(row["stance"], row["stance"]),
        "score": row["stance_score"],
        "note": row["stance_note"],
    }


def _flag(finding: Finding) -> dict[str, Any]:
    message = one_line(finding.message)
    return {
        "check": finding.id,
        "name": finding.name,
        "severity": finding.severity,
        "message": message if len(message) <= MESSAGE else f"{message[: MESSAGE - 1]}…",
    }


def texts(row: Row, checks: Collection[str], words: Sequence[Mark] | None) -> dict[str, Any]:
    """By column: `pieces`, each a text and what it shows (null for most), and `cut`, the characters left out."""
    found = marks(checks, row, row, words)
    shown = {
        name: {"pieces": list(_pieces(row[name], name, found)), "cut": row["cut"].get(name, 0)}
        for name in ("system", "prompt", "response", "reasoning", "tools")
        if row[name] is not None
    }
    earlier = [
        {"role": plain(turn["role"] or ""), "text": plain(turn["text"] or "")}
        for turn in row["earlier"] or ()
    ]
    return {**shown, "earlier": earlier}


def _pieces(text: str, field: str, found: Sequence[Mark]) -> Iterator[list[str | None]]:
    for piece in pieces(text, field, found):
        mark = piece.mark
        told = (
            None if mark is None else one_line(f"{mark.words} ({mark.check})" if mark.check else mark.words)
        )
        yield [plain(piece.text), told, mark.kind if mark else None]


def _exemplar(each: Mapping[str, Any], hazards: Mapping[str, Hazard]) -> dict[str, Any]:
    text = plain(each["text"] or "")
    return {
        "label": each["label"],
        "hazard": _name(each["of"], hazards) if each["of"] else None,
        "similarity": each["similarity"],
        "text": text if len(text) <= EXEMPLAR else f"{text[: EXEMPLAR - 1]}…",
    }


def _taken(decision: Decision, hazards: Mapping[str, Hazard]) -> dict[str, Any]:
    right = decision.stance and STANCES.get(decision.stance)
    if decision.ruling == "wrong-hazard":
        right = _name(decision.hazard, hazards) if decision.hazard else "none"
    return {
        "ruling": decision.ruling,
        "words": RULINGS[decision.ruling],
        "right": right,
        "reason": one_line(decision.reason),
        "author": one_line(decision.author),
    }


def _name(code: str | None, hazards: Mapping[str, Hazard]) -> str | None:
    return one_line(hazards[code].name) if code is not None and code in hazards else code
