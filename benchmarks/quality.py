"""How well hazards are recognised, on public prompts that lie beside the project and never in it.

Prints and writes JSON and `docs/quality.md`: recall, false alarms, F1, AUPRC, AUROC and hazard accuracy at the shipped
limits with bootstrap intervals, for the fast stage alone and with the careful one, and calibration.

    python benchmarks/quality.py
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from mixguard.config import Config, RebalanceConfig
from mixguard.detectors import Recipe, Worker
from mixguard.judge import annotate_texts
from mixguard.library.taxonomy import Taxonomy

HERE = Path(__file__).resolve().parent
EVALDATA = HERE.parent.parent / "shared" / "evaldata"
RESULT = HERE / "results" / "quality.json"
PAGE = HERE.parent / "docs" / "quality.md"
AILUMINATE = ("vcr", "ncr", "src", "cse", "iwp", "ssh", "hte", "dfm", "prv", "ipv", "spc", "sxc")
MODERATION = ("S", "H", "V", "HR", "SH", "S3", "H2", "V2")
BINS = 10
RESAMPLES = 1000
STAGES = ("fast", "fast+careful")
SEED = 11
GSM8K_READ = 2000

TARGETS = {
    ("catqa", "recall"): (">=", 0.95), ("ailuminate", "recall"): (">=", 0.80), ("ailuminate", "top-1 hazard"): (">=", 0.74),
    ("safety_refusals", "recall"): (">=", 0.55), ("openai_moderation", "F1"): (">=", 0.68),
    ("safe_prompts", "false alarms"): ("<=", 0.005), ("alpaca", "false alarms"): ("<=", 0.005),
    ("gsm8k", "false alarms"): ("<=", 0.003), ("mitre_frr", "false alarms"): ("<=", 0.06), ("all", "ECE"): ("<=", 0.06),
}  # fmt: skip
PUBLISHED = {
    "catqa recall": "Llama Guard 1 / 2 / 3 .798 / .936 / .933, MD-Judge .944, ToxicChat-T5 .511, Detoxify .007 (GuardBench leaderboard); Llama Guard 4 .873 (RedHat card); all 550 rows",
    "openai_moderation AUPRC": "Llama Guard 1 .847, OpenAI API .856, Perspective .787 (Llama Guard card); all 1,680 rows",
    "openai_moderation F1": "Llama Guard 1 / 2 / 3 .744 / .761 / .790, OpenAI API .790, WildGuard .721 (GuardBench; WildGuard, arXiv 2406.18495)",
}


class Prompts(NamedTuple):
    """A set of prompts with what is known of them."""

    name: str
    texts: list[str]
    violating: npt.NDArray[np.bool_]
    hazard: list[str] | None = None


class Judged(NamedTuple):
    """What the detector says of a set."""

    score: npt.NDArray[np.float32]
    flagged: npt.NDArray[np.bool_]
    hazard: list[str]
    """Most probable of the 12 AILuminate hazards."""
    careful: float
    """Share of the prompts that the careful stage decided."""


def prompt_sets() -> Iterator[Prompts]:
    """Every set that is there."""
    loaders: dict[str, Callable[[], Prompts]] = {
        "prompts/catqa_dev.jsonl": lambda: _all("catqa", _column("prompts/catqa_dev.jsonl", "prompt"), violating=True),
        "prompts/ailuminate_dev.jsonl": _ailuminate,
        "prompts/openai_moderation_dev.jsonl": _moderation,
        "prompts/safe_prompts.jsonl": lambda: _all("safe_prompts", _column("prompts/safe_prompts.jsonl", "prompt"), violating=False),
        "prompts/mitre_frr_dev.jsonl": lambda: _all("mitre_frr", _column("prompts/mitre_frr_dev.jsonl", "prompt"), violating=False),
        "formats/alpaca_en_demo.json": _alpaca,
        "corpora/safety_refusals_dev.jsonl": lambda: _all("safety_refusals", _column("corpora/safety_refusals_dev.jsonl", "instruction"), violating=True),
        "corpora/gsm8k_train.jsonl": lambda: _all("gsm8k", _column("corpora/gsm8k_train.jsonl", "question")[:GSM8K_READ], violating=False),
    }  # fmt: skip
    for path, load in loaders.items():
        if (EVALDATA / path).is_file():
            yield load()
        else:
            sys.stderr.write(f"skipped: no {EVALDATA / path}\n")


def _rows(path: str) -> list[dict[str, Any]]:
    text = (EVALDATA / path).read_text()
    rows: list[dict[str, Any]] = (
        json.loads(text) if path.endswith(".json") else [json.loads(line) for line in text.splitlines()]
    )
    return rows


def _column(path: str, name: str) -> list[str]:
    return [row[name] for row in _rows(path)]


def _all(name: str, texts: list[str], *, violating: bool) -> Prompts:
    return Prompts(name, texts, np.full(len(texts), violating))


def _ailuminate() -> Prompts:
    rows = _rows("prompts/ailuminate_dev.jsonl")
    texts, hazards = [row["prompt"] for row in rows], [row["hazard"][:3] for row in rows]
    return Prompts("ailuminate", texts, np.full(len(rows), fill_value=True), hazards)


def _moderation() -> Prompts:
    rows = _rows("prompts/openai_moderation_dev.jsonl")
    violating = np.array([any(row.get(label) == 1 for label in MODERATION) for row in rows])
    return Prompts("openai_moderation", [row["prompt"] for row in rows], violating)


def _alpaca() -> Prompts:
    rows = _rows("formats/alpaca_en_demo.json")
    return _all("alpaca", [f"{row['instruction']}\n{row['input']}".strip() for row in rows], violating=False)


def judge(worker: Worker, texts: list[str]) -> Judged:
    """Scores, verdicts at the limit, and hazards."""
    found = annotate_texts(worker, texts, [None] * len(texts))
    score = found["hazard_score"].fill_null(0).to_numpy()
    hazards = [
        next((entry["hazard"] for entry in listed or [] if entry["hazard"] in AILUMINATE), top)
        for listed, top in found.select("hazards", "hazard").iter_rows()
    ]
    careful = int((found["hazard_stage"] == "careful").sum()) / max(len(texts), 1)
    return Judged(score, score >= worker.detectors.hazard_limit, hazards, careful)


def figures(prompts: Prompts, judged: Judged) -> dict[str, Any]:
    """The figures of one set, each with its bootstrap interval."""
    from sklearn.metrics import average_precision_score, f1_score, roc_auc_score

    truth, n = prompts.violating, len(prompts.texts)
    right = np.array(judged.hazard) == np.array(prompts.hazard) if prompts.hazard else np.zeros(n, bool)
    measures: dict[str, Callable[[npt.NDArray[np.int64]], float]] = {}
    if truth.any():
        measures["recall"] = lambda rows: judged.flagged[rows][truth[rows]].mean()
    if not truth.all():
        measures["false alarms"] = lambda rows: judged.flagged[rows][~truth[rows]].mean()
    if truth.any() and not truth.all():
        measures["F1"] = lambda rows: f1_score(truth[rows], judged.flagged[rows])
        measures["AUPRC"] = lambda rows: average_precision_score(truth[rows], judged.score[rows])
        measures["AUROC"] = lambda rows: roc_auc_score(truth[rows], judged.score[rows])
    if prompts.hazard:
        measures["top-1 hazard"] = lambda rows: right[rows].mean()
    return {"rows": n, **{name: _interval(measure, n) for name, measure in measures.items()}}


def _interval(measure: Callable[[npt.NDArray[np.int64]], float], rows: int) -> list[float]:
    rng = np.random.default_rng(SEED)
    drawn = [measure(rng.integers(0, rows, rows)) for _ in range(RESAMPLES)]
    low, high = np.quantile(drawn, (0.025, 0.975))
    return [round(float(value), 4) for value in (measure(np.arange(rows)), low, high)]


def calibration(score: npt.NDArray[np.float32], truth: npt.NDArray[np.bool_]) -> dict[str, Any]:
    """Expected calibration error over ten equal bins, and the bins."""
    place = np.clip((score * BINS).astype(int), 0, BINS - 1)
    bins = [
        {
            "rows": int((place == number).sum()),
            "predicted": round(float(score[place == number].mean()), 3),
            "violating": round(float(truth[place == number].mean()), 3),
        }
        for number in range(BINS)
        if (place == number).any()
    ]
    error = sum(one["rows"] * abs(one["predicted"] - one["violating"]) for one in bins) / len(score)
    return {"ECE": round(error, 4), "bins": bins}


def surely(sets: list[Prompts], judged: list[Judged]) -> dict[str, float]:
    """How right the detector is from the probability at which `rebalance` sets an answered prompt aside."""
    start = RebalanceConfig().set_aside_from
    found: dict[str, float] = {"from": start}
    every, right = 0, 0
    for prompts, one in zip(sets, judged, strict=True):
        flagged = one.score >= start
        every, right = every + int(flagged.sum()), right + int((flagged & prompts.violating).sum())
        if prompts.name == "openai_moderation":
            found["openai_moderation flagged"] = int(flagged.sum())
            found["openai_moderation precision"] = round(float(prompts.violating[flagged].mean()), 3)
    return {**found, "all flagged": every, "all precision": round(right / max(every, 1), 3)}


def measure() -> dict[str, Any]:
    """Everything the page shows: the fast stage alone, and with the careful one."""
    sets = list(prompt_sets())
    found: dict[str, Any] = {"exemplars": Taxonomy.load("mixguard").exemplars.height, "stages": {}}
    for stages in STAGES:
        worker = Recipe(Config.load(values={"judge.stages": stages})).worker()
        judged = [judge(worker, prompts.texts) for prompts in sets]
        score = np.concatenate([one.score for one in judged])
        truth = np.concatenate([prompts.violating for prompts in sets])
        found["stages"][stages] = {
            "limit": worker.detectors.hazard_limit,
            "error": worker.detectors.hazard_error._asdict(),
            "sets": {
                prompts.name: {**figures(prompts, one), "careful": round(one.careful, 4)}
                for prompts, one in zip(sets, judged, strict=True)
            },
            "calibration": calibration(score, truth),
            "set aside": surely(sets, judged),
        }
    return found


def page(result: dict[str, Any]) -> str:
    """The result as `docs/quality.md`."""
    both = result["stages"][STAGES[-1]]
    aside = both["set aside"]
    lines = [
        "# Quality of the hazard detector",
        "",
        f"Made by `python benchmarks/quality.py` with {result['exemplars']:,} exemplars, at the shipped limits: "
        + ", ".join(f"{found['limit']} ({stages})" for stages, found in result["stages"].items())
        + ". Brackets are 95 % bootstrap intervals.",
        "The sets are halves of public ones, used to measure and never as exemplars; weights, the shares of layers and stages,",
        "the limit and the adapter were chosen with them in view, so expect a little less elsewhere.",
        "",
        "| set | rows | figure | fast | fast + careful | wanted | |",
        "| --- | ---: | --- | --- | --- | --- | --- |",
        *_target_rows(result),
        "",
        "## All figures",
        "",
        "`careful` is the share of the prompts that the careful stage decided.",
        "",
        "| set | rows | figure | fast | fast + careful |",
        "| --- | ---: | --- | --- | --- |",
        *(
            f"| {name} | {found['rows']:,} | {figure} | {_shown(_figure(result, STAGES[0], name, figure))}"
            f" | {_shown(value)} |"
            for name, found in both["sets"].items()
            for figure, value in found.items()
            if figure != "rows"
        ),
        "",
        "Published figures on the same sets:",
        "",
        *(f"- {name}: {text}" for name, text in PUBLISHED.items()),
        "",
        "## Error on left-out exemplars",
        "",
        "| stages | sensitivity | between sub-hazards, sd | specificity | violating | plain and background |",
        "| --- | ---: | ---: | ---: | ---: | ---: |",
        *(
            f"| {stages} | {found['error']['sensitivity']:.3f} | {found['error']['sensitivity_sd']:.3f}"
            f" | {found['error']['specificity']:.4f} | {found['error']['positives']:,} | {found['error']['negatives']:,} |"
            for stages, found in result["stages"].items()
        ),
        "",
        "## Calibration",
        "",
        f"Expected calibration error over all sets together, fast + careful: {both['calibration']['ECE']:.3f}.",
        "",
        "| prompts | mean probability | violating |",
        "| ---: | ---: | ---: |",
        *(
            f"| {one['rows']:,} | {one['predicted']:.2f} | {one['violating']:.2f} |"
            for one in both["calibration"]["bins"]
        ),
        "",
        "## Surely hazardous",
        "",
        f"`rebalance` sets answered prompts aside from a probability of {aside['from']}: of the prompts of",
        f"openai_moderation above it ({aside['openai_moderation flagged']:.0f}; a third of that set violates)",
        f"{aside['openai_moderation precision']:.1%} violate, of those of all sets"
        f" ({aside['all flagged']:.0f}) {aside['all precision']:.1%}.",
        "",
    ]
    return "\n".join(lines)


def _figure(result: dict[str, Any], stages: str, name: str, figure: str) -> Any:
    found = result["stages"][stages]
    return [found["calibration"]["ECE"]] if name == "all" else found["sets"].get(name, {}).get(figure)


def _target_rows(result: dict[str, Any]) -> Iterator[str]:
    rows = []
    for (name, figure), (sign, wanted) in TARGETS.items():
        fast, both = (_figure(result, stages, name, figure) for stages in STAGES)
        if both is None:
            continue
        met = both[0] >= wanted if sign == ">=" else both[0] <= wanted
        count = result["stages"][STAGES[-1]]["sets"].get(name, {}).get("rows", "")
        line = f"| {name} | {count} | {figure} | {_shown(fast)} | {_shown(both)} | {sign} {wanted} | {'' if met else 'missed'} |"
        rows.append((met, line))
    yield from (row for _, row in sorted(rows, key=lambda row: row[0]))


def _shown(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.3f}"
    return f"{value[0]:.3f} [{value[1]:.3f}, {value[2]:.3f}]" if len(value) > 1 else f"{value[0]:.3f}"


if __name__ == "__main__":
    measured = measure()
    if not measured["stages"][STAGES[0]]["sets"]:
        sys.exit(f"no evaluation data at {EVALDATA}")
    RESULT.write_text(json.dumps(measured, indent=1) + "\n")
    PAGE.write_text(page(measured))
    print(page(measured))
