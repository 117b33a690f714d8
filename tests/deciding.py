"""Decisions of a review."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from building import digest

from mixguard.review.decision import Decision

AT = datetime(2026, 6, 15, 12, tzinfo=UTC)


def decided(ruling: str = "accept", text: str = "a row", *, after: int = 0, **values: Any) -> Decision:
    """A decision of Ann on an exchange, so many seconds after the first."""
    given = {"text_id": digest(text), "author": "Ann", "at": AT + timedelta(seconds=after), **values}
    return Decision.model_validate({"checks": ("MG103",), "ruling": ruling, **given})


def by_text(*decisions: Decision) -> dict[str, Decision]:
    """Decisions as a journal has them."""
    return {each.text_id: each for each in decisions}
