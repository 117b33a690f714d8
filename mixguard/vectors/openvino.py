"""A published encoder on a CPU: the same weights in OpenVINO, converted once into the cache.

Measured by `benchmarks/speed.py`; with bfloat16 instructions the vectors' cosine to float32 is above .9999.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import numpy as np

from mixguard.vectors.adapter import merge_adapter
from mixguard.vectors.base import Vectors, Windows
from mixguard.vectors.devices import cores
from mixguard.vectors.published import Published, pooled

BATCH_TOKENS = 4096
"""Padded tokens per inference; fastest of 1,024 to 4,096 on two AVX-512 cores."""
LENGTH_STEP = 16
"""Lengths are padded to a multiple of this, so that compiled shapes are reused; 1 was a third slower."""
TOKENISED_AT_ONCE = 4096


class OpenVinoEncoder:
    """A published encoder on a CPU, in bfloat16 if the processor supports it."""

    def __init__(
        self,
        published: Published,
        compiled: Callable[[], Any],
        tokenizer: Any,
        *,
        precision: str,
        overlap: int,
    ) -> None:
        # Compiling takes most of a second, and is not needed where every text is stored or no row is doubted.
        self._compiled = lru_cache(compiled)
        self._tokenizer = tokenizer
        self._pad = published.pad
        self.dimension = published.dimension
        self.weights = published.weights
        self.fingerprint = f"{self.weights}-{precision}-{published.window}-{overlap}"

    @classmethod
    def load(cls, published: Published, cache: Path, *, overlap: int) -> OpenVinoEncoder:
        """Load the converted network, converting it first if it is not cached."""
        os.environ.setdefault("OPENVINO_TELEMETRY_OPT_OUT", "1")
        import openvino
        from tokenizers import Tokenizer

        folder = _converted(published, cache)
        options = {"PERFORMANCE_HINT": "LATENCY", "NUM_STREAMS": 1, "INFERENCE_NUM_THREADS": cores()}
        core = openvino.Core()
        tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        tokenizer.no_padding()
        tokenizer.enable_truncation(published.window, stride=overlap)
        precision = core.get_property("CPU", "INFERENCE_PRECISION_HINT").to_string()
        compiled = partial(core.compile_model, folder / "model.xml", "CPU", options)
        return cls(published, compiled, tokenizer, precision=precision, overlap=overlap)

    def encode(self, texts: Sequence[str]) -> Windows:
        """Vectors of the texts' windows, in order."""
        tokens: list[list[int]] = []
        counts = np.empty(len(texts), dtype=np.int64)
        for start in range(0, len(texts), TOKENISED_AT_ONCE):
            encodings = self._tokenizer.encode_batch_fast(texts[start : start + TOKENISED_AT_ONCE])
            for number, encoding in enumerate(encodings, start):
                windows = [encoding, *encoding.overflowing]
                counts[number] = len(windows)
                tokens.extend(window.ids for window in windows)
        return Windows(self._infer(tokens), counts)

    def _infer(self, tokens: list[list[int]]) -> Vectors:
        """Run batches one by one: concurrent requests were a tenth faster but sometimes never returned."""
        vectors = np.empty((len(tokens), self.dimension), dtype=np.float32)
        if not tokens:
            return vectors
        request = self._compiled().create_infer_request()
        for rows, length in _batches(tokens):
            vectors[rows] = request.infer(_padded([tokens[row] for row in rows], length, self._pad))[0]
        return vectors


def _batches(tokens: list[list[int]]) -> Iterator[tuple[list[int], int]]:
    """Rows of about equal length, longest first, and the length to pad them to."""
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
    ids = np.full((len(tokens), length), pad, dtype=np.int64)
    mask = np.zeros_like(ids)
    for row, window in enumerate(tokens):
        ids[row, : len(window)] = window
        mask[row, : len(window)] = 1
    return {"input_ids": ids, "attention_mask": mask}


def _converted(published: Published, cache: Path) -> Path:
    """Folder of the converted network; written atomically, by one process at a time."""
    from filelock import FileLock

    target = cache / "encoders" / f"{published.weights}-openvino"
    if target.is_dir():
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{target}.lock"):
        if not target.is_dir():
            scratch = Path(tempfile.mkdtemp(dir=target.parent))
            with published.open(target.parent) as source:
                _convert(published, source, scratch)
            scratch.rename(target)
    return target


def _convert(published: Published, source: Path, target: Path) -> None:
    import logging
    import warnings

    import openvino
    import torch
    from transformers import AutoModel
    from transformers.utils import logging as transformers_logging

    class Pooled(torch.nn.Module):
        """The transformer and its pooling as one network."""

        def __init__(self, transformer: Any) -> None:
            super().__init__()
            self.transformer = transformer

        def forward(self, input_ids: Any, attention_mask: Any) -> Any:
            found = self.transformer(
                input_ids=input_ids, attention_mask=attention_mask, output_hidden_states=True
            )
            return pooled(published, found.hidden_states, attention_mask)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # tracing warns about shapes that the example below leaves dynamic
        logging.getLogger("nncf").setLevel(logging.ERROR)
        transformers_logging.set_verbosity_error()
        transformers_logging.disable_progress_bar()
        model = AutoModel.from_pretrained(source, attn_implementation="eager", local_files_only=True).eval()
        if published.adapter:
            merge_adapter(model, published.adapter)
        example = torch.ones(2, 8, dtype=torch.int64)
        network = openvino.convert_model(
            Pooled(model), example_input={"input_ids": example, "attention_mask": example}
        )
    openvino.save_model(network, target / "model.xml", compress_to_fp16=False)
    shutil.copyfile(source / "tokenizer.json", target / "tokenizer.json")
