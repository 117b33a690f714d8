"""What a person decided of one flagged exchange."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import AwareDatetime, Field

from mixguard.library.entries import RowId, Words
from mixguard.model import Model

Ruling: TypeAlias = Literal["accept", "set-aside", "wrong-hazard", "wrong-stance", "skip"]
"""`accept`: right as it is, though the judgement is right too. `set-aside`: it must not be trained on.
`wrong-hazard`: the prompt does not ask for the hazard. `wrong-stance`: the response does not do what it was judged to do.
`skip`: seen and left open."""
Name = Annotated[str, Field(max_length=100)]
REASON_LONGEST = 2000
"""Characters; journals are read from other people too."""
Stance: TypeAlias = Literal["full_refusal", "partial_refusal", "full_compliance"]


class Decision(Model):
    """One decision; holds no text of the corpus."""

    text_id: RowId
    """Of prompt and response, so that it stays true when the row moves."""
    ruling: Ruling
    checks: tuple[Name, ...] = Field(default=(), max_length=100)
    """Ids of the checks that flagged it when it was decided."""
    judged_hazard: Name | None = None
    judged_stance: Name | None = None
    hazard: Name | None = None
    """The right hazard, for `wrong-hazard`; None if it asks for none."""
    stance: Stance | None = None
    """What the response does, for `wrong-stance`."""
    reason: str = Field(default="", max_length=REASON_LONGEST)
    author: Annotated[Words, Field(max_length=200)]
    at: AwareDatetime
