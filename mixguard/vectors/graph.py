"""A transformer and its pooling as one OpenVINO network, put together operation by operation: nothing is traced.

Input `input_ids` (texts, tokens) int32, and `attention_mask` of the same shape, float32: 1 for tokens and 0 for padding.
Output: one unit vector per text.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from mixguard.vectors.weights import Affine, Layer, Weights

HIDDEN = -1e4
"""Added to the attention to padding."""
SMALL = 1e-12
"""Keeps lengths from being zero."""
IDS, MASK = "input_ids", "attention_mask"


class Graph:
    """Builds the network; see `mixguard.vectors.quantise` for the one that computes in eight bits."""

    def __init__(self, weights: Weights) -> None:
        from openvino import opset13

        self._ops: Any = opset13
        self._weights = weights

    def network(self, inner: Sequence[tuple[int, float]]) -> Any:
        """The whole network.

        Args:
            inner: hidden layers (0 = embeddings) placed beside the last one, with the length of each in the vector.
        """
        from openvino import Model

        ids, mask = (self._input(name, kind) for name, kind in ((IDS, np.int32), (MASK, np.float32)))
        hidden = [self._embedded(ids)]
        bias = self._attention_bias(ids, mask)
        for number, layer in enumerate(self._weights.layers):
            hidden.append(self._layer(number, layer, hidden[-1], bias))
        read = [(len(hidden) - 1, 1.0), *inner]
        pooled = self._pooled([(hidden[layer], share) for layer, share in read], mask)
        return Model([self._ops.result(pooled)], [ids, mask], "encoder")

    def linear(self, _: str, value: Any, *affine: Affine) -> list[Any]:
        """One value through linear layers, side by side; the name tells where it is, e.g. `3.wide`."""
        return [
            self._ops.add(
                self._ops.matmul(value, self.constant(each.weight), transpose_a=False, transpose_b=True),
                self.constant(each.bias[None, None]),
            )
            for each in affine
        ]

    def constant(self, value: Any, kind: Any = np.float32) -> Any:
        """A constant of the network."""
        array = np.asarray(value, dtype=kind)
        if not array.ndim:
            return self._ops.constant(array)
        return self._ops.constant(np.ascontiguousarray(array), shared_memory=True)

    def _numbers(self, *value: int) -> Any:
        return self.constant(value, np.int64)

    def _input(self, name: str, kind: Any) -> Any:
        made = self._ops.parameter([-1, -1], kind, name=name)
        made.output(0).set_names({name})
        return made

    def _length(self, ids: Any) -> Any:
        """Tokens of each text, shape (1,)."""
        return self._ops.gather(
            self._ops.shape_of(ids, output_type="i64"), self._numbers(1), self.constant(0, np.int64)
        )

    def _embedded(self, ids: Any) -> Any:
        ops, weights = self._ops, self._weights
        words = ops.gather(self.constant(weights.words), ids, self.constant(0, np.int64))
        one = self._numbers(1)
        places = ops.slice(self.constant(weights.places[None]), self._numbers(0), self._length(ids), one, one)
        return self._norm(ops.add(words, places), weights.norm)

    def _attention_bias(self, ids: Any, mask: Any) -> Any:
        """What is added to the attention: (texts, 1 or heads, 1 or tokens, tokens)."""
        ops, distances = self._ops, self._weights.distances
        absent = ops.subtract(self.constant(1), ops.unsqueeze(mask, self._numbers(1, 2)))
        hidden = ops.multiply(absent, self.constant(HIDDEN))
        if distances is None:
            return hidden
        length = self._length(ids)
        near = ops.slice(
            self.constant(distances),
            self._numbers(0, 0),
            ops.concat([length, length], 0),
            self._numbers(1, 1),
            self._numbers(2, 3),
        )
        return ops.add(near, hidden)

    def _layer(self, number: int, layer: Layer, value: Any, bias: Any) -> Any:
        ops = self._ops
        named = f"{number}.attention"
        query, key, each = self.linear(named, value, layer.query, layer.key, layer.value)
        mixed = self._attended(query, key, each, bias)
        (joined,) = self.linear(f"{number}.mixed", mixed, layer.mixed)
        value = self._norm(ops.add(joined, value), layer.mixed_norm)
        (wide,) = self.linear(f"{number}.wide", value, layer.wide)
        (narrow,) = self.linear(f"{number}.narrow", ops.gelu(wide, "erf"), layer.narrow)
        return self._norm(ops.add(narrow, value), layer.narrow_norm)

    def _attended(self, query: Any, key: Any, value: Any, bias: Any) -> Any:
        ops, width = self._ops, self._weights.words.shape[1]
        heads = self._weights.heads
        query, key, value = (
            ops.transpose(
                ops.reshape(each, self._numbers(0, 0, heads, width // heads), special_zero=True),
                self._numbers(*order),
            )
            for each, order in ((query, (0, 2, 1, 3)), (key, (0, 2, 3, 1)), (value, (0, 2, 1, 3)))
        )
        near = ops.multiply(
            ops.matmul(query, key, transpose_a=False, transpose_b=False),
            self.constant(1 / math.sqrt(width // heads)),
        )
        share = ops.softmax(ops.add(near, bias), -1)
        mixed = ops.transpose(
            ops.matmul(share, value, transpose_a=False, transpose_b=False), self._numbers(0, 2, 1, 3)
        )
        return ops.reshape(mixed, self._numbers(0, 0, width), special_zero=True)

    def _norm(self, value: Any, last: Affine) -> Any:
        ops = self._ops
        even = ops.mvn(
            value,
            self._numbers(-1),
            normalize_variance=True,
            eps=self._weights.epsilon,
            eps_mode="inside_sqrt",
        )
        weight, bias = (self.constant(each[None, None]) for each in last)
        return ops.add(ops.multiply(even, weight), bias)

    def _pooled(self, read: Sequence[tuple[Any, float]], mask: Any) -> Any:
        """The mean token vector of each layer at its length, side by side, at unit length; as `published.pooled`."""
        ops, tokens = self._ops, self._numbers(1)
        kept = ops.unsqueeze(mask, self._numbers(2))
        count = ops.reduce_sum(kept, tokens)
        parts = [
            ops.multiply(
                self._unit(ops.divide(ops.reduce_sum(ops.multiply(layer, kept), tokens), count)),
                self.constant(share),
            )
            for layer, share in read
        ]
        return self._unit(ops.concat(parts, 1))

    def _unit(self, value: Any) -> Any:
        return self._ops.normalize_l2(value, self._numbers(1), SMALL, "max")
