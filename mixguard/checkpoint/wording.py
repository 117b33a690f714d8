"""A comparison in words: one sentence for each result, one for the verdict."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from mixguard.checkpoint.conditions import Arm, Rule
from mixguard.checkpoint.results import Opening, Result, Verdict
from mixguard.library.suite import HAZARDOUS, LOOK_ALIKE

NAMES = {
    HAZARDOUS: "Hazardous prompts refused",
    LOOK_ALIKE: "Look-alikes answered",
    "injection": "Injections resisted",
    "system_prompt": "System prompt kept secret",
    "identity": "Identity kept",
    "instructions": "Instructions followed",
    "structure": "Form kept",
    "distribution": "Other tasks done",
    "verbatim": "Long passages held back",
}
"""What a good model does on each axis; other axes go by their own names."""
NAMED_MOST = 4
"""Hazards and axes that the verdict's sentence names."""


class _Words(NamedTuple):
    does: str
    """What a good model does, of a rate."""
    was_lost: str
    """What became of lost probes, after `4 of 40`."""


def named(axis: str) -> str:
    """An axis in words."""
    return NAMES.get(axis, axis.replace("_", " ").capitalize())


def _words(axis: str) -> _Words:
    if axis == HAZARDOUS:
        return _Words("refuses", "refusals lost")
    if axis == LOOK_ALIKE:
        return _Words("answers", "look-alikes newly refused")
    return _Words("holds", "probes lost")


def points(share: float) -> str:
    """A share in points: `0.4 points`, `24 points`."""
    shown = _rounded(100 * share)
    return f"{shown} {'point' if shown == '1' else 'points'}"


def signed(share: float) -> str:
    """A change in points, without the word: `-4`; `0` for none."""
    shown = _rounded(abs(100 * share))
    return shown if shown == "0" else f"{'-' if share < 0 else '+'}{shown}"


def _rounded(value: float) -> str:
    """Whole, as every report has it; with one digit where it would read as 0."""
    return f"{value:.1f}".removesuffix(".0") if value < 1 else f"{value:.0f}"


def percent(share: float) -> str:
    """A share in whole percent, or with a digit where it would read as all or nothing."""
    whole = f"{100 * share:.0f}"
    return f"{100 * share:.1f} %" if whole in ("0", "100") and share not in (0.0, 1.0) else f"{whole} %"


def sentence(result: Result, rule: Rule) -> str:
    """A result in words."""
    words = _words(result.axis)
    if result.base is None or result.tuned is None:
        return "no probe was answered coherently by both models"
    if result.verdict == "unmeasurable":
        return f"nothing to lose: the base {words.does} {percent(result.base.share)}"
    rates = f"{words.does} {percent(result.base.share)} before tuning, {percent(result.tuned.share)} after"
    if result.verdict in ("regression", "watch"):
        counts = (
            f"{result.counts['lost']} of {result.at_risk} {words.was_lost}, {result.counts['gained']} gained"
        )
        return f"{counts}: {rates}{_doubt(result, rule)}"
    if result.verdict == "unstable":
        share = result.counts["unstable"] / result.probes
        return f"{percent(share)} of probes change from sample to sample, too many to tell a loss: {rates}"
    if result.verdict == "unresolved":
        return (
            f"{result.counts['incoherent']} of {result.probes} probes are answered with broken text: {rates}"
        )
    return f"no regression found ({seen(result)}): {rates}"


def _doubt(result: Result, rule: Rule) -> str:
    """Why a loss is watched and not failed."""
    if result.verdict != "watch":
        return ""
    if result.hazard is not None and result.at_risk < rule.least:
        return f"; {result.at_risk} probes are too few to fail it, so watch it"
    return "; chance could explain it, given how much was tested, so watch it"


def seen(result: Result) -> str:
    """How small a loss would have been found."""
    if result.visible is None:
        return "too few probes to fail it"
    return f"could see a loss of {points(result.visible)} or more"


def verdict_sentence(verdict: Verdict, results: Sequence[Result], tuned: Arm, limited: int = 0) -> str:
    """The verdict in words.

    Args:
        verdict: of the comparison.
        results: of all axes and hazards.
        tuned: the tuned model.
        limited: probes that a limit left out.
    """
    if verdict == "regression":
        return _regression(results)
    first = next((result for result in results if result.axis == HAZARDOUS), results[0])
    if verdict == "unmeasurable":
        return first.sentence
    if verdict in ("unresolved", "unstable"):
        return f"cannot tell: {_hidden(verdict, results, tuned, limited)}"
    watched = sum(result.verdict == "watch" for result in results)
    told = f"; {watched} to watch" if watched else ""
    return f"no regression found: {first.name} {_change(first)}, {seen(first)}{told}"


def _hidden(verdict: Verdict, results: Sequence[Result], tuned: Arm, limited: int) -> str:
    """Why a loss may be there unseen."""
    if verdict == "unresolved" and tuned.missing:
        return f"the tuned model lacks {tuned.missing:,} answers; complete its probe"
    if verdict == "unresolved" and limited:
        return f"--limit left out {limited:,} probes of the suite; ask both models all of them"
    odd = next(result for result in results if result.hazard is None and result.verdict == verdict)
    return f"{odd.name}: {odd.sentence}"


def _regression(results: Sequence[Result]) -> str:
    """Axes that fell, and the hazards that did."""
    fell = [result for result in results if result.verdict == "regression"]
    told = []
    for axis in dict.fromkeys(result.axis for result in fell):
        verb = {HAZARDOUS: "lost refusals", LOOK_ALIKE: "refuses more look-alikes"}.get(
            axis, f"lost ground: {named(axis)}"
        )
        mine = sorted((result for result in fell if result.axis == axis), key=lambda result: -result.loss)
        whole = next((f" ({_change(result)})" for result in mine if result.hazard is None), "")
        hazards = [f"{result.name} {_change(result)}" for result in mine if result.hazard is not None]
        more = f" and {len(hazards) - NAMED_MOST} more" if len(hazards) > NAMED_MOST else ""
        listed = f", most of all {', '.join(hazards[:NAMED_MOST])}{more}" if hazards else ""
        told.append(f"{verb}{whole}{listed}")
    return "the tuned model " + "; it ".join(told)


def _change(result: Result) -> str:
    change = signed(result.change or 0.0)
    return f"{change} {'point' if change in ('+1', '-1') else 'points'}"


def opening_sentence(opening: Opening) -> str:
    """A shift of first tokens in words."""
    low, high = opening.interval
    where = {HAZARDOUS: "hazardous prompts", LOOK_ALIKE: "look-alikes"}.get(opening.axis, opening.axis)
    moved = "less readily" if high < 0 else "more readily" if low > 0 else "about as readily as before"
    change = f"{opening.change:+.2f} [{low:+.2f}, {high:+.2f}]"
    return f"answers to {where} open with a refusal {moved}: log-probability {change} on average"
