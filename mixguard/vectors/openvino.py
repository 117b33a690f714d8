"""A published encoder on a CPU: the same weights in OpenVINO, built once into the cache.

Measured by `benchmarks/encoder.py`. A text's vector does not depend on the texts beside it: every text of a batch is padded
to the same multiple of eight tokens that it would be padded to alone, and then the bits are the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from mixguard.network import unobserved
from mixguard.vectors.base import Vectors, Windows
from mixguard.vectors.batching import in_chunks
from mixguard.vectors.convert import FLOAT, verified
from mixguard.vectors.devices import threads
from mixguard.vectors.graph import IDS, MASK
from mixguard.vectors.precision import chosen
from mixguard.vectors.published import Published
from mixguard.vectors.quantise import calibrated, shipped

BATCH_TOKENS = 4096
"""Padded tokens per inference; fastest of 1,024 to 4,096 on two AVX-512 cores."""
LENGTH_STEP = 8
"""Lengths are padded to a multiple of this, so that compiled shapes are reused."""
TOKENISED_AT_ONCE = 4096


class Loaded(NamedTuple):
    """A network that is ready to run."""

    network: Any
    tokenizer: Any


class OpenVinoEncoder:
    """A published encoder on a CPU."""

    def __init__(
        self, published: Published, loaded: Callable[[], Loaded], *, precision: str, overlap: int
    ) -> None:
        # Building and compiling take seconds, and are not needed where every text is stored or no row is doubted.
        self._loaded = lru_cache(loaded)
        self._pad = published.pad
        self.dimension = published.dimension
        self.weights = published.weights
        self.fingerprint = f"{self.weights}-{precision}-{published.window}-{overlap}"

    @classmethod
    def load(
        cls, published: Published, cache: Path, *, overlap: int, precision: str = "auto"
    ) -> OpenVinoEncoder:
        """An encoder whose network is loaded, and built if it is not cached, when it is first used.

        Args:
            published: its weights.
            cache: the cache's folder.
            overlap: tokens that a window of a long text shares with the one before.
            precision: as `encode.precision`.

        Raises:
            UsageError: the processor does not compute in this precision.
        """
        with unobserved():
            import openvino
        from tokenizers import Tokenizer

        options: dict[str, Any] = {
            "PERFORMANCE_HINT": "LATENCY",
            "NUM_STREAMS": 1,
            "INFERENCE_NUM_THREADS": threads(),
        }
        core = openvino.Core()
        choice = chosen(precision, frozenset(core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")))
        calibration = calibrated(shipped(published.weights)) if choice.name == "int8" else FLOAT
        options["INFERENCE_PRECISION_HINT"] = choice.rest

        def loaded() -> Loaded:
            folder = verified(published, cache, calibration)
            tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
            tokenizer.no_padding()
            tokenizer.enable_truncation(published.window, stride=overlap)
            return Loaded(core.compile_model(folder / "model.xml", "CPU", options), tokenizer)

        name = f"int8.{choice.rest}.{calibration.digest}" if calibration.digest else choice.rest
        return cls(published, loaded, precision=name, overlap=overlap)

    def encode(self, texts: Sequence[str]) -> Windows:
        """Vectors of the texts' windows, in order."""
        vectors = [np.empty((0, self.dimension), dtype=np.float32)]
        counts: list[int] = []
        if texts:
            for tokens in in_chunks(self._loaded().tokenizer, texts, TOKENISED_AT_ONCE):
                vectors.append(self._infer(tokens.ids))
                counts += tokens.counts
        return Windows(np.concatenate(vectors), np.array(counts, dtype=np.int64))

    def _infer(self, tokens: list[list[int]]) -> Vectors:
        """Run batches one by one: concurrent requests were a tenth faster but sometimes never returned."""
        vectors = np.empty((len(tokens), self.dimension), dtype=np.float32)
        request = self._loaded().network.create_infer_request()
        for rows, length in _batches(tokens):
            vectors[rows] = request.infer(_padded([tokens[row] for row in rows], length, self._pad))[0]
        return vectors


def _batches(tokens: list[list[int]]) -> Iterator[tuple[list[int], int]]:
    """Rows that are padded to the same length, longest first, and this length."""
    padded = [-(-len(ids) // LENGTH_STEP) * LENGTH_STEP for ids in tokens]
    rows: list[int] = []
    for row in sorted(range(len(tokens)), key=padded.__getitem__, reverse=True):
        full = rows and (padded[row] != padded[rows[0]] or (len(rows) + 1) * padded[row] > BATCH_TOKENS)
        if full:
            yield rows, padded[rows[0]]
            rows = []
        rows.append(row)
    if rows:
        yield rows, padded[rows[0]]


def _padded(tokens: list[list[int]], length: int, pad: int) -> dict[str, Any]:
    ids = np.full((len(tokens), length), pad, dtype=np.int32)
    mask = np.zeros(ids.shape, dtype=np.float32)
    for row, window in enumerate(tokens):
        ids[row, : len(window)] = window
        mask[row, : len(window)] = 1
    return {IDS: ids, MASK: mask}
