"""Audits, reports and mixes spoiled corpora: `python benchmarks/fuzz.py [COUNT]`, two at a time, in processes that may die.

With `--minutes`, it stops after that time; `--first NUMBER` goes on from there.

A corpus is made from its number alone, so `python benchmarks/fuzz.py --only NUMBER` repeats one that failed.
"""

from __future__ import annotations

import argparse
import json
import math
import signal
import subprocess
import sys
import traceback
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from time import monotonic
from types import FrameType

ROOT = Path(__file__).resolve().parent.parent
RESULT = ROOT / "benchmarks" / "results" / "fuzz.json"
SECONDS = 20
"""A corpus that takes longer hangs."""
AT_ONCE = 100
"""Corpora per process."""


def main() -> None:
    """Run it."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("count", type=int, nargs="?", default=5000)
    asked.add_argument("--only", type=int, help="repeat one corpus and show its traceback")
    asked.add_argument("--first", type=int, default=0, help="number of the first corpus")
    asked.add_argument("--minutes", type=float, default=math.inf, help="stop after this time")
    asked.add_argument("--child", type=Path, help=argparse.SUPPRESS)
    given = asked.parse_args()
    if given.only is not None:
        with TemporaryDirectory() as cache:
            print(_one(given.only, Path(cache), SECONDS * 10))
    elif given.child:
        _child(given.first, given.count, given.child)
    else:
        _parent(given.first, given.count, monotonic() + 60 * given.minutes)


def _one(number: int, cache: Path, limit: int) -> dict[str, object]:
    from fuzzing import corpus, survive

    signal.signal(signal.SIGALRM, _hang)
    with TemporaryDirectory() as folder:
        path = corpus(Path(folder), Random(number))
        start = monotonic()
        signal.alarm(limit)
        try:
            how = survive(path, {"encode": {"model": "hash", "cache": cache}})
        except BaseException as error:  # noqa: BLE001 - whatever it is, it is what is looked for
            last = traceback.extract_tb(error.__traceback__)[-1]
            how = f"TRACEBACK {type(error).__name__} at {Path(last.filename).name}:{last.lineno}: {str(error)[:200]}"
        finally:
            signal.alarm(0)
        return {
            "number": number,
            "kind": path.suffix,
            "how": how,
            "seconds": round(monotonic() - start, 2),
            "peak_mb": _peak(),
        }


def _peak() -> int:
    """Most memory of this process so far, in MiB; `getrusage` would count its parent's too."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.partition("VmHWM:")[2].split()[0]) // 1024


def _hang(_: int, __: FrameType | None) -> None:
    raise TimeoutError(f"longer than {SECONDS} s")


def _child(first: int, count: int, cache: Path) -> None:
    from mixguard.detectors import Recipe, Worker

    # Loading the models is most of the time, and the same for every corpus.
    make, made = Recipe.worker, dict[bool, Worker]()

    def worker(self: Recipe) -> Worker:
        if self.bank not in made:
            made[self.bank] = make(self)
        return made[self.bank]

    Recipe.worker = worker  # type: ignore[method-assign]
    for number in range(first, first + count):
        print(json.dumps({"number": number, "how": "DIED"}), flush=True)
        print(json.dumps(_one(number, cache, SECONDS)), flush=True)


def _run(first: int, last: int, cache: Path) -> list[dict[str, object]]:
    """The outcomes of some corpora; where a process dies, the next one goes on after that corpus."""
    outcomes: dict[int, dict[str, object]] = {}
    while first < last:
        command = [sys.executable, __file__, str(last - first), "--first", str(first), "--child", str(cache)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
        for line in done.stdout.splitlines():
            outcome = json.loads(line)
            outcomes[outcome["number"]] = outcome
        first = max(outcomes, default=last) + 1
    return list(outcomes.values())


def _parent(first: int, count: int, end: float) -> None:
    with TemporaryDirectory() as cache:
        _one(first, Path(cache), 600)  # fits the models once
        starts = range(first, first + count, AT_ONCE)
        with ThreadPoolExecutor(2) as pool:
            done = pool.map(
                lambda at: (
                    _run(at, min(at + AT_ONCE, first + count), Path(cache)) if monotonic() < end else []
                ),
                starts,
            )
            outcomes = []
            for number, some in enumerate(done, 1):
                if not some:
                    break
                outcomes += some
                bad = [each for each in some if str(each["how"]).startswith(("TRACEBACK", "DIED"))]
                print(
                    f"{min(number * AT_ONCE, count):,} of {count:,}: {len(bad)} bad",
                    *bad,
                    sep="\n  ",
                    flush=True,
                )
    ends = Counter(str(each["how"]) for each in outcomes)
    bad = [each for each in outcomes if str(each["how"]).startswith(("TRACEBACK", "DIED"))]
    result = {
        "corpora": len(outcomes),
        "kinds": dict(sorted(Counter(str(each.get("kind")) for each in outcomes).items())),
        "tracebacks": sum(
            str(each["how"]).startswith("TRACEBACK") and "TimeoutError" not in str(each["how"])
            for each in bad
        ),
        "processes_died": sum(each["how"] == "DIED" for each in bad),
        "hangs": sum("TimeoutError" in str(each["how"]) for each in bad),
        "longest_s": max(float(str(each.get("seconds", 0))) for each in outcomes),
        "peak_mb": max(int(str(each.get("peak_mb", 0))) for each in outcomes),
        "ends": {how: number for how, number in sorted(ends.items()) if not how.startswith("TRACEBACK")},
    }
    print(json.dumps(result, indent=1))
    RESULT.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT / "tests"))
    main()
