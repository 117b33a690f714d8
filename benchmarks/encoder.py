"""How fast the encoder is on a CPU in each precision, how near its vectors are to float32, and whether labels stay.

Prints JSON and writes benchmarks/results/encoder.json. Speed is in ratios within one run, the ways alternating, in CPU seconds of
the process; labels are compared row by row with those of float32, on corpora that lie beside the project and never in it.

    python benchmarks/encoder.py                         # everything
    python benchmarks/encoder.py speed --texts 200       # less of it; the others keep their figures
    python benchmarks/encoder.py labels --rows 50
"""

from __future__ import annotations

import argparse
import json
import platform
import tempfile
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

import numpy as np

HERE = Path(__file__).resolve().parent
EVALDATA = HERE.parent.parent / "shared" / "evaldata"
RESULT = HERE / "results" / "encoder.json"
REPETITIONS = 3
WAYS = ("int8", "bfloat16", "float32")
LABELS = {
    "corpora/gsm8k_train.jsonl": 500, "formats/alpaca_en_demo.json": 1000, "corpora/dialogues_dev.jsonl": 1000,
    "corpora/em_secure_dev.jsonl": 200, "corpora/safety_refusals_dev.jsonl": 1000, "prompts/ailuminate_dev.jsonl": 300,
    "prompts/catqa_dev.jsonl": 300, "prompts/mitre_frr_dev.jsonl": 300, "prompts/openai_moderation_dev.jsonl": 300,
    "prompts/safe_prompts.jsonl": 300,
}  # fmt: skip
"""Corpora, and how many rows of each are compared at most."""


def own_texts(count: int) -> list[str]:
    """Exemplars, every so manyth."""
    from mixguard.library.taxonomy import Taxonomy

    texts = Taxonomy.load("mixguard").exemplars.get_column("text").to_list()
    return [str(text) for text in texts[3 :: max(len(texts) // count, 1)][:count]]


def speed(texts: list[str], cache: Path) -> dict[str, Any]:
    """Tokens per CPU second of each way and of plain `SentenceTransformer.encode`, and cosines to float32."""
    from mixguard.vectors.bundled import BUNDLED, bundled_model
    from mixguard.vectors.openvino import OpenVinoEncoder

    own = {
        name: OpenVinoEncoder.load(BUNDLED, cache, overlap=32, precision=name)
        for name in possible(BUNDLED, cache)
    }
    ways: dict[str, Callable[[list[str]], Any]] = {
        name: partial(_vectors, each) for name, each in own.items()
    }
    ways["sentence-transformers"] = _plain(bundled_model())
    vectors = {name: way(texts) for name, way in ways.items()}  # loads, builds and warms up
    cpu: dict[str, list[float]] = {name: [] for name in ways}
    wall: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(REPETITIONS):
        for name, way in ways.items():
            before, clock = process_time(), perf_counter()
            way(texts)
            cpu[name].append(process_time() - before)
            wall[name].append(perf_counter() - clock)
    tokens = sum(len(each) for each in _token_ids(bundled_model(), texts))
    exact = vectors["float32"]
    return {
        "texts": len(texts),
        "tokens": tokens,
        **{
            name: {
                "tokens_per_cpu_second": round(tokens / float(np.median(cpu[name]))),
                "cpu_seconds": [round(each, 2) for each in cpu[name]],
                "wall_seconds": [round(each, 2) for each in wall[name]],
                **(_cosines(vectors[name], exact) if name in own else {}),
            }
            for name in ways
        },
    }


def _vectors(encoder: Any, texts: list[str]) -> Any:
    return encoder.encode(texts).vectors


def possible(published: Any, cache: Path) -> list[str]:
    """The precisions that this processor has."""
    from mixguard.errors import UsageError
    from mixguard.vectors.openvino import OpenVinoEncoder

    found = []
    for name in WAYS:
        try:
            OpenVinoEncoder.load(published, cache, overlap=32, precision=name)
        except UsageError:
            continue
        found.append(name)
    return found


def _plain(folder: Path) -> Callable[[list[str]], Any]:
    import torch
    from sentence_transformers import SentenceTransformer

    from mixguard.vectors.devices import threads

    torch.set_num_threads(threads())
    model = SentenceTransformer(str(folder), device="cpu", local_files_only=True)
    return lambda texts: model.encode(texts, show_progress_bar=False)


def _token_ids(folder: Path, texts: list[str]) -> list[list[int]]:
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(256)
    return [each.ids for each in tokenizer.encode_batch(texts)]


def _cosines(vectors: Any, exact: Any) -> dict[str, float]:
    cosine = (vectors * exact).sum(axis=1)
    names = {"least": 0.0, "1 %": 0.01, "median": 0.5}
    return {f"cosine, {name}": round(float(np.quantile(cosine, at)), 5) for name, at in names.items()}


def labels(most: int, cache: Path) -> dict[str, Any]:
    """Per corpus and way: the share of rows whose hazard, flag and stance are those of float32."""
    from mixguard.vectors.bundled import BUNDLED

    ways = [name for name in possible(BUNDLED, cache) if name != "float32"]
    found: dict[str, Any] = {}
    for name, rows in LABELS.items():
        if (EVALDATA / name).is_file():
            found[name] = _agreement(EVALDATA / name, min(rows, most), ways, cache)
    return found


def _agreement(file: Path, rows: int, ways: list[str], cache: Path) -> dict[str, Any]:
    exact = _labelled(file, rows, "float32", cache)
    found: dict[str, Any] = {"rows": len(exact)}
    for way in ways:
        got = _labelled(file, rows, way, cache)
        same = sum(one == other for one, other in zip(exact, got, strict=True))
        found[way] = {"same": same, "share": round(same / max(len(exact), 1), 4)}
    return found


def _labelled(file: Path, rows: int, precision: str, cache: Path) -> list[tuple[Any, ...]]:
    from mixguard.config import Config
    from mixguard.corpus.corpus import Corpus
    from mixguard.detectors import Recipe

    config = Config().replace(
        {"encode.precision": precision, "encode.cache": str(cache), "encode.device": "cpu"}
    )
    worker = Recipe(config).worker()
    frame = next(Corpus.open([str(file)], config.read, offline=True).parts(rows)).frame.head(rows)
    judged = worker(frame)
    limit = worker.detectors.hazard_limit
    return [
        (row["hazard"] if (row["hazard_score"] or 0) >= limit else None, row["stance"])
        for row in judged.select("hazard", "hazard_score", "stance").iter_rows(named=True)
    ]


def main() -> None:
    """Measure what is asked and write it beside what was measured before."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("entries", nargs="*", default=["speed", "labels"])
    parser.add_argument("--texts", type=int, default=2000)
    parser.add_argument("--rows", type=int, default=1000, help="most rows of each corpus")
    parser.add_argument("--cache", type=Path, help="folder of the cache; a temporary one by default")
    asked = parser.parse_args()
    warnings.simplefilter("ignore")
    known = json.loads(RESULT.read_text()) if RESULT.is_file() else {}
    with tempfile.TemporaryDirectory() as folder:
        cache = asked.cache or Path(folder)
        made = {
            "speed": lambda: speed(own_texts(asked.texts), cache),
            "labels": lambda: labels(asked.rows, cache),
        }
        for entry in asked.entries:
            known[entry] = made[entry]()
    known["machine"] = {"cpu": platform.machine(), "python": platform.python_version()}
    RESULT.write_text(json.dumps(known, indent=2) + "\n")
    print(json.dumps(known, indent=2))


if __name__ == "__main__":
    main()
