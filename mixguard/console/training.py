"""What to change in the training plan, line by line."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from mixguard.console.screen import STYLES
from mixguard.escape import printed
from mixguard.run.document import Audit


def training_advice(audit: Audit, *, whys: bool) -> Iterator[RenderableType]:
    """A heading and one line for each change, and why if asked; nothing if there is none."""
    if not audit.training_advice:
        return
    yield Text("\nTraining plan, line by line", style="bold")
    table = Table.grid(padding=(0, 2, 0, 0))
    for each in audit.training_advice:
        where = "" if each.where == each.option else f"{printed(each.where)}: "
        what = f"{printed(each.option)}: {printed(each.now)} -> {printed(each.better)}"
        change = Text.assemble((where, "cyan"), what)
        table.add_row(Text(f"{each.severity:<5}", STYLES[each.severity]), change)
        if whys:
            table.add_row("", Text(f"{printed(each.why)} {printed(each.source)}", style="dim"))
    yield Padding(table, (0, 0, 0, 1))
