"""The command line: flags to Config, one public function, exit code."""

from __future__ import annotations

import errno
import sys
import warnings
from typing import NoReturn, TextIO

from mixguard.errors import CacheWarning, MixguardError, RefusedError

REFUSED = 1
USAGE_ERROR = 2
INTERNAL_ERROR = 3
FULL = (errno.ENOSPC, errno.EDQUOT)
"""No bug: a disk, or the device that the output goes to, is full."""

_SHOW = warnings.showwarning


def main() -> None:
    """Run the command line; a bug keeps its traceback and exits with 3."""
    from mixguard.cli.app import app
    from mixguard.escape import printed

    warnings.showwarning = _warned
    try:
        app(prog_name="mixguard")
    except MixguardError as error:
        first, *rest = map(printed, str(error).splitlines() or [""])
        sys.stderr.write("\n  ".join([f"mixguard: {first}", *rest]) + "\n")
        sys.exit(REFUSED if isinstance(error, RefusedError) else USAGE_ERROR)
    except OSError as error:
        if error.errno not in FULL:
            _bug()
        sys.stderr.write(f"mixguard: {printed(error.filename or 'the output')}: {error.strerror}\n")
        sys.exit(USAGE_ERROR)
    except KeyboardInterrupt:
        sys.stderr.write(
            "mixguard: interrupted; texts embedded so far are cached, so the next run resumes from there\n"
        )
        sys.exit(130)
    except Exception:  # noqa: BLE001 - a bug: its exit code differs from a failed gate's
        _bug()


def _bug() -> NoReturn:
    import traceback

    traceback.print_exc()
    sys.exit(INTERNAL_ERROR)


def _warned(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    """Print a warning of mixguard in one line, and any other as Python does."""
    from mixguard.escape import printed

    if issubclass(category, CacheWarning):
        sys.stderr.write(f"mixguard: {printed(str(message))}\n")
    else:
        _SHOW(message, category, filename, lineno, file, line)
