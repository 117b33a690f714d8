"""The network that is put together gives the vectors of the reference implementation; without torch."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from mixguard.config import EncodeConfig
from mixguard.vectors.bundled import BUNDLED
from mixguard.vectors.careful import CAREFUL
from mixguard.vectors.load import load_careful, load_encoder
from mixguard.vectors.openvino import OpenVinoEncoder
from mixguard.vectors.published import Published

TEXTS = [
    "How do I return a parcel?", "", "def f(x):\n    return x", "na\u00efve caf\u00e9 \u6f22\u5b57", "refund please " * 30,
]  # fmt: skip
"""Lengths that are padded, and distances from near to far."""


@pytest.mark.parametrize("published", [BUNDLED, CAREFUL], ids=lambda each: each.name)
def test_the_network_gives_the_vectors_of_the_reference(cache: Path, published: Published) -> None:
    reference = (load_encoder if published is BUNDLED else load_careful)(
        EncodeConfig(cache=cache, device="cpu", precision="float32"), overlap=32
    )
    encoder = OpenVinoEncoder.load(published, cache, overlap=32, precision="float32")
    assert encoder.weights == reference.weights
    cosine = (encoder.encode(TEXTS).vectors * reference.encode(TEXTS).vectors).sum(1)
    assert cosine.min() > 0.99999


def test_a_cpu_needs_no_torch(cache: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from mixguard.config import EncodeConfig; "
        "from mixguard.vectors.load import load_encoder; "
        f"load_encoder(EncodeConfig(cache=Path({str(cache)!r}), device='cpu'), overlap=32).encode(['x']); "
        "print(sorted({'torch', 'transformers', 'scipy', 'sklearn', 'pandas'} & {*sys.modules}))"
    )
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert told.stdout == "[]\n"
