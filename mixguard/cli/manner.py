"""How much a command prints: one line, the document, a screen, or everything."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

if TYPE_CHECKING:
    from mixguard.progress import Progress

Quiet = Annotated[
    bool, typer.Option("--quiet", "-q", help="Print only the verdict, on one line, without progress.")
]
Json = Annotated[
    bool,
    typer.Option("--json", help="Print only the JSON document on standard output, without progress."),
]
Verbose = Annotated[
    bool,
    typer.Option(
        "--verbose", "-v", help="Print everything: every hazard, why each finding matters, its source."
    ),
]


class Manner(NamedTuple):
    """How much is printed."""

    quiet: bool = False
    as_json: bool = False
    verbose: bool = False

    @contextmanager
    def progress(self) -> Iterator[Progress]:
        """A progress function, which draws a bar unless less is wanted."""
        from mixguard.console.bar import progress_bar
        from mixguard.progress import silent

        if self.quiet or self.as_json:
            yield silent
            return
        with progress_bar() as progress:
            yield progress

    def wrote(self, place: str | Path) -> None:
        """Tell that a file was written, on standard error."""
        from mixguard.escape import printed
        from mixguard.urls import shown

        if not self.quiet:
            typer.echo(f"wrote {printed(shown(place))}", err=True)

    def document(self, content: bytes) -> None:
        """Print a document, on standard output."""
        typer.echo(content.decode(), nl=False)
