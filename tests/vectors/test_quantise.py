"""The encoder in eight bits beside the one in float32, and calibrations that cannot be used."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from mixguard.errors import CacheWarning, UsageError
from mixguard.vectors import openvino
from mixguard.vectors.bundled import BUNDLED
from mixguard.vectors.careful import CAREFUL
from mixguard.vectors.openvino import OpenVinoEncoder
from mixguard.vectors.quantise import Rounding, calibrated, grid, keep, levels, shipped

TEXTS = [
    "How do I return a parcel?", "", "def f(x):\n    return x", "na\u00efve caf\u00e9 \u6f22\u5b57",
    "Tell me how the lock of a car is opened without its key.", "refund please " * 30,
]  # fmt: skip
ROUNDING = Rounding(np.ones(4, np.float32), np.array([-1, 2], np.float32), np.zeros(3, np.float32))


@pytest.fixture
def eight(cache: Path) -> OpenVinoEncoder:
    try:
        return OpenVinoEncoder.load(BUNDLED, cache, overlap=32, precision="int8")
    except UsageError:
        pytest.skip("this processor has no fast instructions for int8")


def test_eight_bits_are_near_float32(cache: Path, eight: OpenVinoEncoder) -> None:
    exact = OpenVinoEncoder.load(BUNDLED, cache, overlap=32, precision="float32").encode(TEXTS).vectors
    cosine = (eight.encode(TEXTS).vectors * exact).sum(1)
    assert 0.98 < cosine.min() < 0.99999  # one word over and over is farthest; and they are eight bits
    assert np.median(cosine) > 0.998


def test_a_vector_does_not_depend_on_the_texts_beside_it(eight: OpenVinoEncoder) -> None:
    alone = np.concatenate([eight.encode([text]).vectors for text in TEXTS])
    assert (eight.encode(TEXTS * 3).vectors == np.tile(alone, (3, 1))).all()


def test_the_fingerprint_names_precision_and_calibration(cache: Path, eight: OpenVinoEncoder) -> None:
    other = OpenVinoEncoder.load(BUNDLED, cache, overlap=32, precision="float32")
    digest = calibrated(shipped(BUNDLED.weights)).digest
    assert eight.weights == other.weights
    assert eight.fingerprint.startswith(f"{BUNDLED.weights}-int8.")
    assert eight.fingerprint.endswith(f".{digest}-256-32")
    assert other.fingerprint == f"{BUNDLED.weights}-f32-256-32"


def test_a_damaged_calibration_leaves_float(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, eight: OpenVinoEncoder
) -> None:
    damaged = tmp_path / "damaged.safetensors"
    damaged.write_bytes(shipped(BUNDLED.weights).read_bytes()[:-9])
    monkeypatch.setattr(openvino, "shipped", lambda _: damaged)
    with pytest.warns(CacheWarning, match="does not compute in eight bits"):
        left = OpenVinoEncoder.load(BUNDLED, cache, overlap=32, precision="int8")
    assert left.fingerprint in {f"{BUNDLED.weights}-{rest}-256-32" for rest in ("bf16", "f32")}


def test_the_fast_encoder_is_calibrated_and_the_careful_one_is_not() -> None:
    assert len(calibrated(shipped(BUNDLED.weights)).roundings) == 3 * 6
    assert calibrated(shipped(CAREFUL.weights)) == ({}, "")


@pytest.mark.parametrize(
    "bad",
    [
        ROUNDING._replace(scale=np.zeros(4, np.float32)),
        ROUNDING._replace(scale=np.full(4, np.nan, np.float32)),
        ROUNDING._replace(ends=np.array([1, 2], np.float32)),
        ROUNDING._replace(ends=np.zeros(3, np.float32)),
        ROUNDING._replace(shift=np.zeros(3, np.float64)),
    ],
)
def test_a_calibration_without_sense_is_not_used(tmp_path: Path, bad: Rounding) -> None:
    file = tmp_path / "a.safetensors"
    keep(file, {"0.wide": ROUNDING})
    assert calibrated(file).roundings.keys() == {"0.wide"}
    keep(file, {"0.wide": bad})
    with pytest.warns(CacheWarning, match="not a calibration"):
        assert calibrated(file) == ({}, "")


def test_a_calibration_that_is_missing_is_none(tmp_path: Path) -> None:
    assert calibrated(tmp_path / "none.safetensors") == ({}, "")


def test_levels_cover_each_output_and_the_grid_holds_zero() -> None:
    found, step = levels(np.array([[1.0, -2.0], [0.0, 0.5]], np.float32))
    assert found.tolist() == [[64, -127], [0, 127]]
    assert step.ravel() == pytest.approx([2 / 127, 0.5 / 127])
    low, high = grid(-0.17, 3.0)
    position = -low / ((high - low) / 255)
    assert position == pytest.approx(round(position), abs=1e-4)


def test_eight_bits_need_no_torch(cache: Path, eight: OpenVinoEncoder) -> None:
    program = (
        "import sys; from pathlib import Path; from mixguard.config import EncodeConfig; "
        "from mixguard.vectors.load import load_encoder; "
        f"config = EncodeConfig(cache=Path({str(cache)!r}), device='cpu', precision='int8'); "
        "load_encoder(config, overlap=32).encode(['x']); "
        "print(sorted({'torch', 'transformers', 'scipy', 'sklearn'} & {*sys.modules}))"
    )
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert told.stdout == "[]\n"
