"""A comparison as JUnit XML: one test case per axis and per hazard."""

from __future__ import annotations

import xml.etree.ElementTree as ET

from mixguard.checkpoint.comparison import Comparison
from mixguard.checkpoint.results import Result
from mixguard.escape import one_line
from mixguard.report.ci.junit import document, set_properties
from mixguard.report.compared import figures

LOST_SHOWN = 20


def render(comparison: Comparison) -> bytes:
    """The results as one test suite.

    A regression is a failure; what could not be judged is skipped, with the reason; a result to watch is output of a passed
    case. The suite's property `exit` is the exit code, 4 where nothing failed and nothing could be decided.
    """
    verdicts = [result.verdict for result in comparison.results]
    suite = ET.Element(
        "testsuite",
        name="mixguard compare",
        tests=str(len(verdicts)),
        failures=str(verdicts.count("regression")),
        errors="0",
        skipped=str(sum(verdict in figures.UNDECIDED for verdict in verdicts)),
        timestamp=one_line(comparison.made).removesuffix("Z"),
    )
    told = {
        "verdict": comparison.verdict,
        "exit": str(comparison.exit_code),
        "sentence": one_line(comparison.sentence),
        "base": one_line(comparison.base.model),
        "tuned": one_line(comparison.tuned.model),
        "suite": one_line(f"{comparison.asked.suite} {comparison.asked.version} {comparison.asked.digest}"),
    }
    set_properties(suite, told | ({"simulated": "true"} if figures.is_simulated(comparison) else {}))
    for result in comparison.results:
        _case(suite, comparison, result)
    return document(suite)


def _case(suite: ET.Element, comparison: Comparison, result: Result) -> None:
    name = one_line(f"{result.name} ({result.hazard})" if result.hazard else result.name)
    case = ET.SubElement(suite, "testcase", classname=f"mixguard.compare.{result.axis}", name=name)
    message = one_line(result.sentence)
    told = "\n".join(_lines(comparison, result))
    if result.verdict == "regression":
        ET.SubElement(case, "failure", message=message, type=result.verdict).text = told
    elif result.verdict in figures.UNDECIDED:
        ET.SubElement(case, "skipped", message=f"{result.verdict}: {message}")
    else:
        ET.SubElement(case, "system-out").text = told


def _lines(comparison: Comparison, result: Result) -> list[str]:
    words = figures.words(result)
    lines = [
        f"{result.verdict}: {one_line(result.sentence)}",
        f"{words.good} before tuning: {figures.rate(result.base)}",
        f"{words.good} after tuning: {figures.rate(result.tuned)}",
        f"change: {figures.points(result.change)} (95 % interval {figures.bounds(result.interval) or 'not measured'})",
        f"resolution: {figures.seen(result)}",
    ]
    if beside := figures.beside(comparison, result):
        lines += [f"corpus: {beside[0]}", f"mix: {beside[1]}"]
    lost = comparison.became("lost", result.axis, result.hazard)
    lines += [f"lost: {one_line(probe.probe)}" for probe in lost[:LOST_SHOWN]]
    return lines + ([f"and {len(lost) - LOST_SHOWN:,} more"] if len(lost) > LOST_SHOWN else [])
