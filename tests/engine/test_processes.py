from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
import textwrap
from functools import partial
from pathlib import Path

import polars as pl
import pytest
from engines import Killer, Run, annotate, assert_same, write_corpus
from engines import processes as find_processes

from mixguard.config import Config
from mixguard.detectors import Recipe, Worker
from mixguard.engine import choose, local, places, processes, ray
from mixguard.errors import UsageError
from mixguard.vectors.hashed import HashEncoder

pytestmark = pytest.mark.skipif(
    not Path("/proc/self/cmdline").exists(), reason="looks for processes in /proc"
)


@pytest.fixture(scope="module")
def recipe(cache: Path) -> Recipe:
    config = Config.from_tree({"encode": {"cache": cache}, "run": {"workers": 2}}, origin="test")
    return Recipe(config, bank=True)


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_corpus(tmp_path_factory.mktemp("corpus"))


@pytest.fixture(scope="module")
def by_local(path: Path, recipe: Recipe, worker: Worker, tmp_path_factory: pytest.TempPathFactory) -> Run:
    return annotate(local.run, path, recipe, worker, tmp_path_factory.mktemp("local"))


def test_killed_processes_are_replaced_and_all_is_found_as_locally(
    path: Path, recipe: Recipe, worker: Worker, by_local: Run, tmp_path: Path
) -> None:
    killer, told = Killer(partial(children, os.getpid())), []

    def progress(stage: str, done: int, total: int | None, unit: str = "") -> None:
        told.append((stage, done, total, unit))
        killer(stage, done, total, unit)

    assert_same(annotate(processes.run, path, recipe, worker, tmp_path / "run", progress), by_local)
    assert killer.killed
    size = path.stat().st_size
    assert told[-1] == ("judging", by_local.tally.bytes, size, "bytes")
    assert [done for _, done, _, _ in told] == sorted(done for _, done, _, _ in told)
    assert not children(os.getpid())


def test_what_is_done_is_not_done_again(
    path: Path, recipe: Recipe, worker: Worker, by_local: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = annotate(local.run, path, recipe, worker, tmp_path / "run")
    monkeypatch.setattr(processes.Pool, "submit", lambda *_: pytest.fail("judged again"))
    assert_same(annotate(processes.run, path, recipe, worker, tmp_path / "run"), first)


def children(parent: int) -> list[int]:
    return find_processes(lambda command: "mixguard.engine.child" in command, parent)


def test_a_part_that_ends_every_process_ends_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "CHILD", "import os; os._exit(7)")
    raised = pytest.raises(UsageError, match=r"ended 3 processes \(exit code 7\)")
    with processes.Pool(Recipe(Config()), [{}]) as pool, raised:
        pool.submit(pl.DataFrame()).result()


def test_an_error_in_a_process_is_raised_here(tmp_path: Path) -> None:
    recipe = Recipe(Config.from_tree({"judge": {"taxonomy": str(tmp_path / "none")}}, origin="test"))
    with processes.Pool(recipe, [{}]) as pool, pytest.raises(UsageError, match="none"):
        pool.submit(pl.DataFrame()).result()


def test_an_encoder_that_cannot_be_sent_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    class Local(HashEncoder):
        pass

    with pytest.raises(UsageError, match="define it in a module"):
        processes.Pool(Recipe(Config(), Local()), [{}])


def test_nothing_is_left_running_when_a_run_is_stopped(path: Path, recipe: Recipe, tmp_path: Path) -> None:
    script = textwrap.dedent("""
        import pickle, sys
        import mixguard
        mixguard.audit(sys.argv[1], config=pickle.loads(bytes.fromhex(sys.argv[2])),
            progress=lambda stage, done, *_: stage == "judging" and print("judging", done, flush=True))
    """)  # no `if __name__`: the script must not run again in each process
    config = recipe.config.replace(
        {"run.engine": "processes", "run.batch": 2, "run.folder": tmp_path / "run"}
    )
    running = subprocess.Popen(
        [sys.executable, "-c", script, str(path), pickle.dumps(config).hex()],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    assert running.stdout is not None
    assert running.stdout.readline().startswith(b"judging")
    started = children(running.pid)
    assert started
    os.killpg(running.pid, signal.SIGINT)  # as a terminal does
    errors = running.communicate(timeout=60)[1].decode()
    assert running.returncode != 0
    assert errors.count("KeyboardInterrupt") == 1, errors
    assert not [process for process in started if Path(f"/proc/{process}").exists()]


def test_the_engine_is_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    def chosen(gpus: tuple[str, ...], encoder: HashEncoder | None = None, **options: str) -> object:
        monkeypatch.setattr(places, "gpus", lambda: gpus)
        return choose.engine_of(
            Recipe(Config().replace({k.replace("__", "."): v for k, v in options.items()}), encoder)
        )

    assert chosen(()) is local.run
    assert chosen(("0",)) is local.run
    assert chosen(("0", "1")) is processes.run
    assert chosen(("0", "1"), HashEncoder()) is local.run
    assert chosen(("0", "1"), encode__device="cpu") is local.run
    assert chosen(("0", "1"), encode__model="hash") is local.run
    assert chosen(("0", "1"), run__engine="local") is local.run
    assert chosen((), run__engine="processes") is processes.run
    assert chosen((), run__engine="ray") is ray.run


def test_each_process_has_a_gpu_or_a_core(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(places, "gpus", lambda: ("2", "5"))
    assert places.places(Config()) == [{"CUDA_VISIBLE_DEVICES": "2"}, {"CUDA_VISIBLE_DEVICES": "5"}]
    assert len(places.places(Config().replace({"run.workers": 1}))) == 1
    monkeypatch.setattr(places, "cores", lambda: 3)
    assert places.places(Config().replace({"encode.device": "cpu"})) == [places.ONE_CORE] * 3
    assert len(places.places(Config().replace({"encode.device": "cpu", "run.workers": 5}))) == 5
