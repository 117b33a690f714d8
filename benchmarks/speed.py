"""How fast an audit is, beside plain `SentenceTransformer.encode` of the same texts in the same run.

Prints and writes JSON: rows/s and peak memory of each side (the audit, the audit by the fast stage alone, plain encoding),
their ratios, and how many exchanges get the same labels as with float32 vectors of the reference encoder. Each side runs in
a process of its own, with an empty store.

    python benchmarks/speed.py [CORPUS...]
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
from pathlib import Path
from time import perf_counter
from typing import Any

HERE = Path(__file__).resolve().parent
EVALDATA = HERE.parent.parent / "shared" / "evaldata"
DEFAULT = [
    EVALDATA / name
    for name in (
        "formats/alpaca_en_demo.json", "corpora/em_secure_dev.jsonl", "corpora/dialogues_dev.jsonl",
        "corpora/web_text_dev.jsonl",
    )
]  # fmt: skip
STAGES = {"audit": "fast+careful", "fast": "fast"}
RESULT = HERE / "results" / "speed.json"
PAGE = HERE.parent / "docs" / "speed.md"


def texts_of(paths: list[str]) -> list[str]:
    """Every text the audit embeds, repeats included: prompts, and the openings of responses."""
    from mixguard.annotate.stance_model import opening_texts
    from mixguard.annotate.stance_text import plain_text
    from mixguard.config import ReadConfig
    from mixguard.corpus.corpus import Corpus

    corpus = Corpus.open(paths, ReadConfig(), offline=True)
    texts: list[str] = []
    for batch, *_ in corpus.parts(2048):
        texts += batch["prompt"].to_list()
        texts += opening_texts(plain_text(batch["response"].fill_null(""))).to_list()
    return texts


def measure(side: str, paths: list[str], cache: str) -> dict[str, Any]:
    """One side's seconds and peak memory; set-up (imports, loading, conversion) is timed apart."""
    if side in STAGES:
        return _measure_audit(paths, f"{cache}/{side}", STAGES[side])
    from sentence_transformers import SentenceTransformer

    from mixguard.vectors.bundled import bundled_model

    texts = texts_of(paths)
    clock = perf_counter()
    model = SentenceTransformer(str(bundled_model()), device="cpu", local_files_only=True)
    model.encode(["warm up"], show_progress_bar=False)
    setup, clock = perf_counter() - clock, perf_counter()
    model.encode(texts, show_progress_bar=False)
    return _measured(perf_counter() - clock, setup, len(texts))


def _measure_audit(paths: list[str], cache: str, stages: str) -> dict[str, Any]:
    import mixguard
    from mixguard.config import Config

    tree = {
        "encode": {"cache": cache, "device": "cpu"},
        "run": {"folder": f"{cache}/run"},
        "judge": {"stages": stages},
    }
    config = Config.from_tree(tree, origin="benchmark")
    clock = perf_counter()
    mixguard.classify(["warm up"], config=config)  # converts the encoders
    setup, clock = perf_counter() - clock, perf_counter()
    result = mixguard.audit(*paths, config=config)
    return {
        **_measured(perf_counter() - clock, setup, result.corpus.exchanges),
        "records": result.corpus.records,
    }


def _measured(seconds: float, setup: float, items: int) -> dict[str, Any]:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {
        "seconds": round(seconds, 2),
        "setup_seconds": round(setup, 2),
        "items": items,
        "peak_mib": round(peak),
    }


def same_labels(paths: list[str], cache: str) -> dict[str, Any]:
    """Share of exchanges whose hazard flag, hazard and stance are those of float32 vectors."""
    import mixguard
    from mixguard.config import Config

    frames = []
    for precision in ("auto", "float32"):
        encode = {"cache": cache, "device": "cpu", "precision": precision}
        tree = {"encode": encode, "run": {"folder": f"{cache}/{precision}"}}
        result = mixguard.audit(*paths, config=Config.from_tree(tree, origin="benchmark"))
        frames.append(result.annotations.select("hazardous", "hazard", "stance").collect())
    fast, reference = frames
    flag, stance = (fast[name].eq_missing(reference[name]) for name in ("hazardous", "stance"))
    hazard = ~reference["hazardous"] | fast["hazard"].eq_missing(reference["hazard"])
    return {"exchanges": len(fast), "same_labels": round((flag & stance & hazard).sum() / len(fast), 5)}


def main(paths: list[str]) -> None:
    """Run both sides on each corpus and print the table."""
    results = {}
    for path in paths:
        with tempfile.TemporaryDirectory() as cache:
            sides = {side: _in_process(side, path, cache) for side in ("audit", "fast", "plain")}
            labels = _in_process("labels", path, cache)
        audit, plain = sides["audit"], sides["plain"]
        results[Path(path).name] = {
            "rows_per_second": round(audit["records"] / audit["seconds"], 1),
            "ratio_to_plain_encode": round(plain["seconds"] / audit["seconds"], 2),
            "ratio_to_fast_alone": round(audit["seconds"] / sides["fast"]["seconds"], 2),
            **labels,
            **sides,
        }
        print(json.dumps({Path(path).name: results[Path(path).name]}, indent=2), flush=True)
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps(results, indent=2) + "\n")
    PAGE.write_text(_page(results))


def _page(results: dict[str, Any]) -> str:
    head = (
        "# Speed\n\nMade by `python benchmarks/speed.py` on a CPU with two cores: a whole audit with an empty vector store, beside "
        "plain\n`SentenceTransformer.encode` (float32) of the same texts in the same run. Times vary between machines; the ratio "
        "less so.\n\n"
        "| corpus | exchanges | audit, rows/s | audit, s | fast alone, s | plain encode, s | plain / audit | audit / fast | peak memory, audit / plain | same labels as float32 |\n"
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n"
    )
    rows = (
        f"| {name} | {found['exchanges']:,} | {found['rows_per_second']:,} | {found['audit']['seconds']} | {found['fast']['seconds']} "
        f"| {found['plain']['seconds']} | {found['ratio_to_plain_encode']} | {found['ratio_to_fast_alone']} | {found['audit']['peak_mib']:,} / {found['plain']['peak_mib']:,} MiB | {found['same_labels']:.2%} |\n"
        for name, found in results.items()
    )
    return head + "".join(rows)


def _in_process(side: str, path: str, cache: str) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, __file__, "--side", side, path, cache], stdout=subprocess.PIPE, check=True
    )
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


if __name__ == "__main__":
    if sys.argv[1:2] == ["--side"]:
        side, path, cache = sys.argv[2:5]
        print(json.dumps(same_labels([path], cache) if side == "labels" else measure(side, [path], cache)))
    else:
        main(sys.argv[1:] or [str(path) for path in DEFAULT])
