"""`mixguard card --compare`: the section of a model card."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from mixguard.cli.card_file import tell, write_card

if TYPE_CHECKING:
    from mixguard.checkpoint.comparison import Comparison


def model_card(
    paths: Sequence[str] | None,
    compare: Path | None,
    probes: Sequence[Path],
    card: Path | None,
    *,
    checks: bool,
) -> int:
    """Write or check the section; the exit code.

    Raises:
        UsageError: a file cannot be read, or the comparison was made from other probe files.
    """
    from mixguard.checkpoint.comparison import Comparison
    from mixguard.errors import UsageError
    from mixguard.report.card import CARD, merge_model, read

    if paths:
        raise UsageError(
            f"{paths[0]}: a model card is made of a comparison alone; drop this, or drop --compare and --probe"
        )
    if compare is None:
        raise UsageError(
            "--probe needs --compare: run `mixguard compare base.probe tuned.probe -o comparison.json` first"
        )
    comparison = Comparison.load(compare)
    for probe in probes:
        _belongs(probe, comparison, compare)
    place = card or CARD
    existing = read(place)
    if checks:
        return _checked(existing, comparison, place)
    write_card(place, merge_model(existing, comparison, path=place), existing)
    return 0


def _belongs(probe: Path, comparison: Comparison, compare: Path) -> None:
    from mixguard.errors import UsageError
    from mixguard.files import sha256

    try:
        found = sha256([probe])
    except OSError as error:
        raise UsageError(f"{probe}: cannot read this file ({error.strerror})") from None
    if found not in (comparison.base.sha256, comparison.tuned.sha256):
        raise UsageError(
            f"{probe}: {compare} was not made from this file; run `mixguard compare` on it, and name that comparison"
        )


def _checked(existing: str | None, comparison: Comparison, path: Path) -> int:
    from mixguard.escape import plain
    from mixguard.report.card import Gap, model_outdated

    how = "run `mixguard card --compare` without --check"
    if existing is None:
        tell([Gap(required=True, what="no card", where=str(path), how=how)])
        return 1
    found = model_outdated(existing, comparison, path=path)
    tell(gap._replace(how=how) for gap in found)
    if not found:
        typer.echo(f"{plain(str(path))}: shows this comparison")
    return 1 if found else 0
