"""The network with its linear layers in eight bits: weights by output channel, values by what was calibrated on exemplars.

A value is divided by a scale of each channel (SmoothQuant, arXiv 2211.10438) and rounded to 256 levels; the scale goes into the
weights. What rounding adds on average is taken off the bias. Layers without a calibration stay as they are.
"""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from mixguard.errors import CacheWarning
from mixguard.files import bundled, write_atomically
from mixguard.vectors.base import Vectors
from mixguard.vectors.graph import Graph
from mixguard.vectors.weights import Affine, Weights

LEVELS = 127
STEPS = 255
"""Between the levels of a value."""
LARGEST = 16 * 2**20
"""Bytes no calibration exceeds."""


class Rounding(NamedTuple):
    """How one value that enters linear layers is rounded."""

    scale: Vectors
    """(inputs,): what each channel is divided by first."""
    ends: Vectors
    """(2,): the lowest and the highest of the levels."""
    shift: Vectors
    """(outputs,): added to the biases of its layers, side by side."""


class Calibration(NamedTuple):
    """The roundings of an encoder."""

    roundings: Mapping[str, Rounding]
    """By the name of the place in the network, e.g. `3.wide`."""
    digest: str
    """Eight hex digits; empty without roundings."""


class EightBits(Graph):
    """Builds the network whose calibrated linear layers compute in eight bits."""

    def __init__(self, weights: Weights, roundings: Mapping[str, Rounding]) -> None:
        super().__init__(weights)
        self._roundings = roundings

    def linear(self, name: str, value: Any, *affine: Affine) -> list[Any]:
        """One value through linear layers, side by side, in eight bits if it was calibrated."""
        rounding = self._roundings.get(name)
        if rounding is None:
            return super().linear(name, value, *affine)
        ops = self._ops
        even = ops.multiply(value, self.constant(1 / rounding.scale[None, None]))
        low, high = (self.constant(end) for end in rounding.ends)
        rounded = ops.fake_quantize(even, low, high, low, high, STEPS + 1)
        shifts = np.split(rounding.shift, len(affine))
        return [
            ops.add(
                ops.matmul(
                    rounded, self._levels(each.weight * rounding.scale), transpose_a=False, transpose_b=True
                ),
                self.constant((each.bias + shift)[None, None]),
            )
            for each, shift in zip(affine, shifts, strict=True)
        ]

    def _levels(self, weight: Vectors) -> Any:
        found, step = levels(weight)
        return self._ops.multiply(
            self._ops.convert(self.constant(found, np.int8), np.float32), self.constant(step)
        )


def levels(weight: Vectors) -> tuple[Any, Vectors]:
    """Weights as int8 levels, and the step between them for each output, shape (outputs, 1)."""
    step = np.maximum(np.abs(weight).max(axis=1, keepdims=True), 1e-12) / LEVELS
    return np.round(weight / step).astype(np.int8), step.astype(np.float32)


def grid(low: float, high: float) -> Vectors:
    """The ends of levels that cover a range and hold zero."""
    step = max(high - low, 1e-6) / STEPS
    zero = round(-low / step)
    return np.array([-zero * step, (STEPS - zero) * step], dtype=np.float32)


def shipped(weights: str) -> Path:
    """The calibration of an encoder, made by `mixguard taxonomy build rounding`."""
    return bundled("taxonomies", "mixguard") / "rounding" / f"{weights}.safetensors"


def keep(file: Path, roundings: Mapping[str, Rounding]) -> None:
    """Write a calibration."""
    from safetensors.numpy import save

    tensors = {
        f"{name}.{part}": value for name, each in roundings.items() for part, value in each._asdict().items()
    }
    file.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(file, save(tensors))


def calibrated(file: Path) -> Calibration:
    """A calibration and its digest; nothing and an empty string if there is none that can be used."""
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        if not file.is_file() or file.stat().st_size > LARGEST:
            return Calibration({}, "")
        content = file.read_bytes()
        tensors = load(content)
        names = sorted({name.rpartition(".")[0] for name in tensors})
        found = {name: Rounding(*(tensors[f"{name}.{part}"] for part in Rounding._fields)) for name in names}
    except (OSError, SafetensorError, KeyError) as error:
        return _unusable(file, str(error))
    if not all(map(_is_sound, found.values())):
        return _unusable(file, "not a calibration")
    return Calibration(found, hashlib.sha256(content).hexdigest()[:8])


def _is_sound(rounding: Rounding) -> bool:
    finite = all(each.dtype == np.float32 and each.ndim == 1 and np.isfinite(each).all() for each in rounding)
    return (
        finite
        and rounding.ends.shape == (2,)
        and bool(rounding.ends[0] <= 0 < rounding.ends[1])
        and bool((rounding.scale > 0).all())
    )


def _unusable(file: Path, why: str) -> Calibration:
    warnings.warn(
        f"{file}: unusable ({why}), so the encoder does not compute in eight bits; install mixguard again",
        CacheWarning,
        stacklevel=3,
    )
    return Calibration({}, "")
