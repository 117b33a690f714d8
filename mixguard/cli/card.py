"""`mixguard card`: write or check the dataset card of a corpus, or the model card of a comparison."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mixguard.cli.card_file import tell, write_card
from mixguard.cli.model_card import model_card
from mixguard.cli.options import ConfigFile, Offline, RunFolder, Set, load_config
from mixguard.console.bar import progress_bar

if TYPE_CHECKING:
    from mixguard.run.document import Audit


def card(
    paths: Annotated[
        list[str] | None,
        typer.Argument(help="A corpus, as for `audit`, or one run folder.", show_default=False),
    ] = None,
    *,
    compare: Annotated[
        Path | None,
        typer.Option(
            "--compare", help="For a model card: the comparison, as written by `compare -o FILE.json`."
        ),
    ] = None,
    probe: Annotated[
        list[Path] | None,
        typer.Option("--probe", help="With --compare: a probe file that it must have been made from."),
    ] = None,
    card_: Annotated[
        Path | None,
        typer.Option("--card", help="The card; keep it next to the data.", show_default="README.md"),
    ] = None,
    check: Annotated[
        bool,
        typer.Option(
            "--check",
            help="Write nothing; exit 1 if something required is missing, or the card's audit is missing or covers other data.",
        ),
    ] = False,
    run: RunFolder = None,
    offline: Offline = False,
    config: ConfigFile = None,
    set_: Set = None,
) -> None:
    """Write a Hugging Face dataset card, or update an existing one; list what only a person can fill in.

    With --compare, write the section of a model card instead: what the tuned model lost, and what could not be seen.

    Examples: mixguard card mixguard-run; mixguard card data.jsonl --card README.md --check

    A model card: mixguard card --compare comparison.json --card model/README.md
    """
    if compare is not None or probe:
        raise typer.Exit(model_card(paths, compare, probe or [], card_, checks=check))
    _dataset_card(paths, card_, config, set_, check=check, run=run, offline=offline)


def _dataset_card(
    paths: list[str] | None,
    card_: Path | None,
    config: Path | None,
    set_: list[str] | None,
    *,
    check: bool,
    run: Path | None,
    offline: bool,
) -> None:
    from mixguard.errors import UsageError
    from mixguard.mix.manifest import manifest_for
    from mixguard.report.card import CARD, gaps, merge, read

    if not paths:
        raise UsageError("name a corpus or a run folder; for a model card, name a comparison with --compare")
    place = card_ or CARD
    existing = read(place)
    with tempfile.TemporaryDirectory() as scratch:
        # A check leaves nothing behind, not even a run folder.
        folder = Path(scratch, "run") if check and run is None else run
        audit = _audited(paths, config, set_, run__folder=folder, encode__offline=offline or None)
        if check:
            raise typer.Exit(_checked(existing, audit, place))
        text = merge(existing, audit, manifest_for(audit), path=place)
    write_card(place, text, existing)
    tell(gaps(text, path=place))


def _audited(paths: list[str], config: Path | None, set_: list[str] | None, **flags: object) -> Audit:
    from mixguard import audit
    from mixguard.errors import UsageError
    from mixguard.run import elsewhere
    from mixguard.run.document import Audit

    if len(paths) != 1 or not elsewhere.is_run(paths[0]):
        with progress_bar() as progress:
            return audit(*paths, config=load_config(config, set_, **flags), progress=progress)
    if config or set_:
        raise UsageError(
            f"{paths[0]}: a run folder keeps its own options; to change them, give the corpus instead"
        )
    return Audit.load(paths[0])


def _checked(existing: str | None, audit: Audit, path: Path) -> int:
    from mixguard.escape import plain
    from mixguard.report.card import Gap, gaps, outdated
    from mixguard.urls import shown

    if existing is None:
        how = "run `mixguard card` without --check"
        tell([Gap(required=True, what="no card", where=str(path), how=how)])
        return 1
    found = [*outdated(existing, audit, path=path), *gaps(existing, path=path)]
    tell(found)
    if any(gap.required for gap in found):
        return 1
    typer.echo(f"{plain(shown(path))}: complete, and its audit covers this data")
    return 0
