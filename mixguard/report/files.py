"""Reports as files; the end of the name selects the kind."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from mixguard import remote, urls
from mixguard.mix.manifest import Manifest, manifest_for
from mixguard.report.ci import junit, markdown, sarif
from mixguard.report.kinds import Kinds, put, renderer
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


KINDS: Kinds[Asked] = (
    ("README.md", "dataset card", _card),
    ("croissant.json", "Croissant", _croissant),
    (".html", "page", _html),
    (".json", "audit", lambda asked: asked.audit.to_json()),
    (".md", "summary", lambda asked: markdown.render(asked.audit)),
    (".sarif", "SARIF", lambda asked: sarif.render(asked.audit)),
    (".xml", "JUnit", lambda asked: junit.render(asked.audit)),
)
"""End of the file name, what is written, and its renderer; the first match wins."""


def check_name(path: Path, *, offline: bool = False) -> None:
    """Reject a report name that selects no format, or a place that cannot be written to, before any work is done.

    Raises:
        UsageError: it selects none, or nothing can be written there.
    """
    renderer(KINDS, path)
    url = urls.url_of(path)
    if url is not None:
        remote.check(url, offline=offline)


def write(audit: Audit, path: Path, *, show_text: bool = False) -> None:
    """Write one report atomically.

    Args:
        audit: to report.
        path: of the file; its name selects the format.
        show_text: include texts of the listed rows in the page.

    Raises:
        UsageError: the name selects no format, or the file cannot be written.
    """
    render = renderer(KINDS, path)
    put(path, render(Asked(audit, manifest_for(audit), path, show_text)))
