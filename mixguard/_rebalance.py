"""From a corpus to the corpus that should be trained on: audit, plan, mix, manifest, and an audit of the result."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from os import PathLike
from pathlib import Path
from typing import NamedTuple

import polars as pl

from mixguard._audit import audit
from mixguard.config import Config
from mixguard.corpus.corpus import CorpusLike, text_id
from mixguard.corpus.files import FileSource, Source, open_sources
from mixguard.corpus.files.memory import MemorySource
from mixguard.corpus.files.sniff import FileKind
from mixguard.errors import UsageError
from mixguard.files import write_atomically
from mixguard.library.bank import Bank
from mixguard.library.taxonomy import Taxonomy
from mixguard.mix.asking import profile_of
from mixguard.mix.manifest import Manifest
from mixguard.mix.plan import Plan
from mixguard.mix.proposal import propose
from mixguard.mix.write import Stock, Written, targets, write_mix
from mixguard.progress import Progress, silent
from mixguard.run import folder as run_folder
from mixguard.run.document import Audit
from mixguard.run.provenance import versions


class Mix(NamedTuple):
    """What `rebalance` did."""

    plan: Plan
    before: Audit
    manifest: Manifest | None = None
    """None where it was only planned."""
    after: Audit | None = None


def rebalance(
    *corpora: CorpusLike,
    out: Path | None,
    config: Config | None = None,
    plan: Plan | None = None,
    progress: Progress = silent,
) -> Mix:
    """Write the corpus that should be trained on.

    Args:
        *corpora: a corpus as `audit` takes it, or one run folder.
        out: the mix: a file, or a folder for several files. None plans only.
        config: every option; see `mixguard config`.
        plan: an edited plan, in place of the one proposed.
        progress: told how far the run is.

    Raises:
        UsageError: something cannot be used or written; what was on disk before is untouched.
    """
    config = config or Config()
    before, named = _audited(corpora, config, progress)
    config = _judged_alike(before.config, config)
    taxonomy = Taxonomy.load(config.judge.taxonomy)
    bank = Bank.load(config.rebalance.bank, taxonomy)
    left = bank.without(_mixed(before, bank))
    if plan is None:
        plan = propose(before, taxonomy, profile_of(config), left, config.rebalance)
    _check_plan(plan, before, left)
    if out is None:
        return Mix(plan, before)
    out = out if out.name not in ("", "..") else out.resolve()
    after = config.model_copy(update={"run": config.run.model_copy(update={"folder": _after(before.folder)})})
    sources = _unchanged_sources(named, before, config)
    with tempfile.TemporaryDirectory() as scratch:
        to = targets(_as_files(sources, out, Path(scratch)), out, _staying(before, plan))
        if not any(target.records for target in to):
            raise UsageError("the plan would set every row aside: there is nothing left to train on")
        sign = _Signing(before, plan, config, bank.licence)
        write_mix(to, out, Stock.of(plan, left, config), sign, progress)
    result = audit(*[target.path for target in to], config=after, progress=progress)
    write_atomically(result.folder / run_folder.MANIFEST, sign.made[0].to_json())
    return Mix(plan, before, sign.made[0], result)


def _audited(
    corpora: Sequence[CorpusLike], config: Config, progress: Progress
) -> tuple[Audit, Sequence[CorpusLike]]:
    """The audit of a corpus, made now or read from a run folder, and the corpus."""
    paths = [each for each in corpora if isinstance(each, str | PathLike)]
    if len(corpora) == len(paths) == 1 and Path(paths[0], run_folder.AUDIT).is_file():
        before = Audit.load(Path(paths[0]).resolve())
        return before, list(before.corpus.sources)
    if "-" in paths:
        raise UsageError("-: a mix is written from a file that can be read twice; save the stream first")
    open_sources(
        corpora, offline=config.encode.offline
    )  # what cannot be used is told before anything is judged
    return audit(*corpora, config=config, progress=progress), corpora


def _unchanged_sources(corpora: Sequence[CorpusLike], before: Audit, config: Config) -> Sequence[Source]:
    """The sources that were audited.

    Raises:
        UsageError: one is not what it was then.
    """
    limit, offline = config.read.max_record_bytes, config.encode.offline
    sources = open_sources(corpora, max_record_bytes=limit, offline=offline)
    for source in sources:
        if source.digest() != before.corpus.sources[source.name]:
            raise UsageError(f"{source.name}: changed since it was audited; audit it again")
    return sources


def _as_files(sources: Sequence[Source], out: Path, folder: Path) -> list[Source]:
    """Sources that can be written again: what is in memory becomes a file of the kind that the mix will be.

    Raises:
        UsageError: the mix is of a kind that is not written from memory.
    """
    memory = [source for source in sources if isinstance(source, MemorySource)]
    if not memory:
        return list(sources)
    if len(sources) > 1:
        raise UsageError("several corpora of which some are in memory: rebalance them one by one")
    if out.suffix not in (".jsonl", ".parquet"):
        raise UsageError(
            f"{out}: a mix of what is in memory is written as .jsonl or .parquet; end its name so"
        )
    path = folder / f"rows{out.suffix}"
    memory[0].save(path)
    kind: FileKind = "parquet" if out.suffix == ".parquet" else "json"
    return [FileSource(path, memory[0].name, kind, max_record_bytes=2**31)]


class _Signing:
    """Makes the manifest when all is written, and keeps it."""

    def __init__(self, before: Audit, plan: Plan, config: Config, licence: str) -> None:
        self._before, self._plan, self._config, self._licence = before, plan, config, licence
        self.made: list[Manifest] = []

    def __call__(self, written: Written) -> bytes:
        before, plan = self._before, self._plan
        manifest = Manifest(
            inputs=before.corpus.sources,
            outputs=written.outputs,
            options=self._config.rebalance,
            plan=plan,
            verdict=before.verdict,
            coverage=before.coverage,
            detectors=before.detectors,
            versions=versions(),
            bank_licence=self._licence,
            added=tuple(written.added),
            set_aside=tuple(row for row in plan.remove if row.sample_id in written.left_out),
            weight_zero=tuple(row for row in plan.remove if row.sample_id in written.masked),
        )
        self.made.append(manifest)
        return manifest.to_json()


def _judged_alike(before: Config, config: Config) -> Config:
    """The options of the mix's audit: those of the corpus's, but for what is asked of this run alone."""
    offline = before.encode.offline or config.encode.offline
    encode = before.encode.model_copy(update={"offline": offline})
    return before.model_copy(update={"encode": encode, "rebalance": config.rebalance})


def _staying(before: Audit, plan: Plan) -> dict[str, int]:
    """Records of each source that were understood and stay."""
    read = {source: sum(formats.values()) for source, formats in before.corpus.formats.items()}
    for removal in plan.remove:
        read[removal.source] -= 1
    return read


def _check_plan(plan: Plan, before: Audit, bank: Bank) -> None:
    """Refuse a plan that was made for something else.

    Raises:
        UsageError: other files, another bank, or rows that are not there.
    """
    if plan.inputs != before.corpus.sources:
        raise UsageError("the plan was made for other files, or these have changed since; make it anew")
    if plan.bank_digest != bank.digest():
        raise UsageError(
            f"the plan was made with another bank than {bank.id}, or it has changed since; make it anew"
        )
    places = before.annotations.select("source", "record", "sample_id").unique()
    wanted = pl.DataFrame(
        [(row.source, row.record, row.sample_id) for row in plan.remove],
        schema={"source": pl.String, "record": pl.Int64, "sample_id": pl.String},
        orient="row",
    )
    strange = wanted.lazy().join(places, on=["source", "record", "sample_id"], how="anti").collect()
    if strange.height:
        raise UsageError(
            f"the plan sets aside {strange['source'][0]} record {strange['record'][0]}, which is not there"
        )


def _mixed(before: Audit, bank: Bank) -> list[str]:
    """Ids of the pairs that the corpus holds already, by prompt or answer."""
    text_ids = (
        pl.col(column).map_elements(text_id, pl.String).alias(f"{column}_id")
        for column in ("prompt", "response")
    )
    own = bank.pairs.select("id", *text_ids).lazy()
    found = [
        own.join(before.annotations.select(column), on=column, how="semi")
        for column in ("prompt_id", "response_id")
    ]
    return pl.concat(found).collect()["id"].unique().to_list()


def _after(folder: Path) -> Path:
    """Where the mix's audit goes.

    Raises:
        RunFolderError: something else lies there.
    """
    folder = folder.resolve() if folder.name in ("", "..") else folder
    after = folder.with_name(f"{folder.name}-after")
    run_folder.check(after)
    return after
