"""Reports as files, each kind known by the end of its name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from mixguard.errors import UsageError
from mixguard.files import write_atomically
from mixguard.mix.manifest import Manifest, manifest_for
from mixguard.report.ci import junit, markdown, sarif
from mixguard.run.document import Audit


class Asked(NamedTuple):
    """One report to write."""

    audit: Audit
    manifest: Manifest | None
    path: Path
    show_text: bool


def _html(asked: Asked) -> bytes:
    from mixguard.report import html

    return html.render(asked.audit, asked.manifest, show_text=asked.show_text)


def _card(asked: Asked) -> bytes:
    from mixguard.report import card

    return card.merge(card.read(asked.path), asked.audit, asked.manifest, path=asked.path).encode()


def _croissant(asked: Asked) -> bytes:
    from mixguard.report import croissant

    return croissant.render(asked.audit, asked.manifest)


KINDS: tuple[tuple[str, str, Callable[[Asked], bytes]], ...] = (
    ("README.md", "dataset card", _card),
    ("croissant.json", "Croissant", _croissant),
    (".html", "page", _html),
    (".json", "audit", lambda asked: asked.audit.to_json()),
    (".md", "summary", lambda asked: markdown.render(asked.audit)),
    (".sarif", "SARIF", lambda asked: sarif.render(asked.audit)),
    (".xml", "JUnit", lambda asked: junit.render(asked.audit)),
)
"""End of a file's name, what is written, and by whom; the first that fits."""


def check_name(path: Path) -> None:
    """Refuse a report whose name tells no format, before any work is done.

    Raises:
        UsageError: it does not.
    """
    _renderer(path)


def write(audit: Audit, path: Path, *, show_text: bool = False) -> None:
    """Write one report, whole or not at all.

    Args:
        audit: what is told.
        path: where to; its name chooses the format.
        show_text: put texts of the rows listed into the page.

    Raises:
        UsageError: its name tells no format, or it cannot be written there.
    """
    render = _renderer(path)
    try:
        write_atomically(path, render(Asked(audit, manifest_for(audit), path, show_text)))
    except OSError as error:
        raise UsageError(f"{path}: cannot write it ({error.strerror})") from None


def _renderer(path: Path) -> Callable[[Asked], bytes]:
    for ending, _, render in KINDS:
        if path.name.endswith(ending):
            return render
    known = ", ".join(f"{ending} ({what})" for ending, what, _ in KINDS)
    raise UsageError(f"{path}: no report is named like this; let the name end in one of: {known}")
