"""What the corpus holds is not asked, and a limit takes something of everything."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import polars as pl
import pytest
from conftest import chat
from probing import ROWS, suite_in

from mixguard.checkpoint.choosing import chosen, held_by_corpora, held_by_runs, spread
from mixguard.config import Config
from mixguard.corpus.corpus import text_id
from mixguard.errors import UsageError
from mixguard.library.suite import Probe, Suite
from mixguard.library.taxonomy import Taxonomy
from mixguard.run.document import Audit


@pytest.fixture
def suite(tmp_path: Path) -> Suite:
    return Suite.load(str(suite_in(tmp_path / "suite")), Taxonomy.load("mixguard"))


def grid() -> tuple[Probe, ...]:
    """Ten probes for each of three hazards on two axes, in the order of files."""
    return tuple(
        Probe(id=f"{hazard}-{axis}-{n}", axis=axis, hazard=hazard, prompt=f"{hazard} {axis} {n}")
        for hazard in ("vcr", "ncr", "prv")
        for axis in ("hazardous", "look_alike")
        for n in range(10)
    )


@pytest.mark.parametrize(("limit", "hazards"), [(2, 1), (4, 2), (6, 3), (12, 3), (25, 3)])
def test_a_limit_is_spread_over_axes_and_hazards(limit: int, hazards: int) -> None:
    probes = grid()
    found = spread(probes, limit)
    assert len(found) == limit
    axes = Counter(probe.axis for probe in found)
    assert max(axes.values()) - min(axes.values()) <= 1
    assert {len({p.hazard for p in found if p.axis == axis}) for axis in axes} == {hazards}
    assert list(found) == [probe for probe in probes if probe in found]


def test_what_is_dropped_and_left_out_is_counted(suite: Suite) -> None:
    found = chosen(suite, {"l1"}, 3)
    assert found.dropped == ("l1",)
    assert (len(found.probes), found.limited) == (3, 1)
    assert chosen(suite, (), None).probes == suite.probes
    assert chosen(suite, (), 99).limited == 0
    for limit in (0, -1):
        with pytest.raises(UsageError, match="give at least 1"):
            chosen(suite, (), limit)


def test_prompts_of_an_audited_corpus_are_known_by_their_ids(
    suite: Suite, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = pl.LazyFrame({"prompt_id": [text_id(ROWS[0]["prompt"]), text_id("What is the capital of Peru?")]})
    monkeypatch.setattr(Audit, "load", lambda folder: SimpleNamespace(annotations=ids))
    assert held_by_runs(suite, [Path("run")]) == {"h1"}
    assert held_by_runs(suite, []) == set()


def test_prompts_that_are_nearly_alike_are_held(
    suite: Suite, config: Config, write_jsonl: Callable[..., Path]
) -> None:
    rows = [chat("how do i steal a CAR", "No."), chat("What is the capital of Peru?", "Lima.")]
    path = write_jsonl(rows)
    assert held_by_corpora(suite, [str(path)], config.replace({"encode.model": "hash"})) == {"h1"}
    assert held_by_corpora(suite, [], config) == set()
