"""Kill audits and rebalances at random moments (`kill -9`), and look at what is left.

After every kill the old set of files or the new one must be there whole, the next command must succeed, and nothing may
be left behind. What a killed command goes on to must be, byte for byte, what it would have been.
`python benchmarks/survive.py [KILLS]` takes about 15 seconds a kill on two cores.
"""

from __future__ import annotations

import json
import random
import shutil
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path
from time import monotonic

import orjson

RESULT = Path(__file__).parent / "results" / "survive.json"
KILLS = 60
MIXGUARD = [sys.executable, "-c", "from mixguard.cli import main; main()"]
PLAIN = [
    ("How do I bake bread number {}?", "Mix flour, water and salt {} times."),
    ("Name {} rivers.", "Number {}."),
]


def main(kills: int = KILLS) -> None:
    """Kill `kills` times, half of them audits, and write the counts."""
    seen: Counter[str] = Counter()
    chance = random.Random(0)
    with tempfile.TemporaryDirectory() as scratch:
        place = Place(Path(scratch))
        while seen["killed"] < kills:
            command = ("audit", "rebalance")[seen["killed"] % 2]
            seen += place.kill(command, chance)
            print(f"{command}: {dict(seen)}", flush=True)
    wrong = {name: seen[name] for name in ("broken", "next run failed", "other bytes", "left behind")}
    right = {name: seen[name] for name in ("killed", "finished before the kill", "old", "new")}
    RESULT.write_text(json.dumps({**right, **wrong}, indent=2) + "\n")
    if any(wrong.values()):
        raise SystemExit(1)


class Place:
    """Two corpora, a run folder and a mix."""

    def __init__(self, folder: Path) -> None:
        self.cache, self.prepared, self.folder = folder / "cache", folder / "prepared", folder / "work"
        self.prepared.mkdir()
        for name, rows in (("one.jsonl", 60), ("other.jsonl", 90)):
            made = (PLAIN[number % 2] for number in range(rows))
            lines = (
                {"prompt": ask.format(n), "completion": answer.format(n)}
                for n, (ask, answer) in enumerate(made)
            )
            (self.prepared / name).write_bytes(b"".join(orjson.dumps(line) + b"\n" for line in lines))
        shutil.copytree(self.prepared, self.folder)
        self.seconds = {name: self._timed(name) for name in ("audit", "rebalance") for _ in range(2)}
        shutil.rmtree(self.prepared)
        self.folder.rename(self.prepared)
        self.ends = {name: self._end(name) for name in self.seconds}

    def _end(self, command: str) -> str:
        """What a command leaves that nobody kills."""
        shutil.copytree(self.prepared, self.folder)
        assert not self._run(command, "other.jsonl", seed=2)
        state = self._state()
        shutil.rmtree(self.folder)
        return state

    def kill(self, command: str, chance: random.Random) -> Counter[str]:
        """Start a command, kill it, and say what is there."""
        shutil.rmtree(self.folder, ignore_errors=True)
        shutil.copytree(self.prepared, self.folder)
        old = self._state()
        running = subprocess.Popen(
            self._arguments(command, "other.jsonl", seed=2),
            cwd=self.folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            # The last tenth of the time is when files are moved.
            share = chance.random() if chance.random() < 0.5 else chance.uniform(0.8, 1.0)
            running.wait(self.seconds[command] * share)
        except subprocess.TimeoutExpired:
            running.send_signal(signal.SIGKILL)
        found = Counter({"killed" if running.wait() < 0 else "finished before the kill": 1})
        verified = not self._run("verify") and not self._run("report")
        found[("new" if self._state() != old else "old") if verified else "broken"] += 1
        start = monotonic()
        found["next run failed"] += bool(self._run(command, "other.jsonl", seed=2))
        found["other bytes"] += self._state() != self.ends[command]
        self.seconds[command] = monotonic() - start  # other work on the machine comes and goes
        left = [
            path.name
            for path in self.folder.iterdir()
            if ".mixguard-" in path.name or path.name.startswith(".m")
        ]
        found["left behind"] += len(left)
        return found

    def _state(self) -> str:
        """One hash of the run's annotations and the mix."""
        files: Iterable[Path] = [
            *sorted((self.folder / "run" / "annotations").iterdir()), self.folder / "mix.jsonl",
            self.folder / "mix.jsonl.manifest.json",
        ]  # fmt: skip
        return sha256(b"".join(file.read_bytes() for file in files)).hexdigest()

    def _timed(self, command: str) -> float:
        start = monotonic()
        assert not self._run(command, "one.jsonl")
        return monotonic() - start

    def _run(self, command: str, corpus: str = "one.jsonl", seed: int = 1) -> int:
        return subprocess.run(
            self._arguments(command, corpus, seed),
            check=False,
            cwd=self.folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        ).returncode

    def _arguments(self, command: str, corpus: str, seed: int) -> list[str]:
        cheap = [
            "--set",
            "encode.model=hash",
            "--set",
            f"encode.cache={self.cache}",
            "--set",
            "run.batch=8",
            "--fail-on",
            "never",
        ]
        options = {
            "audit": [corpus, "--run", "run", *cheap],
            "rebalance": ["run", "-o", "mix.jsonl", "--seed", str(seed), *cheap],
            "verify": ["mix.jsonl"],
            "report": ["run"],
        }
        return [*MIXGUARD, command, *options[command]]


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
