"""The reduce: annotations in, findings out; and the files of a finished run."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from mixguard.catalogue import CHECKS, DECIDABLE, LIMITS, limits
from mixguard.checks.base import Evidence
from mixguard.checks.nature import nature
from mixguard.checks.run import run_checks
from mixguard.checks.suppress import Baseline
from mixguard.checks.terms import TRAINED
from mixguard.checks.training import advice
from mixguard.config import CheckConfig, Config
from mixguard.corpus.parts import Tally
from mixguard.errors import ConfigError
from mixguard.files import write_atomically
from mixguard.library.allow import Allowance, load_allowances
from mixguard.library.aside import SetAside, load_set_aside
from mixguard.library.provider import Provider
from mixguard.library.voice import Voice
from mixguard.mix.asking import ask, profile_of
from mixguard.run import elsewhere
from mixguard.run import folder as run_folder
from mixguard.run.document import Audit, marked
from mixguard.run.findings import CorpusSummary, UnreadColumn, kinds, verdict
from mixguard.run.provenance import Detectors, Provenance
from mixguard.training.plan import Plan

DEFAULT_FOLDER = Path("mixguard-run")


class Made(NamedTuple):
    """What the map produced, besides the annotations."""

    corpus: CorpusSummary
    columns: dict[str, str]
    detectors: Detectors
    provenance: Provenance


class Accepted(NamedTuple):
    """Findings and rows that were accepted or set aside, or are known from an earlier run."""

    allowances: tuple[Allowance, ...]
    set_aside: tuple[SetAside, ...]
    baseline: Baseline | None

    @classmethod
    def load(cls, config: CheckConfig, replacing: Path | None = None) -> Accepted:
        """What the allow file, the set-aside file and the baseline say.

        Raises:
            UsageError: one cannot be used, or the run would replace its own baseline.
        """
        allowances = load_allowances(config.allow, DECIDABLE) if config.allow else ()
        set_aside = load_set_aside(config.aside, DECIDABLE) if config.aside else ()
        if config.baseline is None:
            return cls(allowances, set_aside, None)
        if replacing is not None and elsewhere.same(replacing, config.baseline):
            # Otherwise a second run of a failing corpus would find everything known, and pass.
            raise ConfigError(
                f"{replacing}: this run would replace its own baseline; choose another folder with --run"
            )
        earlier = Audit.load(config.baseline)
        return cls(allowances, set_aside, Baseline(earlier.findings, earlier.annotations, earlier.coverage))


class _Intended(NamedTuple):
    """How and by whom the model will be trained, as far as it was said."""

    plan: Plan
    provider: Provider | None


def _intended(config: Config) -> _Intended:
    named = config.checks.provider
    return _Intended(Plan.of(config.training), Provider.load(named) if named else None)


def check_options(config: Config) -> None:
    """Report what the reduce cannot use before anything is embedded.

    Raises:
        UsageError: a limit, profile, voice, training plan or provider is unknown or unusable.
    """
    limits(config.checks)
    profile_of(config)
    if config.rebalance.voice:
        Voice.load(config.rebalance.voice)
    _intended(config)


def finish(folder: Path, config: Config, accepted: Accepted, made: Made) -> Audit:
    """Reduce, and write what the map did not: `flagged.parquet`, `audit.json`, `config.toml`."""
    result = reduced(folder, config, accepted, made)
    result.keep_flagged(folder)
    write_atomically(folder / run_folder.AUDIT, result.to_json())
    write_atomically(folder / run_folder.CONFIG, config.to_toml(LIMITS).encode())
    return result


def reduced(folder: Path, config: Config, accepted: Accepted, made: Made) -> Audit:
    """The document of annotated parts."""
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
    checked = run_checks(
        CHECKS,
        evidence,
        accepted.allowances,
        accepted.baseline,
        set_aside=accepted.set_aside,
        today=today,
    )
    decided = verdict(checked.findings)
    result = Audit(
        verdict=decided,
        kinds=kinds(checked.findings, decided),
        nature=evidence.nature,
        findings=checked.findings,
        allowed=checked.allowed,
        set_aside=checked.set_aside,
        coverage=evidence.coverage,
        training_advice=advice(evidence),
        **made._asdict(),
        config=config,
        folder=folder,
    )
    result.flag(checked.rows)
    return result


def summary(tally: Tally) -> CorpusSummary:
    """What was read, for the document."""
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
