"""The weights of a published transformer, read without torch and under the same names for every family."""

from __future__ import annotations

import math
from pathlib import Path
from typing import NamedTuple

import numpy as np

from mixguard.vectors.adapter import changes
from mixguard.vectors.base import Vectors


class Affine(NamedTuple):
    """A linear layer, whose weight has shape (outputs, inputs); or the last step of a norm, with one weight each."""

    weight: Vectors
    bias: Vectors


class Layer(NamedTuple):
    """One layer of a transformer that normalises after each half."""

    query: Affine
    key: Affine
    value: Affine
    mixed: Affine
    """Joins the heads."""
    mixed_norm: Affine
    wide: Affine
    narrow: Affine
    """The two halves of the feed-forward network."""
    narrow_norm: Affine


class Family(NamedTuple):
    """How a family of transformers names its weights, and what its files do not say."""

    layer: tuple[str, ...]
    """Names of the weights of one layer, in the order of `Layer`."""
    layers: int
    heads: int
    epsilon: float
    """Of the norms."""
    place: int
    """Row of the position table for the first token."""


class Weights(NamedTuple):
    """A transformer's weights in float32."""

    words: Vectors
    """(vocabulary, width)."""
    places: Vectors
    """(window, width)."""
    norm: Affine
    """Of the sum of both."""
    layers: tuple[Layer, ...]
    heads: int
    epsilon: float
    distances: Vectors | None
    """(1, heads, window, window): what is added to the attention of each token to each other one."""


_HALVES = ("intermediate.dense", "output.dense", "output.LayerNorm")
BERT = Family(
    layer=(
        "attention.self.query", "attention.self.key", "attention.self.value", "attention.output.dense",
        "attention.output.LayerNorm", *_HALVES,
    ),
    layers=6, heads=12, epsilon=1e-12, place=0,
)  # fmt: skip
MPNET = Family(
    layer=("attention.attn.q", "attention.attn.k", "attention.attn.v", "attention.attn.o", "attention.LayerNorm", *_HALVES),
    layers=12, heads=12, epsilon=1e-5, place=2,
)  # fmt: skip
BUCKETS, FARTHEST = 32, 128
"""Distances of MPNet: half of the buckets for each direction, and the distance from which all share the last one."""


def read(file: Path, family: Family, window: int, adapter: Path | None) -> Weights:
    """Read a `model.safetensors`, with the adapter's changes added.

    Args:
        file: the published weights.
        family: how they are named.
        window: tokens that are read at once.
        adapter: low-rank changes to them, if there are any.
    """
    from safetensors.numpy import load_file

    found = load_file(file)
    for name, change in changes(adapter).items():
        found[f"{name}.weight"] = found[f"{name}.weight"] + change

    def affine(name: str) -> Affine:
        return Affine(found[f"{name}.weight"], found[f"{name}.bias"])

    places = found["embeddings.position_embeddings.weight"][family.place : family.place + window]
    kinds = found.get("embeddings.token_type_embeddings.weight")
    distances = found.get("encoder.relative_attention_bias.weight")
    return Weights(
        words=found["embeddings.word_embeddings.weight"],
        places=places if kinds is None else places + kinds[0],
        norm=affine("embeddings.LayerNorm"),
        layers=tuple(
            Layer(*(affine(f"encoder.layer.{number}.{name}") for name in family.layer))
            for number in range(family.layers)
        ),
        heads=family.heads,
        epsilon=family.epsilon,
        distances=None if distances is None else _by_distance(distances, window),
    )


def _by_distance(table: Vectors, window: int) -> Vectors:
    """Attention by relative position, as `transformers` has it for MPNet: exact when near, by logarithm when far."""
    place = np.arange(window)
    ahead = place[None, :] - place[:, None]
    half, far = BUCKETS // 2, np.abs(ahead)
    exact = half // 2
    steps = np.log(np.maximum(far, exact) / exact) / math.log(FARTHEST / exact) * (half - exact)
    bucket = np.where(far < exact, far, np.minimum(exact + steps.astype(np.int64), half - 1))
    return np.ascontiguousarray(table[bucket + half * (ahead > 0)].transpose(2, 0, 1)[None])
