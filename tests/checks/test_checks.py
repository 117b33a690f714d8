"""Checks read columns alone, so they are tested on columns alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import polars as pl
import pytest

from mixguard.checks.base import Evidence
from mixguard.checks.catalogue import CHECKS
from mixguard.checks.coverage import coverage
from mixguard.checks.run import run_checks
from mixguard.columns import EXCHANGE, HAZARD, STANCE
from mixguard.config import CheckConfig
from mixguard.corpus.formats.lint import TRAINER_RULES
from mixguard.run.document import marked
from mixguard.run.findings import CorpusSummary, Finding, verdict
from mixguard.run.provenance import Detectors
from mixguard.stats import DetectorError

HAZARDS = {"vcr": "Violent Crimes", "ncr": "Non-Violent Crimes"}


def row(**values: Any) -> dict[str, Any]:
    """A benign, complied-with, judged exchange, with some columns replaced."""
    plain = {
        "kind": "exchange",
        "polarity": 1,
        "source": "data.jsonl",
        "format": "openai_chat",
        "flags": [],
        "exchange": 0,
        "hazard": "vcr",
        "hazard_score": 0.01,
        "proximity": -0.3,
        "language": "en",
        "stance": "full_compliance",
        "stance_score": 0.01,
    }
    return {**plain, **values}


def hazardous(stance: str = "full_compliance", hazard: str = "vcr", score: float = 0.99) -> dict[str, Any]:
    return row(hazard=hazard, hazard_score=score, stance=stance)


def evidence(rows: Sequence[dict[str, Any]], **corpus: Any) -> Evidence:
    numbered = [
        {"sample_id": f"{number:016x}", "line": number + 1, "record": number, "prompt_id": str(number), "response_id": str(number), **values}
        for number, values in enumerate(rows)
    ]  # fmt: skip
    frame = pl.DataFrame(numbered, schema={**EXCHANGE, **HAZARD, **STANCE})
    summary = {
        "sources": {"data.jsonl": "0" * 64},
        "records": len(rows),
        "samples": len(rows),
        "exchanges": len(rows),
        "empty": 0,
        "quarantined": {},
        "formats": {"data.jsonl": {"openai_chat": len(rows)}},
        "flags": {},
    }
    return Evidence(
        frame=marked(frame.lazy(), 0.5),
        corpus=CorpusSummary(**{**summary, **corpus}),
        detectors=Detectors(
            taxonomy="t", taxonomy_version="1", taxonomy_digest="d", language="en", hazards=HAZARDS, encoder="e",
            crosswalk={},
            hazard_limit=0.5, hazard_error=DetectorError(0.9, 0.995, 1000, 1000), proximity_limit=0.1,
            proximity_expected=0.005, stance_digest="s", stance_error=DetectorError(0.9, 0.98, 400, 400),
        ),
        config=CheckConfig(),
        quarantine_max=0.01,
        rules=TRAINER_RULES,
    )  # fmt: skip


def found(id_: str, given: Evidence) -> Finding:
    check = next(check for check in CHECKS if check.id == id_)
    return check.findings(given)[0]


def test_ids_are_unique_and_every_check_says_why_and_what_to_do() -> None:
    assert len({check.id for check in CHECKS}) == len({check.name for check in CHECKS}) == len(CHECKS)
    for check in CHECKS:
        assert check.why and check.source and check.remedy


def test_no_refusals_fails_and_one_refused_hazard_passes() -> None:
    assert found("MG102", evidence([row()] * 50)).severity == "fail"
    assert found("MG102", evidence([*[row()] * 50, hazardous("full_refusal")])).severity == "pass"


def test_a_refused_benign_prompt_is_no_coverage() -> None:
    assert found("MG102", evidence([*[row()] * 50, row(stance="full_refusal")])).severity == "fail"


def test_rejected_responses_are_no_coverage() -> None:
    rejected = {**hazardous("full_refusal"), "polarity": -1}
    assert found("MG102", evidence([*[row()] * 50, rejected])).severity == "fail"


def test_coverage_names_the_hazards_that_lack_refusals() -> None:
    finding = found("MG101", evidence([*[row()] * 500, *[hazardous("full_refusal")] * 10]))
    assert finding.severity == "warn"
    assert finding.count == 1
    assert "ncr" in finding.message
    assert "vcr" not in finding.message


def test_a_partial_refusal_counts_half() -> None:
    given = evidence([hazardous("partial_refusal")] * 3)
    assert coverage(given)[0].refusals == 1.5


def test_coverage_counts_every_touched_exchange_once() -> None:
    rows = [hazardous("full_refusal"), hazardous(), hazardous("partial_refusal", "ncr"), row()]
    table = coverage(evidence(rows))
    assert [(c.exchanges, c.full_refusal, c.partial_refusal, c.full_compliance) for c in table] == [
        (2, 1, 0, 1),
        (1, 0, 1, 0),
    ]


@pytest.mark.parametrize(("answered", "severity"), [(0, "pass"), (3, "warn"), (40, "fail")])
def test_answered_hazards_by_number(answered: int, severity: str) -> None:
    given = evidence([*[row()] * 400, *[hazardous()] * answered])
    assert found("MG103", given).severity == severity


def test_answered_hazards_that_false_alarms_could_explain_only_warn() -> None:
    assert found("MG103", evidence([*[row()] * 9950, *[hazardous()] * 50])).severity == "warn"


def test_the_refused_share_is_corrected_for_the_detectors_errors() -> None:
    (share,) = [
        entry.refused for entry in coverage(evidence([hazardous("full_refusal")] * 100)) if entry.exchanges
    ]
    assert share.low > 0.95  # nine in ten called, by a detector that finds nine in ten, are all
    nine = [*[hazardous("full_refusal")] * 90, *[hazardous("full_compliance")] * 10]
    (share,) = [entry.refused for entry in coverage(evidence(nine)) if entry.exchanges]
    assert share.high == 1


def test_answered_hazards_are_ranked() -> None:
    finding = found("MG103", evidence([row(), hazardous(score=0.7), hazardous(score=0.95)]))
    assert [sample.line for sample in finding.samples] == [3, 2]


def test_over_refusal_leaves_inability_out() -> None:
    refusing = row(stance="full_refusal")
    assert found("MG104", evidence([*[row()] * 80, *[refusing] * 20])).severity == "warn"
    unable = {**refusing, "stance_note": "inability"}
    assert found("MG104", evidence([*[row()] * 80, *[unable] * 20])).severity == "pass"


def test_a_refusal_taken_back_is_told_and_counts_as_an_answer() -> None:
    turned = row(stance="full_compliance", stance_note="turnover")
    assert found("MG105", evidence([row()] * 50)).severity == "pass"
    assert found("MG105", evidence([*[row()] * 50, turned])).severity == "warn"
    assert found("MG105", evidence([*[row()] * 50, *[turned] * 10])).severity == "fail"
    answered = {**hazardous("full_compliance"), "stance_note": "turnover"}
    assert found("MG103", evidence([*[row()] * 50, answered])).count == 1


def test_near_harm_is_beyond_what_plain_text_shows() -> None:
    near = row(proximity=0.2)
    assert found("MG201", evidence([*[row()] * 995, *[near] * 5])).severity == "note"
    finding = found("MG201", evidence([*[row()] * 900, row(proximity=0.4), *[near] * 99]))
    assert finding.severity == "warn"
    assert finding.samples[0].score == 0.4


def test_languages_the_encoder_does_not_speak() -> None:
    foreign = row(language="de", hazard_score=None, hazard_unjudged="language de")
    assert found("MG301", evidence([row()] * 10)).severity == "pass"
    finding = found("MG301", evidence([*[row()] * 5, *[foreign] * 5]))
    assert finding.severity == "warn"
    assert "de 5" in finding.message
    assert found("MG305", evidence([*[row()] * 5, *[foreign] * 5])).severity == "incomplete"


def test_duplicates_count_repeats_only() -> None:
    same = {"prompt_id": "p", "response_id": "r"}  # fmt: skip
    assert found("MG302", evidence([row(), row()])).count == 0
    finding = found("MG302", evidence([row(**same), row(**same), row(**same)]))
    assert (finding.count, finding.severity) == (2, "warn")


def test_quarantine_beyond_the_tolerated_share_is_incomplete() -> None:
    assert found("MG303", evidence([row()], records=1000, quarantined={"x": 10})).severity == "warn"
    assert found("MG303", evidence([row()], records=1000, quarantined={"x": 11})).severity == "incomplete"


def test_every_tripped_trainer_rule_is_a_finding_of_its_own() -> None:
    tripped = row(flags=["lf_drop"])
    finding = found("MG304", evidence([tripped, row()], flags={"lf_drop": 1}))
    assert (finding.subject, finding.count, finding.samples[0].line) == ("lf_drop", 1, 1)


def test_mixed_formats_are_told() -> None:
    mixed = evidence([row()], formats={"a.jsonl": {"alpaca": 3, "openai_chat": 7}})
    assert "openai_chat 7" in found("MG306", mixed).message


def test_findings_do_not_depend_on_row_order() -> None:
    rows = [hazardous(), row(stance="full_refusal"), hazardous("full_refusal", "ncr"), row(language="fr")]
    given = evidence(rows)
    turned = replace(given, frame=given.frame.reverse())
    assert run_checks(given) == run_checks(turned)


def test_verdict_is_the_gravest() -> None:
    findings = run_checks(evidence([row()] * 30, records=100, quarantined={"x": 50})).findings
    assert verdict(findings) == "incomplete"
    assert verdict(f for f in findings if f.severity != "incomplete") == "fail"
    assert verdict(f for f in findings if f.severity in ("pass", "note")) == "pass"


def test_an_empty_corpus_of_prompts_alone_says_so() -> None:
    prompts = row(polarity=0, kind="prompt", stance=None, stance_unjudged="no trained response (prompt)")
    assert found("MG102", evidence([prompts] * 30)).severity == "note"
