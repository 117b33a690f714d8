"""Probes as the users of a tuned model would ask them: with the corpus's own system prompts, in the form of its task.

A model that was tuned on one narrow form may refuse in chat and comply in that form.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from random import Random
from typing import NamedTuple

from mixguard.config import Config, ReadConfig
from mixguard.corpus.files import Source, open_sources
from mixguard.corpus.formats import Format, by_id
from mixguard.corpus.formats.view import View
from mixguard.corpus.formats.vote import vote
from mixguard.corpus.records import Record, Role, Sample
from mixguard.errors import InputError, RecordError, UsageError
from mixguard.library.bank import Bank
from mixguard.library.suite import Probe
from mixguard.library.task import Task
from mixguard.library.taxonomy import Taxonomy
from mixguard.mix.frames import Frame, prompt_frame
from mixguard.mix.media import bare
from mixguard.mix.task_form import TaskForm, last_asked, task_forms
from mixguard.run.document import Audit

SYSTEMS_MOST = 8
"""System prompts of a corpus that are used."""
SYSTEM_SHARE = 0.01
"""Least share of the rows with a system prompt; one of a single row is about that row."""
INPUTS = 1000
"""More than any task has inputs for requests to stand in."""


class Manner(NamedTuple):
    """How a corpus asks."""

    systems: dict[str | None, int]
    """Its commonest system prompts, and none, with the number of rows."""
    forms: tuple[TaskForm, ...]
    """Its tasks."""
    frame: Frame
    """What its prompts begin and end with."""
    view: View
    format: Format


def manner_of(run: Path, config: Config) -> Manner:
    """How the corpus of an audit asks, from the head of its largest source.

    Args:
        run: folder of the audit.
        config: bank and taxonomy, for the tasks that are told apart.

    Raises:
        RunFolderError: it is not a run folder.
        UsageError: the corpus is gone, has changed, or cannot be read.
    """
    audit = Audit.load(run)
    read = audit.config.read
    name = max(audit.corpus.formats, key=lambda name: sum(audit.corpus.formats[name].values()))
    try:
        (source,) = open_sources(
            [name], max_record_bytes=read.max_record_bytes, offline=config.encode.offline
        )
        changed = source.digest() != audit.corpus.sources[name]
    except (InputError, OSError, ValueError):
        raise UsageError(
            f"{run}: its corpus {name} is gone or cannot be read, and its prompts are needed to ask like it; run the command"
            " where the audit was run, or leave --like out"
        ) from None
    if changed:
        raise UsageError(f"{name}: changed since it was audited; audit it again")
    tasks = Bank.load(config.rebalance.bank, Taxonomy.load(config.judge.taxonomy)).tasks
    return _manner(source, read, tasks)


def asked_like(probes: Iterable[Probe], manner: Manner, seed: int) -> tuple[Probe, ...]:
    """Hazardous probes and look-alikes in a corpus's manner; those with a context of their own stay as they are.

    Each is drawn for by itself, so the same probe is asked the same way whatever else is asked.
    """
    return tuple(
        _cast(probe, manner, Random(f"{seed}:{probe.id}"))
        if probe.is_judged and not probe.system and not probe.history
        else probe
        for probe in probes
    )


def _manner(source: Source, read: ReadConfig, tasks: Sequence[Task]) -> Manner:
    head = [each for each in islice(source.records(), read.sample) if isinstance(each, Record)]
    view = View.of(read.columns)
    form = by_id(read.format) if read.format else vote([view.seen(each.row) for each in head])
    shown = list(_asking(head, form, view)) if form else []
    if form is None or not shown:
        raise UsageError(
            f"{source.name}: no row was read that asks something, so nothing can be asked like it"
        )
    prompts = (turn.text for _, sample in shown if (turn := last_asked(sample)))
    return Manner(
        _systems(sample for _, sample in shown),
        task_forms(shown, tasks),
        prompt_frame(map(bare, prompts), questions=False),
        view,
        form,
    )


def _asking(head: Iterable[Record], form: Format, view: View) -> Iterator[tuple[Record, Sample]]:
    """Rows that ask something."""
    for record in head:
        try:
            sample = form.parse(view.seen(record.row))
        except RecordError:
            continue
        if last_asked(sample):
            yield record, sample


def _systems(samples: Iterable[Sample]) -> dict[str | None, int]:
    told = Counter(
        next((bare(turn.text) or None for turn in sample.turns[:1] if turn.role is Role.SYSTEM), None)
        for sample in samples
    )
    least = max(2, SYSTEM_SHARE * told.total())
    common = [(text, count) for text, count in told.most_common() if text is not None and count >= least]
    kept: dict[str | None, int] = dict(common[:SYSTEMS_MOST])
    return {**kept, None: told[None]} if told[None] or not kept else kept


def _cast(probe: Probe, manner: Manner, rng: Random) -> Probe:
    texts, counts = list(manner.systems), list(manner.systems.values())
    system = rng.choices(texts, counts)[0] if sum(counts) else None
    pair = {
        **probe.model_dump(include={"prompt", "form"}),
        "task": None,
        "input": None,
        "system": None,
        "history": (),
    }
    shares = [form.share for form in manner.forms]
    form = rng.choices([*manner.forms, None], [*shares, max(0.0, 1 - sum(shares))])[0]
    prompt = probe.prompt
    if form is not None and form.fits(pair):
        prompt = _posed(probe, form, manner, rng) or prompt
    elif form is None and rng.random() < manner.frame.share:
        prompt = manner.frame.around(prompt)
    return probe.model_copy(update={"system": system, "prompt": prompt})


def _posed(probe: Probe, form: TaskForm, manner: Manner, rng: Random) -> str | None:
    """A probe's prompt where a row of the task has its own."""
    stored = rng.choice(form.likes)
    like = replace(stored, row=manner.view.seen(stored.row))
    asked = last_asked(manner.format.parse(like.row))
    if asked is None:
        return None
    pair = {"prompt": probe.prompt, "input": None}
    return form.pose(like, replace(asked, text=bare(asked.text)), pair, rng.randrange(INPUTS)).prompt
