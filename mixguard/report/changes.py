"""What changed between two audits, as a file: JSON, or a Markdown summary."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from mixguard.changes.document import Changes
from mixguard.changes.told import Texts, sections, verdict_line
from mixguard.report.ci.markdown import cut, safe
from mixguard.report.kinds import Kinds, put, renderer


class Asked(NamedTuple):
    """One report to write."""

    changes: Changes
    texts: Texts


KINDS: Kinds[Asked] = (
    (".json", "the document", lambda asked: asked.changes.to_json()),
    (".md", "summary", lambda asked: cut("\n".join(_lines(asked)) + "\n")),
)
"""End of the file name, what is written, and its renderer."""


def check_name(path: Path) -> None:
    """Reject a name that selects no format, before any work is done.

    Raises:
        UsageError: it selects none.
    """
    renderer(KINDS, path)


def write(changes: Changes, path: Path, texts: Texts) -> None:
    """Write one report atomically; only the summary holds texts, if there are any.

    Raises:
        UsageError: the name selects no format, or the file cannot be written.
    """
    put(path, renderer(KINDS, path)(Asked(changes, texts)))


def _lines(asked: Asked) -> Iterator[str]:
    changes = asked.changes
    yield f"## mixguard diff: {safe(verdict_line(changes))}"
    yield ""
    for name, side in (("before", changes.before), ("now", changes.after)):
        yield f"- {name}: {safe(side.folder)}, {side.samples:,} samples, {side.exchanges:,} exchanges"
    for section in sections(changes, asked.texts):
        yield f"\n### {safe(section.title)}\n"
        yield from (f"- {safe(line)}" for line in section.lines)
        if section.left_out:
            yield f"- and {section.left_out:,} more"
