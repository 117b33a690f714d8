"""Apply a plan: rewrite the corpus files with pairs inserted and rows set aside, all files or none."""

from __future__ import annotations

import gzip
import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, BinaryIO, cast

import orjson

from mixguard.corpus.files import FileSource, Source
from mixguard.corpus.files.compressed import open_text
from mixguard.corpus.files.delimited import read_header
from mixguard.corpus.files.sniff import BOM, suffix_of
from mixguard.corpus.formats import by_id
from mixguard.corpus.formats.vote import choose
from mixguard.corpus.records import Record, Sample
from mixguard.errors import RecordError, UsageError
from mixguard.files import sha256
from mixguard.mix.casting import Chosen, Stock, TaskQuota, cast_pair
from mixguard.mix.choose import Slot, slots
from mixguard.mix.manifest import SET_ASIDE, Added, manifest_of
from mixguard.mix.mould import Mould
from mixguard.mix.plan import Removal
from mixguard.mix.style import CellStyle, JsonStyle
from mixguard.mix.weave import Insert, Mask, Woven, Write, weave_table, weave_text
from mixguard.progress import Progress

_KINDS = {"json": (".json", ".jsonl", ".ndjson"), "parquet": (".parquet",)}


@dataclass
class Written:
    """What was written."""

    outputs: dict[str, str] = field(default_factory=dict)
    """SHA-256 of each file, by path relative to the output folder."""
    added: list[Added] = field(default_factory=list)
    masked: set[str] = field(default_factory=set)
    """Sample IDs of rows kept with weight zero."""
    left_out: set[str] = field(default_factory=set)
    """Sample IDs of rows set aside."""


@dataclass(frozen=True)
class Target:
    """A source and its output file."""

    source: FileSource
    path: Path
    records: int
    """Parsed records that are kept."""


def targets(sources: Sequence[Source], out: Path, staying: dict[str, int]) -> list[Target]:
    """The output file of each source.

    Args:
        sources: sources of the corpus.
        out: a file for one source, a folder for several.
        staying: number of records kept, by source name.

    Raises:
        UsageError: a source cannot be rewritten, or an output would overwrite an input.
    """
    files = []
    for source in sources:
        if not isinstance(source, FileSource) or source.kind in ("arrow", "excel", "lines"):
            raise UsageError(
                f"{source.name}: cannot be rewritten in this format; save it as Parquet or JSON Lines first"
            )
        files.append(source)
    paths = [out] if len(files) == 1 else [out / Path(source.name).name for source in files]
    if len(set(paths)) < len(paths):
        raise UsageError(f"{out}: two sources have the same file name; rebalance them separately")
    inputs = {source.path.resolve() for source in files}
    for source, path in zip(files, paths, strict=True):
        if path.resolve() in inputs:
            raise UsageError(f"{path}: is an input, and inputs are never overwritten; choose another output")
        own = suffix_of(source.path.name)
        wanted = (own,) if source.kind == "delimited" else _KINDS[source.kind]
        if suffix_of(path.name) not in wanted:
            raise UsageError(
                f"{path}: a mix keeps the corpus's file type; use a name ending in {' or '.join(wanted)}"
            )
    return [
        Target(source, path, staying.get(source.name, 0)) for source, path in zip(files, paths, strict=True)
    ]


def write_mix(
    to: Sequence[Target], out: Path, stock: Stock, sign: Callable[[Written], bytes], progress: Progress
) -> None:
    """Write every output and the set-aside file, then move them into place.

    Args:
        to: sources and outputs.
        out: the output path the user gave.
        stock: plan, bank and options.
        sign: makes the manifest for what was written.
        progress: called after each file.

    Raises:
        UsageError: the mix could not be written; existing files are untouched.
    """
    records = sum(target.records for target in to)
    places = slots(stock.plan, records, stock.config.rebalance.placement, stock.rng)
    folder = out.absolute().parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{out.name}-", dir=folder) as scratch:
            _write_all(to, out, places, stock, (Path(scratch), sign, progress))
    except RecordError as error:
        raise UsageError(f"{out}: nothing was written: {error}") from None
    except OSError as error:
        raise UsageError(
            f"{out}: cannot be written ({error.strerror}); existing files are untouched"
        ) from None


def _write_all(
    to: Sequence[Target],
    out: Path,
    places: Sequence[Slot],
    stock: Stock,
    scene: tuple[Path, Callable[[Written], bytes], Progress],
) -> None:
    folder, sign, progress = scene
    written = Written()
    moves: list[tuple[Path, Path]] = []
    first = 0
    with (folder / "set-aside").open("wb") as aside:
        for number, target in enumerate(to):
            scratch = folder / str(number)
            here = [
                slot._replace(after=slot.after - first)
                for slot in places
                if first <= slot.after < first + target.records
            ]
            woven, chosen = _write_one(target, scratch, here, stock)
            first += target.records
            moves.append((scratch, target.path))
            name = str(target.path.relative_to(out.parent))
            written.added += [
                Added(pair=pair, output=name, record=record, **chosen[pair]._asdict())
                for pair, record in woven.added.items()
            ]
            for removal in stock.plan.remove:
                if removal.source == target.source.name:
                    written.masked |= {removal.sample_id} if removal.record in woven.masked else set()
                    written.left_out |= {removal.sample_id} if removal.record in woven.left_out else set()
            aside.writelines(_set_aside(stock.plan.remove, target.source.name, woven.left_out))
            progress("writing", number + 1, len(to), "files")
    if written.left_out:
        moves.append((folder / "set-aside", out.with_name(out.name + SET_ASIDE)))
    for scratch, path in moves:
        written.outputs[str(path.relative_to(out.parent))] = sha256([scratch])
    (folder / "manifest").write_bytes(sign(written))
    # Everything that needs disk space has been written by now.
    for scratch, path in (*moves, (folder / "manifest", manifest_of(out))):
        path.parent.mkdir(parents=True, exist_ok=True)
        scratch.chmod(0o644)
        scratch.replace(path)


def _write_one(
    target: Target, scratch: Path, places: Sequence[Slot], stock: Stock
) -> tuple[Woven, dict[str, Chosen]]:
    """Write one output; also return what was added, by pair."""
    source, mark = target.source, stock.config.rebalance.mark_field
    drop = {removal.record for removal in stock.plan.remove if removal.source == source.name}
    inserts: dict[int, list[Insert]] = {}
    chosen: dict[str, Chosen] = {}
    write: Write = orjson.dumps
    mask = _mask(source, stock.config.read.format) if stock.config.rebalance.weight_zero else None
    if places:
        mould = Mould.of(source, stock.config.read, stock.bank)
        write = _writer(source, mould, mark)
        quota = TaskQuota(mould.tasks)
        for number, slot in enumerate(places):
            found = cast_pair(mould, slot, target.records + number, stock, quota, fits=_fits(write))
            if found is not None:
                insert, chosen[insert.pair] = found
                marked = {mark: insert.pair} if mark and source.kind == "json" else {}
                inserts.setdefault(slot.after, []).append(Insert(insert.pair, {**insert.row, **marked}))
    if source.kind == "parquet":
        return weave_table(source, scratch, inserts, drop, mark), chosen
    with _packed(scratch, target.path.suffix.lower()) as stream:
        return weave_text(source, stream, inserts, drop, write, mask), chosen


def _mask(source: FileSource, name: str | None) -> Mask | None:
    """A function that sets a JSON record's weight to zero if its format has weights; None for other files."""
    if source.kind != "json":
        return None

    def masked(record: Record) -> bytes | None:
        if record.flags:  # would not survive a JSON round trip
            return None
        try:
            form = by_id(name) if name else choose(record.row, None)
            turns = tuple(replace(turn, polarity=0) for turn in form.parse(record.row).turns)
            row = form.render(Sample(turns), record.row)
            kept = form.parse(row).turns
        except RecordError:
            return None
        return JsonStyle.of([record])(row) if not any(turn.polarity for turn in kept) else None

    return masked


def _fits(write: Write) -> Callable[[dict[str, Any]], bool]:
    """Whether a file of this style can hold a row."""

    def fits(row: dict[str, Any]) -> bool:
        try:
            return bool(write(row))
        except RecordError:
            return False

    return fits


def _writer(source: FileSource, mould: Mould, mark: str | None) -> Write:
    if mark is not None and any(mark in like.row for like in mould.likes):
        raise UsageError(f"{source.name}: already has a field {mark!r}; choose another with --mark-field")
    if mark is not None and mould.likes[0].inner == "list":
        raise UsageError(
            f"{source.name}: a record that is a bare list of messages cannot be marked; drop --mark-field (the manifest"
            " lists new rows)"
        )
    if source.kind != "delimited":
        return JsonStyle.of(mould.likes)
    if mark is not None:
        raise UsageError(
            f"{source.name}: delimited rows cannot be marked; drop --mark-field (the manifest lists new rows)"
        )
    with open_text(source.path) as stream:
        if stream.peek(3)[:3] == BOM:
            stream.read(3)
        header = read_header(stream, source.name)
    if len(set(header.columns)) < len(header.columns):
        raise UsageError(f"{source.name}:1: two columns have the same name; rename one")
    return CellStyle.of(header, mould.likes)


@contextmanager
def _packed(path: Path, suffix: str) -> Iterator[BinaryIO]:
    """A stream into a file, compressed according to its suffix and synced to disk on exit."""
    with path.open("wb") as raw:
        if suffix == ".gz":
            # No file name or mtime in the header, so the same rows give the same bytes.
            with gzip.GzipFile(filename="", mode="wb", fileobj=raw, mtime=0) as stream:
                yield cast("BinaryIO", stream)
        elif suffix == ".zst":
            import zstandard

            with zstandard.ZstdCompressor().stream_writer(raw, closefd=False) as stream:
                yield stream
        else:
            yield raw
        raw.flush()
        os.fsync(raw.fileno())


def _set_aside(removals: Sequence[Removal], source: str, rows: dict[int, bytes]) -> Iterator[bytes]:
    for removal in removals:
        if removal.source == source and removal.record in rows:
            text = rows[removal.record].decode("utf-8", "replace")
            entry: dict[str, Any] = {**removal.model_dump(), "place": f"{source}:{removal.line}", "row": text}
            yield orjson.dumps(entry) + b"\n"
