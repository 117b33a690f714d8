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


def gpus() -> tuple[str, ...]:
    """Names of the GPUs that this process may use, as CUDA_VISIBLE_DEVICES takes them."""
    if not has_gpu():
        return ()
    import torch

    names = [name.strip() for name in os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",") if name.strip()]
    return tuple(names or map(str, range(torch.cuda.device_count())))


def cores() -> int:
    """CPU cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def threads() -> int:
    """Threads for a library that computes: one per core, or as many as OMP_NUM_THREADS allows."""
    asked = os.environ.get("OMP_NUM_THREADS", "")
    return min(cores(), int(asked)) if asked.isdecimal() and int(asked) else cores()
