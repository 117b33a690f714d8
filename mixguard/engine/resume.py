"""The map of a run or of a shard, begun anew or resumed in a folder where parts of it are done."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import entry_points
from pathlib import Path
from time import monotonic
from typing import NamedTuple

import orjson

from mixguard.annotate.screen import Screen
from mixguard.config import SERVED, Config
from mixguard.corpus.corpus import Corpus
from mixguard.detectors import Recipe, Worker
from mixguard.engine import screened
from mixguard.engine.choose import engine_of
from mixguard.engine.reuse import Reusing
from mixguard.files import cache_folder, seal, sha256, spelt
from mixguard.progress import Progress, Tell
from mixguard.run.journal import RunJournal, Shard
from mixguard.run.provenance import Provenance, versions
from mixguard.run.unfinished import Unfinished, begin
from mixguard.signals.plugins import GROUP

_READ = ("evaluation", "alignment", "references")
"""Options of `JudgeConfig` that name files whose content decides annotations."""
_ELSEWHERE = {"encode.cache", "encode.offline", "encode.device", *(f"judge.{name}" for name in SERVED)}
"""Options of the sections `read`, `encode` and `judge` that decide no annotation of the map."""


SCREEN = "digest of the screen"
"""Name of what is learned from the corpus, among what a run is made of."""


class Mapped(NamedTuple):
    """What the map did."""

    worker: Worker
    """Without the screen."""
    journal: RunJournal
    run: Unfinished


def annotate(
    corpus: Corpus, recipe: Recipe, folder: Path, target: Path, progress: Progress, tell: Tell
) -> Mapped:
    """Annotate the parts of a corpus that are not done yet, those of a shard if `run.shard` names one.

    Args:
        corpus: the whole corpus.
        recipe: what workers are built from.
        folder: where the run is made.
        target: the place that it takes; what the run there has judged is not judged again.
        progress: called with what is done.
        tell: called with what is resumed or reused.

    Raises:
        UsageError: the corpus, or something the worker is built from, cannot be used.
    """
    config, started, clock = recipe.config, datetime.now(UTC), monotonic()
    progress("loading the encoder", 0, None)
    worker = recipe.worker()
    before = worker.embedded
    learned = screened.learned(corpus, worker, config, progress)
    screen = learned.screen if learned else None
    recipe, judge = replace(recipe, screen=screen), worker.screened_by(screen)
    learning = worker.embedded - before
    run = Unfinished(
        made_of=made_of(corpus, config, worker, screen),
        columns={name: str(kind) for name, kind in worker.columns.items()},
        detectors=worker.detectors,
        config=config,
        provenance=Provenance(started=started, seconds=0, texts_embedded=0, versions=versions()),
        taught=learned.taught if learned else None,
    )
    begin(folder, run, tell)
    cache = cache_folder(config.encode.cache)
    own = partial(_sealed, cache, orjson.dumps(run.made_of, option=orjson.OPT_SORT_KEYS))
    journal = RunJournal(folder, Shard.read(config.run.shard), seal=own)
    reusing = Reusing.of(judge, cache, target, run)
    engine = engine_of(recipe)
    embedded = engine(corpus, recipe, reusing, journal, rows=config.run.batch, progress=progress)
    if reusing.reused:
        tell(
            f"kept from the run that this one replaces: {reusing.reused:,} exchanges (--fresh judges all again)"
        )
    journal.close()
    used = {"seconds": round(monotonic() - clock, 2), "texts_embedded": learning + embedded}
    ended = {
        "parts": journal.parts,
        "sources": journal.sources,
        "provenance": run.provenance.model_copy(update=used),
    }
    return Mapped(worker, journal, run.model_copy(update=ended))


def made_of(corpus: Corpus, config: Config, worker: Worker, screen: Screen | None = None) -> dict[str, str]:
    """Everything that decides the annotations of a part, by name: two runs of which it is the same make the same."""
    judged = hashlib.sha256(f"{worker.detectors.model_dump_json()}{worker.columns}".encode()).hexdigest()[:16]
    return {
        "corpus": _named([source.name for source in corpus.sources]),
        **{f"version of {name}": number for name, number in {**versions(), **dict(_plugins())}.items()},
        **dict(options(config)),
        **dict(_contents(config)),
        "digest of the bank": worker.bank,
        "digest of models and taxonomy": judged,
        SCREEN: screen.digest if screen else "none",
    }


def _sealed(cache: Path, made_of: bytes, content: bytes) -> str:
    """What only this user can make for a part of such a run."""
    return seal(cache, made_of + content)


def _named(sources: Sequence[str]) -> str:
    """The sources in a few words; their content is compared part by part."""
    if len(sources) == 1:
        return sources[0]
    digest = hashlib.sha256("\n".join(sources).encode()).hexdigest()[:8]
    return f"{sources[0]} and {len(sources) - 1:,} more ({digest})"


def options(config: Config) -> Iterator[tuple[str, str]]:
    """The options that decide annotations, by dotted name."""
    for section in ("read", "encode", "judge"):
        for name, value in getattr(config, section):
            if f"{section}.{name}" not in _ELSEWHERE:
                yield f"{section}.{name}", spelt(value)
    yield "run.batch", spelt(config.run.batch)
    yield "run.shard", config.run.shard or "none"


def _contents(config: Config) -> Iterator[tuple[str, str]]:
    """Digests of the files that judging reads."""
    for option in _READ:
        for name in getattr(config.judge, option):
            path = Path(name)
            files = sorted(each for each in path.rglob("*") if each.is_file()) if path.is_dir() else [path]
            yield f"digest of {name}", sha256(each for each in files if each.is_file())[:16]


def _plugins() -> Iterator[tuple[str, str]]:
    """Versions of the packages that add signals."""
    for point in entry_points(group=GROUP):
        if point.dist is not None:
            yield point.dist.name, point.dist.version
