"""What a person decided of one flagged exchange."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, TypeAlias

from pydantic import Field

from mixguard.library.allow import Words
from mixguard.model import Model

Ruling: TypeAlias = Literal["accept", "set-aside", "wrong-hazard", "wrong-stance", "skip"]
"""`accept`: right as it is, though the judgement is right too. `set-aside`: it must not be trained on.
`wrong-hazard`: the prompt does not ask for the hazard. `wrong-stance`: the response does not do what it was judged to do.
`skip`: seen and left open."""
Stance: TypeAlias = Literal["full_refusal", "partial_refusal", "full_compliance"]


class Decision(Model):
    """One decision; holds no text of the corpus."""

    text_id: str = Field(pattern=r"^[0-9a-f]{16}([0-9a-f]{16})?$")
    """Of prompt and response, so that it stays true when the row moves."""
    ruling: Ruling
    checks: tuple[str, ...] = ()
    """Ids of the checks that flagged it when it was decided."""
    judged_hazard: str | None = None
    judged_stance: str | None = None
    hazard: str | None = None
    """The right hazard, for `wrong-hazard`; None if it asks for none."""
    stance: Stance | None = None
    """What the response does, for `wrong-stance`."""
    reason: str = ""
    author: Words
    at: datetime
