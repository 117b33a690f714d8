"""How much each exemplar counts when a hazard model is fitted."""

from __future__ import annotations

from pathlib import Path

from building import EXEMPLAR, small_taxonomy

from mixguard.curate.taxonomy_add import keep, spelt_out
from mixguard.fit.hazard import PLAIN_WEIGHT, importance
from mixguard.library.exemplars import Exemplar
from mixguard.library.taxonomy import Taxonomy


def test_look_alikes_that_a_taxonomy_adds_weigh_as_plain_requests(tmp_path: Path) -> None:
    base, ours = small_taxonomy(tmp_path / "base"), tmp_path / "ours"
    added = Exemplar.model_validate(
        {**EXEMPLAR, "id": "", "text": "What is for lunch at the reactor?", "label": "benign"}
    )
    keep(ours, str(base), Path("exemplars/added.jsonl"), spelt_out([added]))
    before, after = (Taxonomy.load(str(folder)) for folder in (base, ours))
    kind = [f"{row['label']} {row['hazard']}" for row in after.exemplars.iter_rows(named=True)]
    look_alikes = importance(after)[[number for number, each in enumerate(kind) if each == "benign xyz"]]
    assert look_alikes[-1] == PLAIN_WEIGHT
    assert max(look_alikes[:-1]) < 1
    assert before.digest() != after.digest()
