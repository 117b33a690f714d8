"""The columns of a run: what each step adds, in one place.

Text exists only in batches in memory. Files on disk hold text ids, never text.
"""

from __future__ import annotations

import polars as pl

EXCHANGE = pl.Schema(
    {
        "sample_id": pl.String(),  # 16 hex digits: a hash of the record's place and bytes
        "exchange": pl.UInt32(),  # 0-based number of the exchange within its sample
        "kind": pl.String(),  # exchange | prompt (no trained response) | document (no roles)
        "polarity": pl.Int8(),  # +1 trained towards, -1 trained away from, 0 not trained
        "source": pl.String(),
        "line": pl.Int64(),
        "record": pl.Int64(),  # 0-based number of the record within its source
        "format": pl.String(),
        "flags": pl.List(pl.String),  # ids of trainer rules and oddities the sample trips
        "prompt_id": pl.String(),  # 32 hex digits that identify the text
        "response_id": pl.String(),
        "prompt_chars": pl.UInt32(),
        "response_chars": pl.UInt32(),
    }
)
"""What the corpus knows about an exchange; written to disk."""

TURN = pl.Struct({"role": pl.String, "text": pl.String})

TEXT = pl.Schema(
    {
        "prompt": pl.String(),
        "response": pl.String(),  # null if nothing is trained
        "reasoning": pl.String(),
        "tool_call": pl.Boolean(),  # whether the response calls a tool
        "system": pl.String(),  # null if there is none
        "earlier": pl.List(TURN),  # the last `EARLIER` user and assistant turns before the prompt
        "tools": pl.String(),  # tool calls and results within the exchange, null if there are none
    }
)
"""Only in batches in memory: the texts to judge."""

NEIGHBOUR = pl.Struct({"exemplar": pl.String, "similarity": pl.Float32})

HAZARD = pl.Schema(
    {
        "hazard": pl.String(),  # most probable hazard, whatever its probability
        "hazard_score": pl.Float32(),  # calibrated probability that the prompt violates any hazard
        "hazards": pl.List(pl.Struct({"hazard": pl.String(), "score": pl.Float32})),  # every hazard above 5 %
        "hazard_window": pl.UInt32(),  # index of the most hazardous window of the text
        "hazard_part": pl.String(),  # first | last: it is this line of a long prompt, judged apart from the input; else null
        "hazard_stage": pl.String(),  # the stage that decided: screen | fast | careful | endpoint
        "text_kind": pl.String(),  # kind of the plain or background exemplar nearest to it, e.g. request, document
        "hazard_unjudged": pl.String(),  # why there is no verdict, null if there is one
    }
)

SCREENED = pl.Schema(
    {
        "screen": pl.String(),  # dismissed (not judged further) | sampled (dismissed, and judged nevertheless); null if not
        "screen_score": pl.Float32(),  # the screen's own probability of any hazard; null without a screen
    }
)

NEIGHBOURS = pl.Schema(
    {
        "sub_hazard": pl.String(),  # sub-hazard of the nearest exemplar that violates the hazard
        "hazard_margin": pl.Float32(),  # how much nearer violating exemplars are than benign ones, in cosine
        "neighbours": pl.List(NEIGHBOUR),  # of the most hazardous window, nearest first
    }
)

STANCE = pl.Schema(
    {
        "stance": pl.String(),  # full_refusal | partial_refusal | full_compliance, null if not judged
        "stance_score": pl.Float32(),  # calibrated probability of a full or partial refusal
        "stance_start": pl.UInt32(),  # character span of the response that decided
        "stance_end": pl.UInt32(),
        "stance_note": pl.String(),  # what else was seen, e.g. inability
        "stance_unjudged": pl.String(),  # why there is no verdict, null if there is one
    }
)
