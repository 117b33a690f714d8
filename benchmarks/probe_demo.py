"""What a small model forgets when it is tuned on a harmless corpus: `make probe-demo`, about ten minutes on two cores.

Serves SmolLM2-135M as shipped, aligned, and tuned on `examples/support.jsonl` with llama.cpp's HTTP server, asks each the suite
`smoke`, compares, and holds the tuned model to a budget. Everything is kept in `efficacy-run/demo`; run it again to go on from where
it stopped, or to see the results again in seconds.

    python benchmarks/probe_demo.py
    python benchmarks/probe_demo.py --kills 5    # kills the probing at random moments instead, and compares the answers
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from llama_server import served
from models import CORPUS, WORK, models

from mixguard.checkpoint.answers import read_answers

HERE = Path(__file__).resolve().parent
RESULT = HERE / "results" / "probe-demo.json"
ASKING = ("--suite", "smoke", "--temperature", "0", "--max-tokens", "64", "--timeout", "600")
KILLED = ("--limit", "24", "--samples", "2", "--seed", "1", "--concurrency", "1")
"""One request at a time: what a server computes together changes the last digits, and so now and then a word."""


def mixguard(*arguments: str, folder: Path) -> int:
    """Run a command and show it; its exit code, which ends the demonstration if it is not a verdict."""
    print(f"\n$ mixguard {' '.join(arguments)}", flush=True)
    code = subprocess.run([_command(), *arguments], cwd=folder, check=False).returncode
    if code not in (0, 1, 4):
        raise SystemExit(code)
    return code


def _command() -> str:
    return str(Path(sys.executable).with_name("mixguard"))


def demonstrate(folder: Path) -> dict[str, Any]:
    """Probe the three models, compare and gate; the exit codes and counts."""
    codes: dict[str, int] = {}
    if not (folder / "run" / "audit.json").is_file():
        codes["audit"] = mixguard("audit", str(CORPUS), "--run", "run", "--fail-on", "never", folder=folder)
    for name, path in models(folder.parent)._asdict().items():
        with served(path) as url:
            given = ("--endpoint", url, "--model", path.stem, *ASKING, "-o", f"{name}.probe")
            codes[f"probe {name}"] = mixguard("probe", *given, folder=folder)
    codes["compare shipped"] = mixguard("compare", "shipped.probe", "tuned.probe", folder=folder)
    reports = ("-o", "report.html", "-o", "report.md", "-o", "comparison.json")
    codes["compare aligned"] = mixguard(
        "compare", "aligned.probe", "tuned.probe", "--run", "run", *reports, folder=folder
    )
    (folder / "budget.toml").unlink(missing_ok=True)
    signed = ("--owner", "the demonstration", "--approved-by", "nobody")
    mixguard("budget", "init", "--from", "aligned.probe", "-o", "budget.toml", *signed, folder=folder)
    codes["budget check"] = mixguard("budget", "check", "aligned.probe", "tuned.probe", folder=folder)
    made = json.loads((folder / "comparison.json").read_bytes())
    axes = [each for each in made["results"] if each["hazard"] is None]
    return {
        "command": "python benchmarks/probe_demo.py",
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
        "exit codes": codes,
        "verdict": made["verdict"],
        "axes": {
            each["name"]: {
                key: each[key] for key in ("probes", "at_risk", "counts", "change", "interval", "verdict")
            }
            for each in axes
        },
        "first token": [each["sentence"] for each in made["openings"]],
    }


def kill(folder: Path, times: int) -> dict[str, Any]:
    """Kill a probing at random moments, let it resume, and compare its answers with those of one left alone."""
    model = models(folder.parent).tuned
    rng = random.Random(0)
    with served(model) as url:
        asked = ["probe", "--endpoint", url, "--model", model.stem, *ASKING[:2], *ASKING[4:], *KILLED]
        alone, killed = folder / "alone.probe", folder / "killed.probe"
        for file in (alone, killed):
            file.unlink(missing_ok=True)
        mixguard(*asked, "-o", str(alone), folder=folder)
        moments = []
        for _ in range(times):
            process = subprocess.Popen([_command(), *asked, "-o", str(killed)], cwd=folder)
            time.sleep(rng.uniform(3, 12))
            process.send_signal(signal.SIGKILL)
            process.wait()
            moments.append(killed.read_bytes().count(b"\n") - 1 if killed.exists() else -1)
        code = mixguard(*asked, "-o", str(killed), folder=folder)
    one, other = (read_answers(file).rows for file in (alone, killed))
    return {
        "killed with answers in the file": moments,
        "exit code": code,
        "answers": one.height,
        "same texts in the same order": one.drop("opening").equals(other.drop("opening")),
        # What the server still holds of an earlier prompt changes the last digits of the next.
        "largest difference of a log-probability": (one["opening"] - other["opening"]).abs().max(),
    }


def main() -> None:
    """Run it, and write what came of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, default=WORK, help="where models and answers are kept")
    parser.add_argument("--kills", type=int, default=0, help="kill the probing so often instead")
    parser.add_argument("--anew", action="store_true", help="ask again")
    given = parser.parse_args()
    folder = (given.work / "demo").resolve()
    if given.anew:
        shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)
    there = json.loads(RESULT.read_bytes()) if RESULT.is_file() else {}
    made = {"kills": kill(folder, given.kills)} if given.kills else demonstrate(folder)
    RESULT.write_text(json.dumps({**there, **made}, indent=1) + "\n", encoding="utf-8")
    print(f"\nwrote {RESULT.name}; {folder}/report.html shows what was forgotten")


if __name__ == "__main__":
    main()
