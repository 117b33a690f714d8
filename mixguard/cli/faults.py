"""What went wrong, in a sentence, and with which exit code a process ends."""

from __future__ import annotations

import errno
import sqlite3
import sys
from typing import NamedTuple

from mixguard.cli.streams import OutputError
from mixguard.errors import MixguardError, RefusedError, meant

REFUSED, USAGE_ERROR, INTERNAL_ERROR = 1, 2, 3
INTERRUPTED, TERMINATED, HUNG_UP, NO_READER = 130, 143, 129, 141
"""128 and the number of the signal, as a shell has it."""
SIGNALLED = {
    INTERRUPTED: "interrupted",
    TERMINATED: "terminated",
    HUNG_UP: "the terminal was closed",
}
NO_MEMORY = (
    "not enough memory; read less at a time (--set run.batch=256, --set read.max_record_bytes=4194304),"
    " or give the process more"
)
HINTS = {
    errno.ENOSPC: "free some space, or name other folders with --run and --set encode.cache=FOLDER",
    errno.EDQUOT: "free some space, or name other folders with --run and --set encode.cache=FOLDER",
    errno.EROFS: "name another folder",
    errno.EACCES: "change its permissions, or name another",
    errno.EPERM: "change its permissions, or name another",
    errno.EMFILE: "raise the limit of open files (ulimit -n)",
    errno.ENAMETOOLONG: "use a shorter name",
}
"""What to do about an error of the system."""
_STARVED = (
    "cannot allocate memory",
    "failed to map segment",
    "can't start new thread",
    "out of memory",
    "bad_alloc",
)


class Fault(NamedTuple):
    """How a process ends that did not get to its end."""

    code: int
    lines: tuple[str, ...] = ()
    """For standard error; nothing is said where nobody listens, or everything was said."""


def fault(error: BaseException) -> Fault | None:
    """What an exception that no command expects means to a user; None if it is a bug."""
    if isinstance(error, MixguardError):
        code = REFUSED if isinstance(error, RefusedError) else USAGE_ERROR
        return Fault(code, tuple(str(error).splitlines()) or ("",))
    if isinstance(error, KeyboardInterrupt):
        return Fault(INTERRUPTED, (SIGNALLED[INTERRUPTED],))
    if isinstance(error, OutputError):
        return Fault(NO_READER) if error.gone else Fault(USAGE_ERROR, (f"standard output: {error}",))
    if _is_usage(error):
        return Fault(getattr(error, "exit_code", USAGE_ERROR), _usage(error))
    return _of_the_machine(error)


def _of_the_machine(error: BaseException) -> Fault | None:
    """A fault of disk or memory."""
    text = str(error).lower()
    if isinstance(error, MemoryError) or any(sign in text for sign in _STARVED):
        return Fault(USAGE_ERROR, (NO_MEMORY,))
    if isinstance(error, OSError):
        return Fault(USAGE_ERROR, (_system(error),))
    if isinstance(error, sqlite3.Error):
        return Fault(
            USAGE_ERROR,
            (f"the vector store in the cache folder: {error}; delete it, or {HINTS[errno.ENOSPC]}",),
        )
    if "no space left on device" in text:  # of a library that has errors of its own
        return Fault(USAGE_ERROR, (f"no space left on device; {HINTS[errno.ENOSPC]}",))
    return None


def _system(error: OSError) -> str:
    names = [name for name in (error.filename, error.filename2) if name is not None]
    # Some libraries raise an OSError with no more than a text.
    why = (error.strerror or str(error).strip() or type(error).__name__)[:300]
    hint = HINTS.get(error.errno or 0)
    said = ": ".join(
        [*(name.decode(errors="replace") if isinstance(name, bytes) else str(name) for name in names), why]
    )
    return f"{said}; {hint}" if hint else said


def _is_usage(error: BaseException) -> bool:
    """Whether typer rejects the command line; its base class has no public name."""
    return hasattr(error, "format_message") and hasattr(error, "exit_code")


def _usage(error: BaseException) -> tuple[str, ...]:
    message = str(error.format_message()).strip()  # type: ignore[attr-defined]
    if not message:  # no command at all: the help was printed
        return ()
    context = getattr(error, "ctx", None)
    command = context.command_path if context is not None else "mixguard"
    wrong = getattr(error, "option_name", None)
    if wrong is not None and context is not None:  # typer's own suggestions are of words that share letters
        options = [name for parameter in context.command.params for name in parameter.opts]
        message = f"No such option: {wrong}{meant(wrong, options)}"
    return (f"{' '.join(message.split())} (see `{command} --help`)",)


def tell(lines: tuple[str, ...]) -> None:
    """Write a fault to standard error, on harmless lines."""
    from mixguard.escape import printed

    if lines:
        first, *rest = map(printed, lines)
        sys.stderr.write("\n  ".join([f"mixguard: {first}", *rest]) + "\n")
