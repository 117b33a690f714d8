"""Real processes, killed as a machine kills them: the same command goes on, and ends with the same bytes."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest
from conftest import REPOSITORY, toml

SCRIPT = """
import sys, time
from mixguard.engine import resume
from mixguard.cli import main

keep = resume.RunJournal.keep
def slow(*of):
    time.sleep(0.15)
    keep(*of)
resume.RunJournal.keep = slow
main()
"""
"""The command, in no hurry."""
LINES = (REPOSITORY / "examples" / "support.jsonl").read_text().splitlines()[:64]
Start = Callable[..., "subprocess.Popen[bytes]"]


@pytest.fixture
def start(tmp_path: Path, cheap: dict[str, dict[str, Any]]) -> Start:
    """Starts the command in its own folder, 16 parts to judge, with the cheap encoder."""
    (tmp_path / "data.jsonl").write_text("\n".join([*LINES, '{"broken']) + "\n")
    (tmp_path / "mixguard.toml").write_text(f"{toml(cheap)}[run]\nbatch = 4\n")

    def run(*arguments: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-c", SCRIPT, *arguments, "--fail-on", "never"],
            cwd=tmp_path,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    return run


def content(run: Path) -> dict[str, Any]:
    """Everything in a run folder but when and how long."""
    found: dict[str, Any] = {
        str(path.relative_to(run)): path.read_bytes() for path in run.rglob("*") if path.is_file()
    }
    for name in ("audit.json", "unfinished/run.json"):
        if name in found:
            found[name] = {**orjson.loads(found[name]), "provenance": None}
    return found


def parts(kept: Path) -> int:
    return len(list((kept / "unfinished").glob("part-*.json")))


def test_killed_again_and_again_it_ends_with_the_same_bytes(start: Start, tmp_path: Path) -> None:
    _, said = start("audit", "data.jsonl").communicate()
    run, kept = tmp_path / "mixguard-run", tmp_path / ".mixguard-run.mixguard-unfinished"
    wanted = content(run)
    shutil.rmtree(run)
    chance, done = random.Random(), 0
    for _ in range(2):
        killed = start("audit", "data.jsonl")
        at = done + chance.randint(1, 5)
        while parts(kept) < at and killed.poll() is None:
            time.sleep(0.01)
        time.sleep(chance.random() * 0.2)
        killed.send_signal(signal.SIGKILL)
        _, told = killed.communicate()
        assert killed.returncode == -signal.SIGKILL
        assert not run.exists()
        assert told.decode() == (f"resuming: parts done before: {done}\n" if done else "")
        done = parts(kept)
    last = start("audit", "data.jsonl")
    _, told = last.communicate()
    assert (last.returncode, told.decode()) == (0, said.decode() + f"resuming: parts done before: {done}\n")
    assert content(run) == wanted
    assert not kept.exists()


def test_a_killed_shard_goes_on_and_is_joined(start: Start, tmp_path: Path) -> None:
    start("audit", "data.jsonl", "--run", "whole").communicate()
    kept = tmp_path / "shards" / ".1.mixguard-unfinished"
    killed = start("audit", "data.jsonl", "--run", "shards/1", "--shard", "1/2")
    while parts(kept) < 2 and killed.poll() is None:
        time.sleep(0.01)
    killed.send_signal(signal.SIGKILL)
    killed.communicate()
    said = {}
    for number in (1, 2):
        done = start("audit", "data.jsonl", "--run", f"shards/{number}", "--shard", f"{number}/2")
        out, told = done.communicate()
        assert done.returncode == 0, told
        said[number] = (out.decode().splitlines(), told.decode())
    assert said[1][1].startswith("resuming: parts done before: ")
    assert said[1][0] == [
        "shards/1: shard 1/2 is done: 9 of 17 parts, 32 exchanges.",
        "A single shard has no verdict. To merge all 2: mixguard merge shards/1 ... --run FOLDER -o report.html",
    ]
    joined = start(
        "merge",
        "shards/1",
        "shards/2",
        "--run",
        "joined",
        "--set",
        f"encode.cache={_cache(tmp_path)}",
        "-o",
        "a.json",
    )
    _, told = joined.communicate()
    assert joined.returncode == 0, told
    one, other = (content(tmp_path / name) for name in ("whole", "joined"))
    for found in (one, other):
        found.pop("config.toml")
        found["audit.json"]["config"]["run"].pop("folder")
    assert one == other
    assert json.loads((tmp_path / "a.json").read_bytes())["findings"] == one["audit.json"]["findings"]


def _cache(folder: Path) -> str:
    return str(tomllib.loads((folder / "mixguard.toml").read_text())["encode"]["cache"])
