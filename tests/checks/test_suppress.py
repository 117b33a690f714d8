"""What was allowed or is known does not count; what is new, graver, copied or out of date does."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mixguard.checks.base import Evidence
from mixguard.checks.catalogue import CHECKS
from mixguard.checks.run import Checked, run_checks
from mixguard.checks.suppress import Baseline
from mixguard.columns import EXCHANGE, HAZARD, STANCE
from mixguard.config import CheckConfig
from mixguard.corpus.formats.lint import TRAINER_RULES
from mixguard.library.allow import Allowance
from mixguard.run.document import marked
from mixguard.run.findings import CorpusSummary, Finding, verdict
from mixguard.run.provenance import Detectors
from mixguard.stats import DetectorError

TODAY = date(2026, 6, 15)
Row = dict[str, Any]


def digest(text: str) -> str:
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def row(text: str, **values: Any) -> Row:
    """A benign, answered exchange of these words, with some columns replaced."""
    plain = {
        "kind": "exchange", "polarity": 1, "source": "data.jsonl", "format": "openai_chat", "flags": [], "exchange": 0,
        "hazard": "vcr", "hazard_score": 0.01, "proximity": -0.3, "language": "en", "stance": "full_compliance",
        "stance_score": 0.01, "prompt_id": digest(text), "response_id": digest(f"answer to {text}"),
    }  # fmt: skip
    return {**plain, **values}


def answered(text: str, **values: Any) -> Row:
    return row(text, **{"hazard_score": 0.99, **values})


def over_refused(text: str) -> Row:
    return row(text, stance="full_refusal", stance_score=0.99)


def placed(rows: Sequence[Row]) -> list[Row]:
    """The rows one after the other in a file; a sample's id tells its place, as it does in a run."""
    return [
        {"line": n + 1, "record": n, "sample_id": digest(f"{n} {each['prompt_id']}")[:16], **each}
        for n, each in enumerate(rows)
    ]


def evidence(rows: Sequence[Row], config: CheckConfig | None = None, **corpus: Any) -> Evidence:
    """What checks see of placed or unplaced rows."""
    frame = pl.DataFrame(placed(rows), schema={**EXCHANGE, **HAZARD, **STANCE})
    flags = frame.select("sample_id", "flags").explode("flags").drop_nulls().unique()["flags"].value_counts()
    summary = {
        "sources": {"data.jsonl": "0" * 64}, "records": len(rows), "samples": len(rows), "exchanges": len(rows),
        "empty": 0, "quarantined": {}, "formats": {"data.jsonl": {"openai_chat": len(rows)}},
        "flags": dict(flags.iter_rows()),
    }  # fmt: skip
    config = config or CheckConfig()
    return Evidence(
        frame=marked(frame.lazy(), 0.5 if config.hazard_limit is None else config.hazard_limit),
        corpus=CorpusSummary(**{**summary, **corpus}),
        detectors=Detectors(
            taxonomy="t", taxonomy_version="1", taxonomy_digest="d", language="en", encoder="e", crosswalk={},
            hazards={"vcr": "Violent Crimes", "ncr": "Non-Violent Crimes"}, hazard_limit=0.5,
            hazard_error=DetectorError(0.9, 0.995, 1000, 1000), proximity_limit=0.1, proximity_expected=0.005,
            stance_digest="s", stance_error=DetectorError(0.9, 0.98, 400, 400),
        ),
        config=config,
        quarantine_max=0.01,
        rules=TRAINER_RULES,
    )  # fmt: skip


def allow(check: str | None = None, *, expires: date = TODAY, **values: str) -> Allowance:
    return Allowance(check=check, expires=expires, reason="read it", author="Ann", **values)


def checked(
    now: Evidence, *entries: Allowance, before: Evidence | Baseline | None = None, today: date = TODAY
) -> Checked:
    baseline = Baseline(run_checks(before).findings, before.frame) if isinstance(before, Evidence) else before
    return run_checks(now, entries, baseline, today=today)


def found(result: Checked, id_: str, subject: str | None = None) -> Finding:
    return next(f for f in result.findings if f.id == id_ and subject in (None, f.subject))


PLAIN = [row(f"plain {n}") for n in range(50)]
HARM = [answered(f"harm {n}") for n in range(40)]
FAILING = evidence([*PLAIN, *HARM])

some_rows = st.lists(
    st.builds(
        row,
        st.sampled_from(["a", "b", "c", "d", "e", "f"]),
        hazard_score=st.sampled_from([0.01, 0.6, 0.99]),
        stance=st.sampled_from(["full_refusal", "partial_refusal", "full_compliance"]),
        language=st.sampled_from(["en", "de"]),
        polarity=st.sampled_from([1, -1]),
        flags=st.lists(st.sampled_from(["lf_drop", "no_trained_turn"]), max_size=2, unique=True),
    ),
    min_size=1,
    max_size=25,
)
some_checks = st.lists(st.sampled_from([check.id for check in CHECKS[:-1]]), unique=True)


# --- allowances ---------------------------------------------------------------------------------------------------


def test_an_allowed_check_keeps_its_finding_says_why_and_leaves_the_verdict() -> None:
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


def test_a_subject_is_allowed_by_itself() -> None:
    now = evidence([row("a", flags=["lf_drop"]), row("b", flags=["no_trained_turn"])])
    result = checked(now, allow("MG304", subject="lf_drop"))
    assert not found(result, "MG304", "lf_drop").counts
    assert found(result, "MG304", "no_trained_turn").counts
    assert not any(f.counts for f in checked(now, allow("MG304")).findings if f.id == "MG304")
    assert checked(now, allow("MG304", subject="lf_dorp")).allowed[0].state == "unused"


@pytest.mark.parametrize("named", ["sample_id", "text_id"])
def test_a_row_is_allowed_by_its_id_or_that_of_its_texts(named: str) -> None:
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


def test_a_row_that_moved_is_still_allowed_by_its_texts_and_not_by_its_place() -> None:
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


def test_one_exchange_of_a_sample_is_allowed_by_its_texts_and_all_by_its_id() -> None:
    talk = [{**HARM[n], "sample_id": "ab" * 8, "exchange": n} for n in range(3)]
    now = evidence([*PLAIN, *talk])
    texts = {ref.exchange: ref.text_id for ref in found(checked(now), "MG103").samples}
    assert found(checked(now, allow("MG103", sample=texts[1])), "MG103").count == 2
    result = checked(now, allow("MG103", sample="ab" * 8))
    assert (found(result, "MG103").count, result.allowed[0].exchanges) == (0, 3)


def test_a_prompt_without_a_response_is_allowed_by_its_digits() -> None:
    foreign = row("bonjour", kind="prompt", polarity=0, response_id=None, stance=None, language="fr")
    now = evidence([*PLAIN, foreign])
    (sample,) = found(checked(now), "MG301").samples
    assert len(sample.text_id) == 16
    assert found(checked(now, allow("MG301", sample=sample.text_id)), "MG301").severity == "pass"


def test_a_trainer_rule_counts_without_the_samples_allowed() -> None:
    now = evidence([row("a", flags=["lf_drop"]), row("b", flags=["lf_drop"]), *PLAIN])
    first, second = (ref.sample_id for ref in found(checked(now), "MG304").samples)
    one = found(checked(now, allow("MG304", sample=first)), "MG304")
    assert (one.count, one.total, [ref.sample_id for ref in one.samples]) == (1, 52, [second])
    both = checked(now, allow("MG304", sample=first), allow("MG304", sample=second))
    assert found(both, "MG304").severity == "pass"


@pytest.mark.parametrize(("days", "state", "counts"), [(0, "used", False), (1, "expired", True)])
def test_an_entry_holds_to_its_last_day_and_says_when_it_is_over(days: int, state: str, counts: bool) -> None:
    sample = found(checked(FAILING), "MG103").samples[0].sample_id
    for entry in (allow("MG103"), allow("MG103", sample=sample)):
        result = checked(FAILING, entry, today=TODAY + timedelta(days=days))
        assert result.allowed[0].state == state
        whole = found(result, "MG103").counts and found(result, "MG103").count == len(HARM)
        assert whole is counts
        own = found(result, "MG307")
        assert own.severity == ("warn" if counts else "pass")
        assert ("1 out of date: MG103" in own.message and "Ann" in own.message) is counts


def test_an_entry_that_allows_nothing_is_told() -> None:
    result = checked(evidence(PLAIN), allow("MG103"), allow(sample="ab" * 8), allow("MG102"))
    assert [each.state for each in result.allowed] == ["unused", "unused", "used"]
    own = found(result, "MG307")
    assert (own.severity, own.count, own.total) == ("note", 2, 3)
    assert "2 without anything to allow: MG103" in own.message


@pytest.mark.parametrize("named", ["sample_id", "text_id"])
def test_an_entry_is_used_only_where_a_check_flags_the_row(named: str) -> None:
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


def test_a_row_is_allowed_beyond_those_a_finding_lists() -> None:
    now = evidence([*PLAIN, *HARM], CheckConfig(samples=1))
    last = HARM[-1]["prompt_id"][:16] + HARM[-1]["response_id"][:16]
    result = checked(now, allow("MG103", sample=last))
    assert (found(result, "MG103").count, result.allowed[0].state) == (len(HARM) - 1, "used")


def test_a_row_allowed_everywhere_leaves_coverage_totals_and_its_copies_as_they_are() -> None:
    refused = row("harm", hazard_score=0.9, stance="full_refusal", language="de", flags=["lf_drop"])
    now = evidence([*PLAIN, refused, refused, *HARM[:2]])
    before = checked(now)
    sample = found(before, "MG301").samples[0].sample_id
    after = checked(now, allow(sample=sample), allow("MG101", sample=sample), allow("MG102", sample=sample))
    assert [each.state for each in after.allowed] == ["used", "unused", "unused"]
    for id_ in ("MG101", "MG102", "MG302"):  # the first of two copies is what MG302 does not list
        assert found(after, id_) == found(before, id_)
    for id_ in ("MG301", "MG304"):
        old, new = found(before, id_), found(after, id_)
        assert (new.count, new.total) == (old.count - 1, old.total)


def test_a_talk_that_trips_a_trainer_rule_is_allowed_by_the_ids_it_is_listed_with() -> None:
    talk = [row(f"turn {n}", sample_id="ab" * 8, exchange=n, flags=["lf_drop"]) for n in range(3)]
    now = evidence([*PLAIN, *talk], flags={"lf_drop": 1})
    (listed,) = found(checked(now), "MG304").samples
    for id_ in (listed.sample_id, listed.text_id):
        result = checked(now, allow("MG304", sample=id_))
        assert (found(result, "MG304").severity, result.allowed[0].state) == ("pass", "used")


def test_a_check_that_passed_is_never_marked() -> None:
    result = checked(evidence(PLAIN), allow("MG103"))
    assert (found(result, "MG103").severity, found(result, "MG103").suppressed) == ("pass", None)


def test_what_the_allow_file_itself_shows_cannot_be_allowed_nor_known() -> None:
    old = allow("MG103", expires=TODAY - timedelta(days=1))
    before = Baseline(checked(FAILING, old).findings, FAILING.frame)
    result = checked(FAILING, old, allow("MG307"), before=before)
    assert found(result, "MG307").severity == "warn"
    assert found(result, "MG307").counts


def test_an_allowance_can_cover_what_could_not_be_read_and_says_so() -> None:
    now = evidence([*PLAIN, row("refused", hazard_score=0.9, stance="full_refusal")], quarantined={"x": 50})
    assert verdict(checked(now).findings) == "incomplete"
    result = checked(now, allow("MG303"), allow("MG101"))
    assert verdict(result.findings) == "pass"
    assert found(result, "MG303").severity == "incomplete"


@settings(max_examples=25, deadline=None)
@given(rows=some_rows, ids=some_checks)
def test_the_verdict_is_that_of_the_findings_not_allowed(rows: list[Row], ids: list[str]) -> None:
    now = evidence(rows)
    without = verdict(finding for finding in checked(now).findings if finding.id not in ids)
    result = checked(now, *(allow(id_) for id_ in ids))
    assert verdict(f for f in result.findings if f.id != "MG307") == without


@settings(max_examples=25, deadline=None)
@given(rows=some_rows)
def test_nothing_changes_without_entries_and_baseline(rows: list[Row]) -> None:
    now = evidence(rows)
    plain = [finding for check in CHECKS for finding in check.findings(now)]
    result = checked(now)
    assert sorted(result.findings, key=repr) == sorted(plain, key=repr)
    assert result.allowed == ()
    strange = checked(now, allow(sample="ab" * 8))
    assert [f for f in strange.findings if f.id != "MG307"] == [f for f in result.findings if f.id != "MG307"]


@settings(max_examples=25, deadline=None)
@given(rows=some_rows, earlier=some_rows, ids=some_checks, data=st.data())
def test_the_order_of_rows_and_entries_does_not_matter(
    rows: list[Row], earlier: list[Row], ids: list[str], data: st.DataObject
) -> None:
    entries = [allow(id_) for id_ in ids]
    first = checked(evidence(rows), *entries, before=evidence(earlier))
    turned, before = (evidence(data.draw(st.permutations(placed(each)))) for each in (rows, earlier))
    second = checked(turned, *data.draw(st.permutations(entries)), before=before)
    own = found(first, "MG307")  # lists the entries in the order of the file
    assert [f for f in first.findings if f.id != own.id] == [f for f in second.findings if f.id != own.id]
    assert found(second, own.id).count == own.count
    assert {each.entry: each.state for each in first.allowed} == {
        each.entry: each.state for each in second.allowed
    }


# --- baseline -----------------------------------------------------------------------------------------------------


@settings(max_examples=40, deadline=None)
@given(rows=some_rows, data=st.data())
def test_the_same_rows_in_any_order_are_all_known(rows: list[Row], data: st.DataObject) -> None:
    moved = data.draw(st.permutations(rows))
    result = checked(evidence(moved), before=evidence(rows))
    assert not [f for f in result.findings if f.counts and f.severity != "pass"]
    assert verdict(result.findings) == "pass"


def test_what_the_baseline_has_is_marked_and_told_as_known() -> None:
    result = checked(FAILING, before=FAILING)
    finding = found(result, "MG103")
    assert finding.severity == "fail"
    assert finding.suppressed is not None
    assert (finding.suppressed.kind, finding.suppressed.author) == ("known", None)
    assert found(result, "MG104").suppressed is None


@pytest.mark.parametrize("samples", [100, 0])
def test_one_new_row_fails_again_where_the_baseline_failed_already(samples: int) -> None:
    config = CheckConfig(samples=samples)
    before = evidence([*PLAIN, *HARM], config)
    now = evidence([*PLAIN, *HARM, answered("something new")], config)
    result = checked(now, before=before)
    assert [f.id for f in result.findings if f.counts and f.severity == "fail"] == ["MG103"]
    assert verdict(result.findings) == "fail"
    assert verdict(checked(before, before=before).findings) == "pass"
    benign = checked(evidence([*PLAIN, *HARM, row("harmless")], config), before=before)
    assert verdict(benign.findings) == "pass"


@pytest.mark.parametrize("samples", [100, 0])
def test_a_new_row_is_new_even_where_an_old_one_went(samples: int) -> None:
    config = CheckConfig(samples=samples)
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
def test_a_row_is_known_by_the_whole_of_both_texts(other: Row) -> None:
    assert found(checked(evidence([*PLAIN, *HARM[1:], other]), before=FAILING), "MG103").counts


def test_copies_of_a_known_row_are_new() -> None:
    result = checked(evidence([*PLAIN, *HARM, HARM[0]]), before=FAILING)
    assert found(result, "MG103").counts
    twice = evidence([*PLAIN, *HARM, HARM[0]])
    assert not found(checked(twice, before=twice), "MG103").counts
    same_number = evidence([*PLAIN, *HARM[2:], HARM[2], HARM[2]])
    assert found(checked(same_number, before=FAILING), "MG103").counts


def test_of_copies_the_last_in_the_file_is_the_new_one_in_whatever_order_rows_come() -> None:
    flagged = {"flags": ["lf_drop"]}
    before = evidence([row("a"), row("b", **flagged)])
    for second, counts in ((flagged, True), ({}, False)):
        rows = placed([row("a", **({} if second else flagged)), row("a", **second), row("c")])
        for order in (rows, rows[::-1]):
            assert found(checked(evidence(order), before=before), "MG304").counts is counts


def test_a_response_once_trained_away_from_is_new_when_trained_towards() -> None:
    rejected = {**HARM[0], "polarity": -1}
    before = evidence([*PLAIN, *HARM[1:], rejected])
    now = evidence([*PLAIN, *HARM[2:], HARM[0], {**HARM[1], "polarity": -1}])
    assert found(checked(now), "MG103").count == found(checked(before), "MG103").count
    assert found(checked(now, before=before), "MG103").counts


def test_graver_than_the_baseline_counts() -> None:
    before, now = (evidence([*[row(f"plain {n}") for n in range(plain)], *HARM[:6]]) for plain in (4000, 50))
    assert (found(checked(before), "MG103").severity, found(checked(now), "MG103").severity) == (
        "warn",
        "fail",
    )
    assert found(checked(now, before=before), "MG103").counts
    assert not found(checked(before, before=now), "MG103").counts


def test_what_another_limit_finds_in_old_rows_counts() -> None:
    rows = [*PLAIN, *HARM, *(answered(f"doubtful {n}", hazard_score=0.4) for n in range(5))]
    stricter = evidence(rows, CheckConfig(hazard_limit=0.3))
    assert found(checked(stricter, before=evidence(rows)), "MG103").counts
    assert not found(checked(evidence(rows), before=stricter), "MG103").counts


def test_incomplete_is_never_known() -> None:
    now = evidence(PLAIN, records=100, quarantined={"x": 50})
    result = checked(now, before=now)
    assert (verdict(result.findings), found(result, "MG303").counts) == ("incomplete", True)
    fewer = evidence(PLAIN, records=1000, quarantined={"x": 5})
    assert found(checked(fewer, before=now), "MG303").suppressed is not None


def test_a_share_is_judged_on_the_new_rows_alone() -> None:
    rows = [*(row(f"plain {n}") for n in range(400)), *(over_refused(f"refused {n}") for n in range(60))]
    before = evidence(rows)
    assert found(checked(before), "MG104").severity == "warn"
    few = [*(row(f"new {n}") for n in range(300)), over_refused("new")]
    many = [*few, *(over_refused(f"new {n}") for n in range(60))]
    assert not found(checked(evidence([*rows, *few]), before=before), "MG104").counts
    assert found(checked(evidence([*rows, *many]), before=before), "MG104").counts


def test_what_is_no_row_counts_where_there_is_more_of_it() -> None:
    enough = [
        row(f"no {n}", hazard=h, hazard_score=0.9, stance="full_refusal")
        for n in range(10)
        for h in ("vcr", "ncr")
    ]
    whole, one_less = evidence(enough, quarantined={"x": 1}, records=1000), evidence(enough[::2])
    assert found(checked(one_less), "MG101").count == 1
    assert found(checked(whole, before=one_less), "MG303").counts
    assert not found(checked(whole, before=whole), "MG303").counts
    more = evidence(enough, quarantined={"x": 2}, records=1000)
    assert found(checked(more, before=whole), "MG303").counts
    assert not found(checked(one_less, before=one_less), "MG101").counts
    assert found(checked(evidence(PLAIN), before=one_less), "MG101").counts


def test_another_hazard_that_is_short_is_new_though_as_many_are() -> None:
    def refusing(hazard: str) -> Evidence:
        rows = [row(f"no {n}", hazard=hazard, hazard_score=0.9, stance="full_refusal") for n in range(10)]
        return evidence([*PLAIN, *rows])

    before, now = refusing("vcr"), refusing("ncr")
    assert found(checked(before), "MG101").count == found(checked(now), "MG101").count == 1
    assert found(checked(now, before=before), "MG101").counts
    assert not found(checked(now, before=now), "MG101").counts


def test_another_subject_and_more_records_of_the_same_count() -> None:
    dropped = row("a", flags=["lf_drop"])
    before = evidence([*PLAIN, dropped])
    result = checked(evidence([*PLAIN, dropped, row("b", flags=["no_trained_turn"])]), before=before)
    assert not found(result, "MG304", "lf_drop").counts
    assert found(result, "MG304", "no_trained_turn").counts
    # The same words in a record that now trips the rule too.
    changed = evidence([{**PLAIN[0], "flags": ["lf_drop"]}, *PLAIN[1:], dropped])
    assert found(checked(changed, before=before), "MG304", "lf_drop").counts


def test_a_leave_that_ended_does_not_live_on_in_the_baseline() -> None:
    entry = allow("MG103")
    before = Baseline(checked(FAILING, entry).findings, FAILING.frame)
    later = TODAY + timedelta(days=1)
    assert not found(checked(FAILING, entry, before=before), "MG103").counts
    assert found(checked(FAILING, entry, before=before, today=later), "MG103").counts
    sample = allow("MG103", sample=found(checked(FAILING), "MG103").samples[0].text_id)
    before = Baseline(checked(FAILING, sample).findings, FAILING.frame)
    assert not found(checked(FAILING, sample, before=before), "MG103").counts
    assert found(checked(FAILING, sample, before=before, today=later), "MG103").counts


def test_what_was_known_stays_known() -> None:
    second = Baseline(checked(FAILING, before=FAILING).findings, FAILING.frame)
    assert verdict(checked(FAILING, before=second).findings) == "pass"


def test_prompts_without_a_response_are_the_same_in_two_runs() -> None:
    foreign = [
        row(f"bonjour {n}", kind="prompt", polarity=0, response_id=None, stance=None, language="fr")
        for n in range(30)
    ]
    now = evidence([*PLAIN, *foreign])
    assert found(checked(now), "MG301").severity == "warn"
    assert not found(checked(now, before=now), "MG301").counts
    assert found(
        checked(evidence([*PLAIN, *foreign, {**foreign[0], "prompt_id": digest("x")}]), before=now), "MG301"
    ).counts


def test_an_allowed_row_is_no_new_one() -> None:
    new = answered("something new")
    now = evidence([*PLAIN, *HARM, new])
    sample = new["prompt_id"][:16] + new["response_id"][:16]
    assert found(checked(now, before=FAILING), "MG103").counts
    assert not found(checked(now, allow("MG103", sample=sample), before=FAILING), "MG103").counts
