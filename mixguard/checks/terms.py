"""What checks, plan and reports say of exchanges, as expressions over the annotations and their marks."""

from __future__ import annotations

import polars as pl

TRAINED = pl.col("polarity") == 1
"""Trained towards."""
HAZARDOUS = pl.col("hazardous")
BENIGN = pl.col("benign")
NEAR_HARM = pl.col("near_harm")
JUDGED = pl.col("stance").is_not_null()
"""What the response does could be told."""
REFUSES = pl.col("stance") == "full_refusal"
COMPLIES = (pl.col("stance") == "full_compliance") & pl.col("stance_note").ne_missing("inability")
"""Does as asked; a missing fact or tool is another reason not to."""
