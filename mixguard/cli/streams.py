"""The standard streams: whatever is at their other end, no traceback and no lost verdict."""

from __future__ import annotations

import io
import os
import shutil
import sys
from typing import BinaryIO, TextIO


class OutputError(Exception):
    """Standard output cannot be written. No OSError, which libraries would turn into an exit code of their own."""

    def __init__(self, cause: OSError) -> None:
        """Keep why it cannot be written."""
        super().__init__(cause.strerror or str(cause))
        self.gone = isinstance(cause, BrokenPipeError)
        """Whether the reader went away, as `head` does."""


class _Out(io.TextIOWrapper):
    """Standard output."""

    def write(self, text: str, /) -> int:
        try:
            return super().write(text)
        except OSError as error:
            raise self._lost(error) from None

    def flush(self) -> None:
        try:
            super().flush()
        except OSError as error:
            raise self._lost(error) from None

    def _lost(self, error: OSError) -> OutputError:
        _discard(1)  # what is still buffered must not fail once more at exit
        return OutputError(error)


class _Err(io.TextIOWrapper):
    """Standard error: what cannot be told is no reason to stop."""

    def write(self, text: str, /) -> int:
        try:
            return super().write(text)
        except OSError:
            _discard(2)
            return len(text)

    def flush(self) -> None:
        try:
            super().flush()
        except OSError:
            _discard(2)


def prepare() -> None:
    """Make the standard streams usable: closed ones lead nowhere, and no encoding fails."""
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:  # closed: the next file to be opened would take its place, and get the report
            _discard(number)
    sys.stdin = sys.stdin or open(0, encoding="utf-8", closefd=False)  # noqa: SIM115 - as long as the process
    sys.stdout = _rewrapped(sys.stdout, 1, _Out)
    sys.stderr = _rewrapped(sys.stderr, 2, _Err)


def finish() -> None:
    """Write what is buffered.

    Raises:
        OutputError: standard output cannot be written.
    """
    sys.stderr.flush()
    sys.stdout.flush()


def pour(source: BinaryIO) -> None:
    """Write what a stream holds to standard output.

    Raises:
        OutputError: it cannot be written.
    """
    sys.stdout.flush()
    try:
        shutil.copyfileobj(source, sys.stdout.buffer)
        sys.stdout.buffer.flush()
    except OSError as error:
        _discard(1)
        raise OutputError(error) from None


def _rewrapped(stream: TextIO | None, number: int, kind: type[io.TextIOWrapper]) -> TextIO:
    if stream is None:
        stream = open(number, "w", encoding="utf-8", closefd=False)  # noqa: SIM115 - as long as the process
    if type(stream) is not io.TextIOWrapper:  # replaced by whoever calls
        return stream
    encoding, buffering = stream.encoding, stream.line_buffering
    # A character that the encoding lacks is written as its number.
    return kind(stream.detach(), encoding=encoding, errors="backslashreplace", line_buffering=buffering)


def _discard(number: int) -> None:
    """Lead a stream nowhere."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    if nowhere != number:
        os.dup2(nowhere, number)
        os.close(nowhere)


def aside(sentence: str) -> None:
    """Tell a person something before the work goes on, on standard error."""
    from mixguard.escape import printed

    sys.stderr.write(printed(sentence) + "\n")
    sys.stderr.flush()  # a log is read while the work goes on
