"""Watch a model over time: add runs to a history, and check the last one against the baseline."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from mixguard.checkpoint.alike import check_baseline
from mixguard.checkpoint.answers import read_answers
from mixguard.checkpoint.drift import Watched, watch
from mixguard.checkpoint.history import History, add_run, read_history
from mixguard.checkpoint.monitored import Run, run_of
from mixguard.checkpoint.states import judge
from mixguard.config import Config
from mixguard.detectors import Recipe
from mixguard.errors import UsageError
from mixguard.escape import typed
from mixguard.model import Model
from mixguard.progress import Progress, silent

EXIT_CODES = {"within limits": 0, "drifted": 1, "not judged": 4}
COMPARED = {
    "suite": "suite",
    "suite_version": "version of the suite",
    "probes": "probes",
    "samples": "samples",
    "temperature": "temperature",
    "max_tokens": "length limit",
    "system": "system prompt",
    "judge": "judge",
}
"""What must be the same in two runs, in words."""


class Drift(Model):
    """The result of a check."""

    verdict: Literal["within limits", "drifted", "not judged"]
    baseline: str
    """When the baseline was asked."""
    model: str
    """Of the run that was checked."""
    at: str
    """When it was asked."""
    runs: int
    """Comparable runs since the baseline, with the one that was checked."""
    missing: int
    """Its samples without an answer."""
    lines: tuple[Watched, ...] = ()
    times: tuple[str, ...] = ()
    """When each comparable run was asked."""
    why: tuple[str, ...] = ()
    """Why it could not be judged."""
    notes: tuple[str, ...] = ()

    @property
    def exit_code(self) -> int:
        """1 for a drift, whatever was unseen; 0 within limits; 4 if it could not be judged."""
        return EXIT_CODES[self.verdict]


def read_run(probe: Path, config: Config, progress: Progress = silent, *, promoted: bool = False) -> Run:
    """Judge a probe file and reduce it to what a history keeps.

    Raises:
        UsageError: it cannot be read, or would be the baseline and is not whole.
    """
    answers = read_answers(probe)
    if promoted:
        check_baseline(answers)
    worker = Recipe(config).answers()
    return run_of(answers, judge(answers, config, progress, worker), worker, promoted=promoted)


def add(
    history: Path, probe: Path, config: Config, progress: Progress = silent, *, promoted: bool = False
) -> History:
    """Judge a probe file and append it to a history, which is made if missing.

    Args:
        history: the history.
        probe: the probe file.
        config: encoder and cache.
        progress: called with the number of answers judged.
        promoted: whether it is the baseline from here on.

    Raises:
        UsageError: a file cannot be read, the history holds this run, or a partial run would be the baseline.
    """
    if history.exists():
        read_history(history)  # before the answers are judged, which takes longer
    return add_run(history, read_run(probe, config, progress, promoted=promoted))


def check(history: History, run: Run | None = None) -> Drift:
    """Check a run against the baseline and the comparable runs since.

    Args:
        history: where the baseline is.
        run: the run; the last one of the history by default.

    Raises:
        UsageError: the history has no baseline, or nothing was added after it.
    """
    place = history.baseline
    if place is None:
        raise UsageError(
            f"{history.path}: no run was promoted; add the baseline with"
            f" {typed('mixguard', 'monitor', 'add', str(history.path), 'PROBE', '--promote')}"
        )
    baseline, later = history.runs[place], list(history.runs[place + 1 :])
    if run is None:
        if not later:
            raise UsageError(
                f"{history.path}: no run was added after the baseline; add one, or name a probe file"
            )
        run = later.pop()
    else:
        later = [each for each in later if each.content != run.content]
    why = tuple(_differences(baseline, run))
    same = [] if why else [each for each in later if not any(_differences(baseline, each))]
    lines = () if why else watch(baseline, [*same, run])
    drifted = any(line.drifted for line in lines)
    if run.missing and not drifted:
        why = (*why, f"{run.missing} answers are missing: run the same mixguard probe command again")
    return Drift(
        verdict="drifted" if drifted else "not judged" if why else "within limits",
        baseline=baseline.at,
        model=run.target.model,
        at=run.at,
        runs=0 if not lines else len(same) + 1,
        missing=run.missing,
        lines=lines,
        times=tuple(each.at for each in (*same, run)),
        why=why,
        notes=tuple(_notes(baseline, run, len(later) - len(same) if not why else 0)),
    )


def _differences(baseline: Run, run: Run) -> Iterator[str]:
    """What was not asked as it was of the baseline."""
    for name, words in COMPARED.items():
        before, after = getattr(baseline.asked, name), getattr(run.asked, name)
        if before != after:
            hint = (
                "; add the stored probe files to a new history, which judges them again"
                if name == "judge"
                else ""
            )
            yield f"the {words} differs from the baseline's: {before} then, {after} now{hint}"


def _notes(baseline: Run, run: Run, left_out: int) -> Iterator[str]:
    """What else may explain a change."""
    for name in ("model", "server", "template"):
        before, after = getattr(baseline.target, name), getattr(run.target, name)
        if before != after:
            yield f"the {name} is {after or 'not known'}; it was {before or 'not known'} when the baseline was asked"
    if left_out:
        yield f"{left_out} earlier runs were asked otherwise and are left out"
