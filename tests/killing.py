"""Kill a process at every step that changes a folder's entries, one after another."""

from __future__ import annotations

import itertools
import os
import signal
import sys
import traceback
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

from mixguard import moving

STEPS = ("rename", "replace", "unlink", "rmdir", "mkdir")


def at_each_step(
    prepare: Callable[[], object], work: Callable[[], object], look: Callable[[], object]
) -> int:
    """Prepare, work until killed before or after the next step, and look; return the number of kills.

    Ends when the work was not killed any more.
    """
    for count in itertools.count(1):
        prepare()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # newer versions of Python warn of forks beside threads
            child = os.fork()
        if not child:
            _run(work, count)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        look()
        if status == 0:
            return count - 1
        assert status == -signal.SIGKILL
    raise AssertionError


def names(folder: Path) -> list[str]:
    """What is in a folder, sorted."""
    return sorted(path.name for path in folder.iterdir())


def _run(work: Callable[[], object], count: int) -> None:
    left = iter(range(count - 1, -1, -1))

    def tick() -> None:
        if next(left) == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    def deadly(step: Callable[..., Any]) -> Callable[..., Any]:
        def call(*values: Any, **named: Any) -> Any:
            tick()
            result = step(*values, **named)
            tick()
            return result

        return call

    try:
        for name in STEPS:
            setattr(os, name, deadly(getattr(os, name)))
        moving.exchange = deadly(moving.exchange)
        work()
    except Exception:  # noqa: BLE001 - the parent sees the exit code
        traceback.print_exc(file=sys.stderr)
        os._exit(1)
    os._exit(0)
