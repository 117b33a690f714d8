"""Fixtures shared by all tests. Everything runs offline; the real encoder is converted once per session."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from browsing import browser  # noqa: F401  (a fixture)
from buckets import afresh, s3, site  # noqa: F401  (fixtures)
from filelock import FileLock
from hypothesis import settings
from llama import llama_server  # noqa: F401  (a fixture)
from reporting import example_mix, hostile_audit  # noqa: F401  (fixtures)
from serving import Api

from mixguard.config import Config
from mixguard.detectors import Recipe, Worker

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["HF_DATASETS_OFFLINE"] = "1"

# In CI the same examples every time, so that a change is judged by itself; at a desk new ones are looked for.
settings.register_profile("ci", derandomize=True)
if os.environ.get("CI"):
    settings.load_profile("ci")


def examples(count: int) -> settings:
    """So many examples of a costly property, and as many times more as the environment asks for."""
    return settings(max_examples=count * int(os.environ.get("MIXGUARD_EXAMPLES", "1")), deadline=None)


SLOW = (
    "test_examples.py", "test_samples.py", "test_reference.py", "test_banks.py", "test_rebalance.py", "test_cli.py", "test_adapter.py",
    "test_taxonomy_check.py", "test_contract.py", "test_card_merge.py", "test_careful.py", "test_network.py", "test_convert.py",
    "test_ray.py", "test_processes.py", "test_scale_examples.py", "test_killed.py", "test_exits.py", "test_linear.py", "test_spoken_mix.py",
    "test_notebook.py", "test_recipes.py", "test_tracking.py", "test_html.py", "test_page.py", "test_review_page.py", "test_offline.py", "test_package.py", "test_efficacy.py", "test_merge.py", "test_reuse.py",
)  # fmt: skip
"""Files with few tests that take long: started first, so that no process is left with one of them at the end."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Slow files first, everything else in its order."""
    items.sort(key=lambda item: SLOW.index(item.path.name) if item.path.name in SLOW else len(SLOW))


Rows = Iterable[dict[str, Any]]
BUNDLED = ("mixguard", "mixguard")
"""The bundled taxonomy and bank."""
KEPT_WORKERS = 2
_WORKERS: dict[str, Worker] = {}
REPOSITORY = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One cache for the session and all its processes, so that encoders are converted and models fitted once.

    With MIXGUARD_TEST_CACHE, a copy of that folder, which need not start empty.
    """
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base) / "mixguard-cache"
    kept = os.environ.get("MIXGUARD_TEST_CACHE")
    with FileLock(folder.with_suffix(".lock")):
        if not folder.exists():
            folder.mkdir(mode=0o755)
            if kept:
                shutil.copytree(kept, folder, dirs_exist_ok=True, copy_function=_same)
    return folder


def _same(source: str, target: str) -> None:
    """A link to an encoder's file, which is only ever replaced whole, and a copy of any other."""
    if Path(source).suffix in (".bin", ".xml"):
        with suppress(OSError):  # on another disk
            os.link(source, target)
            return
    shutil.copy2(source, target)


@pytest.fixture(scope="session")
def cheap(cache: Path) -> dict[str, dict[str, Any]]:
    """Options of what judges in no time: hashed words, and the bundled taxonomy with a few of its exemplars."""
    folder = cache.with_name("taxonomy-with-few-exemplars")
    with FileLock(folder.with_suffix(".lock")):
        if not folder.exists():
            whole = REPOSITORY / "taxonomies" / "mixguard"
            (folder / "exemplars").mkdir(parents=True)
            shutil.copy(whole / "taxonomy.toml", folder)
            for path in (whole / "exemplars").glob("*.jsonl"):
                lines = path.read_bytes().splitlines(keepends=True)
                (folder / "exemplars" / path.name).write_bytes(b"".join(lines[::15]))
    return {"encode": {"model": "hash", "cache": cache}, "judge": {"taxonomy": str(folder)}}


def toml(options: Mapping[str, Mapping[str, Any]]) -> str:
    """Options by section, all of them texts, as a configuration file."""
    return "".join(
        f"[{section}]\n" + "".join(f'{name} = "{value}"\n' for name, value in values.items())
        for section, values in options.items()
    )


@pytest.fixture(scope="session")
def shared_cache(cache: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment of a process that uses the session's cache without being told."""
    caches = tmp_path_factory.mktemp("caches")
    (caches / "mixguard").symlink_to(cache, target_is_directory=True)
    return {**os.environ, "XDG_CACHE_HOME": str(caches)}


@pytest.fixture(scope="session")
def evaldata() -> Path:
    """The public evaluation data, which lies beside the project and never in it."""
    folder = Path(os.environ.get("MIXGUARD_EVALDATA", REPOSITORY.parent / "shared" / "evaldata"))
    if not folder.is_dir():
        pytest.skip(f"no evaluation data at {folder}; set MIXGUARD_EVALDATA")
    return folder


@pytest.fixture(scope="session")
def worker(cache: Path) -> Worker:
    """What judges by default: the real encoder, the shipped models, the bundled bank's pairs known."""
    return Recipe(Config.from_tree({"encode": {"cache": cache}}, origin="test"), bank=True).worker()


@pytest.fixture
def few_workers() -> Iterator[None]:
    """Recipes of the bundled models that agree share a worker, since loading it takes longest.

    Not for tests that change what a worker is loaded from.
    """
    make = Recipe.worker

    def shared(recipe: Recipe) -> Worker:
        config = recipe.config
        if recipe.encoder or recipe.screen or (config.judge.taxonomy, config.rebalance.bank) != BUNDLED:
            return make(recipe)
        key = f"{recipe.bank} {config.model_dump_json(exclude={'run', 'checks'})}"
        if key not in _WORKERS:
            while len(_WORKERS) >= KEPT_WORKERS:
                del _WORKERS[next(iter(_WORKERS))]
            _WORKERS[key] = make(recipe)
        return _WORKERS[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Recipe, "worker", shared)
        yield


@pytest.fixture
def config(cache: Path, tmp_path: Path) -> Config:
    """The real encoder, and a run folder of the test's own."""
    return Config.from_tree({"encode": {"cache": cache}, "run": {"folder": tmp_path / "run"}}, origin="test")


@pytest.fixture
def write_jsonl(tmp_path: Path) -> Callable[..., Path]:
    """Write rows as JSON lines and return the file."""

    def write(rows: Rows, name: str = "data.jsonl") -> Path:
        path = tmp_path / name
        path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
        return path

    return write


def chat(prompt: str, answer: str, *, system: str | None = None) -> dict[str, Any]:
    """A chat row of one exchange."""
    head = [{"role": "system", "content": system}] if system else []
    return {
        "messages": [*head, {"role": "user", "content": prompt}, {"role": "assistant", "content": answer}]
    }


@pytest.fixture
def serve() -> Iterator[Callable[..., Api]]:
    """Starts a chat API on loopback; its script makes each reply from the request's number and body."""
    running: list[Api] = []

    def start(script: Callable[[int, Any], tuple[int, dict[str, str], bytes]]) -> Api:
        api = Api(script)
        Thread(target=api.serve_forever, daemon=True).start()
        running.append(api)
        return api

    yield start
    for api in running:
        api.shutdown()
        api.server_close()
