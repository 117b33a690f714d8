"""Calibrate the eight-bit network on the exemplars: for each value, the scale and the range whose layers err least."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from mixguard.vectors.base import Vectors
from mixguard.vectors.graph import IDS, MASK, Graph
from mixguard.vectors.published import Published
from mixguard.vectors.quantise import STEPS, Rounding, grid, levels
from mixguard.vectors.weights import Affine, Weights, read

TOKENS = 1024
"""Of the exemplars, on which errors are measured."""
SHARES = (0.0, 0.3, 0.5, 0.7)
"""How much of a channel's range its scale takes over from the value to the weights; 0 is no scale at all."""
CUTS = (1.0, 0.85, 0.7)
"""How much of the range is kept; what lies beyond takes its end."""

LEFT = ".narrow"
"""Stays in float: what leaves a GELU has outliers, and its rounding would be most of the error."""
SINGLE, JOINED = 48, 8
"""Windows of one exemplar, and of several that fill a window."""


class Rounded(NamedTuple):
    """A rounding, and how well its layers do."""

    rounding: Rounding
    error: float
    """Mean square of what their outputs are off by."""


class Calibrated(NamedTuple):
    """The roundings of an encoder."""

    roundings: dict[str, Rounding]
    worst: float
    """The largest error of all, as a share of the variance of the layers' outputs."""


class Entering(NamedTuple):
    """A value that enters linear layers."""

    name: str
    value: Vectors
    """(tokens, width), over all windows."""
    layers: tuple[Affine, ...]


class Probe(Graph):
    """The float network, which also gives what enters its linear layers."""

    def __init__(self, weights: Weights) -> None:
        super().__init__(weights)
        self.values: dict[str, Any] = {}
        self.layers: dict[str, tuple[Affine, ...]] = {}

    def linear(self, name: str, value: Any, *affine: Affine) -> list[Any]:
        """Note the value, then go on as ever."""
        self.values[name], self.layers[name] = value, affine
        return super().linear(name, value, *affine)


def calibrate(published: Published, scratch: Path, texts: Sequence[str]) -> Calibrated:
    """The roundings of an encoder that err least on these texts.

    Args:
        published: the encoder.
        scratch: folder for temporary files.
        texts: exemplars.

    Raises:
        UsageError: its weights are not installed.
    """
    from tokenizers import Tokenizer

    with published.open(scratch) as folder:
        weights = read(folder / "model.safetensors", published.family, published.window, published.adapter)
        tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(published.window)
    windows = [each.ids for each in tokenizer.encode_batch_fast(_chosen(texts))]
    found = {name: rounding(value, layers) for name, value, layers in entering(weights, windows)}
    worst = max(each.error for each in found.values())
    return Calibrated({name: each.rounding for name, each in found.items()}, worst)


def _chosen(texts: Sequence[str]) -> list[str]:
    """Every so manyth text, and runs of texts that are longer than a window."""
    joined = range(0, len(texts), len(texts) // JOINED + 1)
    return [*texts[:: len(texts) // SINGLE + 1], *(" ".join(texts[at : at + 16]) for at in joined)]


def entering(weights: Weights, windows: Sequence[list[int]]) -> Iterator[Entering]:
    """Each value that enters linear layers and is rounded."""
    import openvino

    probe = Probe(weights)
    built = probe.network(())
    names = [name for name in probe.values if not name.endswith(LEFT)]
    model = openvino.Model(
        [probe._ops.result(probe.values[name]) for name in names], built.get_parameters(), "probe"
    )
    core = openvino.Core()
    request = core.compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"}).create_infer_request()
    found: dict[str, list[Vectors]] = {name: [] for name in names}
    for window in windows:
        given = {IDS: np.array([window], np.int32), MASK: np.ones((1, len(window)), np.float32)}
        outputs = request.infer(given)
        for number, name in enumerate(names):
            found[name].append(outputs[number][0].copy())
    for name in names:
        yield Entering(name, np.concatenate(found.pop(name)), probe.layers[name])


def rounding(value: Vectors, layers: Sequence[Affine]) -> Rounded:
    """The rounding whose layers err least, with the error as a share of the variance of their outputs."""
    weight = np.concatenate([each.weight for each in layers])
    pick = value[np.linspace(0, len(value) - 1, min(TOKENS, len(value))).astype(int)]
    exact = pick @ weight.T
    tried = (_tried(pick, value, weight, exact, share, cut) for share in SHARES for cut in CUTS)
    best = min(tried, key=lambda each: each.error)
    return best._replace(error=best.error / float(exact.var(axis=0).mean()))


def _tried(
    pick: Vectors, value: Vectors, weight: Vectors, exact: Vectors, share: float, cut: float
) -> Rounded:
    low, high = value.min(axis=0), value.max(axis=0)
    scale = np.ones(value.shape[1], np.float32)
    if share:
        reach = np.maximum(np.maximum(-low, high), 1e-3)
        scale = (reach**share / np.maximum(np.abs(weight).max(axis=0), 1e-5) ** (1 - share)).astype(
            np.float32
        )
        scale /= np.exp(np.log(scale).mean())
    low, high = (low / scale).min(), (high / scale).max()
    low, high = grid(min(low * cut, 0.0), high * cut)
    step = (high - low) / STEPS
    rounded = np.round((np.clip(pick / scale, low, high) - low) / step) * step + low
    written, steps = levels(weight * scale)
    error = exact - rounded @ (written * steps).T
    shift = error.mean(axis=0)
    made = Rounding(scale, np.array([low, high], np.float32), shift.astype(np.float32))
    return Rounded(made, float(((error - shift) ** 2).mean()))
