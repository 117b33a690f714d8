"""From a corpus to the corpus to train on: audit, plan, mix, manifest, and an audit of the result."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from os import PathLike
from pathlib import Path

import polars as pl

from mixguard import remote
from mixguard._audit import audit, decided_since
from mixguard.config import SERVED, Config
from mixguard.corpus.corpus import CorpusLike, text_id
from mixguard.corpus.files import FileSource, Source, open_sources
from mixguard.corpus.files.memory import MemorySource
from mixguard.corpus.files.sniff import FileKind
from mixguard.curate.speech import Speech, chosen_voice, own_words
from mixguard.errors import RefusedError, UsageError
from mixguard.files import check_room
from mixguard.library.bank import Bank
from mixguard.library.taxonomy import Taxonomy
from mixguard.mix import elsewhere as elsewhere_mix
from mixguard.mix.asking import profile_of
from mixguard.mix.casting import Stock
from mixguard.mix.made import Mix
from mixguard.mix.manifest import SET_ASIDE, SUFFIX, Manifest
from mixguard.mix.plan import Plan
from mixguard.mix.proposal import propose, spoken
from mixguard.mix.targets import targets
from mixguard.mix.write import Written, write_mix
from mixguard.progress import Progress, silent
from mixguard.run import elsewhere, place
from mixguard.run import folder as run_folder
from mixguard.run.document import Audit
from mixguard.run.provenance import versions
from mixguard.served.endpoint import Endpoint
from mixguard.vectors.base import Encoder

AFTER = "-after"
"""Ends the name of the run folder of a mix."""


def rebalance(
    *corpora: CorpusLike,
    out: str | PathLike[str] | None,
    config: Config | None = None,
    plan: Plan | None = None,
    encoder: Encoder | None = None,
    endpoint: Endpoint | None = None,
    progress: Progress = silent,
) -> Mix:
    """Write the corpus to train on.

    Args:
        *corpora: a corpus as `audit` takes it, or one run folder.
        out: the mix: a file, or a folder if there are several files. None only plans.
        config: every option; see `mixguard config`.
        plan: an edited plan, used instead of the proposed one.
        encoder: used instead of the one that `config` names.
        endpoint: the model that will be tuned, asked for refusals in its own words.
        progress: called with the progress of each stage.

    Raises:
        RefusedError: the corpus is made of answered hazards, and `rebalance.keep_answered` is off.
        UsageError: something cannot be used or written; files on disk are left as they were.
    """
    config = config or Config()
    path = None if out is None else Path(out)
    if path is not None:
        path = elsewhere_mix.local(path, offline=config.encode.offline, asks=endpoint is not None)
        check_room(path, [SUFFIX, SET_ASIDE])
    before, named = _audited(corpora, config, encoder, progress)
    config = _judged_alike(before.config, config)
    if before.nature == "harmful" and not config.rebalance.keep_answered:
        raise RefusedError(
            "this corpus is made of answered hazardous requests: adding refusals would not repair it, so nothing is"
            " written. Train on something else; to mix it all the same (a red team's data, say), use --keep-answered"
        )
    taxonomy = Taxonomy.load(config.judge.taxonomy)
    bank = Bank.load(config.rebalance.bank, taxonomy)
    left = bank.without(_mixed(before, bank))
    voice, lent = chosen_voice(before, named, config)
    if plan is None:
        plan = propose(before, taxonomy, profile_of(config), left, config.rebalance)
    plan = spoken(plan, voice, lent=lent)
    _check_plan(plan, before, left)
    if path is None:
        return Mix(plan, before)
    path = path if path.name not in ("", "..") else path.resolve()
    run = config.run.model_copy(update={"folder": _after(before.folder)})
    sources = _unchanged_sources(named, before, config)
    with tempfile.TemporaryDirectory() as scratch:
        to = targets(_as_files(sources, path, Path(scratch)), path, _staying(before, plan))
        if not any(target.records for target in to):
            raise UsageError("the plan sets every row aside, so nothing is left to train on")
        speech = Speech(config, bank, voice)
        if endpoint is not None:
            speech = own_words(plan, path, endpoint, speech, progress)
            plan = spoken(plan, speech.voice, lent=lent and speech.voice is voice)
        speech = speech.kept(path)
        sign = _Signing(before, plan, speech)
        usable = speech.bank.without(_mixed(before, speech.bank))
        write_mix(to, path, Stock.of(plan, usable, speech.voice, speech.config), sign, progress)
    kept = speech.config.checks.model_copy(update={"aside": None})  # its rows are gone
    after = speech.config.model_copy(update={"run": run, "checks": kept})
    elsewhere_mix.send(path)
    result = audit(*[target.path for target in to], config=after, encoder=encoder, progress=progress)
    elsewhere.add(result.folder, run_folder.MANIFEST, sign.made[0].to_json())
    return Mix(plan, before, sign.made[0], result)


def _audited(
    corpora: Sequence[CorpusLike], config: Config, encoder: Encoder | None, progress: Progress
) -> tuple[Audit, Sequence[CorpusLike]]:
    """The audit of a corpus, new or read from a run folder, and the corpus."""
    paths = [each for each in corpora if isinstance(each, str | PathLike)]
    if len(corpora) == len(paths) == 1 and elsewhere.is_run(paths[0]):
        before = decided_since(Audit.load(elsewhere.here(paths[0]).resolve()), config)
        return before, list(before.corpus.sources)
    if "-" in paths:
        raise UsageError("-: a mix needs a file that can be read twice; save the stream to a file first")
    open_sources(
        corpora, offline=config.encode.offline, progress=progress
    )  # report unusable input before judging anything
    return audit(*corpora, config=config, encoder=encoder, progress=progress), corpora


def _unchanged_sources(corpora: Sequence[CorpusLike], before: Audit, config: Config) -> Sequence[Source]:
    """The sources that were audited, checked to be unchanged.

    Raises:
        UsageError: one has changed.
    """
    limit, offline = config.read.max_record_bytes, config.encode.offline
    sources = open_sources(corpora, max_record_bytes=limit, offline=offline)
    for source in sources:
        if source.digest() != before.corpus.sources[source.name]:
            raise UsageError(f"{source.name}: changed since it was audited; audit it again")
    return sources


def _as_files(sources: Sequence[Source], out: Path, folder: Path) -> list[Source]:
    """Sources that can be rewritten: rows in memory are saved in the format of the mix.

    Raises:
        UsageError: the mix has a format that cannot be written from memory.
    """
    memory = [source for source in sources if isinstance(source, MemorySource)]
    if not memory:
        return list(sources)
    if len(sources) > 1:
        raise UsageError("more than one corpus, some of them in memory: rebalance them one by one")
    if out.suffix not in (".jsonl", ".parquet"):
        raise UsageError(f"{out}: a mix of rows in memory must be named .jsonl or .parquet")
    path = folder / f"rows{out.suffix}"
    memory[0].save(path)
    kind: FileKind = "parquet" if out.suffix == ".parquet" else "json"
    return [FileSource(path, memory[0].name, kind, max_record_bytes=2**31)]


class _Signing:
    """Makes the manifest once everything is written, and keeps it."""

    def __init__(self, before: Audit, plan: Plan, speech: Speech) -> None:
        self._before, self._plan, self._speech = before, plan, speech
        self.made: list[Manifest] = []

    def __call__(self, written: Written) -> bytes:
        before, plan = self._before, self._plan
        manifest = Manifest(
            inputs=before.corpus.sources,
            outputs=written.outputs,
            options=self._speech.config.rebalance,
            plan=plan,
            verdict=before.verdict,
            coverage=before.coverage,
            detectors=before.detectors,
            versions=versions(),
            bank_licence=self._speech.bank.licence,
            voice=self._speech.voice,
            added=tuple(written.added),
            set_aside=tuple(row for row in plan.remove if row.sample_id in written.left_out),
            weight_zero=tuple(row for row in plan.remove if row.sample_id in written.masked),
        )
        self.made.append(manifest)
        return manifest.to_json()


def _judged_alike(before: Config, config: Config) -> Config:
    """Options for auditing the mix: those of the corpus's audit, except what this call sets."""
    # The run may come from elsewhere: it says how to judge, never where to write, and never where texts and a key are sent.
    own = {"offline": before.encode.offline or config.encode.offline, "cache": config.encode.cache}
    encode = before.encode.model_copy(update=own)
    judge = before.judge.model_copy(update={name: getattr(config.judge, name) for name in SERVED})
    return before.model_copy(update={"encode": encode, "judge": judge, "rebalance": config.rebalance})


def _staying(before: Audit, plan: Plan) -> dict[str, int]:
    """Records of each source that were understood and are kept."""
    read = {source: sum(formats.values()) for source, formats in before.corpus.formats.items()}
    for removal in plan.remove:
        read[removal.source] -= 1
    return read


def _check_plan(plan: Plan, before: Audit, bank: Bank) -> None:
    """Refuse a plan made for something else.

    Raises:
        UsageError: it was made for other files or another bank, or names rows that do not exist.
    """
    if plan.inputs != before.corpus.sources:
        raise UsageError("the plan was made for other files, or they have changed since; make a new plan")
    if plan.bank_digest != bank.digest():
        raise UsageError(
            f"the plan was made with a bank other than {bank.id}, or it has changed since; make a new plan"
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
            f"the plan sets aside {strange['source'][0]} record {strange['record'][0]}, which does not exist"
        )


def _mixed(before: Audit, bank: Bank) -> list[str]:
    """Ids of bank pairs that the corpus already contains, by prompt or answer."""
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
    """Where the audit of the mix goes.

    Raises:
        RunFolderError: something else is there.
    """
    folder = folder.resolve() if folder.name in ("", "..") else folder
    check_room(folder, [AFTER])
    after = folder.with_name(f"{folder.name}{AFTER}")
    elsewhere.check(after)
    place.check(after)
    url = remote.address(after)
    return Path(url) if url else after
