"""What checks, the plan and reports say about exchanges, as expressions over annotations and marks."""

from __future__ import annotations

import polars as pl

TRAINED = pl.col("polarity") == 1
"""Trained towards."""
DOCUMENT = pl.col("kind") == "document"
"""Text without roles, which neither asks nor answers."""
HAZARDOUS = pl.col("hazardous")
BENIGN = pl.col("benign")
NEAR_HARM = pl.col("near_harm")
JUDGED = pl.col("stance").is_not_null()
"""Its stance was judged."""
SOUND = pl.col("stance_note").ne_missing("incoherent")
REFUSES = (pl.col("stance") == "full_refusal") & SOUND
COMPLIES = (pl.col("stance") == "full_compliance") & pl.col("stance_note").ne_missing("inability") & SOUND
"""Does what was asked; lacking a fact or a tool, or broken text, is neither refusing nor complying."""
