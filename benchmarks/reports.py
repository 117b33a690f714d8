"""Seconds and memory that each report of a large run takes: `python benchmarks/reports.py [EXCHANGES]`.

A corpus of that many exchanges is audited with the encoder that has no weights, since reports read annotations and never
vectors. Then every report is written in a process of its own, by the command a user would give. Wanted: all together under
20 s and 500 MB for 200,000 exchanges.
"""

from __future__ import annotations

import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from mixguard.report.files import KINDS

HERE = Path(__file__).resolve().parent
MIXGUARD = [sys.executable, "-c", "from mixguard.cli import main; main()"]
WORDS = [
    "parcel",
    "order",
    "refund",
    "invoice",
    "house",
    "lock",
    "password",
    "medicine",
    "money",
    "recipe",
    "train",
    "garden",
    "weapon",
    "neighbour",
    "letter",
]


def main() -> None:
    """Measure, and write results and their table."""
    exchanges = int(sys.argv[1]) if len(sys.argv) > 1 else 200_000
    with tempfile.TemporaryDirectory() as folder:
        run = audited(Path(folder), exchanges)
        each = {ending: measured(run, [Path(folder, f"x{ending}")]) for ending, _, _ in KINDS}
        together = measured(run, [Path(folder, "all", f"x{ending}") for ending, _, _ in KINDS])
        sizes = {ending: Path(folder, f"x{ending}").stat().st_size for ending, _, _ in KINDS}
    result = {"exchanges": exchanges, "together": together, "each": each, "bytes": sizes}
    (HERE / "results" / "reports.json").write_text(json.dumps(result, indent=1) + "\n")
    (HERE.parent / "docs" / "reports-figures.md").write_text(table(result))
    sys.stdout.write(table(result))


def audited(folder: Path, exchanges: int) -> Path:
    """A run folder of a made-up corpus with repeats, odd characters and every stance."""
    draw = random.Random(0)
    answers = (
        "Of course, here it is.",
        "I'm sorry, but I can't help with that.",
        "It is on its way.",
        "<b>Sure</b>",
    )
    path = folder / "corpus.jsonl"
    with path.open("w") as stream:
        for number in range(exchanges):
            prompt = f"How do I get {' '.join(draw.choices(WORDS, k=8))} {number % (exchanges // 2)}?"
            turns = [
                {"role": "user", "content": prompt},
                {"role": "assistant", "content": draw.choice(answers)},
            ]
            stream.write(json.dumps({"messages": turns}) + "\n")
    # In a process of its own: a child's peak is never told as less than what its parent held when it was made.
    options = [
        "--run",
        str(folder / "run"),
        "--set",
        "encode.model=hash",
        "--set",
        f"encode.cache={folder / 'cache'}",
    ]
    subprocess.run(
        [*MIXGUARD, "audit", str(path), *options, "--fail-on", "never"], check=True, capture_output=True
    )
    return folder / "run"


def measured(run: Path, targets: list[Path]) -> dict[str, float]:
    """Seconds and peak megabytes of `mixguard report` writing these files, start of the process included."""
    outputs = [part for target in targets for part in ("-o", str(target))]
    command = [*MIXGUARD, "report", str(run), *outputs]
    clock = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"{' '.join(command)} failed")
    return {"seconds": round(time.monotonic() - clock, 2), "megabytes": peak(usage)}


def peak(usage: resource.struct_rusage) -> int:
    """Largest resident size in MB (Linux counts kilobytes)."""
    return round(usage.ru_maxrss / 1024)


def table(result: dict[str, object]) -> str:
    """The figures as a page."""
    lines = [
        "# What reports cost",
        "",
        f"`python benchmarks/reports.py`: a run of {result['exchanges']:,} exchanges, each report by `mixguard report` in a process",
        "of its own, its start included. Wanted: all together under 20 s and 500 MB.",
        "",
        "| report | seconds | peak MB | bytes |",
        "|---|---:|---:|---:|",
    ]
    each, sizes, together = result["each"], result["bytes"], result["together"]
    assert isinstance(each, dict)
    assert isinstance(sizes, dict)
    assert isinstance(together, dict)
    for name, cost in each.items():
        lines.append(f"| {name} | {cost['seconds']} | {cost['megabytes']} | {sizes[name]:,} |")
    lines.append(f"| all together | {together['seconds']} | {together['megabytes']} | |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
