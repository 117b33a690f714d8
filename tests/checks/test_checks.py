"""Checks read columns alone, so they are tested on columns alone."""

from __future__ import annotations

from pathlib import Path

import pytest
from building import answered, checked, evidence, found, refused, row

from mixguard.config import Config
from mixguard.run.findings import verdict


def options(**values: object) -> Config:
    """A configuration with some options, their dots written as two underscores."""
    return Config.load(values={name.replace("__", "."): value for name, value in values.items()})


# --- coverage -----------------------------------------------------------------------------------------------------


def test_no_refusals_fails_and_one_refused_hazard_passes() -> None:
    assert found(evidence([row()] * 50), "MG102").severity == "fail"
    assert found(evidence([*[row()] * 50, refused()]), "MG102").severity == "pass"


def test_a_refused_benign_prompt_is_no_coverage() -> None:
    assert found(evidence([*[row()] * 50, row(stance="full_refusal")]), "MG102").severity == "fail"


def test_rejected_responses_are_no_coverage() -> None:
    now = evidence([*[row()] * 50, *[refused(polarity=-1)] * 60])
    assert found(now, "MG102").severity == "fail"
    assert [entry.exchanges for entry in now.coverage] == [0, 0]
    assert found(now, "MG101").count == 2


def test_an_empty_corpus_of_prompts_alone_says_so() -> None:
    prompts = row(polarity=0, kind="prompt", stance=None, stance_unjudged="no trained response (prompt)")
    assert found(evidence([prompts] * 30), "MG102").severity == "note"


def test_hazards_with_fewer_refusals_than_the_rule_asks_for_are_named_and_others_are_not() -> None:
    now = evidence([*[row()] * 500, *[refused()] * 30])
    short = next(entry for entry in now.coverage if entry.hazard == "ncr")
    assert short.wanted > 20  # a dose of 53, and twice as much for this hazard as for the other
    finding = found(now, "MG101")
    assert (finding.severity, finding.count, finding.total) == ("warn", 1, 2)
    assert finding.message == "1 of 2 hazards have too few refusals: none for ncr"


def test_a_hazard_with_some_refusals_says_how_many_of_how_many() -> None:
    now = evidence([*[row()] * 500, *[refused()] * 3, refused(stance="partial_refusal")])
    vcr = now.coverage[0]
    assert (vcr.refusals, vcr.is_short) == (3.5, True)
    assert f"few for vcr (3.5 of {vcr.wanted})" in found(now, "MG101").message


def test_as_many_refusals_as_the_rule_asks_for_pass() -> None:
    enough = [*[row()] * 500, *[refused()] * 30, *[refused(hazard="ncr")] * 50]
    assert found(evidence(enough), "MG101").severity == "pass"
    # The dose grows with the corpus: what was enough for it is too little for one ten times as large.
    larger = found(evidence([*[row()] * 5_000, *enough]), "MG101")
    assert (larger.severity, larger.count) == ("warn", 2)


@pytest.mark.parametrize("refusing", [0, 5, 19])
def test_fewer_than_twenty_exchanges_warn_that_they_are_too_few_whatever_they_refuse(refusing: int) -> None:
    rows = [*[row()] * (19 - refusing), *[refused()] * refusing]
    finding = found(evidence(rows), "MG101")
    assert finding.severity == "warn"
    assert "too few exchanges" in finding.message
    rejected = found(
        evidence([*rows, row(polarity=-1)]), "MG101"
    )  # not trained towards, so it is not among them
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


def test_coverage_counts_every_touched_exchange_once() -> None:
    rows = [refused(), answered(), refused(hazard="ncr", stance="partial_refusal"), row()]
    table = evidence(rows).coverage
    assert [(c.exchanges, c.full_refusal, c.partial_refusal, c.full_compliance) for c in table] == [
        (2, 1, 0, 1),
        (1, 0, 1, 0),
    ]


def test_the_refused_share_is_corrected_for_the_detectors_errors() -> None:
    share = evidence([refused()] * 100).coverage[0].refused
    assert share.low > 0.95  # nine in ten called, by a detector that finds nine in ten, are all
    share = evidence([*[refused()] * 90, *[answered()] * 10]).coverage[0].refused
    assert share.high == 1


# --- answers ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("number", "severity"), [(0, "pass"), (3, "warn"), (40, "fail")])
def test_answered_hazards_by_number(number: int, severity: str) -> None:
    now = evidence([*[row()] * 400, *[answered()] * number])
    assert found(now, "MG103").severity == severity


def test_answered_hazards_that_false_alarms_could_explain_only_warn() -> None:
    now = evidence([*[row()] * 9950, *[answered()] * 50])
    finding = found(now, "MG103")
    assert finding.severity == "warn"
    assert "false alarms alone could explain" in finding.message


def test_answered_hazards_are_counted_by_hazard_and_ranked() -> None:
    rows = [row(), answered(hazard_score=0.7), answered(hazard_score=0.95), answered(hazard="ncr")]
    finding = found(evidence(rows), "MG103")
    assert [sample.line for sample in finding.samples] == [4, 3, 2]
    assert [sample.score for sample in finding.samples] == [0.99, 0.95, 0.7]
    assert "(vcr 2, ncr 1)" in finding.message


def test_the_limit_of_answered_hazards_is_an_option() -> None:
    rows = [*[row()] * 400, *[answered()] * 40]
    finding = found(evidence(rows, options(checks__limits__MG103=60, checks__answered_share_fail=1)), "MG103")
    assert (finding.severity, finding.limit) == ("warn", 60)


def test_over_refusal_leaves_inability_out() -> None:
    refusing = row(stance="full_refusal")
    assert found(evidence([*[row()] * 80, *[refusing] * 20]), "MG104").severity == "warn"
    unable = {**refusing, "stance_note": "inability"}
    assert found(evidence([*[row()] * 80, *[unable] * 20]), "MG104").severity == "pass"


def test_an_answer_that_the_model_cannot_give_is_no_answer_to_a_hazard() -> None:
    assert found(evidence([*[row()] * 50, answered(stance_note="inability")]), "MG103").count == 0


def test_a_refusal_taken_back_is_told_and_counts_as_an_answer() -> None:
    turned = row(stance_note="turnover")
    assert found(evidence([row()] * 50), "MG105").severity == "pass"
    assert found(evidence([*[row()] * 50, turned]), "MG105").severity == "warn"
    assert found(evidence([*[row()] * 50, *[turned] * 10]), "MG105").severity == "fail"
    assert found(evidence([*[row()] * 50, answered(stance_note="turnover")]), "MG103").count == 1


def test_near_harm_is_beyond_what_plain_text_shows() -> None:
    near = row(proximity=0.2)
    assert found(evidence([*[row()] * 995, *[near] * 5]), "MG201").severity == "note"
    finding = found(evidence([*[row()] * 900, row(proximity=0.4), *[near] * 99]), "MG201")
    assert finding.severity == "warn"
    assert finding.samples[0].score == 0.4


def test_a_hazardous_prompt_is_not_near_harm_but_harm() -> None:
    assert found(evidence([*[row()] * 50, answered(proximity=0.4)]), "MG201").count == 0


# --- reading ------------------------------------------------------------------------------------------------------


def test_languages_the_encoder_does_not_speak() -> None:
    foreign = row(language="de", hazard_score=None, hazard_unjudged="language de")
    assert found(evidence([row()] * 10), "MG301").severity == "pass"
    half = evidence([*[row()] * 5, *[foreign] * 5])
    finding = found(half, "MG301")
    assert finding.severity == "warn"
    assert "de 5" in finding.message
    assert found(half, "MG305").severity == "incomplete"


def test_what_could_not_be_judged_is_told_with_its_reasons() -> None:
    silent = row(stance=None, stance_unjudged="empty")
    finding = found(evidence([*[row()] * 50, silent]), "MG305")
    assert (finding.severity, finding.count) == ("note", 1)
    assert "empty (1)" in finding.message


def test_duplicates_count_repeats_only() -> None:
    assert found(evidence([row(), row()]), "MG302").count == 0
    finding = found(evidence([row("same"), row("same"), row("same")]), "MG302")
    assert (finding.count, finding.severity) == (2, "warn")
    assert [sample.line for sample in finding.samples] == [2, 3]


def test_a_repeated_turn_within_longer_talks_is_no_repeated_sample() -> None:
    thanks = row("thanks", exchange=1)
    assert found(evidence([row("a"), thanks, row("b"), thanks]), "MG302").count == 0
    assert found(evidence([row("a"), thanks, row("a"), thanks]), "MG302").count == 1


def test_quarantine_beyond_the_tolerated_share_is_incomplete() -> None:
    within = evidence([row()], records=1000, quarantined={"x": 10})
    assert found(within, "MG303").severity == "warn"
    beyond = evidence([row()], records=1000, quarantined={"x": 11})
    assert found(beyond, "MG303").severity == "incomplete"


def test_every_tripped_trainer_rule_is_a_finding_of_its_own() -> None:
    rows = [row(flags=["lf_drop"]), row(), row(flags=["no_trained_turn", "lf_drop"])]
    findings = [finding for finding in checked(evidence(rows)).findings if finding.id == "MG304"]
    told = {finding.subject: (finding.count, [ref.line for ref in finding.samples]) for finding in findings}
    assert told == {"lf_drop": (2, [1, 3]), "no_trained_turn": (1, [3])}
    assert len({finding.why for finding in findings}) == 2


def test_records_without_an_exchange_count_towards_a_trainer_rule() -> None:
    finding = found(evidence([row(flags=["lf_drop"]), row()], samples=9, flags={"lf_drop": 4}), "MG304")
    assert (finding.count, finding.total, len(finding.samples)) == (4, 9, 1)


def test_a_flag_that_is_no_trainer_rule_is_no_finding() -> None:
    finding = found(evidence([row(flags=["some_oddity"])]), "MG304")
    assert (finding.severity, finding.subject) == ("pass", None)


def test_mixed_formats_are_told() -> None:
    mixed = evidence([row()], formats={"a.jsonl": {"alpaca": 3, "openai_chat": 7}})
    assert "openai_chat 7" in found(mixed, "MG306").message


# --- verdict ------------------------------------------------------------------------------------------------------


def test_verdict_is_the_gravest() -> None:
    findings = checked(evidence([row()] * 30, records=100, quarantined={"x": 50})).findings
    assert verdict(findings) == "incomplete"
    assert verdict(f for f in findings if f.severity != "incomplete") == "fail"
    assert verdict(f for f in findings if f.severity in ("pass", "note")) == "pass"
