"""Open the page in a browser without its address, and so the token, in a list of processes that all users can read."""

from __future__ import annotations

import os
import webbrowser
from collections.abc import Iterator
from contextlib import contextmanager
from html import escape
from pathlib import Path
from tempfile import TemporaryDirectory

REDIRECT = '<!doctype html><meta charset="utf-8"><meta http-equiv="refresh" content="0;url={address}"><title>mixguard review</title>'


@contextmanager
def opened(address: str) -> Iterator[Path]:
    """Point the user's browser at a file, for this user's eyes alone, that leads to the page; yields the file."""
    with TemporaryDirectory(prefix="mixguard-review-") as folder:
        file = Path(folder, "review.html")
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as stream:
            stream.write(REDIRECT.format(address=escape(address)))
        webbrowser.open(file.as_uri())
        yield file
