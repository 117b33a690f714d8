"""The places where workers of a machine run: a GPU each, or a core each."""

from __future__ import annotations

from collections.abc import Mapping

from mixguard.config import Config
from mixguard.vectors.devices import cores, gpus

ONE_CORE: Mapping[str, str] = {
    "OMP_NUM_THREADS": "1",
    "POLARS_MAX_THREADS": "1",
    "RAYON_NUM_THREADS": "1",
}
"""Variables for a worker that has a core to itself: more threads than cores slow each other down."""


def gpus_used(config: Config) -> tuple[str, ...]:
    """Names of the GPUs that the configured encoder may run on, as CUDA_VISIBLE_DEVICES takes them."""
    encode = config.encode
    return gpus() if encode.model != "hash" and encode.device != "cpu" else ()


def places(config: Config) -> list[Mapping[str, str]]:
    """Environment variables of each worker on this machine."""
    used = gpus_used(config)
    found: list[Mapping[str, str]] = (
        [{"CUDA_VISIBLE_DEVICES": name} for name in used] if used else [ONE_CORE] * cores()
    )
    most = config.run.workers
    if not most:
        return found
    # More workers than cores are asked for by name; more than GPUs would share their memory.
    return found[:most] if used else [ONE_CORE] * most
