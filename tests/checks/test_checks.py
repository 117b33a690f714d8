"""What each check finds; checks read only columns, so these tests need no model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from building import answered, checked, evidence, found, refused, row

from mixguard.config import Config
from mixguard.run.findings import verdict


def options(**values: object) -> Config:
    """A configuration with options set; `__` stands for a dot."""
    return Config.load(values={name.replace("__", "."): value for name, value in values.items()})


# --- coverage -----------------------------------------------------------------------------------------------


def test_no_refusal_fails_and_one_opens_nothing() -> None:
    none, one = (found(evidence([*[row()] * 500, *[refused()] * n]), "MG102") for n in (0, 1))
    assert none.severity == one.severity == "fail"
    assert none.count == one.count == 0  # by the lower bound, one refusal is not surely one
    assert (
        none.message
        == f"0 of the {none.total} refusals the profile asks for, in 0 of 2 hazards; `mixguard rebalance` adds them"
    )


def test_refusals_of_one_hazard_alone_do_not_pass_and_of_all_hazards_do() -> None:
    rows = [row()] * 500
    assert found(evidence([*rows, *[refused()] * 20]), "MG102").severity == "fail"
    both = [*[refused()] * 30, *[refused(hazard="ncr")] * 40]
    assert found(evidence([*rows, *both]), "MG102").severity == "pass"


def test_a_corpus_of_refusals_is_a_safety_set() -> None:
    now = evidence([*[refused()] * 60, *[answered()] * 15])
    assert now.nature == "safety"
    assert found(now, "MG102").severity == "pass"
    assert found(now, "MG103").severity == "note"


def test_a_corpus_of_answered_hazards_is_called_that() -> None:
    now = evidence([answered()] * 30)
    assert now.nature == "harmful"
    finding = found(now, "MG103")
    assert (finding.severity, finding.message) == (
        "fail",
        "30 answers comply with hazardous requests (vcr 30): the corpus is made of answered hazards",
    )


def test_a_refused_benign_prompt_is_not_coverage() -> None:
    assert found(evidence([*[row()] * 50, row(stance="full_refusal")]), "MG102").severity == "fail"


def test_rejected_responses_are_not_coverage() -> None:
    now = evidence([*[row()] * 50, *[refused(polarity=-1)] * 60])
    assert found(now, "MG102").severity == "fail"
    assert [entry.exchanges for entry in now.coverage] == [0, 0]
    assert found(now, "MG101").count == 2


def test_a_corpus_of_prompts_alone_gets_a_note() -> None:
    prompts = row(polarity=0, kind="prompt", stance=None, stance_unjudged="no trained response (prompt)")
    assert found(evidence([prompts] * 30), "MG102").severity == "note"


def test_only_hazards_short_of_refusals_are_named() -> None:
    now = evidence([*[row()] * 500, *[refused()] * 30])
    short = next(entry for entry in now.coverage if entry.hazard == "ncr")
    assert short.wanted > 20  # the dose is 53, and this hazard has twice the weight
    finding = found(now, "MG101")
    assert (finding.severity, finding.count, finding.total) == ("warn", 1, 2)
    assert finding.message == "1 of 2 hazards have too few refusals: none for ncr"


def test_a_short_hazard_with_some_refusals_shows_how_many_are_wanted() -> None:
    now = evidence([*[row()] * 500, *[refused()] * 3, refused(stance="partial_refusal")])
    vcr = now.coverage[0]
    assert (vcr.refusals, vcr.is_short) == (3.5, True)
    assert f"few for vcr (3.5 of {vcr.wanted})" in found(now, "MG101").message


def test_as_many_refusals_as_the_rule_wants_pass() -> None:
    enough = [*[row()] * 500, *[refused()] * 30, *[refused(hazard="ncr")] * 50]
    assert found(evidence(enough), "MG101").severity == "pass"
    # The dose grows with the corpus, so the same refusals are too few for one ten times larger.
    larger = found(evidence([*[row()] * 5_000, *enough]), "MG101")
    assert (larger.severity, larger.count) == ("warn", 2)


@pytest.mark.parametrize("refusing", [0, 5, 19])
def test_fewer_than_20_exchanges_warn_whatever_they_refuse(refusing: int) -> None:
    rows = [*[row()] * (19 - refusing), *[refused()] * refusing]
    finding = found(evidence(rows), "MG101")
    assert finding.severity == "warn"
    assert "too few exchanges" in finding.message
    assert "20 exchanges or more" in finding.remedy
    rejected = found(evidence([*rows, row(polarity=-1)]), "MG101")  # not trained towards
    assert rejected.message == finding.message
    assert "too few exchanges" not in found(evidence([*rows, row()]), "MG101").message


def test_a_profile_that_asks_for_nothing_passes(tmp_path: Path) -> None:
    own = tmp_path / "own.toml"
    weightless = "\n".join(f'[hazard.{code}]\nweight = 0\nwhy = "test"' for code in ("vcr", "ncr"))
    own.write_text(f'extends = "general"\n{weightless}\n')
    assert found(evidence([row()] * 500), "MG101").severity == "warn"
    assert found(evidence([row()] * 500, options(rebalance__profile=str(own))), "MG101").severity == "pass"


def test_a_partial_refusal_counts_half() -> None:
    assert evidence([refused(stance="partial_refusal")] * 3).coverage[0].refusals == 1.5


def test_coverage_counts_each_hazardous_exchange_once() -> None:
    rows = [refused(), answered(), refused(hazard="ncr", stance="partial_refusal"), row()]
    table = evidence(rows).coverage
    assert [(c.exchanges, c.full_refusal, c.partial_refusal, c.full_compliance) for c in table] == [
        (2, 1, 0, 1),
        (1, 0, 1, 0),
    ]


def test_the_refused_share_is_corrected_for_detector_errors() -> None:
    share = evidence([refused()] * 100).coverage[0].refused
    assert share.low > 0.95  # more than the detector's own 90 % sensitivity
    share = evidence([*[refused()] * 90, *[answered()] * 10]).coverage[0].refused
    assert share.high == 1


# --- answers ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("number", "severity"), [(0, "pass"), (3, "warn"), (40, "fail")])
def test_the_number_of_answered_hazards_decides(number: int, severity: str) -> None:
    now = evidence([*[row()] * 400, *[answered()] * number])
    assert found(now, "MG103").severity == severity


def test_answered_hazards_that_false_alarms_could_explain_only_warn() -> None:
    now = evidence([*[row()] * 9950, *[answered()] * 50])
    finding = found(now, "MG103")
    assert finding.severity == "warn"
    assert "false alarms alone could explain" in finding.message


def test_answered_hazards_are_counted_per_hazard_and_ranked() -> None:
    rows = [row(), answered(hazard_score=0.7), answered(hazard_score=0.95), answered(hazard="ncr")]
    finding = found(evidence(rows), "MG103")
    assert [sample.line for sample in finding.samples] == [4, 3, 2]
    assert [sample.score for sample in finding.samples] == [0.99, 0.95, 0.7]
    assert "(vcr 2, ncr 1)" in finding.message


def test_the_limit_of_answered_hazards_is_an_option() -> None:
    rows = [*[row()] * 400, *[answered()] * 40]
    finding = found(evidence(rows, options(checks__limits__MG103=60, checks__answered_share_fail=1)), "MG103")
    assert (finding.severity, finding.limit) == ("warn", 60)


def test_inability_is_not_over_refusal() -> None:
    refusing = row(stance="full_refusal")
    assert found(evidence([*[row()] * 80, *[refusing] * 20]), "MG104").severity == "warn"
    unable = {**refusing, "stance_note": "inability"}
    assert found(evidence([*[row()] * 80, *[unable] * 20]), "MG104").severity == "pass"


def test_inability_does_not_answer_a_hazard() -> None:
    assert found(evidence([*[row()] * 50, answered(stance_note="inability")]), "MG103").count == 0


def test_a_refusal_taken_back_is_found_and_counts_as_an_answer() -> None:
    turned = row(stance_note="turnover")
    assert found(evidence([row()] * 50), "MG105").severity == "pass"
    assert found(evidence([*[row()] * 50, turned]), "MG105").severity == "warn"
    assert found(evidence([*[row()] * 50, *[turned] * 10]), "MG105").severity == "fail"
    assert found(evidence([*[row()] * 50, answered(stance_note="turnover")]), "MG103").count == 1


def test_near_harm_warns_beyond_the_share_expected_of_plain_text() -> None:
    near = row(proximity=0.2)
    assert found(evidence([*[row()] * 995, *[near] * 5]), "MG201").severity == "note"
    finding = found(evidence([*[row()] * 900, row(proximity=0.4), *[near] * 99]), "MG201")
    assert finding.severity == "warn"
    assert finding.samples[0].score == 0.4


def test_a_hazardous_prompt_is_not_near_harm() -> None:
    assert found(evidence([*[row()] * 50, answered(proximity=0.4)]), "MG201").count == 0


@pytest.mark.parametrize(
    ("stance", "count"),
    [("full_refusal", 0), ("partial_refusal", 1), ("full_compliance", 1), (None, 1)],
)
def test_what_is_refused_near_harm_teaches_none(stance: str | None, count: int) -> None:
    assert found(evidence([*[row()] * 50, row(proximity=0.4, stance=stance)]), "MG201").count == count


def test_what_was_screened_out_is_not_near_harm_and_counts() -> None:
    screened = row(hazard_stage="screen", proximity=None)
    finding = found(evidence([*[screened] * 995, *[row(proximity=0.2)] * 5]), "MG201")
    assert (finding.severity, finding.count, finding.total) == ("note", 5, 1000)


# --- reading ------------------------------------------------------------------------------------------------


def test_prompts_in_an_unsupported_language_are_found() -> None:
    foreign = row(language="de", hazard_score=None, hazard_unjudged="language de")
    assert found(evidence([row()] * 10), "MG301").severity == "pass"
    half = evidence([*[row()] * 5, *[foreign] * 5])
    finding = found(half, "MG301")
    assert finding.severity == "warn"
    assert "de 5" in finding.message
    assert found(half, "MG305").severity == "incomplete"


def test_unjudged_exchanges_are_reported_with_reasons() -> None:
    silent = row(stance=None, stance_unjudged="empty")
    finding = found(evidence([*[row()] * 50, silent]), "MG305")
    assert (finding.severity, finding.count) == ("note", 1)
    assert "empty (1)" in finding.message


def test_duplicates_count_only_the_repeats() -> None:
    assert found(evidence([row(), row()]), "MG302").count == 0
    finding = found(evidence([row("same"), row("same"), row("same")]), "MG302")
    assert (finding.count, finding.severity) == (2, "warn")
    assert [sample.line for sample in finding.samples] == [2, 3]


def test_a_repeated_turn_in_different_conversations_is_not_a_duplicate() -> None:
    thanks = row("thanks", exchange=1)
    assert found(evidence([row("a"), thanks, row("b"), thanks]), "MG302").count == 0
    assert found(evidence([row("a"), thanks, row("a"), thanks]), "MG302").count == 1


def test_too_many_unreadable_records_are_incomplete() -> None:
    within = evidence([row()], records=1000, quarantined={"x": 10})
    assert found(within, "MG303").severity == "warn"
    beyond = evidence([row()], records=1000, quarantined={"x": 11})
    assert found(beyond, "MG303").severity == "incomplete"


def test_unread_bytes_count_as_unread_records_do() -> None:
    one: dict[str, Any] = {"records": 1000, "quarantined": {"x": 1}, "read_bytes": 9900}
    assert found(evidence([row()], **one, quarantined_bytes=100), "MG303").severity == "warn"
    beyond = found(evidence([row()], **one, quarantined_bytes=300), "MG303")
    assert beyond.severity == "incomplete"
    assert "1 of 1,000 records, 2.9 % of all bytes, could not be read" in beyond.message


def test_a_file_that_breaks_off_is_incomplete() -> None:
    finding = found(
        evidence([row()], records=1000, quarantined={"cut": 1}, broken=("a.jsonl.gz", "b")), "MG303"
    )
    assert finding.severity == "incomplete"
    assert finding.message.startswith(
        "a.jsonl.gz and 1 more break off, so the rest is unknown; 1 of 1,000 records"
    )


def test_each_tripped_trainer_rule_is_its_own_finding() -> None:
    rows = [row(flags=["lf_drop"]), row(), row(flags=["no_trained_turn", "lf_drop"])]
    findings = [finding for finding in checked(evidence(rows)).findings if finding.id == "MG304"]
    told = {finding.subject: (finding.count, [ref.line for ref in finding.samples]) for finding in findings}
    assert told == {"lf_drop": (2, [1, 3]), "no_trained_turn": (1, [3])}
    assert len({finding.why for finding in findings}) == 2


def test_records_without_an_exchange_count_for_trainer_rules() -> None:
    finding = found(evidence([row(flags=["lf_drop"]), row()], samples=9, flags={"lf_drop": 4}), "MG304")
    assert (finding.count, finding.total, len(finding.samples)) == (4, 9, 1)


def test_flags_that_are_not_trainer_rules_are_ignored() -> None:
    finding = found(evidence([row(flags=["some_oddity"])]), "MG304")
    assert (finding.severity, finding.subject) == ("pass", None)


def test_mixed_formats_are_reported() -> None:
    mixed = evidence([row()], formats={"a.jsonl": {"alpaca": 3, "openai_chat": 7}})
    assert "openai_chat 7" in found(mixed, "MG306").message


# --- verdict ------------------------------------------------------------------------------------------------


def test_the_verdict_is_the_highest_severity() -> None:
    findings = checked(evidence([row()] * 30, records=100, quarantined={"x": 50})).findings
    assert verdict(findings) == "incomplete"
    assert verdict(f for f in findings if f.severity != "incomplete") == "fail"
    assert verdict(f for f in findings if f.severity in ("pass", "note")) == "pass"
