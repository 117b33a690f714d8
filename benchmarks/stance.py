"""How well refusals are told from answers, on public labelled responses that lie beside the project and never in it.

Prints and writes JSON and `docs/stance.md`: precision, recall and F1 of a refusal (full or partial), three-class macro F1,
calibration, false calls, and the published keyword lists in the same run.

    python benchmarks/stance.py
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl
from keyword_lists import LISTS

import mixguard
from mixguard.annotate.stance_grammar import Grammar
from mixguard.annotate.stance_model import STANCES
from mixguard.annotate.stance_text import plain_text
from mixguard.files import bundled

HERE = Path(__file__).resolve().parent
EVALDATA = HERE.parent.parent / "shared" / "evaldata"
CASES = HERE.parent / "tests" / "data" / "stance.jsonl"
RESULT = HERE / "results" / "stance.json"
PAGE = HERE.parent / "docs" / "stance.md"
BINS = 10
READ = 4000

TARGETS = {
    ("both", "F1"): (">=", 0.95), ("both", "macro F1"): (">=", 0.72), ("xstest_mistralinstruct", "F1"): (">=", 0.88),
    ("coconot_compliance", "called refusal"): ("<=", 0.01), ("gsm8k", "called refusal"): ("<=", 0.002),
    ("gpteacher_codegen", "called refusal"): ("<=", 0.002),
}  # fmt: skip
PUBLISHED = (
    "XSTest's prefix list: F1 .879 on 2,250 answers of five models, .337 on Mistral-instruct (measured on the released files)",
    "GPT-4 as a judge, as released with XSTest: F1 .806; people agree with each other on 96.4 % (XSTest, arXiv 2308.01263)",
    "WildGuard-7B .928, GPT-4 .981, keyword list .710 on XSTest-Response (WildGuard, arXiv 2406.18495)",
)


class Responses(NamedTuple):
    """Labelled responses; `label` is the number of the stance in `STANCES`."""

    name: str
    texts: list[str]
    label: npt.NDArray[np.int64]


def response_sets() -> Iterator[Responses]:
    """Every set that is there."""
    for name in ("xstest_mistralguard", "xstest_mistralinstruct", "coconot_compliance_dev"):
        rows = _lines(EVALDATA / "refusal" / f"{name}.jsonl")
        labels = np.array([STANCES.index(row["label"]) for row in rows], dtype=np.int64)
        yield Responses(name.removesuffix("_dev"), [row["response"] for row in rows], labels)
    maths = [row["answer"] for row in _lines(EVALDATA / "corpora" / "gsm8k_train.jsonl")[:READ]]
    code = json.loads((EVALDATA / "corpora" / "gpteacher_codegen.json").read_text())[:READ]
    yield Responses("gsm8k", maths, np.zeros(len(maths), dtype=np.int64))
    yield Responses(
        "gpteacher_codegen", [row["response"] for row in code], np.zeros(len(code), dtype=np.int64)
    )
    cases = [row for row in _lines(CASES) if row["stance"]]
    labels = np.array([STANCES.index(row["stance"]) for row in cases], dtype=np.int64)
    yield Responses("our own hard cases", [row["response"] for row in cases], labels)


def _lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def figures(
    label: npt.NDArray[np.int64],
    called: npt.NDArray[np.int64],
    score: npt.NDArray[np.floating[Any]] | None = None,
) -> dict[str, float]:
    """Precision, recall, F1 and macro F1 where there are refusals, else the share called one."""
    from sklearn.metrics import f1_score, precision_recall_fscore_support

    refused, said = label > 0, called > 0
    if not refused.any():
        return {"called refusal": round(float(said.mean()), 4)}
    precision, recall, f1, _ = precision_recall_fscore_support(
        refused, said, average="binary", zero_division=0
    )
    found = {
        "precision": float(precision), "recall": float(recall), "F1": float(f1),
        "accuracy": float((refused == said).mean()),
    }  # fmt: skip
    if score is not None:
        found["macro F1"] = float(f1_score(label, called, average="macro"))
        found["ECE"] = _ece(score, refused)
    return {name: round(value, 4) for name, value in found.items()}


def _ece(score: npt.NDArray[np.floating[Any]], refused: npt.NDArray[np.bool_]) -> float:
    place = np.clip((score * BINS).astype(int), 0, BINS - 1)
    kept = [place == number for number in range(BINS) if (place == number).any()]
    return float(sum(here.mean() * abs(score[here].mean() - refused[here].mean()) for here in kept))


def measure() -> dict[str, Any]:
    """Everything the page shows."""
    ours: dict[str, Any] = {}
    theirs: dict[str, Any] = {name: {} for name in LISTS}
    both: list[npt.NDArray[np.float64]] = []
    for responses in response_sets():
        found = mixguard.detect_refusals(responses.texts)
        stance = found["stance"].fill_null("full_compliance")
        # Inability is reported apart, and is no refusal.
        called = np.array([STANCES.index(name) for name in stance])
        score = found["score"].fill_null(0).to_numpy()
        said = {
            name: np.array([refuses(text) for text in responses.texts]) for name, refuses in LISTS.items()
        }
        ours[responses.name] = {
            "rows": len(responses.texts),
            **figures(responses.label, called, score),
        }
        for name, calls in said.items():
            theirs[name][responses.name] = figures(responses.label, calls.astype(np.int64))
        if responses.name.startswith("xstest"):
            both.append(np.stack([responses.label, called, score, *said.values()]))
    label, called, score, *each = np.concatenate(both, axis=1)
    ours["both"] = {"rows": len(label), **figures(label.astype(int), called.astype(int), score)}
    for name, calls in zip(LISTS, each, strict=True):
        theirs[name]["both"] = figures(label.astype(int), calls.astype(int))
    return {"mixguard": ours, "keyword lists": theirs, "grammar, responses/s": _speed()}


def _speed() -> int:
    """Responses per second of the part that needs no embedding, on the maths answers."""
    grammar = Grammar.load(bundled("taxonomies", "stance"))
    texts = pl.Series([row["answer"] for row in _lines(EVALDATA / "corpora" / "gsm8k_train.jsonl")])
    clock = perf_counter()
    grammar.features(plain_text(texts))
    return round(len(texts) / (perf_counter() - clock))


def page(result: dict[str, Any]) -> str:
    """The result as `docs/stance.md`."""
    ours, theirs = result["mixguard"], result["keyword lists"]
    rows = []
    for (name, figure), (sign, wanted) in TARGETS.items():
        value = ours[name][figure]
        met = value >= wanted if sign == ">=" else value <= wanted
        bases = [found[name].get(figure) for found in theirs.values()]
        shown = " | ".join("" if base is None else f"{base:.3f}" for base in bases)
        rows.append(
            (
                met,
                f"| {name} | {figure} | {value:.3f} | {sign} {wanted} | {shown} | {'' if met else 'missed'} |",
            )
        )
    names = ("precision", "recall", "F1", "macro F1", "accuracy", "ECE", "called refusal")
    lines = [
        "# Quality of the stance detector",
        "",
        "Made by `python benchmarks/stance.py`. A refusal is a full or a partial one; responses are judged without their",
        "prompts. `both` is the 900 answers of the two models, labelled by two people each (XSTest).",
        "",
        "| set | figure | measured | wanted | " + " | ".join(theirs) + " | |",
        "| --- | --- | ---: | --- |" + " ---: |" * len(theirs) + " --- |",
        *(row for _, row in sorted(rows, key=lambda row: row[0])),
        "",
        "## All figures",
        "",
        "| set | rows | " + " | ".join(names) + " |",
        "| --- | ---: |" + " ---: |" * len(names),
        *(
            f"| {name} | {found['rows']:,} | "
            + " | ".join(f"{found[figure]:.3f}" if figure in found else "" for figure in names)
            + " |"
            for name, found in ours.items()
        ),
        "",
        f"The grammar alone reads {result['grammar, responses/s']:,} responses a second here.",
        "",
        "Published figures:",
        "",
        *(f"- {line}" for line in PUBLISHED),
        "",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    if not EVALDATA.is_dir():
        sys.exit(f"no evaluation data at {EVALDATA}")
    measured = measure()
    RESULT.write_text(json.dumps(measured, indent=1) + "\n")
    PAGE.write_text(page(measured))
    print(page(measured))
