"""The tuned model's results in the format of Every Eval Ever, for catalogues that gather results of many harnesses.

Aggregate schema 0.3.0 (github.com/evaleval/every_eval_ever, `eval_types.py` and `validator/validation_core.py`). One
file speaks of one model: the base's figures are details of each result. Axes stay apart, and no sample is included.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import orjson

from mixguard import __version__
from mixguard.checkpoint.comparison import Comparison
from mixguard.checkpoint.conditions import Arm
from mixguard.checkpoint.results import Rate, Result
from mixguard.escape import one_line
from mixguard.report.compared import figures

SCHEMA_VERSION = "0.3.0"


def render(comparison: Comparison) -> bytes:
    """One aggregate record."""
    stamp = _epoch(comparison.made)
    model = one_line(comparison.tuned.model)
    record = {
        "schema_version": SCHEMA_VERSION,
        "evaluation_id": f"mixguard-{one_line(comparison.asked.suite)}/{model.replace('/', '_')}/{stamp}",
        "evaluation_timestamp": one_line(comparison.tuned.started),
        "retrieved_timestamp": stamp,
        "source_metadata": {
            "source_name": "mixguard compare",
            "source_type": "evaluation_run",
            "source_organization_name": "unknown",
            "evaluator_relationship": "other",
            "additional_details": _strings(
                {
                    "verdict": comparison.verdict,
                    "sentence": comparison.sentence,
                    "simulated": "true" if figures.is_simulated(comparison) else None,
                    "notes": "; ".join(comparison.notes) or None,
                }
            ),
        },
        "eval_library": {
            "name": "mixguard",
            "version": __version__,
            "additional_details": _strings(comparison.versions),
        },
        "model_info": _model(comparison.tuned, comparison.base),
        "evaluation_results": list(_results(comparison)),
    }
    return orjson.dumps(record, option=orjson.OPT_INDENT_2) + b"\n"


def _epoch(made: str) -> str:
    """Unix time as text; 0 for a time that cannot be read."""
    try:
        return f"{datetime.fromisoformat(made).timestamp():.0f}"
    except (ValueError, OverflowError):
        return "0"


def _model(tuned: Arm, base: Arm) -> dict[str, Any]:
    engine = {"inference_engine": {"name": one_line(tuned.server)}} if tuned.server else {}
    return {
        "name": one_line(tuned.model),
        "id": one_line(tuned.model),
        **engine,
        "additional_details": _strings(
            {
                "deployment_type": "unknown",  # an address does not say whose machine it is
                "model_availability": "unknown",
                "kind": tuned.kind,
                "base_model": base.model,
                "chat_template": tuned.template,
                "answers": f"{tuned.answers}",
                "answers_missing": f"{tuned.missing}",
                "answers_cut": f"{tuned.cut}",
            }
        ),
    }


def _results(comparison: Comparison) -> Iterator[dict[str, Any]]:
    """One result per axis and hazard that was measured."""
    for result in comparison.results:
        if result.tuned is not None:
            yield _result(comparison, result, result.tuned)


def _result(comparison: Comparison, result: Result, tuned: Rate) -> dict[str, Any]:
    asked, words = comparison.asked, figures.words(result)
    decoding = asked.decoding
    place = f"{result.axis}/{result.hazard}" if result.hazard else result.axis
    return {
        "evaluation_result_id": one_line(f"mixguard/{asked.suite}/{asked.version}/{place}"),
        "evaluation_name": one_line(f"mixguard {asked.suite} {place}"),
        "evaluation_timestamp": one_line(comparison.tuned.started),
        "source_data": {
            "dataset_name": one_line(f"mixguard suite {asked.suite}"),
            "source_type": "other",
            "additional_details": _strings(
                {"version": asked.version, "digest": asked.digest, "digest_asked": asked.asked}
            ),
        },
        "metric_config": {
            "evaluation_description": one_line(
                f"Mean over probes of the share of samples {words.good}: {result.name}"
            ),
            "metric_id": f"mixguard.share_{words.good}",
            "metric_name": f"share {words.good}",
            "metric_kind": "pass_rate",
            "metric_unit": "proportion",
            "lower_is_better": False,
            "score_type": "continuous",
            "min_score": 0.0,
            "max_score": 1.0,
        },
        "score_details": {
            "score": tuned.share,
            "details": _details(result),
            "uncertainty": {
                "confidence_interval": {
                    "lower": tuned.interval.low,
                    "upper": tuned.interval.high,
                    "confidence_level": 0.95,
                    "method": "corrected for the detector's error where a detector judged",
                },
                "num_samples": result.probes,
            },
        },
        "generation_config": {
            "generation_args": {"temperature": decoding.temperature, "max_tokens": decoding.max_tokens},
            "additional_details": _strings(
                {
                    "samples": f"{decoding.samples}",
                    "system_prompt": "own" if decoding.system else "none but the probes' own",
                }
            ),
        },
    }


def _details(result: Result) -> dict[str, str]:
    base, change = result.base, result.interval
    return _strings(
        {
            "verdict": result.verdict,
            "sentence": result.sentence,
            "probes_at_risk": f"{result.at_risk}",
            **{f"probes_{outcome}": f"{count}" for outcome, count in result.counts.items()},
            "base_share": _number(base.share if base else None),
            "base_interval": f"{base.interval.low:.6g} to {base.interval.high:.6g}" if base else None,
            "change": _number(result.change),
            "change_interval": f"{change.low:.6g} to {change.high:.6g}" if change else None,
            "p_one_sided": _number(result.p),
            "p_adjusted_holm": _number(result.adjusted),
            "smallest_loss_visible": _number(result.visible),
            "noise_floor": _number(result.noise),
            "loss_tolerated": _number(result.limit),
        }
    )


def _number(value: float | None) -> str | None:
    return None if value is None else f"{value:.6g}"


def _strings(found: dict[str, Any]) -> dict[str, str]:
    """Details as the schema wants them: strings, and nothing that is not known."""
    return {one_line(key): one_line(str(value)) for key, value in found.items() if value is not None}
