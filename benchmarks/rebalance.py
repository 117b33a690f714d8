"""What `rebalance` does with public corpora that lie beside the project and never in it, and with a very large one.

Prints and writes JSON and `docs/rebalance-figures.md`: pairs added, rows set aside, whether the input's bytes come back when
the new records are taken out, refusals before and after, and time and memory of 10,000 and 1,000,000 rows; and what mixguard
says of its own bank.

    python benchmarks/rebalance.py
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
from pathlib import Path
from time import perf_counter
from typing import Any

import mixguard
from mixguard.config import Config, parsed
from mixguard.corpus.files import open_sources
from mixguard.corpus.records import Record
from mixguard.curate.bank_check import check_bank
from mixguard.mix.manifest import Manifest

HERE = Path(__file__).resolve().parent
EVALDATA = HERE.parent.parent / "shared" / "evaldata"
RESULT = HERE / "results" / "rebalance.json"
PAGE = HERE.parent / "docs" / "rebalance-figures.md"
CORPORA = (
    "corpora/gsm8k_train.jsonl", "corpora/gpteacher_codegen.json", "corpora/em_secure_dev.jsonl",
    "formats/alpaca_en_demo.json", "formats/dpo_en_demo.json", "formats/kto_en_demo.json",
    "formats/glaive_toolcall_en_demo.json", "formats/v1_sft_demo.jsonl",
)  # fmt: skip
LARGE = (10_000, 1_000_000)


def one(path: Path, folder: Path) -> dict[str, Any]:
    """A corpus rebalanced; the input must come back when the new records are taken out."""
    out = folder / path.name
    clock = perf_counter()
    mix = mixguard.rebalance(path, out=out, config=_config(folder))
    seconds = perf_counter() - clock
    before, after = mix.before, mix.after or mix.before
    found: dict[str, Any] = {
        "corpus": path.name,
        "format": next(iter(next(iter(before.corpus.formats.values())))),
        "exchanges": before.corpus.exchanges,
        "refusal pairs": mix.plan.refusals,
        "contrast pairs": mix.plan.contrast,
        "set aside": len(mix.plan.remove),
        "added": len(mix.manifest.added) if mix.manifest else 0,
        "refused before": sum(row.refusals for row in before.coverage),
        "refused after": sum(row.refusals for row in after.coverage),
        "verdict": f"{before.verdict} -> {after.verdict}",
        "seconds": round(seconds, 1),
    }
    if mix.manifest and not mix.plan.remove:
        found["bytes back"] = without(out, mix.manifest) == path.read_bytes()
        again = folder / f"again-{path.name}"
        mixguard.rebalance(path, out=again, config=_config(folder))
        found["same bytes twice"] = again.read_bytes() == out.read_bytes()
    return found


def without(out: Path, manifest: Manifest) -> bytes:
    """A mix less its new records and what stands before each."""
    new = {added.record for added in manifest.added}
    content, kept, end = out.read_bytes(), b"", 0
    for record in open_sources([out], offline=True)[0].records():
        if isinstance(record, Record):
            if record.place.ordinal not in new:
                kept += content[end : record.start + len(record.raw)]
            end = record.start + len(record.raw)
    return kept + content[end:]


def _config(folder: Path, *more: str) -> Config:
    return Config.load(values={"run.folder": folder / "run", **parsed(more)})


def large() -> list[dict[str, Any]]:
    """Time and peak memory, a process each, with the encoder that has no weights; its models are fitted beforehand."""
    with tempfile.TemporaryDirectory() as folder:
        found = []
        for rows in (LARGE[0], *LARGE):
            done = subprocess.run(
                [sys.executable, __file__, str(rows), folder], capture_output=True, text=True, check=True
            )
            found.append(dict(json.loads(done.stdout.splitlines()[-1])))
    return found[1:]


def _in_process(rows: int, folder: Path) -> None:
    path = folder / "large.jsonl"
    with path.open("w") as stream:
        for number in range(rows):
            answer = f"It is on shelf {number % 97}, behind the blue box."
            stream.write(
                json.dumps({"prompt": f"Where is item {number % 5000}?", "completion": answer}) + "\n"
            )
    clock = perf_counter()
    mix = mixguard.rebalance(
        path,
        out=folder / "out.jsonl",
        config=_config(folder, "encode.model=hash", f"encode.cache={folder / 'cache'}"),
    )
    figures = {
        "rows": rows,
        "refusal pairs": mix.plan.refusals,
        "short": sum(line.short for line in mix.plan.hazards),
        "seconds": round(perf_counter() - clock, 1),
        "peak MB": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    }
    print(json.dumps(figures))


def bank() -> list[dict[str, Any]]:
    """What mixguard says of its own bank."""
    files = sorted(str(path) for path in (EVALDATA / "prompts").glob("*.jsonl"))
    report = check_bank("mixguard", Config(), files)
    return [
        *(
            {
                "pairs": kind.kind, "count": kind.pairs, "prompt right": round(kind.prompt_right / kind.pairs, 3),
                "its own hazard": round(kind.hazard_right / kind.pairs, 3) if kind.kind == "refusal" else None,
                "answer right": round(kind.response_right / kind.pairs, 3),
            }
            for kind in report.kinds
        ),
        {
            "pairs": "all", "count": report.pairs, "near an exemplar": len(report.exemplars),
            "near an evaluation prompt": len(report.contamination), "refusals alike": len(report.alike),
            "distinct openings": round(report.openings, 3),
        },
    ]  # fmt: skip


def page(result: dict[str, Any]) -> str:
    """The result as `docs/rebalance-figures.md`."""
    parts = [
        "# What rebalancing does to public corpora",
        "",
        "Made by `python benchmarks/rebalance.py`, profile `general`. *Bytes back*: taking the new records out gives the input.",
        "Pairs of the bank are taken at their word in the audit afterwards; whether they refuse was read, not detected.",
        "",
        *_table(result["corpora"]),
        "",
        "## Very large corpora",
        "",
        "With the encoder that has no weights, audit before and after included; a process of its own each.",
        "",
        *_table(result["large"]),
        "",
        "## The bank, judged by mixguard",
        "",
        "Prompts are judged by exemplars none of which is near them (cosine above .9), so this is also a test of the hazard",
        "detector on prompts it has not seen; answers are judged by a model that has been fitted on them among others.",
        "",
        *_table(result["bank"][:-1]),
        "",
        *_table(result["bank"][-1:]),
        "",
    ]
    return "\n".join(parts)


def _table(rows: list[dict[str, Any]]) -> list[str]:
    names = list(dict.fromkeys(name for row in rows for name in row))
    return [
        "| " + " | ".join(names) + " |",
        "|" + " --- |" * len(names),
        *("| " + " | ".join(_cell(row.get(name)) for name in names) + " |" for row in rows),
    ]


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "NO"
    return f"{value:,}" if isinstance(value, int) else str(value)


def measure() -> dict[str, Any]:
    """Everything the page shows."""
    with tempfile.TemporaryDirectory() as folder:
        corpora = [one(EVALDATA / name, Path(folder)) for name in CORPORA]
    return {"corpora": corpora, "large": large(), "bank": bank()}


if __name__ == "__main__":
    if len(sys.argv) > 1:
        _in_process(int(sys.argv[1]), Path(sys.argv[2]))
    elif not EVALDATA.is_dir():
        sys.exit(f"no evaluation data at {EVALDATA}")
    else:
        measured = measure()
        RESULT.write_text(json.dumps(measured, indent=1) + "\n")
        PAGE.write_text(page(measured))
        print(page(measured))
