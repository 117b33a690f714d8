"""How well hazards are recognised, on public prompts that lie beside the project and never in it.

Prints and writes JSON and `docs/quality.md`: recall, false alarms, F1, AUPRC, AUROC and hazard accuracy at the shipped
limit with bootstrap intervals, calibration, what the adapter brings, and how the figures grow with the exemplars.

    python benchmarks/quality.py
"""

from __future__ import annotations

import dataclasses
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from mixguard.annotate.base import Batch
from mixguard.annotate.exemplars import exemplar_arrays, exemplar_vectors
from mixguard.annotate.hazard import HazardAnnotator
from mixguard.annotate.hazard_model import HazardModel
from mixguard.annotate.known import known
from mixguard.annotate.models import model_file
from mixguard.config import Config, EncodeConfig, RebalanceConfig
from mixguard.files import cache_folder
from mixguard.fit.hazard import fit
from mixguard.library.taxonomy import Taxonomy
from mixguard.signals.language import LanguageAnnotator
from mixguard.vectors.bundled import bundled_model
from mixguard.vectors.load import load_encoder
from mixguard.vectors.store import VectorStore

HERE = Path(__file__).resolve().parent
EVALDATA = HERE.parent.parent / "shared" / "evaldata"
RESULT = HERE / "results" / "quality.json"
PAGE = HERE.parent / "docs" / "quality.md"
AILUMINATE = ("vcr", "ncr", "src", "cse", "iwp", "ssh", "hte", "dfm", "prv", "ipv", "spc", "sxc")
MODERATION = ("S", "H", "V", "HR", "SH", "S3", "H2", "V2")
BINS = 10
RESAMPLES = 1000
SHARES = (0.1, 0.25, 0.5, 0.75, 1.0)
SEED = 11
GSM8K_READ = 2000

TARGETS = {
    ("catqa", "recall"): (">=", 0.95), ("ailuminate", "recall"): (">=", 0.85), ("ailuminate", "top-1 hazard"): (">=", 0.68),
    ("openai_moderation", "AUPRC"): (">=", 0.72), ("openai_moderation", "F1"): (">=", 0.66),
    ("safe_prompts", "false alarms"): ("<=", 0.01), ("alpaca", "false alarms"): ("<=", 0.01),
    ("gsm8k", "false alarms"): ("<=", 0.01), ("mitre_frr", "false alarms"): ("<=", 0.08), ("all", "ECE"): ("<=", 0.06),
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


def prompt_sets() -> Iterator[Prompts]:
    """Every set that is there."""
    loaders: dict[str, Callable[[], Prompts]] = {
        "prompts/catqa_dev.jsonl": lambda: _all("catqa", _column("prompts/catqa_dev.jsonl", "prompt"), violating=True),
        "prompts/ailuminate_dev.jsonl": _ailuminate,
        "prompts/openai_moderation_dev.jsonl": _moderation,
        "prompts/safe_prompts.jsonl": lambda: _all("safe_prompts", _column("prompts/safe_prompts.jsonl", "prompt"), violating=False),
        "prompts/mitre_frr_dev.jsonl": lambda: _all("mitre_frr", _column("prompts/mitre_frr_dev.jsonl", "prompt"), violating=False),
        "formats/alpaca_en_demo.json": _alpaca,
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


def judge(taxonomy: Taxonomy, model: HazardModel, store: VectorStore, texts: list[str]) -> Judged:
    """Scores, verdicts at the model's limit, and hazards."""
    frame = pl.DataFrame({"prompt": texts}).with_columns(pair=pl.lit(None, pl.String))
    batch = Batch(frame, store, exemplar_arrays(taxonomy, exemplar_vectors(taxonomy, store)))
    for annotate in (LanguageAnnotator(), HazardAnnotator(taxonomy, model, known(None))):
        batch.add(annotate(batch))
    score = batch.frame["hazard_score"].fill_null(0).to_numpy()
    hazards = [
        next((entry["hazard"] for entry in listed or [] if entry["hazard"] in AILUMINATE), top)
        for listed, top in batch.frame.select("hazards", "hazard").iter_rows()
    ]
    return Judged(score, score >= model.limit, hazards)


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


def short(taxonomy: Taxonomy, store: VectorStore, sets: list[Prompts]) -> dict[str, float]:
    """Fit on these exemplars and measure the main figures, without intervals."""
    from sklearn.metrics import average_precision_score

    model = fit(taxonomy, exemplar_vectors(taxonomy, store), store.encoder.weights)
    found: dict[str, float] = {"exemplars": taxonomy.exemplars.height}
    for prompts in sets:
        judged = judge(taxonomy, model, store, prompts.texts)
        if prompts.name == "openai_moderation":
            ranked = average_precision_score(prompts.violating, judged.score)
            found["openai_moderation AUPRC"] = round(float(ranked), 3)
        else:
            kind = "recall" if prompts.violating.all() else "false alarms"
            found[f"{prompts.name} {kind}"] = round(float(judged.flagged.mean()), 3)
    return found


def growth(taxonomy: Taxonomy, store: VectorStore, sets: list[Prompts]) -> list[dict[str, float]]:
    """The main figures by share of the exemplars, drawn evenly from every sub-hazard."""
    order = pl.int_range(pl.len()).shuffle(SEED).over("hazard", "sub", "label") / pl.len().over(
        "hazard", "sub", "label"
    )
    place = taxonomy.exemplars.select(order.alias("place"))["place"]
    return [
        short(dataclasses.replace(taxonomy, exemplars=taxonomy.exemplars.filter(place < share)), store, sets)
        for share in SHARES
    ]


def measure() -> dict[str, Any]:
    """Everything the page shows."""
    config = Config()
    cache = cache_folder(config.encode.cache)
    store = VectorStore.open(cache, load_encoder(config.encode, overlap=config.judge.window_overlap))
    taxonomy, sets = Taxonomy.load("mixguard"), list(prompt_sets())
    model = HazardModel.load(model_file(taxonomy.folder, store.encoder.weights))
    judged = [judge(taxonomy, model, store, prompts.texts) for prompts in sets]
    plain = EncodeConfig(model=str(bundled_model()), offline=True, device="cpu")
    unadapted = VectorStore.open(cache, load_encoder(plain, overlap=config.judge.window_overlap))
    score = np.concatenate([one.score for one in judged])
    truth = np.concatenate([prompts.violating for prompts in sets])
    return {
        "limit": model.limit,
        "exemplars": taxonomy.exemplars.height,
        "encoder": store.encoder.fingerprint,
        "sets": {prompts.name: figures(prompts, one) for prompts, one in zip(sets, judged, strict=True)},
        "calibration": calibration(score, truth),
        "set aside": surely(sets, judged),
        "growth": growth(taxonomy, unadapted, sets),
        "with adapter": short(taxonomy, store, sets),
    }


def page(result: dict[str, Any]) -> str:
    """The result as `docs/quality.md`."""
    lines = [
        "# Quality of the hazard detector",
        "",
        "Made by `python benchmarks/quality.py` at the one shipped limit "
        f"({result['limit']}), with {result['exemplars']:,} exemplars. Brackets are 95 % bootstrap intervals.",
        "The sets are halves of public ones, used to measure and never as exemplars; weights, adapter and kernel were chosen",
        "with them in view, so expect a little less elsewhere.",
        "",
        "| set | rows | figure | measured | wanted | |",
        "| --- | ---: | --- | --- | --- | --- |",
        *_target_rows(result),
        "",
        "## All figures",
        "",
        "| set | rows | figure | measured |",
        "| --- | ---: | --- | --- |",
        *(
            f"| {name} | {found['rows']:,} | {figure} | {_shown(value)} |"
            for name, found in result["sets"].items()
            for figure, value in found.items()
            if figure != "rows"
        ),
        "",
        "Published figures on the same sets:",
        "",
        *(f"- {name}: {text}" for name, text in PUBLISHED.items()),
        "",
        "## Calibration",
        "",
        f"Expected calibration error over all sets together: {result['calibration']['ECE']:.3f}.",
        "",
        "| prompts | mean probability | violating |",
        "| ---: | ---: | ---: |",
        *(
            f"| {one['rows']:,} | {one['predicted']:.2f} | {one['violating']:.2f} |"
            for one in result["calibration"]["bins"]
        ),
        "",
        "## Surely hazardous",
        "",
        f"`rebalance` sets answered prompts aside from a probability of {result['set aside']['from']}: of the prompts of",
        f"openai_moderation above it ({result['set aside']['openai_moderation flagged']:.0f}; a third of that set violates)",
        f"{result['set aside']['openai_moderation precision']:.1%} violate, of those of all sets"
        f" ({result['set aside']['all flagged']:.0f}) {result['set aside']['all precision']:.1%}.",
        "",
        "## What more exemplars bring",
        "",
        "Exemplars drawn evenly from every sub-hazard, the model fitted anew on each share, at a limit of its own, on vectors",
        "without the adapter (which has seen all exemplars). The last line has the adapter: what is shipped.",
        "",
        *_growth_table([*result["growth"], result["with adapter"]]),
        "",
    ]
    return "\n".join(lines)


def _target_rows(result: dict[str, Any]) -> Iterator[str]:
    rows = []
    for (name, figure), (sign, wanted) in TARGETS.items():
        found = result["sets"].get(name, {})
        value = [result["calibration"]["ECE"]] if name == "all" else found.get(figure)
        if value is None:
            continue
        met = value[0] >= wanted if sign == ">=" else value[0] <= wanted
        count = f"{found['rows']:,}" if found else ""
        rows.append(
            (
                met,
                f"| {name} | {count} | {figure} | {_shown(value)} | {sign} {wanted} | {'' if met else 'missed'} |",
            )
        )
    yield from (row for _, row in sorted(rows, key=lambda row: row[0]))


def _shown(value: list[float]) -> str:
    return f"{value[0]:.3f} [{value[1]:.3f}, {value[2]:.3f}]" if len(value) > 1 else f"{value[0]:.3f}"


def _growth_table(rows: list[dict[str, float]]) -> Iterator[str]:
    names = list(rows[0])
    yield "| " + " | ".join(names) + " |"
    yield "| " + " | ".join("---:" for _ in names) + " |"
    for row in rows:
        yield (
            "| "
            + " | ".join(f"{row[name]:,}" if name == "exemplars" else f"{row[name]:.3f}" for name in names)
            + " |"
        )


if __name__ == "__main__":
    measured = measure()
    if not measured["sets"]:
        sys.exit(f"no evaluation data at {EVALDATA}")
    RESULT.write_text(json.dumps(measured, indent=1) + "\n")
    PAGE.write_text(page(measured))
    print(page(measured))
