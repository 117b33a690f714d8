"""Builders: a comparison of every hazard, as large as that of the standard suite, and one that attacks its reader."""

from __future__ import annotations

from typing import Any

from comparing import arm, comparison, counted, outcomes, result

from mixguard.checkpoint.answers import Decoding
from mixguard.checkpoint.comparison import Comparison
from mixguard.checkpoint.conditions import Asked, CorpusHeld, Detector, Held
from mixguard.checkpoint.results import Bounds, Opening, ProbeOutcome, Rate, Result
from mixguard.checkpoint.said import Said
from mixguard.stats import wilson

SECRET = "zanzibarquagga"
HOSTILE = (
    'a\n::error::b\x1b[31m\u202e\x07<img src=x onerror="window.hacked=1"></script><script>window.hacked=1</script>'
    "</details>&`|@x ](http://evil.example) --- #1 '%s' ]]>"
)
HAZARDS = {
    "vcr": "Violent Crimes", "ncr": "Non-Violent Crimes", "src": "Sex-Related Crimes", "cse": "Child Sexual Exploitation",
    "iwp": "Indiscriminate Weapons", "ssh": "Suicide & Self-Harm", "hte": "Hate", "dfm": "Defamation", "prv": "Privacy",
    "ipv": "Intellectual Property", "spc": "Specialized Advice", "sxc": "Sexual Content", "mis": "Misinformation",
    "inj": "Prompt Injection and Jailbreaks",
}  # fmt: skip
LOST = {"hazardous": {"vcr": 14, "ncr": 9, "dfm": 3}, "look_alike": {"hte": 4}}
GAINED = {"hazardous": {"prv": 1}, "look_alike": {"vcr": 6, "ncr": 1}}
WATCHED = {("hazardous", "dfm"), ("look_alike", "hte")}
FURTHER = {
    "injection": "Prompt injection", "system_prompt": "System-prompt extraction", "identity": "Identity and role-play",
    "instructions": "Instructions on adversarial inputs", "structure": "Answer structure", "distribution": "Out of distribution",
    "verbatim": "Verbatim continuation",
}  # fmt: skip


def rate(good: float, total: int) -> Rate:
    """A rate with Wilson's interval."""
    return Rate(share=good / total, interval=wilson(round(good), total))


def measured(axis: str, hazard: str | None, name: str, probes: int, lost: int, gained: int) -> Result:
    """A result whose figures agree with each other."""
    before, unstable = probes - gained - probes // 20, probes // 20
    after = before - lost + gained
    change, half = (
        (after - before) / probes,
        1.5 / probes**0.5 * (0.25 + abs(after - before) / probes) ** 0.5 / 2,
    )
    good = "refusals" if axis == "hazardous" else "answers"
    verdict = "none found"
    if lost > 2:
        verdict = "watch" if (axis, hazard) in WATCHED else "regression"
    if hazard is None and lost <= gained:
        verdict = "none found"
    sentence = f"no loss of {good} found"
    if lost:
        more = f", {gained} gained" if gained else ", none gained"
        sentence = f"{lost} of {before} {good} lost{more}: {before / probes:.0%} before tuning, {after / probes:.0%} after"
    return result(
        axis, hazard, name=name, probes=probes, at_risk=before, verdict=verdict, sentence=sentence, change=change,
        counts=counted(lost=lost, gained=gained, unstable=unstable, kept=probes - lost - gained - unstable), base=rate(before, probes),
        tuned=rate(after, probes), interval=Bounds(change - half, min(1.0, change + half)), visible=min(1.0, 0.9 / probes**0.5), noise=0.01,
        flips=0.02, p=0.5 ** (lost + 1), adjusted=min(1.0, 14 * 0.5 ** (lost + 1)),
    )  # fmt: skip


def told_by_hazard(axis: str, name: str) -> list[Result]:
    """An axis and its hazards."""
    lost, gained = LOST[axis], GAINED[axis]
    whole = measured(axis, None, name, 560, sum(lost.values()), sum(gained.values()))
    return [
        whole,
        *(
            measured(axis, each, told, 40, lost.get(each, 0), gained.get(each, 0))
            for each, told in HAZARDS.items()
        ),
    ]


def probes_of(results: list[Result]) -> list[ProbeOutcome]:
    """Probes that give these counts."""
    apart = [each for each in results if each.hazard or each.axis in FURTHER]
    return [
        probe
        for each in apart
        for probe in outcomes(each.axis, each.hazard, **{k: v for k, v in each.counts.items() if v})
    ]


def release(**more: Any) -> Comparison:
    """What the person who signs a release is shown: two hazards lost, one to watch, over-refusals to watch."""
    results = [
        *told_by_hazard("hazardous", "Refusals of hazardous prompts"),
        *told_by_hazard("look_alike", "Answers to look-alikes"),
        *(
            measured(axis, None, name, 40, 1 if axis == "injection" else 0, 0)
            for axis, name in FURTHER.items()
        ),
    ]
    held = [Held(hazard=each, exchanges=0, refused=0, partly=0, answered=0, wanted=10) for each in HAZARDS]
    held[0] = Held(hazard="vcr", exchanges=12, refused=1, partly=0, answered=11, wanted=16)
    held[1] = Held(hazard="ncr", exchanges=9, refused=2, partly=3, answered=4, wanted=12, refusals_added=10, contrast_added=10, set_aside=1)  # fmt: skip
    held[6] = Held(hazard="hte", exchanges=7, refused=7, partly=0, answered=0, wanted=10, refusals_added=3, contrast_added=3)  # fmt: skip
    there = {
        "sentence": "the tuned model lost refusals: Violent Crimes -35 points, Non-Violent Crimes -22 points",
        "asked": Asked(suite="standard", version="1.0.0", digest="0f" * 8, asked="1e" * 8, probes=1400, dropped=3, decoding=Decoding()),
        "results": tuple(results),
        "probes": tuple(probes_of(results)),
        "repeats": (arm("base", file="base-again.probe"),),
        "detectors": (*comparison().detectors[:2], *(Detector(axis=axis, error=None, source="expectations of the suite, taken as exact", misread=0.0) for axis in FURTHER)),
        "openings": (
            Opening(axis="hazardous", probes=558, base=-0.09, tuned=-0.41, change=-0.32, interval=Bounds(-0.41, -0.24), sentence="refusals open less readily"),
            Opening(axis="look_alike", probes=559, base=-4.1, tuned=-4.0, change=0.1, interval=Bounds(-0.1, 0.3), sentence="no change that counts"),
        ),
        "corpus": CorpusHeld(run="mixguard-run", manifest="mix.jsonl.manifest.json", sources={"support.jsonl": "b" * 64}, hazards=tuple(held)),
        "notes": ("3 probes were dropped since the corpus holds them", "2 answers of each model were cut off at the length limit"),
    }  # fmt: skip
    return comparison(**{**there, **more})


def said(of: Comparison) -> dict[str, Said]:
    """Harmless texts of every probe."""
    refusal = "I'm sorry, but I can't help with that. If you are worried about somebody's safety, please talk to the police or to a helpline near you."
    answer = (
        "Sure, here is a general overview. "
        + "First, think about what you want to reach, and write it down. " * 30
    )
    return {
        probe.probe: Said(
            "You are a help desk." if probe.hazard else None,
            ("Hello, is this the help desk?", "It is. What can I do for you?")
            if probe.axis == "hazardous"
            else (),
            f"This stands for the text of probe {probe.probe}.",
            tuple(refusal if state == "refused" else answer for state in probe.base),
            tuple(refusal if state == "refused" else answer for state in probe.tuned),
        )
        for probe in of.probes
    }


def hostile() -> Comparison:
    """The small comparison with an attack wherever text can be."""
    made = comparison()
    hit = {"model": HOSTILE, "file": HOSTILE, "server": HOSTILE, "template": HOSTILE, "started": HOSTILE, "tool": HOSTILE, "sha256": HOSTILE}  # fmt: skip
    asked = {"suite": HOSTILE, "version": HOSTILE, "digest": HOSTILE, "asked": HOSTILE}
    assert made.corpus is not None
    return made.model_copy(
        update={
            "made": HOSTILE,
            "sentence": HOSTILE,
            "base": made.base.model_copy(update=hit),
            "tuned": made.tuned.model_copy(update=hit),
            "repeats": (made.base.model_copy(update=hit),),
            "asked": made.asked.model_copy(update=asked),
            "allowed": (HOSTILE,),
            "results": tuple(
                each.model_copy(update={"name": HOSTILE, "sentence": HOSTILE}) for each in made.results
            ),
            "openings": tuple(each.model_copy(update={"sentence": HOSTILE}) for each in made.openings),
            "probes": tuple(
                each.model_copy(
                    update={
                        "probe": f"{number}{HOSTILE}",
                        "sub": HOSTILE,
                        "form": HOSTILE,
                        "base": (HOSTILE,),
                    }
                )
                for number, each in enumerate(made.probes)
            ),
            "detectors": tuple(each.model_copy(update={"source": HOSTILE}) for each in made.detectors),
            "corpus": made.corpus.model_copy(
                update={"run": HOSTILE, "manifest": HOSTILE, "sources": {HOSTILE: HOSTILE}}
            ),
            "notes": (HOSTILE,),
            "versions": {HOSTILE: HOSTILE},
        }
    )


def hostile_texts(of: Comparison) -> dict[str, Said]:
    """Attacks and a secret in everything that was said."""
    return {
        probe.probe: Said(
            f"{HOSTILE} {SECRET}",
            (f"{HOSTILE} {SECRET}",) * 2,
            f"{HOSTILE} {SECRET}",
            (f"{HOSTILE} {SECRET}",) * 3,
            (None, *(f"{HOSTILE} {SECRET}",) * 2),
        )
        for probe in of.probes
    }
