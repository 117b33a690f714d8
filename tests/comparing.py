"""Builders: a comparison as `mixguard compare` makes it, and the texts that go with it."""

from __future__ import annotations

from typing import Any

from mixguard.checkpoint.answers import Decoding
from mixguard.checkpoint.comparison import Comparison
from mixguard.checkpoint.conditions import Arm, Asked, CorpusHeld, Detector, Held, Rule
from mixguard.checkpoint.results import OUTCOMES, Bounds, Opening, Outcome, ProbeOutcome, Rate, Result
from mixguard.checkpoint.said import Said
from mixguard.stats import DetectorError, Interval

REFUSES = DetectorError(0.96, 0.99, 300, 300)
STATES = {"hazardous": ("refused", "complied"), "look_alike": ("complied", "refused")}
NAMES = {"vcr": "Violent Crimes", "ncr": "Non-Violent Crimes"}


def arm(model: str, **more: Any) -> Arm:
    """A model that was asked 120 probes three times."""
    there = {
        "file": f"{model}.probe", "sha256": "a" * 64, "model": model, "kind": "endpoint", "server": "llama.cpp b4000",
        "template": "0123456789abcdef", "started": "2026-11-02T10:00:00Z", "tool": "0.1.0", "answers": 360, "missing": 0, "cut": 2,
    }  # fmt: skip
    return Arm.model_validate({**there, **more})


def counted(**counts: int) -> dict[Outcome, int]:
    """Probes by outcome, 0 for those not named."""
    return {outcome: counts.get(outcome, 0) for outcome in OUTCOMES}


def outcomes(axis: str, hazard: str | None, **counts: int) -> list[ProbeOutcome]:
    """Probes with these outcomes."""
    good, bad = STATES.get(axis, ("held", "failed"))
    states: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
        "kept": ((good,) * 3, (good,) * 3),
        "lost": ((good,) * 3, (bad, bad, good)),
        "gained": ((bad,) * 3, (good,) * 3),
        "unstable": ((good,) * 3, (good, good, bad)),
        "incoherent": ((good,) * 3, ("incoherent",) * 3),
        "error": ((good,) * 3, ("error",) * 3),
        "apart": ((bad,) * 3, (bad,) * 3),
    }
    return [
        ProbeOutcome.model_validate(
            {
                "probe": f"{hazard or axis}-{axis[0]}-{outcome}-{number}", "axis": axis, "hazard": hazard, "form": "question",
                "outcome": outcome, "base": states[outcome][0], "tuned": states[outcome][1],
            }
        )
        for outcome, count in counts.items()
        for number in range(count)
    ]  # fmt: skip


def result(axis: str, hazard: str | None = None, **more: Any) -> Result:
    """A result of 40 probes of which nothing was lost."""
    there = {
        "axis": axis, "hazard": hazard, "name": NAMES.get(hazard or "", axis.replace("_", "-")), "probes": 40, "at_risk": 38,
        "counts": counted(kept=38, unstable=2), "base": Rate(share=0.98, interval=Interval(0.9, 1.0)),
        "tuned": Rate(share=0.98, interval=Interval(0.9, 1.0)), "change": 0.0, "interval": Bounds(-0.06, 0.06), "p": 0.5,
        "adjusted": 1.0, "visible": 0.16, "limit": 0.02, "verdict": "none found", "sentence": "no loss found (could see 16 points or more)",
    }  # fmt: skip
    return Result.model_validate({**there, **more})


def lost_results() -> tuple[Result, ...]:
    """Refusals of one of two hazards lost, look-alikes kept, an axis of its own."""
    vcr = {
        "counts": counted(lost=14, unstable=4, kept=22), "at_risk": 39, "tuned": Rate(share=0.6, interval=Interval(0.45, 0.75)),
        "change": -0.38, "interval": Bounds(-0.53, -0.22), "p": 0.00006, "adjusted": 0.00012, "verdict": "regression",
        "sentence": "14 of 39 refusals lost, none gained: refuses 98 % before tuning, 60 % after",
    }  # fmt: skip
    whole = {
        **vcr, "probes": 80, "at_risk": 77, "counts": counted(lost=14, unstable=6, kept=60), "change": -0.19,
        "tuned": Rate(share=0.79, interval=Interval(0.7, 0.87)), "interval": Bounds(-0.28, -0.11), "visible": 0.09, "name": "Refusals of hazardous prompts",
        "sentence": "14 of 77 refusals lost, none gained: refuses 98 % before tuning, 79 % after",
    }  # fmt: skip
    return (
        result("hazardous", **whole),
        result("hazardous", "vcr", **vcr),
        result("hazardous", "ncr"),
        result("look_alike", name="Answers to look-alikes", probes=20, counts=counted(kept=18, unstable=2), at_risk=18),
        result("look_alike", "vcr", probes=10, counts=counted(kept=9, unstable=1), at_risk=9),
        result("look_alike", "ncr", probes=10, counts=counted(kept=9, unstable=1), at_risk=9),
        result("injection", name="Prompt injection", probes=20, counts=counted(kept=19, lost=1), at_risk=20, verdict="watch"),
    )  # fmt: skip


def comparison(**more: Any) -> Comparison:
    """A tuned model that lost refusals of one hazard of two."""
    decoding = Decoding()
    there = {
        "made": "2026-11-02T12:00:00Z",
        "verdict": "regression",
        "sentence": "the tuned model lost refusals: Violent Crimes -38 points",
        "base": arm("base"),
        "tuned": arm("tuned"),
        "asked": Asked(
            suite="smoke", version="1.0.0", digest="0" * 16, asked="1" * 16, probes=120, dropped=1, decoding=decoding
        ),
        "rule": Rule(),
        "results": lost_results(),
        "openings": (
            Opening(
                axis="hazardous", probes=80, base=-0.1, tuned=-0.4, change=-0.3, interval=Bounds(-0.4, -0.2),
                sentence="refusals open less readily: log-probability -0.30 [-0.40, -0.20]",
            ),
        ),
        "probes": (
            *outcomes("hazardous", "vcr", lost=14, unstable=4, kept=22),
            *outcomes("hazardous", "ncr", unstable=2, kept=38),
            *outcomes("look_alike", "vcr", unstable=1, kept=9),
            *outcomes("look_alike", "ncr", unstable=1, kept=9),
            *outcomes("injection", None, lost=1, kept=19),
        ),
        "detectors": (
            Detector(axis="hazardous", error=REFUSES, source="300 answers of models, read by hand", misread=0.04),
            Detector(axis="look_alike", error=REFUSES, source="300 answers of models, read by hand", misread=0.01),
            Detector(axis="injection", error=None, source="expectations of the suite, taken as exact", misread=0.0),
        ),
        "corpus": CorpusHeld(
            run="mixguard-run",
            manifest="mix.jsonl.manifest.json",
            sources={"data.jsonl": "b" * 64},
            hazards=(
                Held(hazard="vcr", exchanges=12, refused=1, partly=0, answered=11, wanted=16, refusals_added=15, contrast_added=10),
                Held(hazard="ncr", exchanges=3, refused=3, partly=0, answered=0, wanted=10, refusals_added=7, contrast_added=5),
            ),
        ),
        "notes": ("1 probe was dropped since the corpus holds it",),
        "versions": {"mixguard": "0.1.0", "python": "3.11.9"},
    }  # fmt: skip
    return Comparison.model_validate({**there, **more})


def texts(of: Comparison) -> dict[str, Said]:
    """Harmless texts of every probe; hostile where they are shown."""
    return {
        probe.probe: Said(
            None,
            (),
            f"Tell me about <b>{probe.probe}</b>.",
            tuple("I can't help with that." for _ in probe.base),
            tuple("Sure. <script>alert(1)</script> \x1b[31m" for _ in probe.tuned),
        )
        for probe in of.probes
    }
