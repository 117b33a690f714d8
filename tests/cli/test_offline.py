"""With --offline no host is looked up, wherever the model or data set is named."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from commanding import command
from conftest import chat

HUB = "owner-of-nothing/nothing"
GUARD = """
import socket, sys
def refuse(host, *_, **__):
    sys.stderr.write(f"LOOKED UP {host}\\n")
    raise OSError("no network in this test")
socket.getaddrinfo = refuse
from mixguard.cli import main
main()
"""


def run(folder: Path, cache: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The command in its own process, with no offline variables set."""
    environment = {name: value for name, value in os.environ.items() if not name.endswith("_OFFLINE")}
    options = ["--set", f"encode.cache={cache}"]
    return subprocess.run(
        [sys.executable, "-c", GUARD, *arguments, *options],
        cwd=folder, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip


@pytest.fixture
def corpus(tmp_path: Path) -> str:
    path = tmp_path / "data.jsonl"
    path.write_text(
        "".join(json.dumps(chat(f"Where is parcel {n}?", "On its way.")) + "\n" for n in range(30))
    )
    return path.name


def test_a_hub_data_set_is_not_asked_for(tmp_path: Path, cache: Path) -> None:
    done = run(tmp_path, cache, "audit", f"hf://{HUB}", "--offline", "--set", "encode.model=hash")
    assert done.returncode == 2, done.stderr
    assert "LOOKED UP" not in done.stderr
    assert f"hf://{HUB}" in done.stderr


def test_a_hub_model_is_not_asked_for(tmp_path: Path, cache: Path, corpus: str) -> None:
    done = run(tmp_path, cache, "audit", corpus, "--offline", "--set", f"encode.model={HUB}")
    assert done.returncode == 2, done.stderr
    assert "LOOKED UP" not in done.stderr
    assert HUB in done.stderr


def test_a_run_folder_from_elsewhere_is_held_to_it_too(tmp_path: Path, cache: Path, corpus: str) -> None:
    made = command(
        tmp_path, "audit", corpus, "--run", "run", "--fail-on", "never", "--set", f"encode.cache={cache}"
    )
    assert made.returncode == 0, made.stderr
    file = tmp_path / "run" / "audit.json"
    tree = json.loads(file.read_bytes())
    tree["config"]["encode"]["model"] = HUB
    file.write_text(json.dumps(tree))
    done = run(tmp_path, cache, "rebalance", "run", "-o", "safe.jsonl", "--offline")
    assert done.returncode == 2, done.stderr
    assert "LOOKED UP" not in done.stderr
    assert HUB in done.stderr
