"""llama.cpp's HTTP server, from the wheel `xllamacpp`, as a process of its own on a free port of this machine.

python benchmarks/llama_server.py MODEL.gguf    # until interrupted
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryFile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mixguard.served.chat import Messages

SLOTS, CONTEXT, THREADS = 4, 8192, 2
"""Answers at a time, tokens of context for all of them together, and threads."""
LONGEST_START = 60.0
"""Seconds in which a server must answer."""


@contextmanager
def served(model: Path, threads: int = THREADS) -> Generator[str, None, None]:
    """Serve a GGUF file, and yield the base URL of its API (`http://127.0.0.1:PORT/v1`).

    Raises:
        RuntimeError: it ended or did not answer in time; the message ends with what it said.
    """
    command = [sys.executable, "-P", __file__, str(model), str(threads)]
    with (
        TemporaryFile() as log,
        subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            env={**os.environ, "OMP_WAIT_POLICY": "PASSIVE"},
        ) as process,
    ):
        try:
            url = _address(process)
            if url is None or not _answers(f"{url}/health"):
                log.seek(0)
                said = log.read()[-2000:].decode(errors="replace")
                raise RuntimeError(f"{model}: llama.cpp's server does not answer; it said:\n{said}")
            yield f"{url}/v1"
        finally:
            process.kill()  # it keeps nothing


def ask(model: Path, conversations: Sequence[Messages], tokens: int) -> list[str]:
    """What a model answers to each conversation, taking the most probable token each time.

    Raises:
        RuntimeError: the server does not start, or leaves a conversation without an answer.
    """
    from mixguard.served.endpoint import Endpoint, ask_all

    with served(model) as url:
        asking = Endpoint(
            url,
            model.stem,
            timeout=600,
            concurrency=SLOTS,
            max_tokens=tokens,
            temperature=0,
            more={"seed": 0},
        )
        found = dict(ask_all(conversations, asking))
    texts = [found[number].text for number in range(len(conversations))]
    for number, text in enumerate(texts):
        if text is None:
            raise RuntimeError(f"{model}: conversation {number} has no answer: {found[number].problem}")
    return [text or "" for text in texts]


def _address(process: subprocess.Popen[bytes]) -> str | None:
    """Where it listens: the only line of JSON that it prints."""
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith(b'{"url"'):
            return str(json.loads(line)["url"])
    return None


def _answers(url: str) -> bool:
    until = time.monotonic() + LONGEST_START
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    while time.monotonic() < until:
        try:
            with opener.open(url, timeout=5) as reply:
                if reply.status == 200:
                    return True
        except OSError:
            time.sleep(0.05)
    return False


def serve(model: Path, threads: int) -> None:
    """Serve until told to end, or until whoever started this is gone."""
    import xllamacpp

    asked = xllamacpp.CommonParams()
    asked.model.path = str(model)
    asked.n_parallel, asked.n_ctx = SLOTS, CONTEXT
    asked.cpuparams.n_threads = asked.cpuparams_batch.n_threads = threads
    asked.port, asked.model_alias = 0, {model.stem}
    server = xllamacpp.Server(asked)
    print(json.dumps({"url": server.listening_address}), flush=True)
    os.dup2(2, 1)  # nobody reads on
    sys.stdin.read()
    os._exit(0)  # its threads would go on


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    serve(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else THREADS)
