"""Repeat the training study on one's own model: a corpus in several doses, prompts to ask, and what trains and scores.

`docs/rebalance.md` says how to refit the rule to what comes out.
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from math import ceil, inf, sqrt
from pathlib import Path
from typing import NamedTuple

from mixguard._audit import audit
from mixguard._rebalance import rebalance
from mixguard.checkpoint.efficacy_configs import (
    TEMPLATES,
    TRAINERS,
    Shape,
    full_suffix,
    rendered,
    shape_of,
    write_configs,
)
from mixguard.checkpoint.efficacy_probes import HAZARDOUS, LOOK_ALIKES, write_probes
from mixguard.config import Config
from mixguard.corpus.files import open_sources
from mixguard.corpus.files.sniff import SUFFIXES, suffix_of
from mixguard.corpus.records import Record
from mixguard.errors import UsageError
from mixguard.files import write_atomically
from mixguard.mix.manifest import Manifest, manifest_of
from mixguard.mix.plan import Plan
from mixguard.progress import Progress, silent
from mixguard.run.document import Audit

DOSES = (0.5, 1.0, 2.0)
MOST, CONTRAST_MOST = 0.5, 1.0
"""Limits of a dose above the plan's own, in place of those of the profile: a study may go further than advice."""
RUNS, PROBES = "runs", "probes.jsonl"
EPOCHS, BATCH = 2, 8
"""As in the trainers' configurations."""
LEAST_WARMUP, WARMUP = 10, 0.03
"""Steps and share of the steps (arXiv 2406.05946)."""


class Dose(NamedTuple):
    """A file to train on."""

    name: str
    """The dose: a multiple of the plan."""
    file: Path
    refusals: int
    contrast: int
    rows: int
    pairs: frozenset[str] = frozenset()
    """Ids of the pairs that were added."""


class Study(NamedTuple):
    """What `init` wrote."""

    folder: Path
    plan: Plan
    doses: tuple[Dose, ...]
    hazardous: int
    """Number of hazardous probes."""
    look_alikes: int
    unfit: dict[str, str | None]
    """Why there is no configuration for a trainer; None if there is."""


def init(
    corpus: str, out: Path, config: Config, doses: Sequence[float] = DOSES, progress: Progress = silent
) -> Study:
    """Write the folder of a study.

    Args:
        corpus: one file.
        out: the folder, which must be new or empty.
        config: as for `rebalance`.
        doses: multiples of the plan's refusals; 0 is always there.
        progress: called with the progress of each stage.

    Raises:
        UsageError: the corpus cannot be studied, or the folder cannot be used; nothing is left in it.
    """
    source, wanted = _one_file(corpus), sorted({round(dose, 3) for dose in doses} - {0})
    if not wanted or not all(0 < dose < inf for dose in wanted):
        raise UsageError("--doses: give numbers above 0, such as 0.5,1,2")
    with _fresh(out):
        folder = out / RUNS / "corpus"
        before = audit(source, config=config.replace({"run.folder": folder}), progress=progress)
        plan = rebalance(folder, out=None, config=config).plan
        if not plan.refusals:
            raise UsageError(f"{corpus}: no dose to study, since the plan adds no refusals: {plan.notes[0]}")
        file = out / f"dose-0{full_suffix(source)}"
        shutil.copyfile(source, file)
        made = [Dose("0", file, 0, 0, before.corpus.records)]
        for dose in wanted:
            made.append(_mix(folder, plan, dose, made[0], config, progress))
            _check_grown(*made[-2:])
        mixed = frozenset[str]().union(*(dose.pairs for dose in made))
        study = Study(out, plan, tuple(made), *write_probes(out / PROBES, before, mixed, config), {})
        return _with_files(study, source, before, config)


def _one_file(corpus: str) -> Path:
    """The corpus's path.

    Raises:
        UsageError: it is not one file that mixes can be made of.
    """
    path = Path(corpus)
    if not path.is_file():
        raise UsageError(f"{corpus}: not a file; a study is of one file, so save or join the corpus as one")
    if suffix_of(path.name) not in SUFFIXES:
        raise UsageError(f"{corpus}: name it by its type, since its doses are: one of {', '.join(SUFFIXES)}")
    return path


@contextmanager
def _fresh(out: Path) -> Iterator[None]:
    """Empty a folder again if what fills it fails.

    Raises:
        UsageError: something is in it.
    """
    there = out.exists()
    if there and (not out.is_dir() or any(out.iterdir())):
        raise UsageError(f"{out}: exists and is not an empty folder; name another with -o")
    try:
        yield
    except BaseException:
        shutil.rmtree(out, ignore_errors=True)
        if there:
            out.mkdir()
        raise


def _mix(run: Path, plan: Plan, dose: float, corpus: Dose, config: Config, progress: Progress) -> Dose:
    """Write one dose, and name the audit of it after it."""
    name = f"{dose:g}"
    values: dict[str, float] = {"rebalance.budget": _budget(plan, dose)}
    if dose > 1:
        own = config.rebalance
        values["rebalance.most"] = max(MOST, own.most or 0)
        values["rebalance.contrast_most"] = max(CONTRAST_MOST, own.contrast_most or 0)
    file = corpus.file.with_name(f"dose-{name}{full_suffix(corpus.file)}")
    rebalance(run, out=file, config=config.replace(values), progress=progress)
    run.with_name(f"{run.name}-after").rename(run.with_name(f"dose-{name}"))
    manifest = Manifest.load(manifest_of(file))
    kinds = Counter(added.kind for added in manifest.added)
    pairs = frozenset(added.pair for added in manifest.added)
    rows = corpus.rows + len(pairs) - len(manifest.set_aside)
    return Dose(name, file, kinds["refusal"], kinds["contrast"], rows, pairs)


def _budget(plan: Plan, dose: float) -> int:
    """The budget with which the rule adds `dose` times the plan's refusals.

    It counts the refusals that the corpus has, but of no hazard more than the hazard should have; and kept answers
    bring one more each. In a corpus without either it is just the product.
    """
    kept = sum(line.answered for line in plan.hazards)
    budget = dose * plan.refusals
    for _ in range(20):  # settles after a few rounds
        share = budget / max(plan.wanted, 1.0)
        there = sum(min(line.covered, share * line.target + 1) for line in plan.hazards)
        budget = dose * plan.refusals + there - kept
    return max(0, round(budget))


def _check_grown(less: Dose, more: Dose) -> None:
    """Refuse a dose that is none.

    Raises:
        UsageError: it has no more refusals than the one below.
    """
    if more.refusals <= less.refusals:
        raise UsageError(
            f"dose {more.name}: adds {more.refusals:,} refusals, no more than dose {less.name}: the bank has no others,"
            " they would be more than half of the rows, or each answer that is kept brings one; leave this dose out of"
            " --doses, or give a larger --bank"
        )


def _with_files(study: Study, source: Path, before: Audit, config: Config) -> Study:
    """Write the trainers' configurations, the scripts and the README."""
    (opened,) = open_sources([source], offline=True)
    rows = [each.row for each in islice(opened.records(), config.read.sample) if isinstance(each, Record)]
    (formats,) = before.corpus.formats.values()
    shape = shape_of(source, sorted(formats), rows)
    names = [f"dose-{dose.name}" for dose in study.doses]
    warmup = max(LEAST_WARMUP, ceil(WARMUP * EPOCHS * study.doses[0].rows / BATCH))
    unfit: dict[str, str | None]
    if isinstance(shape, Shape):
        unfit = write_configs(study.folder, shape, names, warmup)
    else:
        unfit = dict.fromkeys(TRAINERS, shape.reason)
    for script in ("ask.py", "score.py"):
        shutil.copyfile(TEMPLATES / script, study.folder / script)
    study = study._replace(unfit=unfit)
    reach = round(min(study.plan.exchanges, sqrt(study.plan.exchanges * study.plan.dose["scale"])))
    values = {
        **study._asdict(),
        "corpus": str(source),
        "suffix": full_suffix(source),
        "bank": config.rebalance.bank,
        "reach": reach,
        "there": sum(line.there for line in study.plan.hazards),
        "wanted": (HAZARDOUS, LOOK_ALIKES),
        "tools": isinstance(shape, Shape) and "tool" in shape.roles.values(),
    }
    write_atomically(study.folder / "README.md", rendered("README.md.j2", values))
    return study
