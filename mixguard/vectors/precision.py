"""In which precision a CPU computes: what it must be able to do for each, and which is tried first."""

from __future__ import annotations

import platform
from collections.abc import Set as AbstractSet
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from mixguard.errors import UsageError


class Precision(NamedTuple):
    """A precision, and what it takes."""

    name: str
    """As in `encode.precision`."""
    rest: str
    """What is not in eight bits, as OpenVINO names it."""
    capable: frozenset[str]
    """What OpenVINO must say of the processor (`OPTIMIZATION_CAPABILITIES`)."""
    flags: frozenset[str]
    """One of these must be among its flags, if any is given: without, eight-bit sums overflow or are slow."""
    is_automatic: bool
    """Whether `auto` may choose it: only where it is shown to keep the labels."""


VNNI = frozenset({"avx512_vnni", "avx_vnni", "amx_int8"})
PRECISIONS = (
    Precision("int8", "bf16", frozenset({"INT8", "BF16"}), VNNI, is_automatic=False),
    Precision("int8", "f32", frozenset({"INT8", "FP32"}), VNNI, is_automatic=False),
    Precision("bfloat16", "bf16", frozenset({"BF16"}), frozenset(), is_automatic=True),
    Precision("float32", "f32", frozenset(), frozenset(), is_automatic=True),
)
"""The first that fits is used."""


def chosen(wanted: str, capable: AbstractSet[str], flags: AbstractSet[str] | None = None) -> Precision:
    """The first precision that is wanted and that the processor is capable of.

    Args:
        wanted: as `encode.precision`.
        capable: what OpenVINO says of the processor.
        flags: of the processor; by default this one's.

    Raises:
        UsageError: the processor is not capable of it.
    """
    flags = cpu_flags() if flags is None else flags
    for each in PRECISIONS:
        asked = each.is_automatic if wanted == "auto" else each.name == wanted
        if asked and each.capable <= capable and (not each.flags or each.flags & flags):
            return each
    raise UsageError(
        f"encode.precision: this processor has no fast instructions for {wanted}; set it to auto or float32"
    )


@lru_cache
def cpu_flags() -> frozenset[str]:
    """The processor's flags, as Linux names them; none elsewhere, where `int8` is not offered."""
    if platform.system() != "Linux":
        return frozenset()
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return frozenset()
    named = (line.partition(":") for line in lines)
    first = next((found for key, _, found in named if key.strip() in ("flags", "Features")), "")
    return frozenset(first.split())
