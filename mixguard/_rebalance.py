"""From a corpus to the corpus that should be trained on: audit, plan, mix, manifest, and an audit of the result."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import polars as pl

from mixguard import run_folder
from mixguard._audit import Audit, audit
from mixguard.allotment import Dose
from mixguard.atomic import write_atomically
from mixguard.bank import Bank
from mixguard.config import Config
from mixguard.corpus.corpus import PathLikeStr, text_id
from mixguard.corpus.files import open_sources
from mixguard.errors import UsageError
from mixguard.mix.manifest import Manifest, manifest_of
from mixguard.mix.write import Stock, targets, write_mix
from mixguard.plan import Plan, propose
from mixguard.progress import Progress, silent
from mixguard.provenance import versions
from mixguard.risk_profile import RiskProfile
from mixguard.taxonomy import Taxonomy


class Mix(NamedTuple):
    """What `rebalance` did."""

    plan: Plan
    before: Audit
    manifest: Manifest | None = None
    """None where it was only planned, or where there was nothing to do."""
    after: Audit | None = None


def rebalance(
    *paths: PathLikeStr,
    out: Path | None,
    config: Config | None = None,
    plan: Plan | None = None,
    progress: Progress = silent,
) -> Mix:
    """Write the corpus that should be trained on.

    Args:
        *paths: a corpus as `audit` takes it, or one run folder.
        out: the mix: a file, or a folder for several files. None plans only.
        config: every option; see `mixguard config`.
        plan: an edited plan, in place of the one proposed.
        progress: told how far the run is.

    Raises:
        UsageError: something cannot be used or written; what was on disk before is untouched.
    """
    config = config or Config()
    before = _audited(paths, config, progress)
    # A mix is judged as its corpus was, whatever an earlier run was told.
    config = before.config.model_copy(update={"rebalance": config.rebalance})
    taxonomy = Taxonomy.load(config.judge.taxonomy)
    bank = Bank.load(config.rebalance.bank, taxonomy)
    profile = RiskProfile.load(config.rebalance.profile).with_constants(_constants(config))
    if plan is None:
        plan = propose(before, taxonomy, profile, bank, config.rebalance)
    elif plan.inputs != before.corpus.sources:
        raise UsageError("the plan was made for other files, or these have changed since; make it anew")
    if out is None or not (plan.refusals or plan.contrast or plan.remove):
        return Mix(plan, before)
    sources = open_sources(list(before.corpus.sources), max_record_bytes=config.read.max_record_bytes)
    to = targets(sources, out, _staying(before, plan))
    for source in sources:
        if source.digest() != before.corpus.sources[source.name]:
            raise UsageError(f"{source.name}: changed since it was audited; audit it again")
    written = write_mix(to, out, Stock.of(plan, bank, _taken(before, bank), config), progress)
    manifest = Manifest(
        inputs=before.corpus.sources,
        outputs=written.outputs,
        options=config.rebalance,
        plan=plan,
        detectors=before.detectors,
        versions=versions(),
        bank_licence=bank.licence,
        added=tuple(written.added),
        set_aside=tuple(row for row in plan.remove if row.sample_id not in written.masked),
        weight_zero=tuple(row for row in plan.remove if row.sample_id in written.masked),
    )
    write_atomically(manifest_of(out), manifest.to_json())
    result = config.model_copy(
        update={"run": config.run.model_copy(update={"folder": _after(before.folder)})}
    )
    after = audit(*[target.path for target in to], config=result, progress=progress)
    return Mix(plan, before, manifest, after)


def _audited(paths: Sequence[PathLikeStr], config: Config, progress: Progress) -> Audit:
    if len(paths) == 1 and Path(paths[0], run_folder.AUDIT).is_file():
        return Audit.load(Path(paths[0]))
    return audit(*paths, config=config, progress=progress)


def _constants(config: Config) -> dict[str, float]:
    """The constants that options set in place of the profile's."""
    chosen = {name: getattr(config.rebalance, name) for name in Dose._fields}
    return {name: float(value) for name, value in chosen.items() if value is not None}


def _staying(before: Audit, plan: Plan) -> dict[str, int]:
    """Records of each source that were understood and stay."""
    read = {source: sum(formats.values()) for source, formats in before.corpus.formats.items()}
    for removal in plan.remove:
        read[removal.source] -= 1
    return read


def _taken(before: Audit, bank: Bank) -> list[str]:
    """Pairs whose prompt the corpus holds already: a mix that is rebalanced again gets no pair twice."""
    known = before.annotations.select(pl.col("prompt_id").unique()).collect()["prompt_id"]
    asked = bank.pairs.select("id", pl.col("prompt").map_elements(text_id, pl.String).alias("prompt_id"))
    return asked.filter(pl.col("prompt_id").is_in(known.implode()))["id"].to_list()


def _after(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}-after")
