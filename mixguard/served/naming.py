"""A served model named in one word: `URL#MODEL`."""

from __future__ import annotations

from typing import NamedTuple

from mixguard.errors import UsageError
from mixguard.served.endpoint import without_secrets


class Named(NamedTuple):
    """The two parts of `URL#MODEL`."""

    url: str
    model: str


def named(text: str, option: str = "--judge") -> Named:
    """The base URL and the model of `URL#MODEL`.

    Raises:
        UsageError: a part is missing; the message shows no secret.
    """
    url, mark, model = text.strip().partition("#")
    if not mark or not url.strip() or not model.strip() or not text.isprintable():
        raise UsageError(
            f"{option} {without_secrets(text)}: write it as URL#MODEL, e.g. http://localhost:8000/v1#llama-guard-3-8b"
        )
    return Named(url.strip(), model.strip())
