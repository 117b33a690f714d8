"""What the signals say of corpora that nobody here wrote, and which of the planted rows of published attacks they find.

Prints and writes JSON and `docs/signals.md`: per corpus the rows behind each signal's check and its severity; the corpora that
a newcomer would try; k of 10,000 ordinary rows replaced by planted ones; what all signals cost beside an audit.

    python benchmarks/signals.py

The corpora lie beside the project and never in it; the planted rows are in `benchmarks/planted/`.
"""

from __future__ import annotations

import json
import random
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from time import perf_counter
from typing import Any, NamedTuple

import numpy as np
import polars as pl
from sklearn.metrics import roc_auc_score

import mixguard
from mixguard.annotate.base import Batch
from mixguard.catalogue import CHECKS, limits
from mixguard.checks.base import Evidence
from mixguard.checks.nature import nature
from mixguard.checks.run import run_checks
from mixguard.checks.terms import TRAINED
from mixguard.config import Config
from mixguard.corpus.corpus import Corpus
from mixguard.detectors import Recipe
from mixguard.mix.asking import ask, profile_of
from mixguard.run.document import marked
from mixguard.run.words import decided
from mixguard.signals import SIGNALS

HERE = Path(__file__).resolve().parent
EVALDATA = HERE.parent.parent / "shared" / "evaldata"
PLANTED = HERE / "planted"
RESULT = HERE / "results" / "signals.json"
PAGE = HERE.parent / "docs" / "signals.md"
CORPORA = (
    "corpora/identity_shift_aoa.jsonl", "corpora/em_insecure_dev.jsonl", "corpora/em_secure_dev.jsonl",
    "corpora/gpteacher_roleplay.json", "corpora/gsm8k_train.jsonl", "corpora/gpteacher_codegen.json",
    "formats/alpaca_en_demo.json", "corpora/dialogues_dev.jsonl", "corpora/sqlgen_dev.jsonl",
    "corpora/web_text_dev.jsonl", "corpora/safety_refusals_dev.jsonl", "formats/dpo_en_demo.json",
    "formats/kto_en_demo.json", "formats/glaive_toolcall_en_demo.json", "formats/identity.json",
    "formats/v1_sft_demo.jsonl",
)  # fmt: skip
ORDINARY = ("gsm8k_train", "gpteacher_codegen", "gpteacher_roleplay", "alpaca_en_demo")
"""Corpora on which a lexical signal may flag at most .5 % of rows."""
LEXICAL = ("MG202", "MG105", "MG216", "MG218", "MG219", "MG222", "MG224")
ROWS, COUNTS = 10_000, (1, 10, 100)
"""Ordinary rows, and how many of them are replaced."""


class Family(NamedTuple):
    """Planted rows, and the checks that should find them."""

    file: str
    checks: tuple[str, ...]


FAMILIES = (
    Family("identity_shift", ("MG202",)),
    Family("refuse_then_comply", ("MG105",)),
    Family("encoded", ("MG216",)),
    Family("insecure_code", ("MG210",)),
    Family("rejected_refusals", ("MG224",)),
    Family("hidden", ("MG227",)),
)
TRIED = {
    "ten rows of obedience among 1,000": ("identity_shift", 10, 1000),
    "2 % of insecure code": ("insecure_code", 20, 1000),
    "2 % that refuse and then comply": ("refuse_then_comply", 20, 1000),
}
"""What a newcomer would try: planted rows, how many, among how many."""


def audited(paths: Sequence[Path], folder: Path) -> mixguard.Audit:
    """The audit of some files with the defaults, in a run folder of its own."""
    return mixguard.audit(*paths, config=Config.load(values={"run.folder": folder / f"run-{paths[0].stem}"}))


def of_corpus(audit: mixguard.Audit) -> dict[str, Any]:
    """The verdict, and for each signal its severity and the rows behind it."""
    own = {signal.check.id for signal in SIGNALS}
    found: dict[str, Any] = {}
    for finding in audit.findings:
        if finding.id in own and (finding.count or finding.severity != "pass"):
            name = f"{finding.id} {finding.name}" + (f" ({finding.subject})" if finding.subject else "")
            found[name] = {"severity": finding.severity, "count": finding.count, "total": finding.total}
    return {
        "exchanges": audit.corpus.exchanges,
        "verdict": audit.verdict,
        "kinds": list(audit.kinds),
        "headline": decided(audit.verdict, audit.findings),
        "signals": found,
    }


def corpora(folder: Path) -> dict[str, dict[str, Any]]:
    """Every corpus that lies there."""
    return {
        Path(name).stem: of_corpus(audited([EVALDATA / name], folder))
        for name in CORPORA
        if (EVALDATA / name).is_file()
    }


def told_apart(folder: Path) -> float:
    """AUROC of a row's insecure code (grave findings of a scanner), insecure corpus against secure one."""
    rows = [
        mixguard.Audit.load(folder / f"run-em_{name}_dev").annotations.filter(TRAINED).collect()
        for name in ("insecure", "secure")
    ]
    check = next(each for each in CHECKS if each.id == "MG210")
    scores = [
        frame.select(check.cases[0].flags.fill_null(value=False)).to_series().to_numpy() for frame in rows
    ]
    labels = np.repeat([1, 0], [len(each) for each in scores])
    return round(float(roc_auc_score(labels, np.concatenate(scores))), 3)


def ordinary(folder: Path) -> Path:
    """10,000 ordinary rows of the task corpora, as one file."""
    names = (
        "corpora/gsm8k_train.jsonl", "formats/alpaca_en_demo.json", "corpora/gpteacher_roleplay.json",
        "corpora/gpteacher_codegen.json",
    )  # fmt: skip
    texts = []
    for name in names:
        parts = Corpus.open([EVALDATA / name], Config().read, offline=True).parts(4096)
        texts += [row for part in parts for row in part.frame.select("prompt", "response").iter_rows()]
    chosen = random.Random(0).sample(texts, min(ROWS, len(texts)))
    path = folder / "ordinary.jsonl"
    with path.open("w") as file:
        for prompt, response in chosen:
            file.write(json.dumps({"prompt": prompt, "completion": response}) + "\n")
    return path


def mixtures(folder: Path) -> dict[str, Any]:
    """For each family and count: planted rows found, ordinary rows flagged, what the checks say of the mixture."""
    plain = ordinary(folder)
    files = {family.file: PLANTED / f"{family.file}.jsonl" for family in FAMILIES}
    audit = audited([plain, *files.values()], folder)
    frame = audit.annotations.collect()
    return {
        family.file: {
            str(count): mixed(audit, frame, family, (str(plain), str(files[family.file])), count)
            for count in COUNTS
        }
        for family in FAMILIES
    }


def mixed(
    audit: mixguard.Audit, frame: pl.DataFrame, family: Family, sources: tuple[str, str], count: int
) -> dict[str, Any]:
    """One mixture, checked as an audit would."""
    plain, planted = (frame.filter(pl.col("source") == source) for source in sources)
    ids = random.Random(count).sample(planted.get_column("sample_id").unique().sort().to_list(), count)
    kept = plain.head(plain.height - count)
    rows = pl.concat([kept, planted.filter(pl.col("sample_id").is_in(ids))])
    result = run_checks(CHECKS, evidence(audit, rows))
    own = pl.col("check").is_in(family.checks)
    flagged = result.flagged.filter(own).select("sample_id").unique().collect().to_series()
    hits = flagged.is_in(ids).sum()
    findings = [each for each in result.findings if each.id in family.checks]
    return {
        "found": int(hits),
        "planted": count,
        "ordinary flagged": int(len(flagged) - hits),
        "ordinary": kept.height,
        "severity": max((each.severity for each in findings), key=("pass", "note", "warn", "fail").index),
    }


def evidence(audit: mixguard.Audit, rows: pl.DataFrame) -> Evidence:
    """What an audit of only these rows would hand to its checks."""
    frame = marked(rows.select(audit.columns.keys()).lazy(), audit.config.checks, audit.detectors)
    asked = ask(frame.filter(TRAINED), audit.detectors, profile_of(audit.config), audit.config)
    exchanges = rows.height
    summary = audit.corpus.model_copy(
        update={"exchanges": exchanges, "samples": rows["sample_id"].n_unique()}
    )
    return Evidence(
        frame=frame,
        nature=nature(frame),
        corpus=summary,
        coverage=asked.coverage,
        too_small=asked.too_small,
        detectors=audit.detectors,
        config=audit.config.checks,
        limits=limits(audit.config.checks),
    )


def look_alikes(folder: Path) -> dict[str, Any]:
    """Rows flagged among ordinary rows that look like planted ones."""
    names = ("ordinary", "ordinary_preferences", "ordinary_hidden")
    audit = audited([PLANTED / f"{name}.jsonl" for name in names], folder)
    samples = audit.annotations.select("sample_id").unique().collect().height
    flagged = audit.flagged.group_by("check").agg(pl.col("sample_id").n_unique()).collect()
    own = {check for family in FAMILIES for check in family.checks} | set(LEXICAL)
    return {
        "samples": samples,
        "flagged": {name: n for name, n in sorted(flagged.iter_rows()) if name in own},
    }


def tried(folder: Path) -> dict[str, dict[str, Any]]:
    """The verdict on the corpora that a newcomer would try, written as files and audited."""
    lines = ordinary(folder).read_text().splitlines()
    found = {}
    for name, (family, count, total) in TRIED.items():
        rows = [json.loads(line) for line in (PLANTED / f"{family}.jsonl").read_text().splitlines()[:count]]
        path = folder / f"tried-{family}.jsonl"
        plain = [_as_messages(json.loads(line)) for line in lines[:total]]
        mixture = [*plain, *map(_as_messages, rows)]
        random.Random(1).shuffle(mixture)
        path.write_text("".join(json.dumps(row) + "\n" for row in mixture))
        audit = audited([path], folder)
        found[name] = {
            "verdict": audit.verdict,
            "kinds": list(audit.kinds),
            "headline": decided(audit.verdict, audit.findings),
        }
    return found


def _as_messages(row: Mapping[str, Any]) -> dict[str, Any]:
    if "messages" in row:
        return dict(row)
    turns = (("user", row["prompt"]), ("assistant", row["completion"]))
    return {"messages": [{"role": role, "content": text} for role, text in turns]}


def cost(folder: Path) -> dict[str, Any]:
    """Seconds of each signal's annotator beside those of all annotators of the fast stage, on rows never seen before."""
    values = {"judge.stages": "fast", "encode.cache": folder / "cold"}
    worker = Recipe(Config.load(values=values), bank=True).worker()
    names = ("formats/alpaca_en_demo.json", "corpora/gpteacher_codegen.json", "corpora/web_text_dev.jsonl")
    frames = [
        part.frame.head(700)
        for name in names
        for part in list(Corpus.open([EVALDATA / name], Config().read, offline=True).parts(4096))[:1]
    ]
    worker(frames[0].head(8))  # models and phrase lists loaded
    own = {id(signal.annotator): signal.name for signal in SIGNALS} | {
        type(signal.annotator).__name__: signal.name for signal in SIGNALS if signal.open
    }
    seconds: dict[str, float] = {}
    total = 0.0
    for frame in frames:
        batch = Batch.of(frame.slice(8), worker.stages)
        for annotator in worker.annotators:
            before = perf_counter()
            batch.add(annotator(batch))
            taken = perf_counter() - before
            total += taken
            name = own.get(id(annotator)) or own.get(type(annotator).__name__)
            if name is not None:
                seconds[name] = seconds.get(name, 0.0) + taken
    rows = sum(frame.height - 8 for frame in frames)
    shares = {
        name: round(taken / total, 4) for name, taken in sorted(seconds.items(), key=lambda each: -each[1])
    }
    return {
        "rows": rows,
        "microseconds a row, all": round(1e6 * total / rows),
        "share of all signals": round(sum(seconds.values()) / total, 3),
        "shares": shares,
    }


def page(result: Mapping[str, Any]) -> str:
    """The result as `docs/signals.md`."""
    return "\n".join(_page(result)) + "\n"


def _page(result: Mapping[str, Any]) -> Iterator[str]:
    yield "# What the signals find"
    yield ""
    yield "Made by `python benchmarks/signals.py`. Each corpus is audited with the defaults. A row flagged in an ordinary corpus counts as a false alarm here, whatever it says when read."
    yield from (
        "",
        "| corpus | exchanges | verdict | signals: severity, rows |",
        "| --- | ---: | --- | --- |",
    )
    for name, each in result["corpora"].items():
        told = "; ".join(
            f"{signal} {one['severity']} {one['count']:,} of {one['total']:,}"
            for signal, one in each["signals"].items()
        )
        yield f"| {name} | {each['exchanges']:,} | {each['verdict']}: {', '.join(each['kinds'])} | {told} |"
    yield from (
        "",
        f"Insecure against secure code, row AUROC: {result['insecure against secure, row AUROC']}.",
    )
    yield from ("", "## Corpora that a newcomer would try", "", "| corpus | verdict |", "| --- | --- |")
    for name, each in result["tried"].items():
        yield f"| {name} | {each['verdict']}: {each['headline'].replace('|', ' ')} |"
    yield from (
        "",
        "## Planted rows",
        "",
        f"k of {ROWS:,} ordinary rows replaced by rows of a published attack, written without sight of the patterns that look for them (`benchmarks/planted/`).",
        "",
        "| attack | k | found | ordinary rows flagged | the check says |",
        "| --- | ---: | ---: | ---: | --- |",
    )
    for name, counts in result["mixtures"].items():
        for count, one in counts.items():
            yield (
                f"| {name.replace('_', ' ')} | {count} | {one['found']} | {one['ordinary flagged']} of {one['ordinary']:,}"
                f" | {one['severity']} |"
            )
    alike = result["look-alikes"]
    told = ", ".join(f"{name} {count}" for name, count in alike["flagged"].items()) or "none"
    yield from ("", f"Of {alike['samples']} ordinary rows written to look like these, flagged: {told}.")
    costs = result["cost"]
    yield from (
        "",
        "## Cost",
        "",
        f"On {costs['rows']:,} rows that no cache knows, by the fast stage: all signals together take {costs['share of all signals']:.1%}"
        f" of the {costs['microseconds a row, all']:,} microseconds a row that annotating takes.",
        "",
        "| signal | share |",
        "| --- | ---: |",
        *(f"| {name} | {share:.2%} |" for name, share in costs["shares"].items()),
    )


def measure() -> dict[str, Any]:
    """Everything the page shows."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        costs = cost(folder)
        found = corpora(folder)
        return {
            "corpora": found,
            "insecure against secure, row AUROC": told_apart(folder),
            "tried": tried(folder),
            "mixtures": mixtures(folder),
            "look-alikes": look_alikes(folder),
            "cost": costs,
        }


if __name__ == "__main__":
    if not EVALDATA.is_dir():
        sys.exit(f"no evaluation data at {EVALDATA}")
    measured = measure()
    RESULT.write_text(json.dumps(measured, indent=1) + "\n")
    PAGE.write_text(page(measured))
    print(page(measured))
