"""How fast an audit is, in whole processes and CPU seconds, each figure beside the counts that it must find.

Prints JSON and writes benchmarks/results/speed.json; every entry is a ratio within one run, or counts CPU seconds of whole
processes, imports and loading included. benchmarks/speed_page.py writes docs/speed.md from it and its neighbours.

    python benchmarks/speed.py             # all entries, some twenty minutes on two cores
    python benchmarks/speed.py ready peers # some; the others keep their figures
"""

from __future__ import annotations

import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from time import perf_counter
from typing import Any, NamedTuple

HERE = Path(__file__).resolve().parent
EVALDATA = HERE.parent.parent / "shared" / "evaldata" / "corpora"
SUPPORT = HERE.parent / "examples" / "support.jsonl"
GSM8K = EVALDATA / "gsm8k_train.jsonl"
RESULT = HERE / "results" / "speed.json"
MILLION = 1_000_000
MEASURED = 100_000
"""Rows of the run from which a million is extrapolated."""
COMPARED = 1_000
"""Rows that are compared with other tools: plain encoding of all takes too long."""
EVERY, AGAIN = 100, 4_000
"""One row in so many of these is changed before the second audit."""


class Took(NamedTuple):
    """What a process took, with its children."""

    cpu: float
    """Seconds."""
    wall: float
    """Seconds."""
    peak: float
    """MiB, of the largest of all processes so far."""
    code: int
    out: str


def took(command: list[str], cache: Path, *, fails: bool = False) -> Took:
    """Run a command with its own cache folder and count its CPU seconds.

    Raises:
        SystemExit: it failed.
    """
    environment = {**os.environ, "XDG_CACHE_HOME": str(cache), "MIXGUARD_NO_PROGRESS": "1"}
    before, clock = resource.getrusage(resource.RUSAGE_CHILDREN), perf_counter()
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    wall, after = perf_counter() - clock, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode not in (0, 1, 4) and not fails:
        raise SystemExit(f"{' '.join(command)}: exit code {done.returncode}\n{done.stdout}\n{done.stderr}")
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Took(cpu, wall, after.ru_maxrss / 1024, done.returncode, done.stdout)


def mixguard(*given: object, cache: Path) -> Took:
    """Run a command of mixguard."""
    program = "import sys; from mixguard.cli import main; sys.argv[0] = 'mixguard'; sys.exit(main())"
    return took([sys.executable, "-c", program, *map(str, given)], cache)


def audited(corpus: Path, run: Path, *given: object, cache: Path) -> Took:
    """Audit a corpus."""
    return mixguard("audit", corpus, "--run", run, "--fail-on", "never", *given, cache=cache)


def document(run: Path) -> dict[str, Any]:
    """A run's audit.json without what differs between two runs of the same corpus."""
    tree: dict[str, Any] = json.loads((run / "audit.json").read_bytes())
    return {name: value for name, value in tree.items() if name not in ("provenance", "config")}


def counts(run: Path) -> dict[str, Any]:
    """The counts that a run must give."""
    tree = document(run)
    found = {
        each["id"]: each["count"] for each in tree["findings"] if each["severity"] not in ("pass", "note")
    }
    return {"exchanges": tree["corpus"]["exchanges"], "verdict": tree["verdict"], "findings": found}


def ready(work: Path) -> dict[str, Any]:
    """The first audit of the example with an empty cache, and the second."""
    first = audited(SUPPORT, work / "run", cache=work / "cache")
    found = counts(work / "run")
    second = audited(SUPPORT, work / "run", cache=work / "cache")
    same = counts(work / "run") == found
    return {
        "first_cpu_seconds": round(first.cpu, 1),
        "second_cpu_seconds": round(second.cpu, 1),
        "same": same,
        **found,
    }


def whole(work: Path) -> dict[str, Any]:
    """A whole exact audit against its own encoding: what it takes less what it takes with every vector stored."""
    corpus = _head(GSM8K, COMPARED, work)
    audited(SUPPORT, work / "run", cache=work / "cache")  # the encoders are there
    start = audited(SUPPORT, work / "run", cache=work / "cache").cpu
    exact = ("--screen", "off", "--fresh")
    cold = audited(corpus, work / "run", *exact, cache=work / "cache").cpu
    found = counts(work / "run")
    warm = audited(corpus, work / "run", *exact, cache=work / "cache").cpu
    return {
        "cpu_seconds": round(cold, 1),
        "without_encoding": round(warm, 1),
        "start": round(start, 1),
        "ratio": round((cold - start) / (cold - warm), 3),
        "same": counts(work / "run") == found,
        **found,
    }


def second(work: Path) -> dict[str, Any]:
    """An audit after one row in a hundred changed, against the first."""
    audited(SUPPORT, work / "other", cache=work / "cache")
    corpus, changed = _head(GSM8K, AGAIN, work), work / "changed.jsonl"
    first = audited(corpus, work / "run", "--screen", "off", cache=work / "cache")
    rows = list(map(json.loads, corpus.read_text().splitlines()))
    for row in rows[::EVERY]:
        row["question"] += " Explain."
    changed.write_text("".join(json.dumps(row) + "\n" for row in rows))
    again = audited(changed, work / "run", "--screen", "off", cache=work / "cache")
    found = counts(work / "run")
    audited(changed, work / "fresh", "--screen", "off", cache=work / "cache")
    return {
        "first_cpu_seconds": round(first.cpu, 1),
        "second_cpu_seconds": round(again.cpu, 1),
        "ratio": round(first.cpu / again.cpu, 1),
        "same_as_a_fresh_run": counts(work / "fresh") == found,
        **found,
    }


def engines(work: Path) -> dict[str, Any]:
    """Two shards merged, and Ray with two actors, against one process: the documents must be equal."""
    corpus = _head(GSM8K, COMPARED, work)
    cut = ("--set", "run.batch=256")
    audited(corpus, work / "local", *cut, cache=work / "cache")
    local = document(work / "local")
    for number in (1, 2):
        audited(corpus, work / f"shard-{number}", *cut, "--shard", f"{number}/2", cache=work / "cache")
    merged = ("merge", work / "shard-1", work / "shard-2", "--run", work / "merged", "--fail-on", "never")
    mixguard(*merged, cache=work / "cache")
    same: dict[str, bool | str] = {"shards": document(work / "merged") == local}
    for engine in ("processes", "ray"):
        try:
            audited(
                corpus,
                work / engine,
                *cut,
                "--engine",
                engine,
                "--set",
                "run.workers=2",
                cache=work / "cache",
            )
        except SystemExit as error:
            same[engine] = str(error).splitlines()[-1]
        else:
            same[engine] = document(work / engine) == local
    return {"same_as_local": same, **counts(work / "local")}


def million(work: Path) -> dict[str, Any]:
    """A screened audit of 100,000 rows, and of a tenth of them: what one row more costs, and so a million."""
    audited(SUPPORT, work / "other", cache=work / "cache")
    sizes = (MEASURED // 10, MEASURED)
    runs = []
    for size in sizes:
        corpus = work / f"{size}.jsonl"
        with corpus.open("w") as stream:
            stream.writelines(islice(_numbered(), size))
        runs.append(audited(corpus, work / "run", "--screen", "on", cache=work / "cache"))
    small, large = runs
    found = counts(work / "run")
    row = (large.wall - small.wall) / (sizes[1] - sizes[0])
    cpu = (large.cpu - small.cpu) / (sizes[1] - sizes[0])
    return {
        "wall_seconds": {str(size): round(each.wall, 1) for size, each in zip(sizes, runs, strict=True)},
        "cpu_seconds": {str(size): round(each.cpu, 1) for size, each in zip(sizes, runs, strict=True)},
        "peak_mib": {str(size): round(each.peak) for size, each in zip(sizes, runs, strict=True)},
        "microseconds_of_cpu_a_row": round(cpu * 1e6),
        "a_million": {
            "wall_seconds": round(large.wall + row * (MILLION - MEASURED)),
            "cpu_seconds": round(large.cpu + cpu * (MILLION - MEASURED)),
        },
        **found,
    }


def peers(work: Path) -> dict[str, Any]:
    """An audit and other tools on the same rows: CPU seconds of whole processes."""
    from peers import PEERS

    corpus = _head(GSM8K, COMPARED, work)
    audited(SUPPORT, work / "other", cache=work / "cache")
    found = {}
    for name, screen in (("mixguard, exact", "off"), ("mixguard, screened", "on")):
        spent = audited(corpus, work / f"run-{screen}", "--screen", screen, cache=work / f"cache-{screen}")
        found[name] = {"cpu_seconds": round(spent.cpu, 1), **counts(work / f"run-{screen}")}
    for name in PEERS:
        done = took([sys.executable, str(HERE / "peers.py"), name, str(corpus)], work / "cache")
        found[name] = {"does": PEERS[name].does, **json.loads(done.out.splitlines()[-1])}
    return {"rows": COMPARED, "tools": found}


def _head(path: Path, rows: int, work: Path) -> Path:
    head = work / f"head-{rows}.jsonl"
    with path.open() as stream:
        head.write_text("".join(islice(stream, rows)))
    return head


def _numbered() -> Iterator[str]:
    """Rows of GSM8K over and over, each with a number of its own, so that none is known."""
    rows = list(map(json.loads, GSM8K.read_text().splitlines()))
    number = 0
    while True:
        for row in rows:
            number += 1
            yield (
                json.dumps(
                    {"question": f"{row['question']} ({number})", "answer": f"{row['answer']} ({number})"}
                )
                + "\n"
            )


ENTRIES: dict[str, Callable[[Path], dict[str, Any]]] = {
    "ready": ready, "whole": whole, "second": second, "engines": engines, "million": million, "peers": peers,
}  # fmt: skip


def main(names: list[str]) -> None:
    """Measure the named entries, all by default."""
    results = json.loads(RESULT.read_text()) if RESULT.is_file() else {}
    for name in names or ENTRIES:
        with tempfile.TemporaryDirectory() as work:
            results[name] = {**ENTRIES[name](Path(work)), "machine": machine()}
        print(json.dumps({name: results[name]}, indent=2), flush=True)
        RESULT.write_text(
            json.dumps({name: results[name] for name in ENTRIES if name in results}, indent=2) + "\n"
        )


def machine() -> str:
    """Processor features that decide, cores and Python."""
    flags = Path("/proc/cpuinfo").read_text() if Path("/proc/cpuinfo").exists() else ""
    seen = [flag for flag in ("avx2", "avx512_vnni", "avx512_bf16", "amx_int8") if f" {flag}" in flags]
    return f"{os.cpu_count()} cores, {platform.machine()} ({', '.join(seen)}), Python {platform.python_version()}"


if __name__ == "__main__":
    main(sys.argv[1:])
