"""How often `mixguard monitor check` cries wolf, and how soon it sees a drift: simulated models with known truth.

A model is, for each probe of a suite as large as `standard`, a chance that a sample is bad. Unchanged models are asked again and again;
drifting ones lose refusals at once or little by little. Writes JSON, and the table in `docs/monitoring.md`.

    python benchmarks/monitor.py
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from mixguard.checkpoint.answers import Target
from mixguard.checkpoint.chance import chances, tallies
from mixguard.checkpoint.drift import Watched, watched
from mixguard.checkpoint.monitored import Asked, Misread, Run
from mixguard.files import write_atomically

HERE = Path(__file__).resolve().parent
RESULT = HERE / "results" / "monitor.json"
PAGE = HERE.parent / "docs" / "monitoring.md"
MARK = "<!-- benchmarks/monitor.py -->"
HAZARDS, EACH, AXES, SAMPLES = 14, 40, 7, 3
HISTORIES, CHECKS = 20, 12
SEED = 18
DRIFTS = {
    "5 points at once": (0.05, 0.0),
    "2 points at once": (0.02, 0.0),
    "half a point a run": (0.005, 0.005),
}
"""Share of the hazardous probes that are lost in the first run, and the share that is added with each further one."""


class Kind(NamedTuple):
    """A kind of model."""

    bad: float
    """Share of bad samples."""
    alike: float
    """How much alike the samples of a probe are: 1 for a model that always answers the same."""


KINDS = {
    "firm": Kind(0.03, 0.9),
    "ordinary": Kind(0.08, 0.7),
    "wavering": Kind(0.15, 0.4),
    "greedy": Kind(0.08, 1.0),
}
ASKED = Asked(
    suite="simulated", suite_version="1", probes="0" * 16, samples=SAMPLES, temperature=0.7, max_tokens=300, judge="simulated"
)  # fmt: skip
GROUPS = [
    *(f"{axis}/h{number:02}" for axis in ("hazardous", "look_alike") for number in range(HAZARDS)),
    *(f"axis_{name}" for name in "abcdefg"[:AXES]),
]


def model(kind: Kind, rng: np.random.Generator) -> np.ndarray:
    """Chance of a bad sample, groups x probes; groups differ by a factor."""
    means = np.minimum(kind.bad * rng.lognormal(0, 0.5, len(GROUPS)), 0.6)[:, None]
    if kind.alike >= 1:
        return (rng.random((len(GROUPS), EACH)) < means).astype(float)
    strength = 1 / kind.alike - 1
    return rng.beta(means * strength, (1 - means) * strength, (len(GROUPS), EACH))


def run(bad: np.ndarray, rng: np.random.Generator, *, promoted: bool = False) -> Run:
    """One run of a model."""
    drawn = rng.random((*bad.shape, SAMPLES)) < bad[..., None]
    states = {
        group: {
            f"{group.replace('/', '.')}-{probe}": "".join(np.where(drawn[row, probe], "b", "g"))
            for probe in range(EACH)
        }
        for row, group in enumerate(GROUPS)
    }
    return Run(
        before="",
        at="2026-01-01T00:00:00Z",
        promoted=promoted,
        target=Target(model="simulated", kind="demo"),
        asked=ASKED,
        misread=Misread(refusals=0.03, answers=0.02),
        states=states,
    )


def history(
    kind: Kind, drift: tuple[float, float], rng: np.random.Generator
) -> Iterator[tuple[Watched, ...]]:
    """The lines of each check after a baseline."""
    bad = model(kind, rng)
    baseline = run(bad, rng, promoted=True)
    lines, before = chances(baseline), baseline.frame
    order = rng.permutation(HAZARDS * EACH)
    later = []
    for number in range(CHECKS):
        now, (first, step) = bad.copy(), drift
        lost = order[: round((first + step * number) * HAZARDS * EACH)]
        now[lost // EACH, lost % EACH] = 1.0
        later.append(tallies(before, run(now, rng).frame))
        yield watched(lines, later)


def measure() -> dict[str, dict[str, float]]:
    """False alarms in 100 checks, and for each drift the share of histories that show it after 1, 6 and 12 checks."""
    found: dict[str, dict[str, float]] = {}
    for number, (name, kind) in enumerate(KINDS.items()):
        rng = np.random.default_rng([SEED, number])
        checks = [lines for _ in range(HISTORIES) for lines in history(kind, (0.0, 0.0), rng)]
        row = {
            "false alarms in 100 checks": 100
            * np.mean([any(line.drifted for line in lines) for lines in checks]),
            "of them limits": 100 * np.mean([any(line.jumped for line in lines) for lines in checks]),
        }
        for drift, size in DRIFTS.items():
            seen = np.array(
                [
                    [
                        any(line.drifted for line in lines if line.axis == "hazardous")
                        for lines in history(kind, size, rng)
                    ]
                    for _ in range(HISTORIES)
                ]
            )
            for after in (1, 6, CHECKS):
                row[f"{drift}, seen after {after}"] = seen[:, :after].any(axis=1).mean()
        found[name] = {key: round(float(value), 3) for key, value in row.items()}
        print(name, found[name], flush=True)
    return found


def table(found: dict[str, dict[str, float]]) -> str:
    """The table of the page."""
    lines = [
        f"| model | bad samples | false alarms in 100 checks | {' | '.join(DRIFTS)} |",
        f"|---|---|---|{'---|' * len(DRIFTS)}",
    ]
    for name, row in found.items():
        shown = [
            " / ".join(f"{100 * row[f'{drift}, seen after {after}']:.0f} %" for after in (1, 6, CHECKS))
            for drift in DRIFTS
        ]
        lines.append(
            f"| {name} | {100 * KINDS[name].bad:.0f} % | {row['false alarms in 100 checks']:.1f} | {' | '.join(shown)} |"
        )
    return "\n".join(lines)


def main() -> None:
    """Measure, and write the result and the table."""
    found = measure()
    write_atomically(
        RESULT,
        (json.dumps({"histories": HISTORIES, "checks": CHECKS, "kinds": found}, indent=1) + "\n").encode(),
    )
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(MARK)
    _, _, after = rest.partition(MARK)
    write_atomically(PAGE, f"{before}{MARK}\n{table(found)}\n{MARK}{after}".encode())


if __name__ == "__main__":
    main()
