"""Peak memory and CPU seconds of `check` and the reports: `python benchmarks/reduce.py [EXCHANGES ...]`.

A made-up corpus is audited with the encoder that has no weights, since checks and reports read annotations and never
vectors. Its parts are then written again and again, with other ids and places, to runs of 50,000, 500,000 and 1,000,000
exchanges. Each command runs in a process of its own, the start of the process included. Wanted: `check` at a million below
400 MB, nothing above 700 MB, and at 500,000 exchanges at most 1.1 times the peak at 50,000. The counts are known: as many
repeated samples, near-duplicates and answers of a form as in the corpus, times the copies.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import orjson
import polars as pl

HERE = Path(__file__).resolve().parent
MIXGUARD = [sys.executable, "-c", "from mixguard.cli import main; main()"]
SIZES = (50_000, 500_000, 1_000_000)
BASE, PART, REPEATED, NEARLY = 5_000, 2_500, 250, 125
"""Exchanges of the corpus and of a part; its last rows repeat earlier ones, word for word or nearly."""
WORDS = [f"{first}{last}" for first in ("par", "or", "in", "gar", "let", "ma") for last in ("den", "der", "voice", "cel", "ter", "chine")]  # fmt: skip
CHANCE = 0.02
"""Share by which counts may be off: the hashes of different copies meet by chance now and then."""
REPORTS = ("x.html", "x.md", "x.json", "README.md")


def main() -> None:
    """Measure, and write the results."""
    sizes = [int(each) for each in sys.argv[1:]] or list(SIZES)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        base = audited(folder)
        once = counts(base / "audit.json")
        found = {size: measured(folder, base, size, once) for size in sizes}
    result = {"machine": {"cores": os.cpu_count()}, "sizes": found}
    (HERE / "results" / "reduce.json").write_text(json.dumps(result, indent=1) + "\n")
    sys.stdout.write(table(found))


def audited(folder: Path) -> Path:
    """The run of the made-up corpus."""
    draw = random.Random(0)
    rows = [
        (f"How do I get {' '.join(draw.choices(WORDS, k=14))} {number}?", " ".join(draw.choices(WORDS, k=25)))
        for number in range(BASE - REPEATED - NEARLY)
    ]
    rows += [rows[number] for number in range(REPEATED)]
    rows += [(prompt, f"{answer} again") for prompt, answer in rows[REPEATED : REPEATED + NEARLY]]
    corpus = folder / "corpus.jsonl"
    with corpus.open("w") as stream:
        for prompt, answer in rows:
            turns = [{"role": "user", "content": prompt}, {"role": "assistant", "content": answer}]
            stream.write(json.dumps({"messages": turns}) + "\n")
    options = ["encode.model=hash", f"encode.cache={folder / 'cache'}", f"run.batch={PART}"]
    sets = [part for option in options for part in ("--set", option)]
    command = [*MIXGUARD, "audit", str(corpus), "--run", str(folder / "base"), *sets, "--fail-on", "never"]
    subprocess.run(command, check=True, capture_output=True)
    return folder / "base"


def measured(folder: Path, base: Path, size: int, once: dict[str, int]) -> dict[str, Any]:
    """What `check` and the reports take at a size, and whether they find what is there."""
    run, copies = folder / f"run-{size}", size // BASE
    grow(base, run, copies)
    checked = folder / f"checked-{size}.json"
    taken = {"check": cost("check", run, "-o", checked, "--fail-on", "never")}
    for name in REPORTS:
        taken[name] = cost("report", run, "-o", folder / str(size) / name)
    there = counts(checked)
    wrong = {
        name: (there[name], count * copies)
        for name, count in once.items()
        if abs(there[name] - count * copies) > CHANCE * count * copies
    }
    if wrong:
        raise SystemExit(f"{size:,} exchanges: found and expected counts differ: {wrong}")
    return {"taken": taken, "counts": there}


def grow(base: Path, run: Path, copies: int) -> None:
    """A run of the base's parts, copied with other ids and places."""
    (run / "annotations").mkdir(parents=True)
    parts = [pl.read_parquet(file) for file in sorted((base / "annotations").glob("*.parquet"))]
    for copy in range(copies):
        for number, part in enumerate(parts):
            moved = part.with_columns(
                pl.col("line", "record") + copy * BASE,
                *((pl.lit(f"{copy:04x}") + pl.col(name).str.slice(4)).alias(name) for name in ("sample_id", "prompt_id", "response_id")),
                *(pl.col(f"repetition_{band}") ^ pl.lit(copy * 2_654_435_761 % 2**32, pl.UInt32) for band in (1, 2, 3, 4)),
            )  # fmt: skip
            moved.write_parquet(run / "annotations" / f"part-{copy * len(parts) + number:05d}.parquet")
    audit = orjson.loads((base / "audit.json").read_bytes())
    corpus, rows = audit["corpus"], copies * BASE
    corpus |= dict.fromkeys(("records", "samples", "exchanges", "looked"), rows)
    corpus["formats"] = {source: dict.fromkeys(found, rows) for source, found in corpus["formats"].items()}
    (run / "audit.json").write_bytes(orjson.dumps(audit))
    for name in ("config.toml", "quarantine.jsonl", "flagged.parquet"):
        (run / name).write_bytes((base / name).read_bytes())


def counts(audit: Path) -> dict[str, int]:
    """Counts of the findings that grow with the corpus."""
    findings = orjson.loads(audit.read_bytes())["findings"]
    names = {"MG302": "repeated", "MG221": "nearly repeated", "MG305": "unjudged"}
    return {
        names[each["id"]]: each["count"]
        for each in findings
        if each["id"] in names and each["subject"] in (None, "samples")
    }


def cost(*arguments: object) -> dict[str, float]:
    """Peak megabytes and CPU seconds of a command."""
    process = subprocess.Popen(
        [*MIXGUARD, *map(str, arguments)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"mixguard {' '.join(map(str, arguments))} failed")
    return {
        "megabytes": round(usage.ru_maxrss / 1024),
        "cpu_seconds": round(usage.ru_utime + usage.ru_stime, 1),
    }


def table(found: dict[int, dict[str, Any]]) -> str:
    """The figures, one line a command."""
    lines = [f"{'':12}" + "".join(f"{f'{size:,}':>24}" for size in found)]
    for name in ("check", *REPORTS):
        cells = [each["taken"][name] for each in found.values()]
        lines.append(f"{name:12}" + "".join(f"{c['megabytes']:>12} MB{c['cpu_seconds']:>7} s" for c in cells))
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
