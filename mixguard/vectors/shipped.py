"""Vectors of the bundled exemplars, shipped in eight bits, so that nothing is embedded at a first start.

The models are fitted on these very vectors, so rounding them costs no agreement between machines.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from mixguard.files import bundled, write_atomically
from mixguard.vectors.base import Encoder

if TYPE_CHECKING:
    from mixguard.vectors.store import VectorStore

FOLDERS = (("taxonomies", "mixguard"), ("taxonomies", "stance"), ("taxonomies", "signals"))
LEVELS = 127
ID_BYTES = 16


def shipped_file(folder: Path, weights: str) -> Path:
    """The vectors that lie with a folder's exemplars, by encoder weights."""
    return folder / "vectors" / f"{weights}.safetensors"


def shipped_vectors(encoder: Encoder) -> Mapping[bytes, bytes]:
    """Half-precision vectors by text id, for texts of the bundled exemplars; none if windows are cut otherwise."""
    return _read_once(encoder.weights, encoder.fingerprint)


@lru_cache(maxsize=2)  # those of the fast and the careful stage
def _read_once(weights: str, fingerprint: str) -> Mapping[bytes, bytes]:
    found: dict[bytes, bytes] = {}
    for kind, name in FOLDERS:
        found.update(_read(shipped_file(bundled(kind, name), weights), fingerprint))
    return MappingProxyType(found)


def ship(folder: Path, store: VectorStore, texts: Sequence[str]) -> None:
    """Write the vectors of a folder's exemplars beside them."""
    from safetensors.numpy import save

    from mixguard.vectors.store import text_id

    distinct = list(dict.fromkeys(texts))
    found = store.vectors(distinct)
    vectors = found.in_order
    levels = np.round(vectors / np.abs(vectors).max(axis=1, keepdims=True) * LEVELS).astype(np.int8)
    scale = 1 / np.linalg.norm(levels.astype(np.float32), axis=1)  # so that they have unit length again
    ids = np.frombuffer(b"".join(map(text_id, distinct)), dtype=np.uint8).reshape(-1, ID_BYTES)
    content = save(
        {"ids": ids, "counts": found.counts, "levels": levels, "scale": scale.astype(np.float32)},
        metadata={"cut": _cut(store.encoder.fingerprint)},
    )
    write_atomically(shipped_file(folder, store.encoder.weights), content)


def _read(file: Path, fingerprint: str) -> Iterator[tuple[bytes, bytes]]:
    if not file.is_file():
        return
    from safetensors import safe_open

    with safe_open(file, framework="numpy") as stored:
        if stored.metadata()["cut"] != _cut(fingerprint):
            return
        ids, counts, levels, scale = (
            stored.get_tensor(name) for name in ("ids", "counts", "levels", "scale")
        )
    vectors = (levels * scale[:, None]).astype(np.float16)
    ends = np.cumsum(counts)
    for number, (end, count) in enumerate(zip(ends.tolist(), counts.tolist(), strict=True)):
        yield ids[number].tobytes(), vectors[end - count : end].tobytes()


def _cut(fingerprint: str) -> str:
    """Window and overlap, with which a fingerprint ends: they decide which windows a long text has."""
    return "-".join(fingerprint.split("-")[-2:])
