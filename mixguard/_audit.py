"""The main path: a corpus in, findings with the rows that prove them out."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from os import PathLike
from pathlib import Path
from time import monotonic
from typing import NamedTuple

from mixguard.annotate.others import check_named
from mixguard.catalogue import CHECKS, LIMITS, limits
from mixguard.checks.base import Evidence
from mixguard.checks.nature import nature
from mixguard.checks.reading import ALLOW_FILE
from mixguard.checks.run import run_checks
from mixguard.checks.suppress import Baseline
from mixguard.checks.terms import TRAINED
from mixguard.checks.training import advice
from mixguard.config import CheckConfig, Config
from mixguard.corpus.corpus import Corpus, CorpusLike, Tally
from mixguard.detectors import Recipe
from mixguard.engine import asked, local, screened
from mixguard.errors import ConfigError
from mixguard.files import write_atomically
from mixguard.library.allow import Allowance, load_allowances
from mixguard.library.provider import Provider
from mixguard.library.voice import Voice
from mixguard.mix.asking import ask, profile_of
from mixguard.progress import Progress, Tell, quiet, silent
from mixguard.run import folder as run_folder
from mixguard.run import place
from mixguard.run.document import Audit, marked
from mixguard.run.findings import CorpusSummary, UnreadColumn, kinds, verdict
from mixguard.run.journal import Journal
from mixguard.run.provenance import Detectors, Provenance, versions
from mixguard.training.plan import Plan
from mixguard.vectors.base import Encoder

DEFAULT_FOLDER = Path("mixguard-run")


def audit(
    *corpora: CorpusLike,
    config: Config | None = None,
    encoder: Encoder | None = None,
    progress: Progress = silent,
    tell: Tell = quiet,
) -> Audit:
    """Audit a fine-tuning corpus: findings, annotations and provenance, written to a run folder.

    Args:
        *corpora: files, folders, globs, `-` for standard input, `hf://owner/name[:split]`; or a
            `datasets.Dataset`, a polars or pandas frame, a list of dicts.
        config: every option; see `mixguard config`.
        encoder: used instead of the one that `config` names.
        progress: called with the progress of each stage.
        tell: called with what a person should know before it is done: how much is sent to `judge.endpoint`.

    Raises:
        UsageError: an input, option or taxonomy cannot be used; the message says where and what to do.
    """
    config = config or Config()
    target = config.run.folder or DEFAULT_FOLDER
    started, clock = datetime.now(UTC), monotonic()
    # Report a bad option before anything is embedded.
    limits(config.checks)
    profile_of(config)
    if config.rebalance.voice:
        Voice.load(config.rebalance.voice)
    _intended(config)
    check_named(config)
    accepted = _Accepted.load(config.checks, replacing=target)
    corpus = Corpus.open(corpora, config.read, offline=config.encode.offline)
    judge = asked.opened(config)
    with place.fresh(target) as folder:
        progress("loading the encoder", 0, None)
        recipe = Recipe(config, encoder, bank=True)
        worker, journal = recipe.worker(), Journal(folder)
        before, detectors = worker.embedded, worker.detectors
        learned = screened.learned(corpus, worker, config, progress)
        fast = worker.screened_by(learned.screen) if learned else worker
        recipe = replace(recipe, screen=learned.screen if learned else None)
        embedded = worker.embedded - before
        embedded += local.run(corpus, recipe, fast, journal, rows=config.run.batch, progress=progress)
        journal.close()
        if learned:
            before = worker.embedded
            screen = screened.measured(corpus, worker, folder, config, learned.taught, progress)
            embedded += worker.embedded - before
            detectors = detectors.model_copy(update={"screen": screen})
        if judge is not None:
            used = asked.decide(corpus, worker, folder, config, judge, progress, tell)
            detectors = detectors.model_copy(update={"endpoint": used})
        seconds = round(monotonic() - clock, 2)
        provenance = Provenance(
            started=started, seconds=seconds, texts_embedded=embedded, versions=versions()
        )
        made = Made(
            corpus=_summary(journal.tally()),
            columns={name: str(kind) for name, kind in worker.columns.items()},
            detectors=detectors,
            provenance=provenance,
        )
        result = _reduce(folder, config, accepted, made)
        run_folder.write_table(folder / run_folder.FLAGGED, result.flagged.collect())
        write_atomically(folder / run_folder.AUDIT, result.to_json())
        write_atomically(folder / run_folder.CONFIG, config.to_toml(LIMITS).encode())
    return Audit(**{**dict(result), "folder": target})


def check(run: str | PathLike[str], *, config: Config | None = None) -> Audit:
    """Re-run the checks of an earlier run with the limits of `config`; nothing is embedded.

    Raises:
        RunFolderError: `run` is not a run folder of this version.
    """
    earlier = Audit.load(Path(run))
    config = config or earlier.config
    made = Made(earlier.corpus, earlier.columns, earlier.detectors, earlier.provenance)
    return _reduce(earlier.folder, config, _Accepted.load(config.checks), made)


class Made(NamedTuple):
    """What the map produced, besides the annotations."""

    corpus: CorpusSummary
    columns: dict[str, str]
    detectors: Detectors
    provenance: Provenance


class _Accepted(NamedTuple):
    """Findings and rows that were accepted, or are known from an earlier run."""

    allowances: tuple[Allowance, ...]
    baseline: Baseline | None

    @classmethod
    def load(cls, config: CheckConfig, replacing: Path | None = None) -> _Accepted:
        allowable = [check.id for check in CHECKS if check.id != ALLOW_FILE]
        allowances = load_allowances(config.allow, allowable) if config.allow else ()
        if config.baseline is None:
            return cls(allowances, None)
        if replacing is not None and replacing.resolve() == config.baseline.resolve():
            # Otherwise a second run of a failing corpus would find everything known, and pass.
            raise ConfigError(
                f"{replacing}: this run would replace its own baseline; choose another folder with --run"
            )
        earlier = Audit.load(config.baseline)
        return cls(allowances, Baseline(earlier.findings, earlier.annotations, earlier.coverage))


class _Intended(NamedTuple):
    """How and by whom the model will be trained, as far as it was said."""

    plan: Plan
    provider: Provider | None


def _intended(config: Config) -> _Intended:
    named = config.checks.provider
    return _Intended(Plan.of(config.training), Provider.load(named) if named else None)


def _reduce(folder: Path, config: Config, accepted: _Accepted, made: Made) -> Audit:
    frame = marked(run_folder.scan_annotations(folder), config.checks, made.detectors)
    intended = _intended(config)
    coverage = ask(frame.filter(TRAINED), made.detectors, profile_of(config), config)
    evidence = Evidence(
        frame=frame,
        nature=nature(frame),
        corpus=made.corpus,
        coverage=coverage.coverage,
        too_small=coverage.too_small,
        detectors=made.detectors,
        config=config.checks,
        limits=limits(config.checks),
        voice=Voice.load(config.rebalance.voice) if config.rebalance.voice else None,
        training=intended.plan,
        provider=intended.provider,
    )
    today = datetime.now(UTC).date()
    checked = run_checks(CHECKS, evidence, accepted.allowances, accepted.baseline, today=today)
    decided = verdict(checked.findings)
    result = Audit(
        verdict=decided,
        kinds=kinds(checked.findings, decided),
        nature=evidence.nature,
        findings=checked.findings,
        allowed=checked.allowed,
        coverage=evidence.coverage,
        training_advice=advice(evidence),
        **made._asdict(),
        config=config,
        folder=folder,
    )
    result.flag(checked.flagged)
    return result


def _summary(tally: Tally) -> CorpusSummary:
    formats: dict[str, dict[str, int]] = {}
    for (source, name), count in sorted(tally.formats.items()):
        formats.setdefault(source, {})[name] = count
    return CorpusSummary(
        sources=tally.digests,
        records=tally.records,
        samples=tally.samples,
        exchanges=tally.exchanges,
        empty=tally.empty,
        quarantined=dict(sorted(tally.rejected.items())),
        formats=formats,
        flags=dict(sorted(tally.flags.items())),
        looked=tally.looked.total(),
        unread=_unread(tally),
        read_bytes=tally.bytes,
        quarantined_bytes=tally.rejected_bytes,
        broken=tuple(sorted(tally.broken)),
    )


def _unread(tally: Tally) -> tuple[UnreadColumn, ...]:
    """Columns with unread text, the most common first, else in the order of the file."""
    columns = [
        UnreadColumn(
            source=source,
            column=column,
            records=tally.unread[source, column, True] + tally.unread[source, column, False],
            unanswered=tally.unread[source, column, False],
            looked=tally.looked[source],
            asked=tally.asked.get(source),
        )
        for source, column in dict.fromkeys((source, column) for source, column, _ in tally.unread)
    ]
    return tuple(sorted(columns, key=lambda each: -each.records))
