"""Join the shards of a run: parts by link or copy, then the stages that need the whole corpus, and the reduce."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from contextlib import suppress
from functools import cached_property
from itertools import pairwise
from os import PathLike
from pathlib import Path
from time import monotonic
from typing import NamedTuple

from mixguard._reduce import DEFAULT_FOLDER, Accepted, Made, check_options, finish, summary
from mixguard.config import SERVED, Config, JudgeConfig, RunConfig
from mixguard.corpus.corpus import Corpus
from mixguard.detectors import Recipe
from mixguard.engine import asked, screened
from mixguard.engine.resume import SCREEN, made_of, options
from mixguard.engine.screened import Again
from mixguard.errors import ConfigError, InputError, RunFolderError, UsageError
from mixguard.progress import Progress, Tell, quiet, silent
from mixguard.run import folder as run_folder
from mixguard.run import place
from mixguard.run.document import Audit
from mixguard.run.journal import RunJournal, Shard, done_parts, part_names
from mixguard.run.provenance import Provenance
from mixguard.run.unfinished import Unfinished, unlike
from mixguard.vectors.base import Encoder

_SHARD = "run.shard"
_NEEDED = (
    "a judge, and a screen that missed too much, need the corpus itself: merge where it is as it was, leave out --judge, or"
    " make the shards with --screen off"
)
_NAMED = 5
"""Missing shards that are named."""


class _Found(NamedTuple):
    """A shard's folder, its place among the others, and what it is made of."""

    folder: Path
    shard: Shard
    run: Unfinished


def merge(
    *shards: str | PathLike[str],
    config: Config | None = None,
    encoder: Encoder | None = None,
    progress: Progress = silent,
    tell: Tell = quiet,
) -> Audit:
    """Join all shards of a run to what `audit` makes of the whole corpus.

    Args:
        *shards: their run folders, in any order; they stay as they are.
        config: every option, by default `recorded` of these shards; what decides annotations must be the same.
        encoder: as given to `shard`; only needed for `judge.endpoint`.
        progress: called with the progress of each stage.
        tell: called with what a person should know before it is done.

    Raises:
        RunFolderError: a shard is missing, there twice, damaged, or made of something else than the others, or the run
            would take the place of one.
        UsageError: an option cannot be used, or the corpus is not there for `judge.endpoint`.
    """
    clock = monotonic()
    found = _all_of_one(list(map(Path, shards)))
    first = found[0].run
    config = _ours(config or recorded(*shards), first)
    target = config.run.folder or DEFAULT_FOLDER
    _check_apart(target, found)
    check_options(config)
    accepted = Accepted.load(config.checks, replacing=target)
    judge = asked.opened(config)
    with place.fresh(target) as folder:
        progress("joining", 0, len(found), "shards")
        journal = _joined(found, folder)
        tally = journal.tally()
        source = _Source(first, list(tally.digests), config, encoder)
        detectors = first.detectors
        if first.taught is not None:
            limit = detectors.limit(config.checks.hazard_limit)
            used = screened.measured(folder, limit, config, first.taught, source.again, progress)
            detectors = detectors.model_copy(update={"screen": used})
        if judge is not None:
            corpus, worker = source.again()
            decided = asked.decide(corpus, worker, folder, config, judge, progress, tell)
            detectors = detectors.model_copy(update={"endpoint": decided})
        elif first.config.judge.endpoint is not None:
            tell(
                f"nothing was sent to {first.config.judge.endpoint}, which the shards name: give --judge to this command"
            )
        provenance = _together(found, monotonic() - clock, source.embedded)
        made = Made(summary(tally), first.columns, detectors, provenance)
        run_folder.check_annotations(folder, made.corpus.exchanges, made.columns)
        result = finish(folder, config, accepted, made)
    return Audit(**{**dict(result), "folder": target})


def recorded(*shards: str | PathLike[str]) -> Config:
    """The options of the shards, except those that only whoever merges may say: where to write, and where texts are sent.

    Raises:
        RunFolderError: there is no shard, or it is damaged.
    """
    if not shards:
        raise RunFolderError("no shards are named: give the run folders of all shards, e.g. shards/*")
    return _whole(Unfinished.load(Path(shards[0])).config)


def _ours(config: Config, run: Unfinished) -> Config:
    """The options of the merged run, refused where they do not fit the annotations."""
    for name, value in options(config):
        if name != _SHARD and run.made_of.get(name) != value:
            raise ConfigError(
                f"{name} is {value}, but {run.made_of.get(name)} in the shards: it decides annotations, so it cannot change"
                " now; make the shards again, or leave it out"
            )
    return config.model_copy(update={"run": config.run.model_copy(update={"shard": None, "fresh": False})})


def _whole(config: Config) -> Config:
    judge = config.judge.model_copy(update={name: getattr(JudgeConfig(), name) for name in SERVED})
    encode = config.encode.model_copy(update={"cache": None})
    return config.model_copy(
        update={"run": RunConfig(batch=config.run.batch), "judge": judge, "encode": encode}
    )


def _all_of_one(folders: Sequence[Path]) -> list[_Found]:
    """All shards of one run, in order."""
    runs = [(folder, Unfinished.load(folder)) for folder in folders]
    found = sorted(
        (_Found(folder, Shard.read(run.config.run.shard), run) for folder, run in runs),
        key=lambda each: each.shard,
    )
    if not found:
        raise RunFolderError("no shards are named: give the run folders of all shards, e.g. shards/*")
    for one, other in pairwise(found):
        if one.shard == other.shard:
            raise RunFolderError(
                f"{other.folder}: is shard {other.shard}, as is {one.folder}; name each shard once"
            )
        _check_alike(one, other)
    of = found[0].shard.of
    missing = sorted(set(range(1, of + 1)) - {each.shard.number for each in found})
    if missing:
        named = ", ".join(f"{number}/{of}" for number in missing[:_NAMED])
        more = f" and {len(missing) - _NAMED:,} more" if len(missing) > _NAMED else ""
        raise RunFolderError(
            f"shards missing: {named}{more}; make each as the others were made, e.g. `mixguard audit --shard {missing[0]}/{of} ...`"
        )
    return found


def _check_apart(target: Path, found: Sequence[_Found]) -> None:
    """Refuse to write the run where one of its shards lies."""
    if any(os.path.realpath(each.folder) == os.path.realpath(target) for each in found):
        raise RunFolderError(
            f"{target}: is one of the shards, which stay as they are; name another folder with --run"
        )


def _check_alike(one: _Found, other: _Found) -> None:
    """Refuse two shards that are not of one run."""
    what = None
    if one.shard.of != other.shard.of:
        raise RunFolderError(
            f"{other.folder}: is shard {other.shard}, but {one.folder} is {one.shard}; make all with the same number"
        )
    name = unlike({**one.run.made_of, _SHARD: ""}, {**other.run.made_of, _SHARD: ""})
    if name is not None:
        was, now = (each.run.made_of.get(name, "none") for each in (one, other))
        what = f"{name} is {now}, but {was} in {one.folder}"
    elif (one.run.sources, one.run.parts) != (other.run.sources, other.run.parts):
        source = unlike(one.run.sources, other.run.sources)
        what = f"read another corpus than {one.folder} ({source} differs)"
    elif _whole(one.run.config) != _whole(other.run.config):
        what = f"options differ from those of {one.folder}"
    if what is not None:
        raise RunFolderError(f"{other.folder}: {what}; make both from the same corpus, with the same options")


def _joined(found: Sequence[_Found], folder: Path) -> RunJournal:
    """The parts of all shards in one folder, none of them written anew."""
    journal = RunJournal(folder, parts=found[0].run.parts or 0)
    (folder / run_folder.ANNOTATIONS).mkdir()
    for each in found:
        wanted = list(filter(each.shard.has, range(journal.parts)))
        lacking = sorted(set(wanted) - set(done_parts(each.folder)))
        if lacking:
            raise RunFolderError(
                f"{each.folder}: part {lacking[0]} is missing; run the command that made shard {each.shard} again"
            )
        for number in wanted:
            for name in part_names(number):
                _link(each.folder / name, folder / name)
    journal.check()
    journal.close()
    return journal


def _link(source: Path, to: Path) -> None:
    """Give a file a second name where the file system can, else copy it; a part without exchanges has no file."""
    if not source.is_symlink():
        with suppress(OSError):
            os.link(source, to)
            return
    if source.is_file():
        shutil.copyfile(source, to)


class _Source:
    """The corpus and a worker once more, for stages that need them; checked to be those of the shards."""

    def __init__(
        self, run: Unfinished, sources: Sequence[str], config: Config, encoder: Encoder | None
    ) -> None:
        self._run, self._sources, self._config, self._encoder = run, sources, config, encoder

    @property
    def embedded(self) -> int:
        """Texts that were embedded for these stages."""
        return self.again().worker.embedded if "_found" in vars(self) else 0

    def again(self) -> Again:
        """The corpus and the worker.

        Raises:
            UsageError: they are not those of the shards, or the corpus is not here.
        """
        return self._found

    @cached_property
    def _found(self) -> Again:
        run, config = self._run, self._config
        try:
            corpus = Corpus.open(list(self._sources), config.read, offline=config.encode.offline)
            changed = [each.name for each in corpus.sources if each.digest() != run.sources.get(each.name)]
        except InputError as error:
            raise InputError(f"{error}; {_NEEDED}") from None
        if changed or len(corpus.sources) != len(run.sources):
            raise InputError(
                f"{(changed or self._sources)[0]}: changed since the shards were made; {_NEEDED}"
            )
        worker = Recipe(config, self._encoder, bank=True).worker()
        any_ = {_SHARD: "", SCREEN: ""}
        name = unlike({**run.made_of, **any_}, {**made_of(corpus, config, worker), **any_})
        if name is not None:
            raise UsageError(f"{name} is not what it was when the shards were made; {_NEEDED}")
        return Again(corpus, worker)


def _together(found: Sequence[_Found], seconds: float, embedded: int) -> Provenance:
    """When the first shard began, and what all of them took, this included."""
    made = [each.run.provenance for each in found]
    return Provenance(
        started=min(each.started for each in made),
        seconds=round(sum(each.seconds for each in made) + seconds, 2),
        texts_embedded=sum(each.texts_embedded for each in made) + embedded,
        versions=made[0].versions,
    )
