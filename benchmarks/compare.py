"""How often `mixguard compare` raises a false alarm, and which losses it finds: simulated models, judged by an imperfect detector.

Each probe of a model has a chance of a good answer, drawn from a mixture of firm, wavering and hopeless probes that differs between hazards.
Answers are drawn from it and misread at the measured rates, half of the misreadings shared by all samples of a probe. The rule is the one that
the command uses. Prints and writes JSON and `docs/comparing-figures.md`.

    python benchmarks/compare.py
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import stats as scipy_stats

from mixguard.annotate.stance_model import StanceModel
from mixguard.checkpoint import paired
from mixguard.checkpoint.conditions import Rule
from mixguard.checkpoint.misreading import measured
from mixguard.checkpoint.ruling import Tally, ruled
from mixguard.files import bundled
from mixguard.library.suite import HAZARDOUS, LOOK_ALIKE
from mixguard.stats import DetectorError

HERE = Path(__file__).resolve().parent
RESULT = HERE / "results" / "compare.json"
PAGE = HERE.parent / "docs" / "comparing-figures.md"
HAZARDS, FURTHER = 14, 7
SUITES = {"smoke": 12, "standard": 40}
"""Probes of each hazard on either axis, and of each further axis."""
SAMPLES = (3, 1)
ALARM_TRIALS, POWER_TRIALS, TEST_TRIALS, INTERVAL_TRIALS = 1000, 300, 300, 250
LOSSES = (0.02, 0.05, 0.1, 0.2)
LOSSES_OF_ONE = (0.1, 0.2, 0.3, 0.5)
"""Of one hazard only."""
SHARED = 0.5
"""Share of misreadings that all samples of a probe have in common."""
MOVES = 1.0
"""Standard deviation by which tuning without loss moves probes, in log-odds."""
DRIFT = 0.02
"""By how much fewer good answers are recognised, where the tuned model words them differently."""
CASES = (700, 700)
"""Refusals and other answers on which the detector was measured, for the intervals."""
SIZES, CHANCES = (12, 20, 40, 100, 200, 300, 500), (0.0, 0.02, 0.04, 0.08)
SEED = 11
Floats = NDArray[np.float64]


class Judge(NamedTuple):
    """How answers are read: chance that a good answer reads as good, and a bad one as bad, on either axis."""

    hazardous: tuple[float, float]
    look_alike: tuple[float, float]


def mcnemar(lost: int, gained: int) -> float:
    """One-sided p-value of a fall: McNemar's exact test (1947) of the probes that changed."""
    return float(scipy_stats.binom.sf(lost - 1, lost + gained, 0.5)) if lost else 1.0


def shuffled(base: NDArray[np.int64], tuned: NDArray[np.int64], samples: int) -> float:
    """One-sided p-value of a fall: exact permutation of samples within each probe; counts of good samples.

    Takes the samples of a probe as independent, and every probe as unchanged if nothing was lost: too bold where tuning moves
    probes both ways.
    """
    chances, total = np.ones(1), base + tuned
    for good, count in zip(*np.unique(total, return_counts=True), strict=True):
        one = scipy_stats.hypergeom.pmf(np.arange(samples + 1), 2 * samples, int(good), samples)
        for _ in range(int(count)):
            chances = np.convolve(chances, one)
    return float(min(1.0, chances[int(base.sum()) :].sum()))


def judges() -> dict[str, Judge]:
    """The measured detector, and one that misreads less."""
    folder = bundled("taxonomies", "stance")
    model = StanceModel.load(next((folder / "models").glob("*.json")))
    known = measured()
    one, other = (known.hazardous, known.look_alike) if known else (model.error, model.benign_error)
    return {
        "as measured": Judge((one.sensitivity, one.specificity), (other.specificity, other.sensitivity)),
        "3 % misread": Judge((0.97, 0.97), (0.97, 0.97)),
    }


def chances(trials: int, groups: int, probes: int, rng: np.random.Generator) -> Floats:
    """Chance of a good answer: trials x groups x probes."""
    shape, each = (trials, groups, probes), (trials, groups, 1)
    wavering, hopeless = rng.beta(2, 14, each), rng.beta(1, 15, each)
    kind = rng.random(shape)
    firm, half, none = rng.beta(30, 0.6, shape), rng.beta(1.5, 1.5, shape), rng.beta(0.6, 30, shape)
    rest: Floats = np.where(kind < hopeless + wavering, half, firm)
    drawn: Floats = np.where(kind < hopeless, none, rest)
    return drawn


def answered(chance: Floats, samples: int, reads: tuple[float, float], rng: np.random.Generator) -> Floats:
    """Share of samples that read as good, of each probe."""
    shape = (*chance.shape, samples)
    good = rng.random(shape) < chance[..., None]
    shared = np.broadcast_to(rng.random((*chance.shape, 1)), shape)
    luck = np.where(rng.random((*chance.shape, 1)) < SHARED, shared, rng.random(shape))
    read: Floats = np.where(good, luck < reads[0], luck >= reads[1]).mean(-1)
    return read


def moved(chance: Floats, rng: np.random.Generator) -> Floats:
    """Chances after tuning that loses nothing on balance."""
    bounded = np.clip(chance, 1e-4, 1 - 1e-4)
    odds = np.log(bounded / (1 - bounded)) + rng.normal(0, MOVES, chance.shape)
    return 1 / (1 + np.exp(-odds))


def lost(chance: Floats, share: float, rng: np.random.Generator, *, one: bool = False) -> Floats:
    """Chances after this share of probes was lost, of all hazards or of one."""
    hit = rng.random(chance.shape) < share
    if one:
        hit[:, 1:] = False
    return np.where(hit, np.minimum(chance, rng.beta(1, 6, chance.shape)), chance)


def tallies(axis: str, base: Floats, tuned: Floats) -> list[Tally]:
    """An axis and its hazards, as the command hands them to the rule."""
    limit = Rule().margin
    rows = [
        Tally(axis, str(at), int((base[at] == 1).sum()), base[at], tuned[at], limit)
        for at in range(len(base))
    ]
    if axis not in (HAZARDOUS, LOOK_ALIKE):
        return [row._replace(axis=f"{axis}{row.hazard}", hazard=None) for row in rows]
    whole = Tally(axis, None, sum(row.at_risk for row in rows), base.ravel(), tuned.ravel(), limit)
    return [whole, *rows]


def alarms(
    probes: int, samples: int, judge: Judge, scenario: str, rng: np.random.Generator
) -> dict[str, float]:
    """Share of comparisons without a loss that are called a regression, by where."""
    drawn = {}
    for axis, groups, reads in (
        (HAZARDOUS, HAZARDS, judge.hazardous),
        (LOOK_ALIKE, HAZARDS, judge.look_alike),
        ("further", FURTHER, (1.0, 1.0)),
    ):
        chance = chances(ALARM_TRIALS, groups, probes, rng)
        before, after = (moved(chance, rng), moved(chance, rng)) if scenario == "moved" else (chance, chance)
        drift = DRIFT if scenario == "reworded" and axis == HAZARDOUS else 0.0
        drawn[axis] = (
            answered(before, samples, reads, rng),
            answered(after, samples, (reads[0] - drift, reads[1]), rng),
        )
    found = dict.fromkeys(("any", HAZARDOUS, "a hazard", LOOK_ALIKE, "further"), 0)
    for trial in range(ALARM_TRIALS):
        rows = [
            row for axis, (base, tuned) in drawn.items() for row in tallies(axis, base[trial], tuned[trial])
        ]
        called = [
            row
            for row, verdict in zip(rows, ruled(rows, Rule()), strict=True)
            if verdict.verdict == "regression"
        ]
        found["any"] += bool(called)
        found[HAZARDOUS] += any(row.axis == HAZARDOUS and row.hazard is None for row in called)
        found["a hazard"] += any(row.axis == HAZARDOUS and row.hazard is not None for row in called)
        found[LOOK_ALIKE] += any(row.axis == LOOK_ALIKE for row in called)
        found["further"] += any(row.axis.startswith("further") for row in called)
    return {name: round(count / ALARM_TRIALS, 3) for name, count in found.items()}


def power(
    probes: int, samples: int, judge: Judge, loss: float, rng: np.random.Generator, *, one: bool
) -> dict[str, float]:
    """Share of comparisons with a loss that are called a regression, and in which a hazard that lost is told."""
    chance = chances(POWER_TRIALS, HAZARDS, probes, rng)
    base = answered(chance, samples, judge.hazardous, rng)
    tuned = answered(lost(chance, loss, rng, one=one), samples, judge.hazardous, rng)
    found = dict.fromkeys(("found", "hazard failed", "hazard watched"), 0)
    for trial in range(POWER_TRIALS):
        verdicts = [each.verdict for each in ruled(tallies(HAZARDOUS, base[trial], tuned[trial]), Rule())]
        hit = verdicts[1:2] if one else verdicts[1:]
        found["found"] += "regression" in verdicts
        found["hazard failed"] += "regression" in hit
        found["hazard watched"] += bool({"watch", "regression"} & set(hit))
    return {name: round(count / POWER_TRIALS, 3) for name, count in found.items()}


def tests(judge: Judge, scenario: str, rng: np.random.Generator) -> dict[str, float]:
    """Share of comparisons without a loss in which a hazard is significant at 5 % after Holm, by test; standard suite, three samples."""
    samples, probes = 3, SUITES["standard"]
    chance = chances(TEST_TRIALS, HAZARDS, probes, rng)
    before, after = (moved(chance, rng), moved(chance, rng)) if scenario == "moved" else (chance, chance)
    base, tuned = (answered(each, samples, judge.hazardous, rng) for each in (before, after))
    ways: dict[str, Callable[[Floats, Floats], float]] = {
        "models within probes": paired.fallen,
        "McNemar, lost against gained": _mcnemar,
        "samples within probes": lambda one, other: shuffled(
            np.rint(one * samples).astype(np.int64), np.rint(other * samples).astype(np.int64), samples
        ),
    }
    return {
        name: round(
            float(np.mean([min(paired.holm([way(*pair) for pair in zip(*trial, strict=True)])) < 0.05 for trial in zip(base, tuned, strict=True)])), 3
        )
        for name, way in ways.items()
    }  # fmt: skip


def intervals(
    probes: int, samples: int, reads: tuple[float, float], loss: float, rng: np.random.Generator
) -> dict[str, float]:
    """Share of 95 % intervals of the change of an axis that hold the true change, and their mean width."""
    chance = chances(INTERVAL_TRIALS, HAZARDS, probes, rng)
    after = lost(chance, loss, rng)
    base, tuned = (
        answered(each, samples, reads, rng).reshape(INTERVAL_TRIALS, -1) for each in (chance, after)
    )
    true = (after - chance).reshape(INTERVAL_TRIALS, -1).mean(1)
    error = DetectorError(*reads, *CASES)
    bounds = np.array(
        [paired.corrected(paired.change(*pair), error).bounds for pair in zip(base, tuned, strict=True)]
    )
    held = (bounds[:, 0] <= true) & (true <= bounds[:, 1])
    return {
        "held": round(float(held.mean()), 3),
        "width": round(float((bounds[:, 1] - bounds[:, 0]).mean()), 3),
    }


def _mcnemar(base: Floats, tuned: Floats) -> float:
    lost_, gained = ((one == 1) & (other < 0.5) for one, other in ((base, tuned), (tuned, base)))
    return mcnemar(int(lost_.sum()), int(gained.sum()))


def measure() -> dict[str, Any]:
    """Everything, by judge, suite and number of samples."""
    rng, found = np.random.default_rng(SEED), judges()
    settings = [(name, suite, samples) for name in found for suite in SUITES for samples in SAMPLES]
    return {
        "judges": {name: judge._asdict() for name, judge in found.items()},
        "trials": {"false alarms": ALARM_TRIALS, "power": POWER_TRIALS, "tests": TEST_TRIALS},
        "false alarms": [
            {"judge": name, "suite": suite, "samples": samples, "model": scenario}
            | alarms(SUITES[suite], samples, found[name], scenario, rng)
            for name, suite, samples in settings
            for scenario in ("unchanged", "moved", "reworded")
        ],
        "power": [
            {
                "judge": name,
                "suite": suite,
                "samples": samples,
                "loss": loss,
                "of": "one hazard" if one else "all",
            }
            | power(SUITES[suite], samples, found[name], loss, rng, one=one)
            for name, suite, samples in settings
            for one, losses in ((False, LOSSES), (True, LOSSES_OF_ONE))
            for loss in losses
        ],
        "tests": {
            f"{name}, {scenario}": tests(judge, scenario, rng)
            for name, judge in found.items()
            for scenario in ("unchanged", "moved")
        },
        "intervals": covered(),
        "resolution": {
            str(chance): {str(size): paired.least_seen(size, chance) for size in SIZES} for chance in CHANCES
        },
    }


def covered() -> list[dict[str, Any]]:
    """Whether intervals hold the truth, by judge, suite, number of samples and loss."""
    rng = np.random.default_rng(SEED + 1)
    return [
        {"judge": name, "suite": suite, "samples": samples, "loss": loss}
        | intervals(probes, samples, judge.hazardous, loss, rng)
        for name, judge in judges().items()
        for suite, probes in SUITES.items()
        for samples in SAMPLES
        for loss in (0.0, 0.1)
    ]


def page(result: dict[str, Any]) -> str:
    """The result as `docs/comparing-figures.md`."""
    return "\n".join(
        [
            *_head(result),
            *_alarms(result),
            *_power(result),
            *_tests(result),
            *_intervals(result),
            *_resolution(result),
            "",
        ]
    )


def _head(result: dict[str, Any]) -> list[str]:
    reads = result["judges"]["as measured"]
    return [
        "# False alarms and power of a comparison",
        "",
        "Made by `python benchmarks/compare.py`: simulated models whose probes are firm, wavering or hopeless, answers misread by the",
        f"detector at its measured rates (*as measured*: {reads['hazardous'][0]:.0%} of refusals and {reads['hazardous'][1]:.0%} of other answers to",
        f"hazardous prompts, {reads['look_alike'][0]:.0%} of answers to look-alikes are read right) or at 3 %. The rule is that of",
        "`mixguard compare` with its default options. *smoke* has 12 probes of each hazard on either axis, *standard* 40.",
    ]


def _alarms(result: dict[str, Any]) -> list[str]:
    worst = max(row["any"] for row in result["false alarms"] if row["model"] != "reworded")
    return [
        "",
        "## False alarms",
        "",
        f"Share of {result['trials']['false alarms']:,} comparisons that are called a regression though nothing was lost; at most **{worst:.1%}** (wanted: 5 %).",
        "*Unchanged*: the same model asked twice. *Moved*: tuning moved probes both ways, none on balance. *Reworded*: the tuned model refuses as",
        f"often, in words of which the detector recognises {DRIFT:.0%} fewer; no statistics can tell that from a loss, so read some of the lost probes.",
        "",
        "| detector | suite | samples | model | **any** | refusals | a hazard's | look-alikes | further axes |",
        "|---|---|---:|---|---:|---:|---:|---:|---:|",
        *(
            f"| {row['judge']} | {row['suite']} | {row['samples']} | {row['model']} | **{row['any']:.1%}** | {row[HAZARDOUS]:.1%} | {row['a hazard']:.1%} |"
            f" {row[LOOK_ALIKE]:.1%} | {row['further']:.1%} |"
            for row in result["false alarms"]
        ),
    ]


def _power(result: dict[str, Any]) -> list[str]:
    return [
        "",
        "## Losses found",
        "",
        f"Share of {result['trials']['power']:,} comparisons in which a true loss of refusals is called a regression (a share of all probes, or of the",
        "probes of one hazard, comes to be complied with); and in which a hazard that lost fails, or is at least to be watched.",
        "",
        "| detector | suite | samples | lost | of | **found** | hazard fails | hazard is watched or fails |",
        "|---|---|---:|---:|---|---:|---:|---:|",
        *(
            f"| {row['judge']} | {row['suite']} | {row['samples']} | {row['loss']:.0%} | {row['of']} | **{row['found']:.0%}** | {row['hazard failed']:.0%} |"
            f" {row['hazard watched']:.0%} |"
            for row in result["power"]
        ),
    ]


def _tests(result: dict[str, Any]) -> list[str]:
    ways = list(next(iter(result["tests"].values())))
    return [
        "",
        "## Why this test",
        "",
        f"Share of {result['trials']['tests']:,} comparisons without a loss in which a hazard is significant (5 %, Holm; standard suite, three samples). Samples of",
        "a probe are misread together, and tuning moves probes both ways: a test that permutes single samples takes both for a loss. One that",
        "swaps the two models within each probe does not, sees more than lost against gained alone, and is McNemar's test where there is one sample.",
        "",
        "| detector, model | " + " | ".join(ways) + " |",
        "|---|" + "---:|" * len(ways),
        *(
            f"| {name} | " + " | ".join(f"{row[way]:.1%}" for way in ways) + " |"
            for name, row in result["tests"].items()
        ),
    ]


def _intervals(result: dict[str, Any]) -> list[str]:
    worst = min(row["held"] for row in result["intervals"])
    return [
        "",
        "## Do the intervals hold the truth?",
        "",
        f"Share of {INTERVAL_TRIALS} intervals (95 %) of the change in refusals that hold the true change; at least **{worst:.0%}**.",
        "",
        "| detector | suite | samples | lost | **hold it** | mean width, points |",
        "|---|---|---:|---:|---:|---:|",
        *(
            f"| {row['judge']} | {row['suite']} | {row['samples']} | {row['loss']:.0%} | **{row['held']:.0%}** | {100 * row['width']:.0f} |"
            for row in result["intervals"]
        ),
    ]


def _resolution(result: dict[str, Any]) -> list[str]:
    return [
        "",
        "## What can be seen at all",
        "",
        "Smallest true loss, in points, that an exact binomial test of flips finds in four of five comparisons at a level of 5 %, were the chance of",
        "misreading known (in brackets the flips it takes). The command does not take it as known and shares its level out, so it sees less; it",
        "prints what it could see beside every result.",
        "",
        "| misread | " + " | ".join(f"{size} probes" for size in SIZES) + " |",
        "|---|" + "---:|" * len(SIZES),
        *(
            f"| {float(chance):.0%} | " + " | ".join(f"{100 * seen[0]:.1f} ({seen[1]})" if seen else "-" for seen in row.values()) + " |"
            for chance, row in result["resolution"].items()
        ),
    ]  # fmt: skip


if __name__ == "__main__":
    simulated = measure()
    RESULT.write_text(json.dumps(simulated, indent=1) + "\n")
    PAGE.write_text(page(json.loads(RESULT.read_text())))
    print(page(json.loads(RESULT.read_text())))
