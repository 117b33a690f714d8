"""What changed between two audits, at the terminal."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from mixguard.changes.document import Changes
from mixguard.changes.told import Texts, sections, verdict_line
from mixguard.console.screen import STYLES
from mixguard.escape import printed


def render_changes(changes: Changes, texts: Texts) -> RenderableType:
    """The verdicts, what else differs, and what changed by finding, hazard and row.

    Args:
        changes: what changed.
        texts: of the rows listed, if they are to be shown.
    """
    before, after = changes.before, changes.after
    lines: list[RenderableType] = [
        Text(verdict_line(changes), style=STYLES[after.verdict]),
        *(
            Text(
                printed(f"{name} {side.folder}: {side.samples:,} samples, {side.exchanges:,} exchanges"),
                style="dim",
            )
            for name, side in (("before", before), ("now   ", after))
        ),
    ]
    for section in sections(changes, texts):
        lines.append(Text(f"\n{section.title}", style="bold"))
        lines += [Padding(Text(printed(line)), (0, 0, 0, 2)) for line in section.lines]
        if section.left_out:
            lines.append(Text(f"  and {section.left_out:,} more; -o diff.json has them", style="dim"))
    return Group(*lines)
