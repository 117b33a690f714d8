"""Apply a plan: rewrite the corpus files with pairs inserted and rows set aside, all files or none."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import orjson

from mixguard import moving, remote
from mixguard.config import ReadConfig
from mixguard.corpus.files import FileSource
from mixguard.corpus.formats import by_id
from mixguard.corpus.formats.view import View
from mixguard.corpus.formats.vote import choose
from mixguard.corpus.records import Record, Sample
from mixguard.errors import RecordError, UsageError
from mixguard.files import sha256
from mixguard.mix.casting import Chosen, Stock, TaskQuota, cast_pair
from mixguard.mix.choose import PairSlot, slots
from mixguard.mix.manifest import SET_ASIDE, Added, Manifest, manifest_of
from mixguard.mix.mould import Mould
from mixguard.mix.packed import packed
from mixguard.mix.plan import Removal
from mixguard.mix.settle import finish, settle, unfinished, waiting
from mixguard.mix.style import JsonStyle, Write
from mixguard.mix.targets import Target
from mixguard.mix.weave import Insert, Mask, Woven, weave_table, weave_text
from mixguard.progress import Progress


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
    finish(out)
    records = sum(target.records for target in to)
    places = slots(stock.plan, records, stock.config.rebalance.placement, stock.rng)
    try:
        with moving.scratch_folder(out.absolute()) as scratch:
            moves = _write_all(to, out, places, stock, (scratch, sign, progress))
            settle(scratch, out, moves, _no_longer(out, moves))
    except RecordError as error:
        raise UsageError(f"{remote.named(out)}: nothing was written: {error}") from None
    except OSError as error:
        if next(waiting(out), None):
            raise UsageError(f"{out}: {unfinished(error)}") from None
        raise UsageError(
            f"{remote.named(out)}: cannot be written ({error.strerror}); existing files are untouched"
        ) from None


def _no_longer(out: Path, moves: Sequence[tuple[Path, Path]]) -> list[Path]:
    """The old mix's set-aside file, unchanged, if the new one sets nothing aside: it would be taken for its."""
    aside = out.with_name(out.name + SET_ASIDE)
    if not aside.is_file() or any(path == aside for _, path in moves) or not manifest_of(out).is_file():
        return []
    try:
        listed = Manifest.load(manifest_of(out)).outputs.get(aside.name)
    except UsageError:
        return []
    return [aside] if listed == sha256([aside]) else []


def _write_all(
    to: Sequence[Target],
    out: Path,
    places: Sequence[PairSlot],
    stock: Stock,
    scene: tuple[Path, Callable[[Written], bytes], Progress],
) -> list[tuple[Path, Path]]:
    """Write everything that needs disk space; return the files and where they belong, the manifest last."""
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
    if places and not written.added:
        names = ", ".join(target.source.name for target in to)
        raise UsageError(
            f"{names}: no pair of the bank can be written as a row like these: a new row must read back as it was meant,"
            " in the file's own keys and types; use a corpus whose rows ask and answer in text; nothing was written"
        )
    if written.left_out:
        moves.append((folder / "set-aside", out.with_name(out.name + SET_ASIDE)))
    for scratch, path in moves:
        written.outputs[str(path.relative_to(out.parent))] = sha256([scratch])
    (folder / "manifest").write_bytes(sign(written))
    return [*moves, (folder / "manifest", manifest_of(out))]


def _write_one(
    target: Target, scratch: Path, places: Sequence[PairSlot], stock: Stock
) -> tuple[Woven, dict[str, Chosen]]:
    """Write one output; also return what was added, by pair."""
    source, mark = target.source, stock.config.rebalance.mark_field
    drop = {removal.record for removal in stock.plan.remove if removal.source == source.name}
    inserts: dict[int, list[Insert]] = {}
    chosen: dict[str, Chosen] = {}
    write: Write = orjson.dumps
    mask = _mask(source, stock.config.read) if stock.config.rebalance.weight_zero else None
    if places:
        mould = Mould.of(source, stock.config.read, stock.bank)
        _check_mark(source, mould, mark)
        write = mould.write
        quota = TaskQuota(mould.tasks)
        for number, slot in enumerate(places):
            found = cast_pair(mould, slot, number, stock, quota)
            if found is not None:
                insert, chosen[insert.pair] = found
                marked = {mark: insert.pair} if mark and source.kind == "json" else {}
                inserts.setdefault(slot.after, []).append(Insert(insert.pair, {**insert.row, **marked}))
    if source.kind == "parquet":
        return weave_table(source, scratch, inserts, drop, mark), chosen
    with packed(scratch, target.path.suffix.lower()) as stream:
        return weave_text(source, stream, inserts, drop, write, mask), chosen


def _mask(source: FileSource, read: ReadConfig) -> Mask | None:
    """A function that sets a JSON record's weight to zero if its format has weights; None for other files."""
    if source.kind != "json":
        return None
    view = View.of(read.columns)

    def masked(record: Record) -> bytes | None:
        if record.flags or not view.rewrites(record.row):  # would not survive a JSON round trip
            return None
        seen = view.seen(record.row)
        try:
            form = by_id(read.format) if read.format else choose(seen, None)
            turns = tuple(replace(turn, polarity=0) for turn in form.parse(seen).turns)
            row = form.render(Sample(turns), seen)
            kept = form.parse(row).turns
        except RecordError:
            return None
        if any(turn.polarity for turn in kept):
            return None
        return JsonStyle.of([record])(view.restored(row, record.row))

    return masked


def _check_mark(source: FileSource, mould: Mould, mark: str | None) -> None:
    if mark is not None and any(mark in like.row for like in mould.likes):
        raise UsageError(f"{source.name}: already has a field {mark!r}; choose another with --mark-field")
    if mark is not None and mould.likes[0].inner == "list":
        raise UsageError(
            f"{source.name}: a record that is a bare list of messages cannot be marked; drop --mark-field (the manifest"
            " lists new rows)"
        )
    if mark is not None and source.kind == "delimited":
        raise UsageError(
            f"{source.name}: delimited rows cannot be marked; drop --mark-field (the manifest lists new rows)"
        )


def _set_aside(removals: Sequence[Removal], source: str, rows: dict[int, bytes]) -> Iterator[bytes]:
    for removal in removals:
        if removal.source == source and removal.record in rows:
            text = rows[removal.record].decode("utf-8", "replace")
            entry: dict[str, Any] = {**removal.model_dump(), "place": f"{source}:{removal.line}", "row": text}
            yield orjson.dumps(entry) + b"\n"
