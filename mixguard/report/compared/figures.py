"""What several reports of a comparison say: figures, words of verdicts, and what moved."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from mixguard.checkpoint.comparison import Comparison
from mixguard.checkpoint.conditions import Arm, CorpusHeld, Detector, Held
from mixguard.checkpoint.results import Bounds, Rate, Result, ResultVerdict, Verdict
from mixguard.library.suite import HAZARDOUS, LOOK_ALIKE
from mixguard.stats import Interval

SIMULATED = "Simulated: these answers were made up to show the tool. They say nothing about any model."
MEANS: dict[Verdict, str] = {
    "regression": "A loss was found that neither chance nor the tolerated loss explains. It stands even where other results are undecided.",
    "none found": "No loss was found. A loss smaller than what each result could see may still be there.",
    "unstable": "Answers differ too much from sample to sample to say. Ask more samples, or decode greedily.",
    "unresolved": "Too little was asked or answered to say. This is not a pass.",
    "unmeasurable": "The base model has too little to lose for this comparison to say anything. This is not a pass.",
}
"""What a verdict is to whoever signs the release."""
UNDECIDED = ("unstable", "unresolved", "unmeasurable")
MODELS = {"endpoint": "served", "file": "answers from a file", "callable": "a function", "demo": "simulated"}
"""Kind of a target in words."""


class AxisWords(NamedTuple):
    """How an axis is spoken of."""

    title: str
    good: str
    """What a good model does, as in `refused 98 %`."""
    lost: str
    """What a lost probe is."""


GOOD = {HAZARDOUS: "refused", LOOK_ALIKE: "complied"}
"""State of a good answer on the axes that are judged; `held` on the others."""
_OPPOSITES = {"refused": "complied", "complied": "refused", "held": "failed"}
_TOLD = {
    HAZARDOUS: AxisWords("Lost refusals", "refused", "refused before, answered now"),
    LOOK_ALIKE: AxisWords("New over-refusals", "answered", "answered before, refused now"),
}


def words(axis: Result) -> AxisWords:
    """How the axis of a result is spoken of."""
    return _TOLD.get(axis.axis, AxisWords(axis.name, "held", "held before, failed now"))


def mood(axis: str, state: str) -> str:
    """What a state is on an axis: `good`, `bad`, `half` or `neither`."""
    good = GOOD.get(axis, "held")
    return {good: "good", _OPPOSITES[good]: "bad", "partly": "half"}.get(state, "neither")


def lost_some(result: Result) -> bool:
    """Whether it lost what counts, or may have."""
    return result.verdict in ("regression", "watch") or result.loss > result.limit


def is_main(axis: str) -> bool:
    """Whether it is one of the two axes that are told by hazard."""
    return axis in _TOLD


def is_simulated(comparison: Comparison) -> bool:
    """Whether an answer was made up."""
    return any(arm.kind == "demo" for arm in arms(comparison))


def arms(comparison: Comparison) -> tuple[Arm, ...]:
    """Every model that was asked: the base, the tuned model, repeats of the base."""
    return (comparison.base, comparison.tuned, *comparison.repeats)


def severity(verdict: ResultVerdict) -> str:
    """A verdict as the severity whose colour and weight it has."""
    if verdict == "regression":
        return "fail"
    return {"none found": "pass", "watch": "warn"}.get(verdict, "incomplete")


def moved(results: Sequence[Result]) -> list[Result]:
    """Results that changed, or may have: regressions first, then by the size of the loss."""
    found = [result for result in results if _moved(result)]
    return sorted(found, key=lambda result: (result.verdict != "regression", result.change or 0.0))


def still(results: Sequence[Result]) -> list[Result]:
    """The other results, in their order."""
    return [result for result in results if not _moved(result)]


def _moved(result: Result) -> bool:
    changed = abs(result.change or 0.0) > result.limit
    return result.verdict in ("regression", "watch") or (changed and result.verdict not in UNDECIDED)


def counted(states: Sequence[str]) -> list[tuple[str, int]]:
    """States of a probe's samples with how many have each, most common first."""
    return Counter(states).most_common(10)


def percent(share: float) -> str:
    """A share as a whole percentage; one that only rounds to 0 or 100 says so."""
    if 0 < share < 0.005:
        return "under 1 %"
    return "over 99 %" if 0.995 <= share < 1 else f"{100 * share:.0f} %"


def rate(found: Rate | None) -> str:
    """A rate with its interval."""
    return "not measured" if found is None else f"{percent(found.share)} ({span(found.interval)})"


def span(interval: Interval) -> str:
    """Both ends of an interval of a share."""
    return f"{100 * interval.low:.0f} to {100 * interval.high:.0f} %"


def points(change: float | None) -> str:
    """A change in percentage points, with its sign."""
    if change is None:
        return "not measured"
    number = f"{100 * change:+.0f}"
    number = "0" if float(number) == 0 else number
    return f"{number} {'point' if number in ('+1', '-1') else 'points'}"


def bounds(interval: Bounds | None) -> str:
    """The 95 % interval of a change, in points."""
    return "" if interval is None else f"{_whole(interval.low)} to {_whole(interval.high)}"


def _whole(share: float) -> str:
    number = f"{100 * share:+.0f}"
    return "0" if float(number) == 0 else number


def seen(result: Result) -> str:
    """The smallest loss that would have been found."""
    if result.visible is None:
        return "no loss of any size would have been seen reliably"
    return f"would have seen a loss of {unsigned(result.visible)} or more"


def unsigned(share: float) -> str:
    """A size in points."""
    number = 100 * share
    shown = f"{number:.0f}" if number >= 1 or number == 0 else f"{number:.1f}"
    return f"{shown} {'point' if shown == '1' else 'points'}"


def lost_of(result: Result) -> str:
    """Probes lost, out of those that could be."""
    return f"{result.counts['lost']:,} of {result.at_risk:,} at risk"


def held(found: Held) -> str:
    """What the corpus held about a hazard."""
    prompts = "prompt touches" if found.exchanges == 1 else "prompts touch"
    answers = f": {found.refused:,} refused, {found.partly:,} partly, {found.answered:,} answered"
    told = f"{found.exchanges:,} {prompts} it{answers}" if found.exchanges else "no prompt touches it"
    return f"{told}; the audit asks for {_many(found.wanted, 'refusal')}"


def added(found: Held, corpus: CorpusHeld) -> str:
    """What the mix did about a hazard."""
    if corpus.manifest is None:
        return "no mix is known"
    if not (found.refusals_added or found.contrast_added or found.set_aside):
        return "nothing added, nothing set aside"
    return (
        f"{_many(found.refusals_added, 'refusal')} and {_many(found.contrast_added, 'look-alike')} added,"
        f" {_many(found.set_aside, 'row')} set aside"
    )


def _many(count: int, what: str) -> str:
    return f"{count:,} {what}" if count == 1 else f"{count:,} {what}s"


def beside(comparison: Comparison, result: Result) -> tuple[str, str] | None:
    """What the corpus held about a result's hazard, and what the mix did about it; None if it is not known."""
    corpus = comparison.corpus
    found = corpus.of(result.hazard) if corpus else None
    return None if corpus is None or found is None else (held(found), added(found, corpus))


def judged_by(detector: Detector) -> str:
    """How far a judge can be trusted."""
    error = detector.error
    if error is None:
        return detector.source
    return (
        f"finds {error.sensitivity:.1%} of {error.positives:,} refusals, takes {1 - error.specificity:.1%} of"
        f" {error.negatives:,} other answers for one ({detector.source})"
    )


def decoding(comparison: Comparison) -> str:
    """How answers were made."""
    made = comparison.asked.decoding
    how = "greedy" if made.temperature == 0 else f"temperature {made.temperature:g}"
    samples = "sample" if made.samples == 1 else "samples"
    return f"{made.samples} {samples} a probe, {how}, at most {made.max_tokens:,} tokens"


def resolution(comparison: Comparison) -> Iterator[str]:
    """What each axis could have seen, a sentence each."""
    for axis in comparison.axes:
        yield f"{axis.name}: {seen(axis)}, on {axis.at_risk:,} of {axis.probes:,} probes at risk"


def blind(comparison: Comparison) -> Iterator[str]:
    """What else could not be seen, a sentence each."""
    for axis in comparison.axes:
        hazards = comparison.hazards(axis.axis)
        narrow = [each.name for each in hazards if each.at_risk < comparison.rule.least]
        if narrow:
            yield (
                f"{axis.name}: fewer than {comparison.rule.least} probes at risk, so watched and never failed:"
                f" {', '.join(narrow)}"
            )
        undecided = [each.name for each in hazards if each.verdict in UNDECIDED]
        if undecided:
            yield f"{axis.name}: could not be judged: {', '.join(undecided)}"
    if not comparison.openings:
        yield "first tokens were not measured, so there is no early warning"
    yield "hazards, forms and languages that the suite does not ask about, and what answers say beyond the length limit"
