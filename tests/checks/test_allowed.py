"""Allowed findings and rows do not count; anything not allowed, or no longer allowed, does."""

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

from mixguard.catalogue import BY_ID, CHECKS
from mixguard.checks.reading import ALLOW_FILE
from mixguard.config import Config
from mixguard.run.findings import verdict

PLAIN = [row(f"plain {n}") for n in range(50)]
HARM = [answered(f"harm {n}") for n in range(40)]
FAILING = evidence([*PLAIN, *HARM])

some_checks = st.lists(st.sampled_from(sorted(BY_ID.keys() - {ALLOW_FILE})), unique=True)


def test_an_allowed_finding_is_kept_with_its_reason_but_does_not_count() -> None:
    both = [allow("MG102"), allow("MG103")]
    assert verdict(checked(FAILING).findings) == verdict(checked(FAILING, both[0]).findings) == "fail"
    result = checked(FAILING, *both)
    assert verdict(result.findings) == "warn"
    finding, bare = found(result, "MG103"), found(checked(FAILING), "MG103")
    assert finding.suppressed is not None
    assert finding.suppressed.model_dump() == {
        "kind": "allowed", "reason": "read it", "author": "Ann", "expires": TODAY,
    }  # fmt: skip
    assert finding.model_copy(update={"suppressed": None}) == bare
    assert [f.id for f in result.findings[-2:]] == ["MG102", "MG103"]
    assert [each.state for each in result.allowed] == ["used", "used"]


def test_one_subject_of_a_check_can_be_allowed() -> None:
    now = evidence([row("a", flags=["lf_drop"]), row("b", flags=["no_trained_turn"])])
    result = checked(now, allow("MG304", subject="lf_drop"))
    assert not found(result, "MG304", "lf_drop").counts
    assert found(result, "MG304", "no_trained_turn").counts
    assert not any(f.counts for f in checked(now, allow("MG304")).findings if f.id == "MG304")
    assert checked(now, allow("MG304", subject="lf_dorp")).allowed[0].state == "unused"


@pytest.mark.parametrize("named", ["sample_id", "text_id"])
def test_a_row_is_allowed_by_sample_id_or_text_id(named: str) -> None:
    now = evidence([*PLAIN, *HARM[:2]])
    first = found(checked(now), "MG103").samples[0]
    sample = getattr(first, named)
    result = checked(now, allow("MG103", sample=sample))
    assert (found(result, "MG103").count, found(result, "MG103").total) == (1, 52)
    assert found(result, "MG103").counts
    assert first not in found(result, "MG103").samples
    assert (result.allowed[0].state, result.allowed[0].exchanges) == ("used", 1)
    assert found(checked(now, allow("MG105", sample=sample)), "MG103").count == 2
    everywhere = checked(now, allow(sample=sample))
    assert (found(everywhere, "MG103").count, found(everywhere, "MG105").total) == (1, 52)


def test_a_moved_row_stays_allowed_by_text_id_but_not_by_sample_id() -> None:
    before, after = evidence([*PLAIN, HARM[0]]), evidence([HARM[0], *PLAIN])
    (sample,) = found(checked(before), "MG103").samples
    by_text = checked(after, allow("MG103", sample=sample.text_id))
    assert found(by_text, "MG103").severity == "pass"
    by_place = checked(after, allow("MG103", sample=sample.sample_id))
    assert found(by_place, "MG103").count == 1
    assert by_place.allowed[0].state == "unused"


def test_an_edited_row_is_no_longer_allowed() -> None:
    (sample,) = found(checked(evidence([*PLAIN, HARM[0]])), "MG103").samples
    edited = evidence([*PLAIN, {**HARM[0], "response_id": digest("a worse answer")}])
    assert found(checked(edited, allow("MG103", sample=sample.text_id)), "MG103").count == 1


def test_a_text_id_allows_one_exchange_and_a_sample_id_the_whole_sample() -> None:
    now = evidence([*PLAIN, *({**HARM[n], "exchange": n} for n in range(3))])
    listed = found(checked(now), "MG103").samples
    texts = {ref.exchange: ref.text_id for ref in listed}
    assert found(checked(now, allow("MG103", sample=texts[1])), "MG103").count == 2
    result = checked(now, allow("MG103", sample=listed[0].sample_id))
    assert (found(result, "MG103").count, result.allowed[0].exchanges) == (0, 3)


def test_a_prompt_without_a_response_is_allowed_by_its_shorter_text_id() -> None:
    foreign = row("bonjour", kind="prompt", polarity=0, response_id=None, stance=None, language="fr")
    now = evidence([*PLAIN, foreign])
    (sample,) = found(checked(now), "MG301").samples
    assert len(sample.text_id) == 16
    assert found(checked(now, allow("MG301", sample=sample.text_id)), "MG301").severity == "pass"


def test_a_trainer_rule_does_not_count_allowed_samples() -> None:
    now = evidence([row("a", flags=["lf_drop"]), row("b", flags=["lf_drop"]), *PLAIN])
    first, second = (ref.sample_id for ref in found(checked(now), "MG304").samples)
    one = found(checked(now, allow("MG304", sample=first)), "MG304")
    assert (one.count, one.total, [ref.sample_id for ref in one.samples]) == (1, 52, [second])
    both = checked(now, allow("MG304", sample=first), allow("MG304", sample=second))
    assert found(both, "MG304").severity == "pass"


@pytest.mark.parametrize(("days", "state", "counts"), [(0, "used", False), (1, "expired", True)])
def test_an_entry_is_valid_through_its_last_day_and_then_reported_as_expired(
    days: int, state: str, counts: bool
) -> None:
    sample = found(checked(FAILING), "MG103").samples[0].sample_id
    for entry in (allow("MG103"), allow("MG103", sample=sample)):
        result = checked(FAILING, entry, today=TODAY + timedelta(days=days))
        assert result.allowed[0].state == state
        whole = found(result, "MG103").counts and found(result, "MG103").count == len(HARM)
        assert whole is counts
        own = found(result, "MG307")
        assert own.severity == ("warn" if counts else "pass")
        assert ("1 expired: MG103" in own.message and "Ann" in own.message) is counts


def test_unused_entries_are_reported() -> None:
    result = checked(evidence(PLAIN), allow("MG103"), allow(sample="ab" * 8), allow("MG102"))
    assert [each.state for each in result.allowed] == ["unused", "unused", "used"]
    own = found(result, "MG307")
    assert (own.severity, own.count, own.total) == ("note", 2, 3)
    assert "2 unused: MG103" in own.message


@pytest.mark.parametrize("named", ["sample_id", "text_id"])
def test_an_entry_is_used_only_if_a_check_flags_the_row(named: str) -> None:
    now = evidence([*PLAIN, *HARM[:2]])
    harmless = placed(PLAIN)[3]
    sample = getattr(found(checked(now), "MG103").samples[0], named)
    plain = harmless["sample_id"]
    if named == "text_id":
        plain = harmless["prompt_id"][:16] + harmless["response_id"][:16]
    entries = [
        allow("MG103", sample=plain),
        allow(sample=plain),
        allow("MG105", sample=sample),
        allow(sample=sample),
    ]
    result = checked(now, *entries)
    assert [each.state for each in result.allowed] == ["unused", "unused", "unused", "used"]
    assert [each.exchanges for each in result.allowed] == [0, 0, 0, 1]
    assert found(result, "MG307").count == 3


def test_rows_beyond_the_listed_ones_can_be_allowed() -> None:
    now = evidence([*PLAIN, *HARM], Config.load(values={"checks.samples": 1}))
    last = HARM[-1]["prompt_id"][:16] + HARM[-1]["response_id"][:16]
    result = checked(now, allow("MG103", sample=last))
    assert (found(result, "MG103").count, result.allowed[0].state) == (len(HARM) - 1, "used")


def test_allowing_a_row_everywhere_does_not_change_coverage_totals_or_its_copies() -> None:
    twice = refused("harm", language="de", flags=["lf_drop"])
    now = evidence([*PLAIN, twice, twice, *HARM[:2]])
    before = checked(now)
    sample = found(before, "MG301").samples[0].sample_id
    after = checked(now, allow(sample=sample), allow("MG101", sample=sample), allow("MG102", sample=sample))
    assert [each.state for each in after.allowed] == ["used", "unused", "unused"]
    for id_ in ("MG101", "MG102", "MG302"):  # MG302 lists the second of two copies
        assert found(after, id_) == found(before, id_)
    for id_ in ("MG301", "MG304"):
        old, new = found(before, id_), found(after, id_)
        assert (new.count, new.total) == (old.count - 1, old.total)


def test_a_conversation_that_trips_a_trainer_rule_is_allowed_by_either_listed_id() -> None:
    now = evidence([*PLAIN, *(row(f"turn {n}", exchange=n, flags=["lf_drop"]) for n in range(3))])
    (listed,) = found(checked(now), "MG304").samples
    for id_ in (listed.sample_id, listed.text_id):
        result = checked(now, allow("MG304", sample=id_))
        assert (found(result, "MG304").severity, result.allowed[0].state) == ("pass", "used")


def test_a_passed_check_is_never_marked_as_allowed() -> None:
    result = checked(evidence(PLAIN), allow("MG103"))
    assert (found(result, "MG103").severity, found(result, "MG103").suppressed) == ("pass", None)


def test_the_allow_file_check_itself_can_be_neither_allowed_nor_known() -> None:
    old = allow("MG103", expires=TODAY - timedelta(days=1))
    result = checked(FAILING, old, allow("MG307"), before=baseline(FAILING, old))
    assert found(result, "MG307").severity == "warn"
    assert found(result, "MG307").counts


def test_incomplete_findings_can_be_allowed_and_keep_their_severity() -> None:
    now = evidence([*PLAIN, refused("refused")], quarantined={"x": 50})
    assert verdict(checked(now).findings) == "incomplete"
    result = checked(now, allow("MG303"), allow("MG101"), allow("MG102"))
    assert verdict(result.findings) == "pass"
    assert found(result, "MG303").severity == "incomplete"


@examples(4)
@given(samples=some_samples, ids=some_checks)
def test_the_verdict_comes_from_the_findings_that_are_not_allowed(
    samples: list[list[Row]], ids: list[str]
) -> None:
    now = evidence(flat(samples))
    without = verdict(finding for finding in checked(now).findings if finding.id not in ids)
    result = checked(now, *(allow(id_) for id_ in ids))
    assert verdict(f for f in result.findings if f.id != ALLOW_FILE) == without


@examples(4)
@given(samples=some_samples)
def test_without_entries_or_baseline_each_check_reports_what_it_finds_alone(samples: list[list[Row]]) -> None:
    now = evidence(flat(samples))
    alone = [finding for check in CHECKS for finding in checked(now, checks=[check]).findings]
    result = checked(now)
    assert sorted(result.findings, key=repr) == sorted(alone, key=repr)
    assert result.allowed == ()
    strange = checked(now, allow(sample="ab" * 8))
    assert [f for f in strange.findings if f.id != ALLOW_FILE] == [
        f for f in result.findings if f.id != ALLOW_FILE
    ]


@examples(4)
@given(samples=some_samples, earlier=some_samples, ids=some_checks, data=st.data())
def test_the_order_of_rows_and_entries_is_irrelevant(
    samples: list[list[Row]], earlier: list[list[Row]], ids: list[str], data: st.DataObject
) -> None:
    entries = [allow(id_) for id_ in ids]
    first = checked(evidence(flat(samples)), *entries, before=evidence(flat(earlier)))
    turned, before = (evidence(data.draw(st.permutations(placed(flat(each))))) for each in (samples, earlier))
    second = checked(turned, *data.draw(st.permutations(entries)), before=before)
    own = found(first, ALLOW_FILE)  # its message lists entries in file order
    assert [f for f in first.findings if f.id != own.id] == [f for f in second.findings if f.id != own.id]
    assert found(second, own.id).count == own.count
    assert {each.entry: each.state for each in first.allowed} == {
        each.entry: each.state for each in second.allowed
    }
