"""The command line in this process: for tests of what a command says and writes, not of how a process starts and ends."""

from __future__ import annotations

import io
import os
import sys
import warnings
from collections.abc import Mapping
from contextlib import chdir
from pathlib import Path
from typing import NamedTuple
from unittest.mock import patch

from mixguard.cli import main


class Done(NamedTuple):
    """What a command left, by the names of `subprocess.CompletedProcess`."""

    returncode: int
    stdout: str
    stderr: str


def command(
    folder: Path, *arguments: str | Path, stdin: bytes = b"", environment: Mapping[str, str] = os.environ
) -> Done:
    """Run `mixguard` with these arguments in a folder, with no environment but the one given."""
    out, err = io.BytesIO(), io.BytesIO()
    with (
        chdir(folder),
        patch.dict(os.environ, dict(environment), clear=True),
        patch.object(warnings, "showwarning", warnings.showwarning),
        patch.object(sys, "argv", ["mixguard", *map(str, arguments)]),
        patch.object(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin), encoding="utf-8")),
        patch.object(sys, "stdout", io.TextIOWrapper(out, encoding="utf-8")),
        patch.object(sys, "stderr", io.TextIOWrapper(err, encoding="utf-8")),
    ):
        code = _code()
        return Done(code, out.getvalue().decode(), err.getvalue().decode())


def _code() -> int:
    try:
        main()
    except SystemExit as done:
        return int(done.code or 0)
    raise AssertionError("the command line ends with an exit code")
