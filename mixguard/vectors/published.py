"""Published encoder weights: their hash, and how their hidden states become one vector."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mixguard.errors import UsageError
from mixguard.vectors.adapter import adapter_name
from mixguard.vectors.weights import Family


@dataclass(frozen=True)
class Published:
    """An encoder whose weights are published; the detectors that mixguard ships are fitted on its vectors."""

    name: str
    sha256: str
    """Published hash of its `model.safetensors`."""
    window: int
    """Tokens it was trained to read at once, including the two special ones."""
    dimension: int
    """Length of a vector."""
    pad: int
    """Id of the padding token."""
    family: Family
    """How its weights are named."""
    open: Callable[[Path], AbstractContextManager[Path]]
    """The folder with its files, given a folder for temporary ones; its hash is not checked yet."""
    inner: tuple[tuple[int, float], ...] = ()
    """Hidden layers (0 = embeddings) placed beside the last one, with the length of each in the vector."""
    adapter: Path | None = None
    """Merged into the weights when they are loaded."""

    @property
    def weights(self) -> str:
        """Identifies the weights, the layers read and the adapter."""
        read = "".join(f"-layer{layer}x{share:g}" for layer, share in self.inner)
        tuned = f"-{adapter_name(self.adapter)}" if self.adapter else ""
        return f"{self.name}-{self.sha256[:12]}{read}{tuned}"

    def verify(self, folder: Path) -> Path:
        """The folder, if it holds the published weights.

        Raises:
            UsageError: it does not.
        """
        digest = hashlib.sha256()
        try:
            with (folder / "model.safetensors").open("rb") as stream:
                while block := stream.read(2**20):
                    digest.update(block)
        except OSError as error:
            raise UsageError(f"{folder}: no model.safetensors ({error.strerror})") from None
        if digest.hexdigest() != self.sha256:
            raise UsageError(
                f"{folder}: these are not the published weights of {self.name}; install it again"
            )
        return folder


def pooled(published: Published, hidden: Any, mask: Any) -> Any:
    """One unit vector per text: the layers' mean token vectors at unit length, side by side.

    Args:
        published: which layers to read.
        hidden: hidden states of every layer, each (texts, tokens, width).
        mask: (texts, tokens), 1 for tokens and 0 for padding.
    """
    import torch

    kept = mask.unsqueeze(-1).to(hidden[-1].dtype)
    read = [(len(hidden) - 1, 1.0), *published.inner]
    means = [(hidden[layer] * kept).sum(1) / kept.sum(1).clamp(min=1e-9) for layer, _ in read]
    unit = [
        torch.nn.functional.normalize(mean, dim=1) * share
        for mean, (_, share) in zip(means, read, strict=True)
    ]
    return torch.nn.functional.normalize(torch.cat(unit, dim=1), dim=1)
