"""Whatever a file holds, an audit ends with a verdict or a sentence; `make fuzz` runs many more."""

from __future__ import annotations

from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

from conftest import examples
from fuzzing import corpus, survive
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st


@settings(examples(4), suppress_health_check=list(HealthCheck))
@given(random=st.randoms(use_true_random=False))
def test_a_spoiled_corpus_ends_in_a_verdict_or_a_sentence(random: Random, cheap: dict[str, Any]) -> None:
    with TemporaryDirectory() as folder:
        survive(corpus(Path(folder), random), cheap)
