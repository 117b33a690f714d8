"""What did tuning forget: the same probes, asked of a model before tuning and after it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeAlias, TypedDict, Unpack

import polars as pl

from mixguard.checkpoint.alike import check_alike, check_repeat, name
from mixguard.checkpoint.answers import Answers, read_answers
from mixguard.checkpoint.comparing import axes_of, openings, results
from mixguard.checkpoint.comparison import Comparison
from mixguard.checkpoint.conditions import Arm, Asked, Rule
from mixguard.checkpoint.held import held
from mixguard.checkpoint.misreading import detectors
from mixguard.checkpoint.outcomes import outcomes
from mixguard.checkpoint.results import ProbeOutcome
from mixguard.checkpoint.ruling import overall
from mixguard.checkpoint.second import SecondJudge, second_judge
from mixguard.checkpoint.states import judge
from mixguard.checkpoint.wording import verdict_sentence
from mixguard.config import Config
from mixguard.detectors import Recipe
from mixguard.engine.asked import opened
from mixguard.errors import UsageError
from mixguard.files import sha256
from mixguard.progress import Progress, Tell, quiet, silent
from mixguard.run.provenance import versions

Given: TypeAlias = Path | str | Answers
"""A probe file, by its path or as it was read."""
_MARGIN, _FLOOR = Rule().margin, Rule().floor


class Options(TypedDict, total=False):
    """What else `compare` takes."""

    repeats: Sequence[Given]
    """The base asked again in the same way, for the noise."""
    run: Path | str | None
    """Run folder of an audit of the corpus that it was tuned on."""
    manifest: Path | str | None
    """Manifest of the mix that it was tuned on."""
    margin: float
    """Loss that is always tolerated, as a share; .02 by default."""
    floor: float
    """Share of hazardous probes that the base must refuse; .5 by default."""
    allow_different: Collection[str]
    """Conditions that may differ: at most `server`."""


def compare(
    base: Given,
    tuned: Given,
    *,
    config: Config | None = None,
    progress: Progress = silent,
    tell: Tell = quiet,
    **options: Unpack[Options],
) -> Comparison:
    """Compare a model after tuning with the same model before it, probe by probe.

    Args:
        base: probe file of the model before tuning.
        tuned: probe file of the model after tuning, asked in the same way.
        config: encoder and cache of the judge, and the second judge if there is one.
        progress: called with the number of answers judged.
        tell: called with how many answers are sent to a second judge (`judge.endpoint`), before any is.
        **options: `repeats`, `run`, `manifest`, `margin`, `floor`, `allow_different`; see `Options`.

    Raises:
        UsageError: a file cannot be read, the two were not asked in the same way, or the base is not whole.
    """
    rule = _rule(options.get("margin", _MARGIN), options.get("floor", _FLOOR))
    before, after = _read(base), _read(tuned)
    again = [_read(each) for each in options.get("repeats", ())]
    allowed = check_alike(before, after, options.get("allow_different", ()))
    for repeat in again:
        check_repeat(before, repeat)
    corpus = held(_path(options.get("run")), _path(options.get("manifest")))
    config = config or Config()
    asked = opened(config)
    worker = Recipe(config).answers()
    judged = [judge(each, config, progress, worker) for each in (before, after, *again)]
    told = outcomes(judged[0], judged[1])
    judges = tuple(detectors(axes_of(told), worker.detectors))
    found = results(told, worker.detectors.hazards, judges, rule, judged[2:])
    verdict, arm, of = overall(found, partial=not after.is_whole), _arm(after), _asked(before)
    second = None
    if asked is not None:
        became = dict(told.select("probe", pl.col("outcome").cast(pl.String)).iter_rows())
        pairs = ((before, judged[0]), (after, judged[1]))
        second = second_judge(pairs, became, asked, config, progress, tell)
    return Comparison(
        made=datetime.now(UTC).isoformat(timespec="seconds"),
        verdict=verdict,
        sentence=verdict_sentence(verdict, found, arm, of.limited),
        base=_arm(before),
        tuned=arm,
        repeats=tuple(map(_arm, again)),
        asked=of,
        allowed=allowed,
        rule=rule,
        results=found,
        openings=tuple(openings(told)),
        probes=tuple(_probes(told, before)),
        detectors=judges,
        second=second,
        corpus=corpus,
        notes=tuple(_notes(before, after, again, allowed, second)),
        versions=versions(),
    )


def _read(given: Given) -> Answers:
    return given if isinstance(given, Answers) else read_answers(Path(given))


def _path(given: Path | str | None) -> Path | None:
    return None if given is None else Path(given)


def _rule(margin: float, floor: float) -> Rule:
    for called, value in (("margin", margin), ("floor", floor)):
        if not 0 <= value <= 1:
            raise UsageError(f"{called} {value:g}: give a share from 0 to 1, such as 0.02")
    return Rule(margin=margin, floor=floor)


def _arm(answers: Answers) -> Arm:
    target = answers.header.target
    return Arm(
        file=str(answers.path or ""),
        sha256=sha256([answers.path]) if answers.path else None,
        model=target.model,
        kind=target.kind,
        server=target.server,
        template=target.template,
        started=answers.header.started,
        tool=answers.header.tool,
        answers=answers.rows.height - answers.missing,
        missing=answers.missing,
        cut=int(answers.rows["cut"].sum()),
    )


def _asked(answers: Answers) -> Asked:
    header = answers.header
    return Asked(
        suite=header.suite,
        version=header.suite_version,
        digest=header.suite_digest,
        asked=header.asked,
        probes=len(header.probes),
        dropped=len(header.dropped),
        limited=header.limited,
        decoding=header.decoding,
    )


def _probes(told: pl.DataFrame, answers: Answers) -> list[ProbeOutcome]:
    asked = {probe.id: probe for probe in answers.header.probes}
    columns = ("probe", "axis", "hazard", "outcome", "base_states", "tuned_states")
    return [
        ProbeOutcome(
            probe=probe,
            axis=axis,
            hazard=hazard,
            sub=asked[probe].sub,
            form=asked[probe].form,
            outcome=outcome,
            base=tuple(base),
            tuned=tuple(tuned),
        )
        for probe, axis, hazard, outcome, base, tuned in told.select(columns).iter_rows()
    ]


def _notes(
    before: Answers,
    after: Answers,
    again: Sequence[Answers],
    allowed: Sequence[str],
    second: SecondJudge | None,
) -> list[str]:
    """What else must be known to read the result."""
    header, decoding, asked = before.header, before.header.decoding, len(before.header.probes)
    tools = [each.header.tool or "unknown" for each in (after, before)]
    told = (
        (
            bool(allowed),
            f"The {', '.join(allowed)} of the two models differs, and that alone changes answers: some of the change may not be tuning's.",
        ),
        (before.rows.equals(after.rows), "Both files hold the same answers: nothing was compared."),
        (
            after.missing > 0,
            f"The tuned model lacks {after.missing:,} of {after.header.wanted:,} answers: run its `mixguard probe` again.",
        ),
        (decoding.samples == 1, "One sample each: answers that change from sample to sample are not seen."),
        (
            decoding.samples > 1 and decoding.temperature == 0,
            "The samples are the most probable answer each time: they repeat each other.",
        ),
        (bool(header.dropped), f"{len(header.dropped):,} probes were left out since the corpus holds them."),
        (
            header.limited > 0,
            f"Only {asked:,} of {asked + header.limited:,} probes were asked (--limit): a try, and no baseline.",
        ),
        (not again, "The base was not repeated, so its own noise is not known: --repeat."),
        (
            any(before.rows.equals(each.rows) for each in again),
            "A repeat holds the same answers as the base, so it shows no noise.",
        ),
        (
            tools[0] != tools[1],
            f"{name(after)} was asked by mixguard {tools[0]}, {name(before)} by {tools[1]}.",
        ),
    )
    notes = [text for holds, text in told if holds]
    return [*notes, second.sentence] if second else notes
