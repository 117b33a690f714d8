"""Which precision a processor gets."""

from __future__ import annotations

import pytest

from mixguard.errors import UsageError
from mixguard.vectors.precision import chosen

ALL = frozenset({"INT8", "BF16", "FP32"})


@pytest.mark.parametrize(
    ("wanted", "capable", "flags", "expected"),
    [
        ("auto", ALL, {"avx512_vnni"}, ("bfloat16", "bf16")),
        ("auto", {"INT8", "FP32"}, {"avx512_vnni"}, ("float32", "f32")),
        ("int8", ALL, {"avx512_vnni"}, ("int8", "bf16")),
        ("int8", {"INT8", "FP32"}, {"avx_vnni"}, ("int8", "f32")),
        ("int8", ALL, {"amx_int8"}, ("int8", "bf16")),
        ("bfloat16", ALL, set(), ("bfloat16", "bf16")),
        ("float32", set(), set(), ("float32", "f32")),
    ],
)
def test_the_first_that_fits_is_chosen(
    wanted: str, capable: set[str], flags: set[str], expected: tuple[str, str]
) -> None:
    assert chosen(wanted, capable, flags)[:2] == expected


@pytest.mark.parametrize(
    ("wanted", "capable", "flags"),
    [("int8", ALL, {"avx2"}), ("int8", {"FP32"}, {"avx512_vnni"}), ("bfloat16", {"INT8", "FP32"}, {"avx2"})],
)
def test_what_the_processor_cannot_do_fast_is_refused(
    wanted: str, capable: set[str], flags: set[str]
) -> None:
    with pytest.raises(UsageError, match=f"no fast instructions for {wanted}; set it to auto"):
        chosen(wanted, capable, flags)
