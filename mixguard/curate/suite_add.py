"""Add your own probes to a folder that extends a bundled suite, never to the bundled files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import orjson

from mixguard.errors import SuiteError
from mixguard.files import read_bounded, spelt, write_atomically
from mixguard.library.suite import DEFINITION, Probe, Suite, read_probes
from mixguard.library.taxonomy import Taxonomy

ADDED = {True: Path("hazards") / "added.jsonl", False: Path("axes") / "added.jsonl"}
"""Where new probes go: those of hazards, and those of other axes."""
NEW_SUITE = """\
# Our own suite: the one it extends, plus this folder. A new axis is named under [axes], with the question it asks.
id = {id}
version = "1"
extends = {base}

[axes]
"""


class AddedProbes(NamedTuple):
    """What was added."""

    folder: Path
    new: int
    known: int
    """Probes already present."""


def add_probes(files: Sequence[Path], folder: Path, base: str, taxonomy: Taxonomy) -> AddedProbes:
    """Check probes and append them to the folder of a suite; a missing one is created, extending `base`.

    Raises:
        SuiteError: a line is invalid, or an id or a text is taken; nothing is written.
    """
    begun = (folder / DEFINITION).is_file()
    if not begun and folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise SuiteError(f"{folder}: neither empty nor a suite (no {DEFINITION}); name another folder")
    suite = Suite.load(str(folder) if begun else base, taxonomy)
    there = {probe.id: probe for probe in suite.probes}
    texts = {probe.asked: probe.id for probe in suite.probes}
    new: list[Probe] = []
    known = 0
    for file in files:
        for probe in read_probes(file, suite.vocabulary(taxonomy), {}):
            if there.get(probe.id) == probe:
                known += 1
            elif probe.id in there:
                raise SuiteError(
                    f"{file}: {probe.id}: the suite has another probe of this id; choose a new id"
                )
            elif probe.asked in texts:
                raise SuiteError(f"{file}: {probe.id}: asks what {texts[probe.asked]} of the suite asks")
            else:
                there[probe.id], texts[probe.asked] = probe, probe.id
                new.append(probe)
    for is_judged, place in ADDED.items():
        _append(folder / place, [probe for probe in new if probe.is_judged == is_judged])
    if not begun:
        # A base folder is written as an absolute path: relative paths resolve from the new suite's folder.
        named = str(Path(base).resolve()) if (Path(base) / DEFINITION).is_file() else base
        own = NEW_SUITE.format(id=spelt(folder.resolve().name), base=spelt(named))
        write_atomically(folder / DEFINITION, own.encode())
    return AddedProbes(folder, len(new), known)


def _append(file: Path, probes: Sequence[Probe]) -> None:
    if not probes:
        return
    earlier = read_bounded(file, SuiteError) if file.is_file() else b""
    if earlier and not earlier.endswith(b"\n"):
        earlier += b"\n"
    lines = (orjson.dumps(probe.model_dump(exclude_defaults=True)) + b"\n" for probe in probes)
    write_atomically(file, earlier + b"".join(lines))
