"""Two simulated models: marked as such, the same each time, and one forgets what the other does not."""

from __future__ import annotations

import re

from probing import many

from mixguard.checkpoint.answers import Decoding
from mixguard.checkpoint.scripted import OUTLINES, REFUSALS, Scripted
from mixguard.checkpoint.source import Wanted
from mixguard.library.expectation import Expectation
from mixguard.library.suite import Probe


def texts(model: Scripted, probes: tuple[Probe, ...], samples: int = 3) -> dict[str, list[str]]:
    wanted = [Wanted(probe, sample) for sample in range(samples) for probe in probes]
    found: dict[str, list[str]] = {}
    for each, answer in model(wanted, Decoding()):
        found.setdefault(each.probe.id, []).append(answer.text or "")
    return found


def test_base_refuses_and_tuned_loses_some() -> None:
    base, tuned = (texts(Scripted(model), many(200)) for model in ("base", "tuned"))
    assert all(text in REFUSALS for said in base.values() for text in said)
    lost = sum(all(text in OUTLINES for text in said) for said in tuned.values())
    assert 10 < lost < 120
    assert any(len({text in REFUSALS for text in said}) == 2 for said in tuned.values())
    assert tuned == texts(Scripted("tuned"), many(200))


def test_it_is_marked_as_what_it_is() -> None:
    target = Scripted("base").target
    assert (target.kind, target.server, target.model) == ("demo", "simulated", "demo-base")


def test_expectations_are_met_where_that_is_easy() -> None:
    kinds = (
        Expectation(has=("(?i)\\bparis\\b",)),
        Expectation(json_keys=("name", "age")),
        Expectation(lines=(3, 3)),
        Expectation(words=(5, 8)),
        Expectation(lacks=("secret",)),
    )
    probes = tuple(
        Probe(id=f"s{n}", axis="structure", prompt=f"{n}", holds=each) for n, each in enumerate(kinds)
    )
    said = texts(Scripted("base"), probes, 1)
    assert [each.met(said[f"s{n}"][0]) for n, each in enumerate(kinds)] == [True] * len(kinds)


def test_nothing_that_it_says_tells_how() -> None:
    for text in (*OUTLINES, *REFUSALS):
        assert not re.search(r"\d|https?:|```", text)
