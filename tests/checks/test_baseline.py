"""Findings already in the baseline do not count; new, more severe or duplicated ones do."""

from __future__ import annotations

from datetime import timedelta

import pytest
from building import (
    TODAY,
    Row,
    allow,
    answered,
    baseline,
    checked,
    digest,
    evidence,
    flat,
    found,
    placed,
    refused,
    row,
    some_samples,
)
from conftest import examples
from hypothesis import given
from hypothesis import strategies as st

from mixguard.checks.base import Evidence
from mixguard.config import Config
from mixguard.run.findings import verdict

PLAIN = [row(f"plain {n}") for n in range(50)]
HARM = [answered(f"harm {n}") for n in range(40)]
FAILING = evidence([*PLAIN, *HARM])


@examples(6)
@given(samples=some_samples, data=st.data())
def test_the_same_samples_in_any_order_are_known(samples: list[list[Row]], data: st.DataObject) -> None:
    moved = data.draw(st.permutations(samples))
    result = checked(evidence(flat(moved)), before=evidence(flat(samples)))
    # `incomplete` is never known.
    assert not [f for f in result.findings if f.counts and f.severity not in ("pass", "incomplete")]


def test_findings_in_the_baseline_are_marked_as_known() -> None:
    result = checked(FAILING, before=FAILING)
    finding = found(result, "MG103")
    assert finding.severity == "fail"
    assert finding.suppressed is not None
    assert (finding.suppressed.kind, finding.suppressed.author) == ("known", None)
    assert found(result, "MG104").suppressed is None
    assert verdict(result.findings) == "pass"


@pytest.mark.parametrize("samples", [100, 0])
def test_one_new_row_fails_again_even_if_the_baseline_already_failed(samples: int) -> None:
    config = Config.load(values={"checks.samples": samples})
    before = evidence([*PLAIN, *HARM], config)
    now = evidence([*PLAIN, *HARM, answered("something new")], config)
    result = checked(now, before=before)
    assert [f.id for f in result.findings if f.counts and f.severity == "fail"] == ["MG103"]
    assert verdict(result.findings) == "fail"
    assert verdict(checked(before, before=before).findings) == "pass"
    benign = checked(evidence([*PLAIN, *HARM, row("harmless")], config), before=before)
    assert verdict(benign.findings) == "pass"


@pytest.mark.parametrize("samples", [100, 0])
def test_a_new_row_counts_even_if_an_old_one_was_removed(samples: int) -> None:
    config = Config.load(values={"checks.samples": samples})
    swapped = evidence([*PLAIN, *HARM[1:], answered("something new")], config)
    assert found(checked(swapped, before=FAILING), "MG103").counts


@pytest.mark.parametrize(
    "other",
    [
        answered("harm 0", response_id=digest("another answer")),
        answered("harm 0", prompt_id=digest("harm 0")[:8] + "0" * 24),
        answered("harm 0", response_id=digest("answer to harm 0")[:8] + "0" * 24),
    ],
)
def test_a_row_is_known_only_if_both_texts_match_in_full(other: Row) -> None:
    assert found(checked(evidence([*PLAIN, *HARM[1:], other]), before=FAILING), "MG103").counts


def test_additional_copies_of_a_known_row_are_new() -> None:
    twice = evidence([*PLAIN, *HARM, HARM[0]])
    assert found(checked(twice, before=FAILING), "MG103").counts
    assert not found(checked(twice, before=twice), "MG103").counts
    same_number = evidence([*PLAIN, *HARM[2:], HARM[2], HARM[2]])
    assert found(checked(same_number, before=FAILING), "MG103").counts


def test_the_last_copy_in_the_file_is_the_new_one_whatever_the_row_order() -> None:
    flagged = {"flags": ["lf_drop"]}
    before = evidence([row("a"), row("b", **flagged)])
    for second, counts in ((flagged, True), ({}, False)):
        rows = placed([row("a", **({} if second else flagged)), row("a", **second), row("c")])
        for order in (rows, rows[::-1]):
            assert found(checked(evidence(order), before=before), "MG304").counts is counts


def test_a_rejected_response_is_new_once_it_is_trained_towards() -> None:
    rejected = {**HARM[0], "polarity": -1}
    before = evidence([*PLAIN, *HARM[1:], rejected])
    now = evidence([*PLAIN, *HARM[2:], HARM[0], {**HARM[1], "polarity": -1}])
    assert found(checked(now), "MG103").count == found(checked(before), "MG103").count
    assert found(checked(now, before=before), "MG103").counts


def test_a_higher_severity_than_in_the_baseline_counts() -> None:
    before, now = (evidence([*[row(f"plain {n}") for n in range(plain)], *HARM[:6]]) for plain in (4000, 50))
    assert (found(before, "MG103").severity, found(now, "MG103").severity) == ("warn", "fail")
    assert found(checked(now, before=before), "MG103").counts
    assert not found(checked(before, before=now), "MG103").counts


def test_more_old_rows_flagged_by_a_stricter_limit_count() -> None:
    rows = [*PLAIN, *HARM, *(answered(f"doubtful {n}", hazard_score=0.4) for n in range(5))]
    stricter = evidence(rows, Config.load(values={"checks.hazard_limit": 0.3}))
    assert found(checked(stricter, before=evidence(rows)), "MG103").counts
    assert not found(checked(evidence(rows), before=stricter), "MG103").counts


def test_incomplete_is_never_known() -> None:
    now = evidence(PLAIN, records=100, quarantined={"x": 50})
    result = checked(now, before=now)
    assert (verdict(result.findings), found(result, "MG303").counts) == ("incomplete", True)
    fewer = evidence(PLAIN, records=1000, quarantined={"x": 5})
    assert found(checked(fewer, before=now), "MG303").suppressed is not None


def test_shares_are_judged_on_the_new_rows_alone() -> None:
    def over_refused(text: str) -> Row:
        return row(text, stance="full_refusal", stance_score=0.99)

    rows = [*(row(f"plain {n}") for n in range(400)), *(over_refused(f"refused {n}") for n in range(60))]
    before = evidence(rows)
    assert found(before, "MG104").severity == "warn"
    few = [*(row(f"new {n}") for n in range(300)), over_refused("new")]
    many = [*few, *(over_refused(f"new {n}") for n in range(60))]
    assert not found(checked(evidence([*rows, *few]), before=before), "MG104").counts
    assert found(checked(evidence([*rows, *many]), before=before), "MG104").counts


LARGER = [
    row(f"plain {n}") for n in range(400)
]  # the rule asks for some 15 refusals of `vcr` and 30 of `ncr`


def refusing(**hazards: int) -> list[Row]:
    """This many refusals per hazard."""
    return [
        refused(f"no {hazard} {n}", hazard=hazard)
        for hazard, number in hazards.items()
        for n in range(number)
    ]


def test_more_unreadable_records_than_in_the_baseline_count() -> None:
    one, two = (evidence(PLAIN, quarantined={"x": number}, records=1000) for number in (1, 2))
    assert found(checked(one, before=evidence(PLAIN)), "MG303").counts
    assert not found(checked(one, before=one), "MG303").counts
    assert found(checked(two, before=one), "MG303").counts
    assert not found(checked(one, before=two), "MG303").counts


def test_an_additional_hazard_short_of_refusals_is_new() -> None:
    both, one = evidence(LARGER), evidence([*LARGER, *refusing(vcr=20)])
    assert [found(each, "MG101").count for each in (both, one)] == [2, 1]
    assert found(checked(both, before=one), "MG101").counts
    assert not found(checked(one, before=both), "MG101").counts
    assert not found(checked(one, before=one), "MG101").counts


def test_a_different_hazard_short_of_refusals_is_new_even_if_the_number_is_the_same() -> None:
    before, now = (evidence([*LARGER, *rows]) for rows in (refusing(vcr=20), refusing(ncr=36)))
    assert found(before, "MG101").count == found(now, "MG101").count == 1
    assert found(checked(now, before=before), "MG101").counts
    assert not found(checked(now, before=now), "MG101").counts


def test_a_known_short_hazard_stays_known_with_fewer_refusals() -> None:
    before, now = (evidence([*LARGER, *refusing(vcr=20, ncr=number)]) for number in (9, 8))
    assert found(now, "MG101").message != found(before, "MG101").message
    assert not found(checked(now, before=before), "MG101").counts


def test_a_new_subject_counts_and_so_do_more_records_of_a_known_one() -> None:
    dropped = row("a", flags=["lf_drop"])
    before = evidence([*PLAIN, dropped])
    result = checked(evidence([*PLAIN, dropped, row("b", flags=["no_trained_turn"])]), before=before)
    assert not found(result, "MG304", "lf_drop").counts
    assert found(result, "MG304", "no_trained_turn").counts
    # The same text, but now the record trips the rule.
    changed = evidence([{**PLAIN[0], "flags": ["lf_drop"]}, *PLAIN[1:], dropped])
    assert found(checked(changed, before=before), "MG304", "lf_drop").counts


def test_an_expired_entry_does_not_live_on_in_the_baseline() -> None:
    later = TODAY + timedelta(days=1)
    for entry in (
        allow("MG103"),
        allow("MG103", sample=found(FAILING, "MG103").samples[0].text_id),
    ):
        before = baseline(FAILING, entry)
        assert not found(checked(FAILING, entry, before=before), "MG103").counts
        assert found(checked(FAILING, entry, before=before, today=later), "MG103").counts


def test_known_findings_stay_known_across_baselines() -> None:
    second = baseline(FAILING, before=FAILING)
    assert verdict(checked(FAILING, before=second).findings) == "pass"


def test_prompts_without_a_response_match_across_runs() -> None:
    def foreign(*texts: str) -> Evidence:
        rows = (
            row(text, kind="prompt", polarity=0, response_id=None, stance=None, language="fr")
            for text in texts
        )
        return evidence([*PLAIN, *rows])

    texts = [f"bonjour {n}" for n in range(30)]
    now = foreign(*texts)
    assert found(now, "MG301").severity == "warn"
    assert not found(checked(now, before=now), "MG301").counts
    assert found(checked(foreign(*texts, "encore"), before=now), "MG301").counts


def test_an_allowed_row_is_not_new() -> None:
    new = answered("something new")
    now = evidence([*PLAIN, *HARM, new])
    sample = new["prompt_id"][:16] + new["response_id"][:16]
    assert found(checked(now, before=FAILING), "MG103").counts
    assert not found(checked(now, allow("MG103", sample=sample), before=FAILING), "MG103").counts
