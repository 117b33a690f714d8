"""Detect the compute devices of this machine, without importing torch if there is no driver."""

from __future__ import annotations

import os
from pathlib import Path

from mixguard.errors import UsageError


def has_gpu() -> bool:
    """Whether an NVIDIA driver is loaded and torch can use it."""
    if not Path("/proc/driver/nvidia").exists() and not Path("/dev/nvidia0").exists() and os.name != "nt":
        return False
    import torch

    return bool(torch.cuda.is_available())


def check_device(device: str) -> None:
    """Refuse a GPU where torch finds none.

    Raises:
        UsageError: there is none.
    """
    import torch

    if device.startswith("cuda") and not torch.cuda.is_available():
        raise UsageError("encode.device: cuda, but torch finds no GPU; use --device cpu")


def cores() -> int:
    """CPU cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
