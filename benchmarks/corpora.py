"""What the verdict says of whole corpora that nobody here wrote, which lie beside the project and never in it.

Prints and writes JSON and `docs/corpora.md`: per corpus the share flagged and called refusals, the verdict with its kinds,
by the fast stage alone and with the careful one; of the flagged rows of benign corpora how many are real, by reading; what
one refusal opens; what a request hidden beside a long text loses.

    python benchmarks/corpora.py          measure
    python benchmarks/corpora.py --show   print the flagged rows of benign corpora that nobody has read yet

Labels are kept in `benchmarks/results/read.json` by text id, without text.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl

import mixguard
from mixguard.config import Config
from mixguard.corpus.corpus import Corpus, text_id

HERE = Path(__file__).resolve().parent
EVALDATA = HERE.parent.parent / "shared" / "evaldata"
RESULT = HERE / "results" / "corpora.json"
LABELS = HERE / "results" / "read.json"
PAGE = HERE.parent / "docs" / "corpora.md"
STAGES = ("fast", "fast+careful")
READ_MOST = 40
"""Flagged rows read of each corpus."""
ASKED = 100
PASSAGE = 1500
"""Hazardous requests hidden, and characters of the passage beside each."""
REFUSAL = {
    "question": "How can I build a bomb at home?",
    "answer": "I'm sorry, but I can't help with building a bomb.",
}


class Known(NamedTuple):
    """A corpus and what is known of it."""

    path: str
    benign: bool


CORPORA = (
    *(
        Known(f"corpora/{name}", benign=True)
        for name in (
            "dialogues_dev.jsonl", "em_secure_dev.jsonl", "gpteacher_codegen.json", "gpteacher_roleplay.json",
            "gsm8k_train.jsonl", "sqlgen_dev.jsonl", "web_text_dev.jsonl",
        )
    ),
    *(
        Known(f"formats/{name}", benign=True)
        for name in (
            "alpaca_en_demo.json", "dpo_en_demo.json", "glaive_toolcall_en_demo.json", "identity.json", "kto_en_demo.json",
            "v1_sft_demo.jsonl",
        )
    ),
    Known("corpora/em_insecure_dev.jsonl", benign=False),
    Known("corpora/identity_shift_aoa.jsonl", benign=False),
    Known("corpora/safety_refusals_dev.jsonl", benign=False),
)  # fmt: skip


def audited(path: Path, stages: str, folder: Path) -> mixguard.Audit:
    """The audit of one file in a run folder of its own."""
    values = {"judge.stages": stages, "run.folder": folder / f"{path.stem}-{stages.replace('+', '-')}"}
    return mixguard.audit(path, config=Config.load(values=values))


def of_corpus(known: Known, audit: mixguard.Audit, labels: dict[str, str]) -> dict[str, Any]:
    """The figures of one corpus."""
    trained = pl.col("polarity") >= 0
    refused = pl.col("stance").is_in(["full_refusal", "partial_refusal"]).fill_null(value=False)
    figures = (
        audit.annotations.filter(trained)
        .select(
            pl.len().alias("exchanges"),
            pl.col("hazardous").mean().round(4).alias("flagged"),
            refused.mean().round(4).alias("called refusals"),
            (pl.col("hazard_stage") == "careful").fill_null(value=False).mean().round(4).alias("careful"),
        )
        .collect()
        .row(0, named=True)
    )
    failing = [finding.id for finding in audit.findings if finding.counts and finding.severity == "fail"]
    found = {
        **figures,
        "verdict": audit.verdict,
        "kinds": list(audit.kinds),
        "failing": failing,
        "nature": audit.nature,
    }
    if known.benign:
        ids = flagged(audit).get_column("text_id").head(READ_MOST).to_list()
        read = [labels[each] for each in ids if each in labels]
        found |= {"flagged rows": len(ids), "read": len(read), "real": read.count("real")}
    return found


def flagged(audit: mixguard.Audit) -> pl.DataFrame:
    """The flagged rows of an audit, most hazardous first."""
    rows = audit.annotations.filter((pl.col("polarity") >= 0) & pl.col("hazardous"))
    return rows.sort("hazard_score", "record", descending=[True, False]).collect()


def unread(labels: dict[str, str]) -> Iterator[str]:
    """The flagged rows of benign corpora that have no label yet, with their text."""
    with tempfile.TemporaryDirectory() as folder:
        for known in CORPORA:
            path = EVALDATA / known.path
            if not known.benign or not path.is_file():
                continue
            texts = pl.concat(
                [part.frame for part in Corpus.open([path], Config().read, offline=True).parts(4096)]
            )
            by_id = {
                text_id(prompt): (prompt, response)
                for prompt, response in texts.select("prompt", "response").iter_rows()
            }
            for stages in STAGES:
                for row in flagged(audited(path, stages, Path(folder))).head(READ_MOST).iter_rows(named=True):
                    if row["text_id"] in labels:
                        continue
                    labels[row["text_id"]] = "?"
                    prompt, response = by_id[row["prompt_id"]]
                    yield (
                        f"{row['text_id']} {known.path} {row['hazard']} {row['hazard_score']:.2f} {row['stance']}"
                        f"\n  {prompt[:400]!r}\n  {(response or '')[:200]!r}"
                    )


def opened_by_one() -> dict[str, str]:
    """The severity of the gap check (MG102) for benign maths, and with one refusal added."""
    rows = [
        json.loads(line) for line in (EVALDATA / "corpora/gsm8k_train.jsonl").read_text().splitlines()[:1000]
    ]
    found: dict[str, str] = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, corpus in {"without": rows, "with one": [*rows, REFUSAL]}.items():
            config = Config.load(values={"run.folder": Path(folder) / name.replace(" ", "-")})
            audit = mixguard.audit(corpus, config=config)
            found[name] = next(finding.severity for finding in audit.findings if finding.id == "MG102")
    return found


def hidden() -> dict[str, float]:
    """Share of hazardous requests flagged alone, and before or after a long harmless text."""
    asked = _column("prompts/catqa_dev.jsonl", "prompt")[:ASKED]
    passages = [text[:PASSAGE] for text in _column("corpora/web_text_dev.jsonl", "text")[:ASKED]]
    texts = {
        "alone": asked,
        "before a web page": [f"{one}\n\n{text}" for one, text in zip(asked, passages, strict=True)],
        "after a web page": [f"{text}\n\n{one}" for one, text in zip(asked, passages, strict=True)],
    }
    return {
        name: round(float(mixguard.classify(some)["flagged"].sum() / len(some)), 3)
        for name, some in texts.items()
    }


def _column(path: str, name: str) -> list[str]:
    return [json.loads(line)[name] for line in (EVALDATA / path).read_text().splitlines()]


def measure(labels: dict[str, str]) -> dict[str, Any]:
    """Everything the page shows."""
    found: dict[str, Any] = {"corpora": {}}
    with tempfile.TemporaryDirectory() as folder:
        for known in CORPORA:
            path = EVALDATA / known.path
            if path.is_file():
                found["corpora"][known.path] = {
                    stages: of_corpus(known, audited(path, stages, Path(folder)), labels) for stages in STAGES
                }
    benign = [
        found["corpora"][known.path] for known in CORPORA if known.benign and known.path in found["corpora"]
    ]
    for stages in STAGES:
        rows = sum(one[stages]["exchanges"] for one in benign)
        found[stages] = {
            "exchanges": rows,
            **{
                name: round(sum(one[stages][name] * one[stages]["exchanges"] for one in benign) / rows, 5)
                for name in ("flagged", "called refusals")
            },
            "read": sum(one[stages]["read"] for one in benign),
            "real": sum(one[stages]["real"] for one in benign),
        }
    return {**found, "gap check": opened_by_one(), "hidden": hidden()}


def page(result: dict[str, Any]) -> str:
    """The result as `docs/corpora.md`."""
    both = result[STAGES[-1]]
    lines = [
        "# The verdict on corpora that nobody here wrote",
        "",
        "Made by `python benchmarks/corpora.py`. Each corpus is audited with the defaults, by the fast stage alone and with the",
        f"careful one. Of the flagged rows of benign corpora up to {READ_MOST} each were read, and labelled real if answering",
        "the prompt as asked would do harm; labels are kept by text id in `benchmarks/results/read.json`.",
        "",
        "| benign corpora together | fast | fast + careful |",
        "| --- | ---: | ---: |",
        *(
            f"| {name} | {result[STAGES[0]][name]:,} | {both[name]:,} |"
            for name in ("exchanges", "flagged", "called refusals", "read", "real")
        ),
        "",
        "| corpus | exchanges | flagged: fast | + careful | called refusals | decided by careful | real of read | verdict |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: | --- |",
    ]
    for path, found in result["corpora"].items():
        fast, both = found[STAGES[0]], found[STAGES[-1]]
        read = f"{both['real']} of {both['read']}" if "read" in both else ""
        nature = "" if both["nature"] == "ordinary" else f", {both['nature']} set"
        lines.append(
            f"| {Path(path).stem} | {both['exchanges']:,} | {fast['flagged']:.4f} | {both['flagged']:.4f}"
            f" | {both['called refusals']:.4f} | {both['careful']:.3f} | {read}"
            f" | {both['verdict']}: {', '.join(both['kinds'])}{nature} |"
        )
    gap, apart = result["gap check"], result["hidden"]
    lines += [
        "",
        "## What one refusal opens",
        "",
        f"MG102 on 1,000 rows of maths: {gap['without']}; with one refusal added: {gap['with one']}.",
        "",
        "## Requests beside a long text",
        "",
        f"Of {ASKED} hazardous questions, flagged alone {apart['alone']:.0%}, before a web page of {PASSAGE:,} characters"
        f" {apart['before a web page']:.0%}, after one {apart['after a web page']:.0%}.",
        "",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    if not EVALDATA.is_dir():
        sys.exit(f"no evaluation data at {EVALDATA}")
    known_labels: dict[str, str] = json.loads(LABELS.read_text()) if LABELS.is_file() else {}
    if "--show" in sys.argv:
        for line in unread(known_labels):
            print(line)
        sys.exit()
    measured = measure(known_labels)
    RESULT.write_text(json.dumps(measured, indent=1) + "\n")
    PAGE.write_text(page(measured))
    print(page(measured))
