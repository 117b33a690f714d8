"""A published encoder by torch, for a GPU: half precision, batches of about equal length, tokenised ahead.

Attention is whatever transformers prefers for the model (scaled dot-product attention where it has it). Windows are cut by the
tokenizer, as on a CPU, so both embed the same tokens.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mixguard.errors import UsageError
from mixguard.vectors.adapter import merge_adapter
from mixguard.vectors.base import Vectors, Windows
from mixguard.vectors.batching import batches, in_chunks, padded
from mixguard.vectors.devices import check_device
from mixguard.vectors.published import Published, pooled

BATCH_TOKENS = 2**16
"""Padded tokens per batch: enough to fill a large card."""
LENGTH_STEP = 8
"""Lengths are padded to a multiple of this, which tensor cores need."""
TOKENISED_AT_ONCE = 1024


class TorchEncoder:
    """A published encoder by torch, on the GPU or, in float32, wherever torch runs."""

    def __init__(
        self, published: Published, network: Any, tokenizer: Any, *, half: bool, overlap: int
    ) -> None:
        self._published, self._network, self._tokenizer = published, network, tokenizer
        self.dimension = published.dimension
        self.weights = published.weights
        self.fingerprint = f"{self.weights}-{'f16' if half else 'f32'}-{published.window}-{overlap}"

    @classmethod
    def load(
        cls, published: Published, cache: Path, *, device: str, half: bool, overlap: int
    ) -> TorchEncoder:
        """Load a published encoder, with its adapter.

        Raises:
            UsageError: its weights or `device` are not available.
        """
        import torch
        from tokenizers import Tokenizer
        from transformers import AutoModel
        from transformers.utils import logging as transformers_logging

        check_device(device)
        transformers_logging.disable_progress_bar()
        try:
            with published.open(cache / "encoders") as folder:
                network = AutoModel.from_pretrained(folder, local_files_only=True)
                tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        except OSError as error:
            raise UsageError(
                f"{cache}: cannot unpack the encoder here ({error.strerror or error}); set encode.cache to a folder"
                " with 1 GB of room"
            ) from None
        if published.adapter:
            merge_adapter(network, published.adapter)
        network.to(device, torch.float16 if half else torch.float32).eval()
        tokenizer.no_padding()
        tokenizer.enable_truncation(published.window, stride=overlap)
        return cls(published, network, tokenizer, half=half, overlap=overlap)

    def encode(self, texts: Sequence[str]) -> Windows:
        """Vectors of the texts' windows, in order."""
        import torch

        vectors: list[Vectors] = []
        counts: list[int] = []
        with torch.inference_mode():
            for tokens in in_chunks(self._tokenizer, texts, TOKENISED_AT_ONCE):
                vectors.append(self._infer(tokens.ids))
                counts += tokens.counts
        every = np.concatenate(vectors) if vectors else np.empty((0, self.dimension), dtype=np.float32)
        return Windows(every, np.array(counts, dtype=np.int64))

    def _infer(self, ids: list[list[int]]) -> Vectors:
        """Vectors of windows; they come back from the GPU in one go, so that it never waits for the next batch."""
        import torch

        order: list[int] = []
        parts = []
        for rows, length in batches(ids, most=BATCH_TOKENS, step=LENGTH_STEP):
            given = padded([ids[row] for row in rows], length, self._published.pad)
            tokens, mask = (self._sent(torch.from_numpy(each)) for each in given)
            found = self._network(input_ids=tokens, attention_mask=mask, output_hidden_states=True)
            parts.append(pooled(self._published, [layer.float() for layer in found.hidden_states], mask))
            order += rows
        vectors = np.empty((len(ids), self.dimension), dtype=np.float32)
        vectors[order] = torch.cat(parts).cpu().numpy()
        return vectors

    def _sent(self, tensor: Any) -> Any:
        device = self._network.device
        return tensor.pin_memory().to(device, non_blocking=True) if device.type == "cuda" else tensor
