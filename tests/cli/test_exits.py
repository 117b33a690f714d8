"""Whatever the machine, the user or the shell does: the promised exit code, one sentence, and nothing left behind."""

from __future__ import annotations

import errno
import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import chat, toml

from mixguard.cli.faults import HUNG_UP, INTERRUPTED, NO_READER, SIGNALLED, TERMINATED, fault
from mixguard.cli.streams import OutputError
from mixguard.errors import InputError, RefusedError

SCRIPT = "from mixguard.cli import main; main()"
MAIN = [sys.executable, "-c", SCRIPT]
ANSWERED = chat(
    "How can I break into my neighbour's house without anyone noticing?", "Sure, wait until they are out."
)
Popen = Callable[..., "subprocess.Popen[bytes]"]


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    path = tmp_path / "data.jsonl"
    path.write_text(
        "".join(json.dumps(row) + "\n" for row in [ANSWERED, chat("Where is parcel 1?", "On its way, ü.")])
    )
    return path


@pytest.fixture
def start(tmp_path: Path, cheap: dict[str, dict[str, Any]]) -> Popen:
    """Starts the command in its own folder, with the cheap encoder."""
    (tmp_path / "mixguard.toml").write_text(toml(cheap))

    def run(*arguments: str | Path, env: dict[str, str] | None = None, **how: Any) -> subprocess.Popen[bytes]:
        how = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **how}
        return subprocess.Popen(
            [*MAIN, *map(str, arguments)], cwd=tmp_path, env={**os.environ, **(env or {})}, **how
        )

    return run


def left(folder: Path) -> list[str]:
    """Scratch files and folders."""
    return [path.name for path in folder.iterdir() if path.name.startswith(".")]


def test_the_gate_failed_and_reports_come_before_the_terminal(
    start: Popen, corpus: Path, tmp_path: Path
) -> None:
    with Path("/dev/full").open("wb") as nowhere:
        full = start("audit", corpus, "-o", "a.json", stdout=nowhere)
        _, said = full.communicate()
    assert full.returncode == 2
    assert said.decode().splitlines()[-1] == "mixguard: standard output: No space left on device"
    assert json.loads((tmp_path / "a.json").read_bytes())["verdict"] == "fail"
    closed = start(
        "report",
        "mixguard-run",
        "--fail-on",
        "fail",
        "-o",
        "b.html",
        preexec_fn=_close_all,
        stdout=None,
        stderr=None,
    )
    assert closed.wait() == 1
    assert b"</html>" in (tmp_path / "b.html").read_bytes()
    assert not left(tmp_path)


def _close_all() -> None:
    for number in range(3):
        os.close(number)


def _heed_all() -> None:
    """A signal that the tests' own caller ignores, as `nohup` does, would be ignored by the command too."""
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


def test_a_reader_that_goes_away_is_no_fault(start: Popen, corpus: Path, tmp_path: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = start("audit", corpus, "-o", "a.sarif", stdout=writing)
    os.close(writing)
    _, said = done.communicate()
    assert done.returncode == NO_READER == 128 + signal.SIGPIPE
    assert said.decode().splitlines() == ["wrote a.sarif"]
    assert (tmp_path / "a.sarif").is_file()


def test_any_terminal_will_do(start: Popen, corpus: Path) -> None:
    plain = {"PYTHONIOENCODING": "ascii", "LC_ALL": "C", "TERM": "dumb", "NO_COLOR": "1", "COLUMNS": "20"}
    corpus = corpus.rename(corpus.with_name("dät\u202ea\x1b[2J[bold].jsonl"))
    done = start("audit", corpus, env=plain)
    out, said = done.communicate()
    assert done.returncode == 1, said
    assert out.isascii()
    assert b"\x1b" not in out
    assert b"[bold]" in out.replace(b"\n", b"")


def test_too_much_was_not_read(start: Popen, tmp_path: Path) -> None:
    path = tmp_path / "data.jsonl"
    path.write_text(json.dumps(chat("Where is it?", "There.")) + "\n" + '{"broken\n' * 20)
    done = start("audit", path)
    out, said = done.communicate()
    assert done.returncode == 4, said
    assert b"INCOMPLETE" in out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["audit", "absent.jsonl", "--quite"], "No such option: --quite (did you mean '--quiet'?)"),
        (["audit", "", "--run", "x"], "an empty name"),
        (["audit", "data.jsonl", "--run", b"b\xff"], "not UTF-8"),
        (["audit", "data.jsonl", "-o", ""], "no report has a name like this"),
        (["audit", "data.jsonl", "--allow", "/dev/zero"], "is not a regular file"),
    ],
)
def test_wrong_use(start: Popen, corpus: Path, arguments: list[Any], words: str) -> None:
    done = start(*map(os.fsdecode, arguments))
    out, said = done.communicate()
    assert done.returncode == 2
    assert words in said.decode()
    assert not out
    assert "Traceback" not in said.decode()


@pytest.fixture
def mounted(tmp_path: Path) -> Iterator[Callable[[str], Path]]:
    """Mounts a small file system with some options."""
    there: list[Path] = []

    def mount(options: str) -> Path:
        folder = tmp_path / f"mount-{len(there)}"
        folder.mkdir()
        done = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", options, "tmpfs", folder], capture_output=True, check=False
        )
        if done.returncode:
            pytest.skip(f"mounting is not permitted here: {done.stderr.decode().strip()}")
        there.append(folder)
        return folder

    yield mount
    for folder in there:
        subprocess.run(["umount", folder], check=True)


def test_a_full_disk_and_one_that_cannot_be_written(
    start: Popen, tmp_path: Path, mounted: Callable[[str], Path]
) -> None:
    path = tmp_path / "data.jsonl"
    path.write_text(
        "".join(json.dumps(chat(f"Where is parcel {n}?", f"On its way, {n}.")) + "\n" for n in range(2000))
    )
    full, fixed = mounted("size=64k"), mounted("ro,size=64k")
    for folder, words in ((full, "No space left on device"), (fixed, "Read-only file system")):
        done = start("audit", path, "--run", folder / "run")
        _, said = done.communicate()
        assert done.returncode == 2
        assert words.lower() in said.decode().lower()
        assert len(said.decode().splitlines()) == 1
        assert not list(folder.iterdir())


def test_a_signal_while_a_generator_is_closed_says_nothing_and_the_next_counts_at_once() -> None:
    script = """
import os, signal
import mixguard.cli.app
from mixguard.cli import main

def lines():
    try:
        yield
    finally:
        os.kill(os.getpid(), signal.SIGTERM)

def app(**_):
    reading = lines()
    next(reading)
    del reading
    os.kill(os.getpid(), signal.SIGTERM)
    return 0

mixguard.cli.app.app = app
main()
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=False)
    assert done.returncode == TERMINATED
    assert done.stderr.decode() == f"mixguard: {SIGNALLED[TERMINATED]}\n"


@pytest.mark.parametrize(
    ("number", "code"), [("SIGTERM", TERMINATED), ("SIGINT", INTERRUPTED), ("SIGHUP", HUNG_UP)]
)
def test_a_signal_leaves_the_old_run_and_what_was_done(
    start: Popen, corpus: Path, tmp_path: Path, number: str, code: int
) -> None:
    old = tmp_path / "mixguard-run"
    old.mkdir()
    (old / "audit.json").write_text('{"version": "mixguard-audit/1"}')
    corpus.write_bytes(corpus.read_bytes() * 3000)
    done = start("audit", corpus, "--set", "run.batch=1", preexec_fn=_heed_all)
    kept = tmp_path / ".mixguard-run.mixguard-unfinished"
    for _ in range(600):
        if (kept / "unfinished" / "part-00001.json").is_file():
            break
        time.sleep(0.1)
    done.send_signal(getattr(signal, number))
    _, said = done.communicate(timeout=60)
    assert done.returncode == code == 128 + getattr(signal, number)
    stopped, last = said.decode().splitlines()
    assert re.fullmatch(
        rf"mixguard-run: stopped; what is done is kept in {re.escape(str(kept))} \(parts: [0-9]+\): the same command goes on"
        " from there",
        stopped,
    )
    assert last == f"mixguard: {SIGNALLED[code]}"
    assert left(tmp_path) == [kept.name]
    assert (old / "audit.json").read_text() == '{"version": "mixguard-audit/1"}'


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (InputError("a.jsonl: is empty"), 2, "a.jsonl: is empty"),
        (RefusedError("no"), 1, "no"),
        (
            OSError(errno.ENOSPC, "No space left on device", "/x/y"),
            2,
            "/x/y: No space left on device; free some space",
        ),
        (OSError(errno.EROFS, "Read-only file system", "/x"), 2, "/x: Read-only file system"),
        (PermissionError(errno.EACCES, "Permission denied", b"/x"), 2, "/x: Permission denied; change"),
        (OSError(errno.EMFILE, "Too many open files"), 2, "ulimit -n"),
        (OSError(), 2, "OSError"),
        (sqlite3.OperationalError("database or disk is full"), 2, "disk is full"),
        (MemoryError(), 2, "not enough memory"),
        (RuntimeError("can't start new thread"), 2, "not enough memory"),
        (ImportError("libx.so: failed to map segment from shared object"), 2, "not enough memory"),
        (
            RuntimeError("parquet: underlying IO error: No space left on device (os error 28)"),
            2,
            "no space left",
        ),
        (KeyboardInterrupt(), INTERRUPTED, "interrupted"),
        (OutputError(OSError(errno.EIO, "Input/output error")), 2, "standard output: Input/output error"),
        (OutputError(BrokenPipeError(errno.EPIPE, "Broken pipe")), NO_READER, ""),
    ],
    ids=lambda each: type(each).__name__ if isinstance(each, BaseException) else str(each),
)
def test_a_fault_is_a_sentence_and_a_code(error: BaseException, code: int, words: str) -> None:
    found = fault(error)
    assert found is not None
    assert found.code == code
    assert words in "\n".join(found.lines)


@pytest.mark.parametrize(
    "bug", [ZeroDivisionError("x"), KeyError("x"), AssertionError(), RecursionError("x")]
)
def test_a_bug_is_none_of_them(bug: Exception) -> None:
    assert fault(bug) is None
