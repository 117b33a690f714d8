"""Any model that sentence-transformers reads, on a GPU in half precision or on a CPU in float32."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mixguard.errors import UsageError
from mixguard.network import stay_offline
from mixguard.vectors.base import Windows
from mixguard.vectors.devices import check_device


class SentenceEncoder:
    """A sentence-transformers model that splits long texts into overlapping windows."""

    def __init__(self, model: Any, weights: str, *, dimension: int, half: bool, overlap: int) -> None:
        self._model = model
        self._overlap = overlap
        self._batch = 512 if half else 32
        self.weights = weights
        self.dimension = dimension
        precision = "f16" if half else "f32"
        self.fingerprint = f"{weights}-{precision}-{model.max_seq_length}-{overlap}"

    @classmethod
    def load(cls, name: str, *, device: str, half: bool, offline: bool, overlap: int) -> SentenceEncoder:
        """Load a folder or a hub model (never one with custom code).

        Raises:
            UsageError: the model cannot be loaded, or `device` is not available.
        """
        from sentence_transformers import SentenceTransformer

        check_device(device)
        if offline:
            stay_offline()
        local = offline or Path(name).is_dir()
        try:
            model = SentenceTransformer(name, device=device, local_files_only=local, trust_remote_code=False)
        except (OSError, ValueError) as error:
            hint = "; --offline forbids downloading it" if offline else ""
            raise UsageError(f"encode.model: cannot load {name!r}{hint}: {error}") from None
        if half:
            model.half()
        weights = f"{Path(name).name}-{_weights_digest(model)[:12]}"
        dimension = int(model.encode("", show_progress_bar=False).shape[0])
        return cls(model, weights, dimension=dimension, half=half, overlap=overlap)

    def encode(self, texts: Sequence[str]) -> Windows:
        """Vectors of the texts' windows, in order."""
        windows = [self._windows(text) for text in texts]
        flat = [window for cut in windows for window in cut]
        vectors = self._model.encode(
            flat, batch_size=self._batch, normalize_embeddings=True, show_progress_bar=False
        )
        counts = np.array([len(cut) for cut in windows], dtype=np.int64)
        return Windows(np.asarray(vectors, dtype=np.float32).reshape(len(flat), self.dimension), counts)

    def _windows(self, text: str) -> list[str]:
        """The text, or overlapping pieces that each fit the model's window."""
        room = int(self._model.max_seq_length) - 2
        if len(text) <= room:  # a token is at least one character
            return [text]
        offsets = self._model.tokenizer(
            text, add_special_tokens=False, return_offsets_mapping=True, verbose=False
        )["offset_mapping"]
        step = room - self._overlap
        starts = range(0, max(len(offsets) - self._overlap, 1), step)
        return [text[offsets[start][0] : offsets[min(start + room, len(offsets)) - 1][1]] for start in starts]


def _weights_digest(model: Any) -> str:
    digest = hashlib.sha256()
    for name, tensor in sorted(model.state_dict().items()):
        digest.update(name.encode())
        digest.update(tensor.detach().cpu().float().numpy().tobytes())
    return digest.hexdigest()
