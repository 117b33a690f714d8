"""The main path: a corpus in, findings with the rows that prove them out; or one shard of it, for `merge`."""

from __future__ import annotations

from datetime import UTC, datetime
from os import PathLike
from pathlib import Path
from time import monotonic
from typing import NamedTuple

from mixguard._reduce import DEFAULT_FOLDER, Accepted, Made, check_options, finish, reduced, summary
from mixguard.annotate.others import check_named
from mixguard.config import Config
from mixguard.corpus.corpus import Corpus, CorpusLike
from mixguard.detectors import Recipe
from mixguard.engine import asked, resume, reuse, screened
from mixguard.errors import ConfigError, RunFolderError
from mixguard.files import cache_folder
from mixguard.progress import Progress, Tell, quiet, silent
from mixguard.run import elsewhere, place
from mixguard.run.document import Audit
from mixguard.run.journal import Shard
from mixguard.run.provenance import Provenance, versions
from mixguard.urls import shown, url_of
from mixguard.vectors.base import Encoder


def audit(
    *corpora: CorpusLike,
    config: Config | None = None,
    encoder: Encoder | None = None,
    progress: Progress = silent,
    tell: Tell = quiet,
) -> Audit:
    """Audit a fine-tuning corpus: findings, annotations and provenance, written to a run folder.

    A run that was killed is resumed from the parts that it had done, if corpus, options and versions are the same; and
    what the run that is replaced has judged is not judged again.

    Args:
        *corpora: files, folders, globs, URLs (`s3://`, `https://`, ...), `-` for standard input,
            `hf://owner/name[:split]`; or a `datasets.Dataset`, a polars or pandas frame, a list of dicts.
        config: every option; see `mixguard config`.
        encoder: used instead of the one that `config` names.
        progress: called with the progress of each stage.
        tell: called with what a person should know before it is done: that a run is resumed, how much is sent to
            `judge.endpoint`.

    Raises:
        UsageError: an input, option or taxonomy cannot be used; the message says where and what to do.
    """
    config = config or Config()
    if config.run.shard is not None:
        raise ConfigError(
            f"run.shard {config.run.shard}: findings need the whole corpus; make shards with `mixguard audit --shard`"
            " (`mixguard.shard` in Python), and join them with `mixguard merge`"
        )
    target = elsewhere.local(config.run.folder or DEFAULT_FOLDER, offline=config.encode.offline)
    started, clock = datetime.now(UTC), monotonic()
    check_options(config)
    check_named(config)
    accepted = Accepted.load(config.checks, replacing=target)
    corpus = Corpus.open(corpora, config.read, offline=config.encode.offline, progress=progress)
    judge = asked.opened(config)
    with place.lasting(target, tell) as folder:
        mapped = resume.annotate(corpus, Recipe(config, encoder, bank=True), folder, target, progress, tell)
        made_by_map = mapped.journal.sums()
        detectors = mapped.run.detectors
        if mapped.run.taught is not None:
            limit, again = detectors.limit(config.checks.hazard_limit), screened.Again(corpus, mapped.worker)
            used = screened.measured(folder, limit, config, mapped.run.taught, lambda: again, progress)
            detectors = detectors.model_copy(update={"screen": used})
        if judge is not None:
            decided = asked.decide(corpus, mapped.worker, folder, config, judge, progress, tell)
            detectors = detectors.model_copy(update={"endpoint": decided})
        provenance = Provenance(
            started=started,
            seconds=round(monotonic() - clock, 2),
            texts_embedded=mapped.run.provenance.texts_embedded,
            versions=versions(),
        )
        made = Made(summary(mapped.journal.tally()), mapped.run.columns, detectors, provenance)
        result = finish(folder, config, accepted, made)
    reuse.vouch(cache_folder(config.encode.cache), target, mapped.run.made_of, made_by_map)
    return Audit(**{**dict(result), "folder": target})


class Sharded(NamedTuple):
    """A shard of a run: its parts are annotated, and nothing is judged before all shards are joined."""

    folder: Path
    shard: Shard
    parts: int
    """Parts of the corpus that it annotated."""
    of_parts: int
    """Parts of the whole corpus."""
    exchanges: int
    """Exchanges that it annotated."""


def shard(
    *corpora: CorpusLike,
    config: Config,
    encoder: Encoder | None = None,
    progress: Progress = silent,
    tell: Tell = quiet,
) -> Sharded:
    """Annotate the parts of a corpus that `config.run.shard` names, for `merge`; arguments and errors as of `audit`.

    The whole corpus is read. Nothing is sent to `judge.endpoint`: that needs the whole corpus, so `merge` does it.
    """
    if config.run.shard is None:
        raise ConfigError("run.shard: name one, such as 1/4")
    target, part = config.run.folder or DEFAULT_FOLDER, Shard.read(config.run.shard)
    if url_of(target) is not None:
        raise RunFolderError(
            f"{shown(target)}: a shard is written to a disk; name a folder that all shards share"
        )
    check_options(config)
    check_named(config)
    Accepted.load(config.checks)
    corpus = Corpus.open(corpora, config.read, offline=config.encode.offline, progress=progress)
    with place.lasting(target, tell) as folder:
        mapped = resume.annotate(corpus, Recipe(config, encoder, bank=True), folder, target, progress, tell)
        mapped.run.write(folder)
        made = mapped.journal
        return Sharded(target, part, len(made.done()), made.parts, made.tally().exchanges)


def check(run: str | PathLike[str], *, config: Config | None = None) -> Audit:
    """Re-run the checks of an earlier run with the limits of `config`; nothing is embedded.

    Raises:
        RunFolderError: `run` is not a run folder of this version.
    """
    earlier = Audit.load(Path(run))
    elsewhere.check_named(earlier.folder, config or earlier.config, earlier.config)
    config = config or earlier.config
    made = Made(earlier.corpus, earlier.columns, earlier.detectors, earlier.provenance)
    return reduced(earlier.folder, config, Accepted.load(config.checks), made)


def decided_since(before: Audit, config: Config) -> Audit:
    """An earlier audit, checked again if people may have accepted rows or set some aside since."""
    files = {name: getattr(config.checks, name) for name in ("allow", "aside")}
    own = {name: getattr(before.config.checks, name) for name in files}
    if not any(files.values()) and not any(file is not None and file.is_file() for file in own.values()):
        return before
    named = {name: files[name] or own[name] for name in files}
    checks = before.config.checks.model_copy(update=named)
    return check(before.folder, config=before.config.model_copy(update={"checks": checks}))
