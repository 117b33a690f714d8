"""The audit's gate and the plan of a mix ask for the same refusals, and adding these is enough."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import pytest
from building import DETECTORS, Row, answered, audited, evidence, found, pair, refused, row
from conftest import examples
from hypothesis import example, given
from hypothesis import strategies as st

from mixguard.checks.terms import TRAINED
from mixguard.config import Config
from mixguard.library.bank import Bank
from mixguard.library.profile import profile_names
from mixguard.library.taxonomy import Taxonomy
from mixguard.mix.asking import Asked, ask, profile_of
from mixguard.mix.proposal import propose

TAXONOMY = Taxonomy.load("mixguard")
BANK = Bank.load("mixguard", TAXONOMY)
ALL = DETECTORS.model_copy(update={"hazards": {hazard.code: hazard.name for hazard in TAXONOMY.hazards}})


class Touched(NamedTuple):
    """How many rows of each type a corpus has for one hazard."""

    refused: int = 0
    halfway: int = 0
    answered: int = 0
    near: int = 0
    pairs: int = 0
    contrast: int = 0
    rejected: int = 0

    def rows(self, hazard: str) -> list[Row]:
        own = {"hazard": hazard}
        return [
            *[refused(**own)] * self.refused,
            *[refused(**own, stance="partial_refusal")] * self.halfway,
            # Below the threshold for setting aside.
            *[answered(**own, hazard_score=0.9)] * self.answered,
            *[row(**own, proximity=0.3)] * self.near,
            *[refused(**own, polarity=-1)] * self.rejected,
            *(pair(f"{hazard} {n}", **own) for n in range(self.pairs)),
            *(
                pair(f"like {hazard} {n}", **own, pair_kind="contrast", hazard_score=0.0, stance="full_compliance")
                for n in range(self.contrast)
            ),
        ]  # fmt: skip


class Corpus(NamedTuple):
    """What a corpus consists of."""

    plain: int
    hazards: Mapping[str, Touched] = {}

    @property
    def rows(self) -> list[Row]:
        return [
            *[row()] * self.plain,
            *(each for code, there in self.hazards.items() for each in there.rows(code)),
        ]


def asked(rows: Iterable[Row], config: Config | None = None) -> Asked:
    """What the rows need."""
    config = config or Config()
    now = evidence(rows, config, detectors=ALL)
    return ask(now.frame.filter(TRAINED), ALL, profile_of(config), config)


def refusals(given_: Asked) -> int:
    return sum(given_.allotment.refusals.values())


numbers = st.one_of(st.just(0), st.integers(0, 25))
corpora = st.builds(
    Corpus,
    st.one_of(st.integers(20, 400), st.sampled_from([1_000, 2_500])),
    st.dictionaries(st.sampled_from(TAXONOMY.codes), st.builds(Touched, *[numbers] * 7), max_size=6),
)
options = st.fixed_dictionaries(
    {"rebalance.profile": st.sampled_from(profile_names())},
    optional={
        "rebalance.budget": st.integers(0, 200),
        "rebalance.floor_from": st.sampled_from([0, 100]),
        "rebalance.most": st.sampled_from([0.05, 0.5]),
        "checks.confidence": st.sampled_from([0.8, 0.99]),
    },
)
Options = dict[str, Any]


@examples(10)
@given(corpus=corpora, set_=options)
@example(corpus=Corpus(300), set_={})
@example(corpus=Corpus(300, dict.fromkeys(TAXONOMY.codes, Touched(refused=12))), set_={})
def test_the_gate_asks_for_what_the_plan_adds_and_passes_if_it_adds_nothing(
    corpus: Corpus, set_: Options
) -> None:
    config = Config.load(values=set_)
    with TemporaryDirectory() as folder:
        audit = audited(Path(folder), corpus.rows, config, detectors=ALL)
        plan = propose(audit, TAXONOMY, profile_of(config), BANK, config.rebalance)
        gate = found(evidence(corpus.rows, config, detectors=ALL), "MG101")
        assert gate == next(finding for finding in audit.findings if finding.id == gate.id)
    assert not plan.remove
    assert [line.wanted for line in plan.hazards] == [each.wanted for each in audit.coverage]
    adds = {line.hazard: line.refusals + line.short for line in plan.hazards}
    asks = {each.hazard: each.wanted - int(each.refusals) for each in audit.coverage if each.is_short}
    assert asks == {hazard: number for hazard, number in adds.items() if number}
    if plan.exchanges >= 20:
        assert (gate.severity, gate.count) == ("warn" if asks else "pass", len(asks))
    else:
        assert "too few exchanges" in gate.message


@examples(20)
@given(corpus=corpora, set_=options)
@example(corpus=Corpus(300), set_={})
def test_after_adding_the_refusals_asked_for_no_hazard_is_short(corpus: Corpus, set_: Options) -> None:
    config = Config.load(values=set_)
    before = asked(corpus.rows, config)
    missing = {each.hazard: each.wanted - int(each.refusals) for each in before.coverage if each.is_short}
    added = [
        pair(f"new {hazard} {n}", hazard=hazard) for hazard, number in missing.items() for n in range(number)
    ]
    after = asked([*corpus.rows, *added], config)
    assert {hazard: number for hazard, number in after.allotment.refusals.items() if number} == {}
    assert [each for each in after.coverage if each.is_short] == []
    assert after.exchanges == before.exchanges


def test_wanted_is_existing_plus_missing_refusals_or_the_target() -> None:
    given_ = asked(Corpus(1_000, {"vcr": Touched(refused=3, halfway=1), "cse": Touched(pairs=40)}).rows)
    wanted = {each.hazard: each.wanted for each in given_.coverage}
    missing = given_.allotment.refusals
    assert missing["vcr"] > 0
    assert wanted["vcr"] == 3 + missing["vcr"]
    assert (missing["cse"], wanted["cse"]) == (0, round(given_.allotment.target["cse"]))


def test_bank_pairs_are_coverage_rather_than_exchanges_to_cover() -> None:
    rows = Corpus(200, {"vcr": Touched(pairs=7, contrast=5)}).rows
    given_ = asked(rows)
    assert given_.exchanges == 200
    assert given_.needs["vcr"].covered == 7
    assert given_.coverage == asked(rows[:207]).coverage  # contrast pairs are harmless


def test_bank_pairs_count_in_full_and_other_refusals_by_their_lower_bound() -> None:
    own, pairs = (asked(Corpus(200, {"vcr": there}).rows) for there in (Touched(refused=7), Touched(pairs=7)))
    assert own.coverage[0].refusals == pairs.coverage[0].refusals
    vcr = "vcr"
    assert 0 < own.needs[vcr].covered < pairs.needs[vcr].covered == 7
    halves = asked(Corpus(200, {vcr: Touched(halfway=7)}).rows)
    assert halves.needs[vcr].covered == pytest.approx(own.needs[vcr].covered / 2)


def test_a_repeated_bank_pair_counts_once() -> None:
    rows = [*[row()] * 200, *[pair("same", hazard="vcr")] * 9]
    assert asked(rows).needs["vcr"].covered == 1


def test_earlier_turns_of_a_bank_pair_are_not_exchanges_to_cover() -> None:
    talk = [row("hello"), refused("first no", exchange=1), pair("second no", exchange=2)]
    given_ = asked([*[row()] * 200, *talk])
    assert (given_.exchanges, given_.needs["vcr"].covered) == (200, 1)


def test_each_answered_hazard_needs_one_more_refusal() -> None:
    clean, dirty = (
        asked(Corpus(1_000 - number, {"vcr": Touched(answered=number)}).rows) for number in (0, 6)
    )
    assert dirty.allotment.refusals["vcr"] >= clean.allotment.refusals["vcr"] + 6
    assert refusals(dirty) == refusals(clean) + 6


def test_near_harm_beyond_plain_text_needs_more_refusals() -> None:
    none, few, many = (
        asked(Corpus(1_000 - number, {"vcr": Touched(near=number)}).rows) for number in (0, 5, 50)
    )
    assert few.allotment.refusals == none.allotment.refusals
    assert many.allotment.refusals["vcr"] > none.allotment.refusals["vcr"]
    assert refusals(many) > refusals(none)


def test_existing_contrast_pairs_are_not_asked_for_again() -> None:
    none, some = (asked(Corpus(1_000, {"vcr": there}).rows) for there in (Touched(), Touched(contrast=30)))
    assert sum(some.allotment.contrast.values()) == sum(none.allotment.contrast.values()) - 30
    assert some.allotment.refusals == none.allotment.refusals


def test_options_override_the_profile() -> None:
    def asks(**values: object) -> int:
        options = {f"rebalance.{name}": value for name, value in values.items()}
        return refusals(asked(Corpus(1_000).rows, Config.load(values=options)))

    assert (asks(), asks(budget=12), asks(ratio=0.06, least=0)) == (100, 12, 60)


@pytest.mark.parametrize(("exchanges", "small"), [(0, False), (1, True), (19, True), (20, False)])
def test_a_corpus_is_too_small_from_1_to_19_exchanges(exchanges: int, small: bool) -> None:
    given_ = asked(Corpus(exchanges, {"vcr": Touched(pairs=1)}).rows)
    assert (given_.too_small, refusals(given_) > 0) == (small, exchanges >= 20)


def test_documents_ask_for_no_pairs_and_can_be_set_aside(tmp_path: Path) -> None:
    document = {"kind": "document", "response_id": None, "stance": None, "stance_score": None}
    rows = [row(**document)] * 40 + [row(**document, hazard_score=0.99)] * 8
    config = Config().replace({"rebalance.set_aside": ["documents"]})
    audit = audited(tmp_path, rows, config)
    plan = propose(audit, TAXONOMY, profile_of(config), BANK, config.rebalance)
    assert (plan.refusals, plan.contrast, len(plan.remove)) == (0, 0, 8)
    assert "trains no answers" in plan.notes[0]
