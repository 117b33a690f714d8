"""`mixguard rows`: the rows of findings, as cards, as a table, or as the corpus has them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import TYPE_CHECKING, Annotated, BinaryIO, TypeVar, cast

import typer

from mixguard.cli.options import EarlierRun

if TYPE_CHECKING:
    import polars as pl

    from mixguard.run.document import Audit

FORMATS = ("table", "jsonl", "csv", "parquet", "corpus")
TABLES = frozenset({".csv", ".tsv", ".parquet"})
"""Ends of the names of files that are no JSON."""
SHOWN = 20
"""Cards, if no limit is given."""
IN_MEMORY = 2**24
"""Bytes of output that are held in memory; more are spooled to a temporary file."""
Result = TypeVar("Result")


def rows(
    run: EarlierRun,
    *,
    check: Annotated[
        list[str] | None,
        typer.Option(
            "--check", help="Id of a check, e.g. MG103. Repeatable.", show_default="all findings that count"
        ),
    ] = None,
    subject: Annotated[
        list[str] | None,
        typer.Option(
            "--subject", help="Subject of a finding, e.g. a trainer rule. Repeatable.", show_default=False
        ),
    ] = None,
    hazard: Annotated[
        list[str] | None,
        typer.Option(
            "--hazard",
            help="Only prompts that touch this hazard, by its code. Repeatable.",
            show_default=False,
        ),
    ] = None,
    source: Annotated[
        str | None,
        typer.Option("--source", help="Only rows of this file, named as in the report.", show_default=False),
    ] = None,
    least: Annotated[
        float | None,
        typer.Option(
            "--least", metavar="SCORE", help="Only rows with at least this score.", show_default=False
        ),
    ] = None,
    limit: Annotated[
        int | None,
        typer.Option(
            "--limit",
            min=0,
            help="Maximum number of rows; the gravest are kept.",
            show_default=f"{SHOWN} at the terminal, all in a file",
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            help="Write the rows with their texts to this file: .jsonl, .csv or .parquet; with --format corpus, a name of the corpus's type. - is standard output.",
            show_default=False,
        ),
    ] = None,
    format_: Annotated[
        str | None,
        typer.Option(
            "--format",
            help="table (cards), jsonl, csv, parquet, or corpus: the records exactly as they are in their file.",
            show_default="by the name of the file, else table",
        ),
    ] = None,
    rest: Annotated[
        bool, typer.Option("--rest", help="Write the corpus without these records, byte for byte.")
    ] = False,
    show_text: Annotated[
        bool, typer.Option("--show-text", help="Show prompts and responses on the cards.")
    ] = False,
    no_text: Annotated[bool, typer.Option("--no-text", help="Leave the texts out of a file.")] = False,
) -> None:
    """Show the rows of findings with place, score and reason, or write them to a file with their texts.

    Examples: mixguard rows mixguard-run --check MG103 --show-text; mixguard rows mixguard-run --check MG103 -o flagged.csv; mixguard rows mixguard-run --check MG103 --rest -o clean.jsonl
    """
    from mixguard.flagged.choose import Wanted, choose
    from mixguard.run.document import Audit

    output = None if output == Path("-") else output
    form = _format(output, format_, rest=rest)
    audit = Audit.load(run)
    if output is not None:
        _refuse_input(audit, output)
    cut = None if form == "table" else limit  # the screen says how many rows it leaves out
    wanted = Wanted(check or (), subject or (), hazard or (), source, least, cut)
    found = choose(audit, wanted)
    if form == "table":
        _cards(audit, found, SHOWN if limit is None else limit, show_text=show_text)
    elif form == "corpus":
        _records(audit, found, output, source, rest=rest)
    else:
        _table(audit, found, output, form, no_text=no_text)


def _format(output: Path | None, named: str | None, *, rest: bool) -> str:
    from mixguard.errors import UsageError

    if rest and named not in (None, "corpus"):
        raise UsageError(
            f"--format {named}: --rest always writes the corpus's own format; drop one of the two options"
        )
    if named is not None and named not in FORMATS:
        raise UsageError(f"--format {named}: unknown format; use one of {', '.join(FORMATS)}")
    if named == "table" and output is not None:
        raise UsageError("--format table: is for the terminal; use jsonl, csv, parquet or corpus with -o")
    ending = output.suffix.lower().removeprefix(".") if output else "table"
    form = named or ("corpus" if rest else ending)
    if form not in FORMATS:
        raise UsageError(
            f"{output}: the name does not say what to write; end it in .jsonl, .csv or .parquet, or use --format"
        )
    return form


def _refuse_input(audit: Audit, output: Path) -> None:
    """Refuse to overwrite a file of the corpus."""
    from mixguard.errors import UsageError

    if output.resolve() in {Path(name).resolve() for name in audit.corpus.sources}:
        raise UsageError(f"{output}: is an input, and inputs are never overwritten; choose another output")


def _check_name(output: Path | None, sources: Iterable[str]) -> None:
    """Refuse a name that says something else than records of these files are."""
    from mixguard.corpus.files.sniff import COMPRESSION, suffix_of
    from mixguard.errors import UsageError

    if output is None:
        return
    ending = output.suffix.lower()
    if ending in COMPRESSION:
        raise UsageError(f"{output}: records are written decompressed; leave {ending} off the name")
    theirs = {suffix_of(name) for name in sources} - {""}
    if theirs - {ending} and not TABLES.isdisjoint({ending, *theirs}):
        raise UsageError(
            f"{output}: records are written as they stand in their file; end the name in {' or '.join(sorted(theirs))}"
        )


def _cards(audit: Audit, found: pl.DataFrame, limit: int, *, show_text: bool) -> None:
    from mixguard.console.rows import render_rows
    from mixguard.console.screen import console
    from mixguard.flagged.texts import cards

    shown = cards(audit, found.head(limit), show_text=show_text)
    console().print(render_rows(shown, left=max(found.height - limit, 0), show_text=show_text))


def _table(audit: Audit, found: pl.DataFrame, output: Path | None, form: str, *, no_text: bool) -> None:
    from mixguard.flagged.texts import with_texts, without_texts
    from mixguard.flagged.write import WRITERS

    parts = [without_texts(found)] if no_text else with_texts(audit, found)
    count = _written(output, lambda out: WRITERS[form](parts, out))
    _say(output, f"{count:,} rows" + ("" if no_text else ", with their texts"))


def _records(
    audit: Audit, found: pl.DataFrame, output: Path | None, source: str | None, *, rest: bool
) -> None:
    from mixguard.errors import UsageError
    from mixguard.flagged.records import write_flagged, write_rest

    if not rest:
        _check_name(output, found["source"].unique())
        done = _written(output, lambda out: write_flagged(audit, found, out))
        note = "" if done.by_line else "; not one line each, so filter them out with --rest, not with grep"
        _say(output, f"{done.records:,} records{note}")
        return
    names = list(audit.corpus.sources)
    if source is None and len(names) > 1:
        raise UsageError(
            f"--rest: the corpus has {len(names)} files; choose one with --source: {', '.join(names)}"
        )
    name = source or names[0]
    _check_name(output, [name])
    left_out = _written(output, lambda out: write_rest(audit, found, out, name))
    _say(output, f"{name} without {left_out:,} records")


def _written(output: Path | None, write: Callable[[BinaryIO], Result]) -> Result:
    """What a writer returns whose bytes go to a file, all of them or none, or to standard output."""
    from mixguard.cli.streams import pour
    from mixguard.files import copy_atomically

    with SpooledTemporaryFile(IN_MEMORY) as spool:
        done = write(cast("BinaryIO", spool))
        spool.seek(0)
        if output is None:
            pour(cast("BinaryIO", spool))
        else:
            copy_atomically(cast("BinaryIO", spool), output)
    return done


def _say(output: Path | None, what: str) -> None:
    """Say what was written, beside the rows if these go to standard output."""
    from mixguard.cli.streams import aside
    from mixguard.escape import printed
    from mixguard.urls import shown

    if output is None:
        aside(f"wrote {what}")
    else:
        typer.echo(printed(f"wrote {shown(output)}: {what}"))
