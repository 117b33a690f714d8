"""The command line: flags to Config, one public function, exit code."""

from __future__ import annotations

import signal
import sys
import warnings
from collections.abc import Callable
from time import monotonic
from types import FrameType
from typing import Any, TextIO

from mixguard.cli.faults import HUNG_UP, INTERNAL_ERROR, INTERRUPTED, SIGNALLED, TERMINATED, fault, tell
from mixguard.cli.streams import finish, prepare
from mixguard.errors import CacheWarning

AGAIN = 2.0
"""Seconds after a signal in which further ones are ignored: cleaning up must not be cut short by an impatient hand."""
_SHOW = warnings.showwarning


def main() -> None:
    """Run the command line; a bug keeps its traceback and exits with 3."""
    prepare()
    warnings.showwarning = _warned
    stop = _Stop()
    try:
        code = _ended(stop)
        finish()
    except BaseException as error:  # noqa: BLE001 - the last act: whatever happens, the exit code says so
        code = _code(error, stop)
    finally:
        stop.over()
    sys.exit(code)


def _ended(stop: _Stop) -> int:
    """The exit code of the command."""
    try:
        from mixguard.cli.app import app

        # Outside its standalone mode typer returns the code of an exit, that of an interrupt too.
        code = app(prog_name="mixguard", standalone_mode=False)
    except SystemExit as error:
        code = error.code
    except BaseException as error:  # noqa: BLE001 - a panic of a library is no Exception
        return _code(error, stop)
    if isinstance(code, int) and code in SIGNALLED:
        tell((SIGNALLED[code],))
    return code if isinstance(code, int) else 0


def _code(error: BaseException, stop: _Stop) -> int:
    """Say what went wrong; the exit code."""
    if stop.code:  # a library made an error of its own of the signal
        tell((SIGNALLED[stop.code],))
        return stop.code
    found = fault(error)
    if found is None:
        import traceback

        traceback.print_exception(error)
        return INTERNAL_ERROR
    tell(found.lines)
    return found.code


class _Stop:
    """Turns signals into exceptions, so that scratch folders are removed on the way out."""

    def __init__(self) -> None:
        self.code = 0
        self._last = -AGAIN
        self._before: dict[int, Any] = {}
        for name, code in (("SIGINT", INTERRUPTED), ("SIGTERM", TERMINATED), ("SIGHUP", HUNG_UP)):
            number = getattr(signal, name, None)
            # A signal that the caller ignores (nohup) stays ignored.
            if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
                self._before[number] = signal.signal(number, self._handler(code))
        self._hook, sys.unraisablehook = sys.unraisablehook, self._lost

    def over(self) -> None:
        """Leave signals as they were."""
        for number, handler in self._before.items():
            signal.signal(number, handler)
        sys.unraisablehook = self._hook

    def _lost(self, what: Any) -> None:
        """Pass over the exception of a signal that came while a generator was closed, where Python can only print it.

        polars answers SIGINT with a KeyboardInterrupt of its own, so generators may be closing when the handler runs.
        """
        if isinstance(what.exc_value, SystemExit) and self.code:
            self._last = -AGAIN  # nothing may be stopping: the next signal counts at once
        else:
            self._hook(what)

    def _handler(self, code: int) -> Callable[[int, FrameType | None], None]:
        def stop(_number: int, _frame: FrameType | None) -> None:
            now = monotonic()
            if now - self._last < AGAIN:
                return
            self._last, self.code = now, code
            raise SystemExit(code)

        return stop


def _warned(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    """Print a warning of mixguard in one line, and any other as Python does."""
    if issubclass(category, CacheWarning):
        tell((str(message),))
    else:
        _SHOW(message, category, filename, lineno, file, line)
