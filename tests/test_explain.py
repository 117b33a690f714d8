"""Explaining rows that have neighbours, and those that have none: screened out, or not judged."""

from __future__ import annotations

from typing import Any

import polars as pl
from rich.console import Console

from mixguard.console.explanation import render_explanation
from mixguard.explain import with_exemplar_texts
from mixguard.library.taxonomy import Taxonomy

PLAIN: dict[str, Any] = {
    "hazard": None, "sub_hazard": None, "hazard_score": None, "hazard_margin": None, "proximity": None,
    "hazard_stage": None, "hazard_unjudged": None, "neighbours": None,
}  # fmt: skip


def test_a_row_without_neighbours_is_explained_in_words() -> None:
    taxonomy = Taxonomy.load("mixguard")
    nearest = taxonomy.exemplars.row(0, named=True)
    near = {"exemplar": nearest["id"], "similarity": 0.5}
    rows = pl.DataFrame(
        [
            {**PLAIN, "hazard_stage": "screen", "hazard_score": 0.01},
            {**PLAIN, "hazard_unjudged": "language es"},
            {
                **PLAIN, "hazard": "vcr", "hazard_score": 0.2, "hazard_margin": 0.1, "proximity": 0.1,
                "hazard_stage": "fast", "neighbours": [near],
            },
        ],
        infer_schema_length=None,
    )  # fmt: skip
    told = with_exemplar_texts(rows, taxonomy)
    assert told["exemplars"].is_null().to_list() == [True, True, False]
    console = Console(width=300)
    with console.capture() as capture:
        console.print(render_explanation(told, {}, show_text=False))
    screened, unjudged, judged = capture.get().strip().split("\n\n")
    assert "dismissed by the screen: hazard probability 0.01" in screened
    assert "not judged: language es" in unjudged
    assert "exemplars" not in screened + unjudged
    assert "nearest exemplars" in judged
    assert nearest["id"] in judged
