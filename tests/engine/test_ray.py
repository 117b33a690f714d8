from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import pytest
from engines import Killer, PlainRecipe, annotate, assert_same, processes, write_corpus

import mixguard
from mixguard.config import Config
from mixguard.corpus.corpus import Corpus
from mixguard.detectors import Recipe, Worker
from mixguard.engine import actors, local, ray
from mixguard.engine.keeping import pickled
from mixguard.errors import InputError, UsageError

pytestmark = pytest.mark.filterwarnings("ignore")  # Ray warns of its own code, and leaves sockets open

with_ray = pytest.mark.skipif(find_spec("ray") is None, reason="ray is not installed: mixguard[ray]")


@pytest.fixture(scope="module")
def recipe(cache: Path) -> Recipe:
    return Recipe(Config.from_tree({"encode": {"cache": cache}}, origin="test"), bank=True)


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_corpus(tmp_path_factory.mktemp("corpus"))


@pytest.fixture(scope="module")
def joined(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """One local cluster for the module; an engine that finds one does not stop it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", os.pathsep.join(filter(None, sys.path)))
        patch.setenv("RAY_worker_niceness", "0")
        patch.delenv("RAY_ADDRESS", raising=False)
        patch.setattr(ray, "cores", lambda: 2)
        with ray.cluster():
            yield


def judges() -> list[int]:
    """The actors of this user; Ray names its processes by what they do."""
    return processes(lambda command: command.startswith("ray::") and "Judge" in command)


@with_ray
def test_all_is_found_as_locally(
    joined: None, path: Path, recipe: Recipe, worker: Worker, tmp_path: Path
) -> None:
    one = replace(recipe, config=recipe.config.replace({"run.workers": 1}))
    by_local = annotate(local.run, path, recipe, worker, tmp_path / "local")
    assert_same(annotate(ray.run, path, one, worker, tmp_path / "run"), by_local)


@with_ray
def test_killed_actors_are_replaced(joined: None, path: Path, tmp_path: Path) -> None:
    plain, killer, told = PlainRecipe(Config()), Killer(judges), []

    def progress(stage: str, done: int, total: int | None, unit: str = "") -> None:
        told.append((stage, done, total, unit))
        killer(stage, done, total, unit)

    by_local = annotate(local.run, path, plain, plain.worker(), tmp_path / "local")
    assert_same(annotate(ray.run, path, plain, plain.worker(), tmp_path / "run", progress), by_local)
    assert killer.killed
    assert told[-1] == ("judging", by_local.tally.bytes, path.stat().st_size, "bytes")


@with_ray
def test_only_what_is_not_done_is_done(joined: None, path: Path, tmp_path: Path) -> None:
    plain, folder = PlainRecipe(Config()), tmp_path / "run"
    by_local = annotate(local.run, path, plain, plain.worker(), folder)
    files = sorted((folder / "annotations").iterdir())
    files[2].unlink()
    before = {file: file.stat().st_mtime_ns for file in files if file.exists()}
    assert_same(annotate(ray.run, path, plain, plain.worker(), folder), by_local)
    assert {file: file.stat().st_mtime_ns for file in before} == before


@with_ray
def test_what_a_worker_cannot_use_is_told_as_it_would_be_here(
    joined: None, path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = PlainRecipe(Config())
    empty = tmp_path / "empty.jsonl"
    empty.write_text('{"unheard": 1}\n')
    with pytest.raises(InputError, match="no record could be read"):
        annotate(ray.run, empty, plain, plain.worker(), tmp_path / "run")
    monkeypatch.setattr("mixguard.__version__", "0.0.0")
    with pytest.raises(UsageError, match=r"a worker has mixguard \S+, the command 0\.0\.0"):
        annotate(ray.run, path, plain, plain.worker(), tmp_path / "other")


def test_another_version_is_refused(path: Path, config: Config, worker: Worker) -> None:
    corpus = Corpus.open([path], config.read, offline=True)
    part = actors.Wanted(0, next(corpus.parts(1)), is_done=False)
    with pytest.raises(UsageError, match=r"a worker has mixguard \S+, the command 0\.0\.0"):
        actors.Judge(Path.cwd(), b"", "0.0.0", worker.detectors)(actors.packed([part]))


def test_other_models_are_refused(path: Path, recipe: Recipe, worker: Worker) -> None:
    other = worker.detectors.model_copy(update={"hazard_limit": 0.123})
    corpus = Corpus.open([path], recipe.config.read, offline=True)
    part = actors.Wanted(0, next(corpus.parts(1)), is_done=False)
    judge = actors.Judge(Path.cwd(), pickled(recipe), mixguard.__version__, other)
    with pytest.raises(UsageError, match=r"other models .* set encode\.precision=float32"):
        judge(actors.packed([part]))


def test_values_are_passed_on_as_they_are() -> None:
    values = [("a", 1), b"\0\xff", None]
    assert list(actors.unpacked(actors.packed(values))) == values


def test_without_ray_it_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(UsageError, match=r"pip install 'mixguard\[ray\]'"), ray.cluster():
        pass


@with_ray
@pytest.mark.parametrize(
    ("address", "said"), [("ray://localhost:10001", "ray job submit"), ("127.0.0.1:1", "no cluster answers")]
)
def test_a_cluster_that_cannot_be_used_is_told(address: str, said: str) -> None:
    script = "from mixguard.engine.ray import cluster\nfrom mixguard.errors import UsageError\ntry:\n with cluster(): pass\nexcept UsageError as error: print(error)"
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, "RAY_ADDRESS": address, "RAY_gcs_rpc_server_connect_timeout_s": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert f"RAY_ADDRESS={address}: " in done.stdout, done.stderr
    assert said in done.stdout
