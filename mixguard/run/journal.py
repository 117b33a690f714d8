"""The parts of a run that are done, on disk: they arrive in any order, from any process, and outlive it.

A part is two files: `annotations/part-NNNNN.parquet`, and `unfinished/part-NNNNN.json` with the digest of the exchanges
that it was made from, the checksum of its annotations, its tally and its rejected records. It counts only if all of that
fits together: whatever was killed when, half a part is no part, and is made anew.
"""

from __future__ import annotations

import hashlib
import io
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import orjson
import polars as pl
from pydantic import JsonValue

from mixguard import moving
from mixguard.corpus.parts import Part, Tally
from mixguard.errors import ConfigError, RunFolderError
from mixguard.files import read_bounded, sha256
from mixguard.model import Model
from mixguard.run import folder as run_folder

_NAME = re.compile(r"part-([0-9]{5,})\.(?:json|parquet)")


class Shard(NamedTuple):
    """Which parts of a corpus one run annotates: every `of`-th."""

    number: int = 1
    """From 1."""
    of: int = 1

    @classmethod
    def read(cls, text: str | None) -> Shard:
        """The shard that `i/n` names, all parts if None.

        Raises:
            ConfigError: it is not one.
        """
        if text is None:
            return cls()
        match = re.fullmatch(r"([0-9]{1,6})/([0-9]{1,6})", text)
        if match is None or not 1 <= int(match[1]) <= int(match[2]):
            raise ConfigError(f"run.shard: {text!r} is not i/n with i from 1 to n, such as 1/4")
        return cls(int(match[1]), int(match[2]))

    def has(self, number: int) -> bool:
        """Whether it annotates the part of this number."""
        return number % self.of == self.number - 1

    def __str__(self) -> str:
        return f"{self.number}/{self.of}"


class Done(Model):
    """What is known of a part that is done."""

    exchanges: str
    """Digest of what was read."""
    annotations: str | None
    """SHA-256 of the file of annotations; None if there is none."""
    tally: dict[str, JsonValue]
    rejected: tuple[dict[str, JsonValue], ...]
    """Lines of the quarantine."""
    seal: str = ""
    """What only the user who made it can make; other users can still check that it is whole."""

    @property
    def content(self) -> bytes:
        """What is sealed."""
        return orjson.dumps(self.model_dump(exclude={"seal"}))


class RunJournal:
    """The parts of one run; a part counts from the moment that `keep` returns."""

    def __init__(
        self,
        folder: Path,
        shard: Shard | None = None,
        parts: int = 0,
        seal: Callable[[bytes], str] | None = None,
    ) -> None:
        """Open the journal of a run.

        Args:
            folder: where the run is made.
            shard: which parts it is for.
            parts: how many parts there are, if that is known.
            seal: what only this user can make for some content; without it, no part counts as done before.
        """
        self.folder = folder
        self._seal = seal
        self.parts = parts
        """Parts of the corpus, as far as it was read: those of other shards too."""
        self.sources: dict[str, str] = {}
        """SHA-256 of each source that was read to its end."""
        self._shard = shard or Shard()
        (folder / moving.UNFINISHED).mkdir(exist_ok=True)

    def has(self, number: int, part: Part) -> bool:
        """Whether nothing is left to do: the part was done before from the same exchanges, or is another shard's."""
        self._met(number, part)
        if not self._shard.has(number):
            return True
        done = self._done(number)
        if done is None or self._seal is None:
            return False
        # A folder with parts may have come with the corpus: only what this user made is not made again.
        is_own = done.seal == self._seal(done.content)
        return is_own and done.exchanges == _digest(part) and self._is_whole(number, done)

    def keep(self, number: int, part: Part, annotations: pl.DataFrame) -> None:
        """Write the annotations of a part, and what was read of it, so that both outlast a loss of power."""
        self._met(number, part)
        file = run_folder.part_file(self.folder, number)
        if part.frame.height or not number:  # at least one, for the columns
            run_folder.write_part(self.folder, number, annotations)
            moving.sync(file)
        else:
            file.unlink(missing_ok=True)  # of an earlier corpus
        done = Done(
            exchanges=_digest(part),
            annotations=sha256([file]) if file.is_file() else None,
            tally=part.tally.tree(),
            rejected=tuple(run_folder.quarantined(each) for each in part.rejected),
        )
        if self._seal is not None:
            done = done.model_copy(update={"seal": self._seal(done.content)})
        beside = self._beside(number)
        try:
            beside.write_bytes(_sealed(done))
        except BaseException:  # a full disk: half of it would be counted, though never used
            beside.unlink(missing_ok=True)
            raise
        for path in (beside, beside.parent, file.parent):
            moving.sync(path)

    def done(self) -> list[int]:
        """The numbers of the parts that seem to be done, in order; nothing is checked."""
        return done_parts(self.folder)

    def sums(self) -> dict[str, str]:
        """SHA-256 of each file of annotations as it was made, by name.

        Raises:
            RunFolderError: a part is damaged.
        """
        names = ((run_folder.part_file(self.folder, number).name, done) for number, done in self._all())
        return {name: done.annotations for name, done in names if done.annotations is not None}

    def tally(self) -> Tally:
        """The tallies of all parts, added in order.

        Raises:
            RunFolderError: a part is damaged.
        """
        return sum((Tally.of(done.tally) for _, done in self._all()), start=Tally())

    def close(self) -> None:
        """Write `quarantine.jsonl`, in the order of the corpus; what an earlier, longer corpus left is deleted.

        Raises:
            RunFolderError: a part is damaged.
        """
        kept = {name for number in self.done() if number < self.parts for name in part_names(number)}
        for name in (name for number in _numbers(self.folder) for name in part_names(number)):
            if name not in kept:
                (self.folder / name).unlink(missing_ok=True)
        run_folder.write_quarantine(self.folder, (line for _, done in self._all() for line in done.rejected))

    def check(self) -> None:
        """Refuse a damaged part.

        Raises:
            RunFolderError: the annotations of a part are not those that were made.
        """
        for number, done in self._all():
            if not self._is_whole(number, done):
                file = run_folder.part_file(self.folder, number)
                raise RunFolderError(f"{file}: damaged since it was written; make this shard again")

    def _met(self, number: int, part: Part) -> None:
        self.parts = max(self.parts, number + 1)
        self.sources |= part.tally.digests

    def _all(self) -> Iterator[tuple[int, Done]]:
        for number in self.done():
            done = self._done(number)
            if done is None:
                raise RunFolderError(
                    f"{self._beside(number)}: damaged since it was written; make this run again"
                )
            yield number, done

    def _done(self, number: int) -> Done | None:
        """What is known of a part; None if nothing is, or not all of it."""
        try:
            return _unsealed(read_bounded(self._beside(number), RunFolderError))
        except RunFolderError:
            return None

    def _is_whole(self, number: int, done: Done) -> bool:
        file = run_folder.part_file(self.folder, number)
        return (sha256([file]) if file.is_file() else None) == done.annotations

    def _beside(self, number: int) -> Path:
        return self.folder / part_names(number)[1]


def part_names(number: int) -> tuple[str, str]:
    """The two files of a part, within the folder of its run."""
    return (
        f"{run_folder.ANNOTATIONS}/part-{number:05d}.parquet",
        f"{moving.UNFINISHED}/part-{number:05d}.json",
    )


def done_parts(folder: Path) -> list[int]:
    """The numbers of the parts that seem to be done in a folder, in order."""
    return sorted(_numbers(folder, moving.UNFINISHED))


def _numbers(folder: Path, *rooms: str) -> set[int]:
    """The numbers of the parts that have a file in a folder."""
    names = (
        path.name
        for room in rooms or (run_folder.ANNOTATIONS, moving.UNFINISHED)
        for path in (folder / room).glob("part-*")
    )
    return {int(match[1]) for match in map(_NAME.fullmatch, names) if match}


def _digest(part: Part) -> str:
    """What identifies the exchanges of a part, and what was read beside them, in any process."""
    content = io.BytesIO()
    # Their ids stand for them, and they may have stayed where they were judged.
    part.frame.drop("prompt", "response", strict=False).write_ndjson(content)
    content.write(orjson.dumps([part.tally.tree(), [run_folder.quarantined(each) for each in part.rejected]]))
    return hashlib.blake2b(content.getbuffer(), digest_size=16).hexdigest()


def _sealed(done: Done) -> bytes:
    content = orjson.dumps(done.model_dump())
    return (
        orjson.dumps({"sha256": hashlib.sha256(content).hexdigest(), "part": orjson.Fragment(content)})
        + b"\n"
    )


def _unsealed(content: bytes) -> Done | None:
    """The content of a file that is as it was written; None if it is not."""
    try:
        tree: Any = orjson.loads(content)
        done = Done.model_validate_json(orjson.dumps(tree["part"]))
        Tally.of(done.tally)
    except (ValueError, TypeError, KeyError):  # not JSON, or not this
        return None
    is_same = hashlib.sha256(orjson.dumps(done.model_dump())).hexdigest() == tree["sha256"]
    return done if is_same else None
