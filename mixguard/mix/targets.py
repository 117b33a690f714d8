"""Where each source of a mix is written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mixguard import remote
from mixguard.corpus.files import FileSource, Source
from mixguard.corpus.files.sniff import suffix_of
from mixguard.errors import UsageError

_KINDS = {"json": (".json", ".jsonl", ".ndjson"), "parquet": (".parquet",)}


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
    paths = [out] if len(files) == 1 else [out / source.path.name for source in files]
    if len(set(paths)) < len(paths):
        raise UsageError(
            f"{remote.named(out)}: two sources have the same file name; rebalance them separately"
        )
    inputs = {remote.named(source.path.resolve()) for source in files}
    for source, path in zip(files, paths, strict=True):
        shown = remote.named(path)
        if remote.named(path.resolve()) in inputs:
            raise UsageError(f"{shown}: is an input, and inputs are never overwritten; choose another output")
        own = suffix_of(source.path.name)
        wanted = (own,) if source.kind == "delimited" else _KINDS[source.kind]
        if suffix_of(path.name) not in wanted:
            raise UsageError(
                f"{shown}: a mix keeps the corpus's file type; use a name ending in {' or '.join(wanted)}"
            )
    return [
        Target(source, path, staying.get(source.name, 0)) for source, path in zip(files, paths, strict=True)
    ]
