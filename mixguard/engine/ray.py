"""The engine `ray`: parts are judged by actors of a Ray cluster, through Ray Data.

The cluster is the one at RAY_ADDRESS, else one that is started on this machine. A task on the node of the command reads the
corpus, so that its parts are those of the local engine. Ray Data holds it back while all actors are busy, starts more of them
where there is room, and does again what was lost with a worker.
"""

from __future__ import annotations

import os
import socket
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import mixguard
from mixguard.config import Config
from mixguard.corpus.corpus import Corpus
from mixguard.detectors import Recipe
from mixguard.engine.actors import Judge, Reading, packed, read, unpacked
from mixguard.engine.base import Judging
from mixguard.engine.keeping import Finished, keep, pickled
from mixguard.engine.places import ONE_CORE, gpus_used
from mixguard.errors import MixguardError, UsageError
from mixguard.progress import Progress
from mixguard.run.journal import RunJournal
from mixguard.run.provenance import Detectors
from mixguard.vectors.devices import cores

TRIES = 5
"""Actors that a part may lose before the run is given up; by itself, Ray Data would go on for ever."""
ONE = {"batch_size": 1, "batch_format": "pyarrow"}
"""A part at a time."""
PATIENCE = 10
"""Seconds to wait for a cluster to answer."""
QUIET = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_BACKEND_LOG_LEVEL": "fatal", "RAY_DATA_LOG_LEVEL": "CRITICAL"}
"""No telemetry, and no messages beside the errors that are raised; read by Ray when it is imported, and when a cluster is started or joined."""


def run(
    corpus: Corpus, recipe: Recipe, worker: Judging, journal: RunJournal, *, rows: int, progress: Progress
) -> int:
    """Annotate a corpus; see `engine/base.py`.

    Raises:
        UsageError: Ray is not installed, its cluster cannot be reached, or its workers lack what they need.
    """
    with cluster():
        finished = _finished(Reading(Path.cwd(), corpus, journal, rows), recipe, worker.detectors)
        return keep(_told(finished, journal), journal, corpus.size, progress)


@contextmanager
def cluster() -> Iterator[None]:
    """Be connected to the cluster, at RAY_ADDRESS if it is set; one that is connected already stays so.

    Raises:
        UsageError: Ray is not installed, or the cluster cannot be reached.
    """
    for name, value in QUIET.items():
        os.environ.setdefault(name, value)
    try:
        import ray
        import ray.data
    except ImportError as error:
        raise UsageError(
            f"--engine ray: needs a package that is not installed: pip install 'mixguard[ray]' ({error})"
        ) from None
    if ray.is_initialized():
        yield
        return
    _connect(os.environ.get("RAY_ADDRESS", ""))
    try:
        yield
    finally:
        ray.shutdown()


def _connect(address: str) -> None:
    import ray

    if address.startswith("ray://"):
        raise UsageError(
            f"RAY_ADDRESS={address}: a Ray client has no files that the cluster could read; run the command on a"
            " node of the cluster, e.g. by `ray job submit`"
        )
    own = {} if address else {"num_cpus": cores(), "include_dashboard": False}
    host, _, port = address.rpartition(":")
    try:
        if port.isdecimal():  # Ray itself would ask for minutes
            socket.create_connection((host.strip("[]"), int(port)), timeout=PATIENCE).close()
        ray.init(address or "local", log_to_driver=False, logging_level="ERROR", **own)
    except (OSError, RuntimeError, ValueError) as error:
        raise UsageError(
            f"RAY_ADDRESS={address or 'local'}: no cluster answers ({error}); one that asks for a token needs"
            " RAY_AUTH_MODE=token as well"
        ) from None


def _told(finished: Iterable[Finished], journal: RunJournal) -> Iterator[Finished]:
    """The same parts; of those that were done before, the copy of the journal was asked where they were read."""
    for each in finished:
        if each.judged is None:
            journal.has(each.number, each.part)
        yield each


def _finished(reading: Reading, recipe: Recipe, detectors: Detectors) -> Iterator[Finished]:
    """Each part when it is done, in whatever order that is."""
    import ray
    import ray.data

    context = ray.data.DataContext.get_current().copy()
    context.enable_progress_bars = False
    context.target_max_block_size = 1  # a part is a block of its own, which goes to whoever is free
    judging = reading.folder, pickled(recipe), mixguard.__version__, detectors
    with ray.data.DataContext.current(context), warnings.catch_warnings():
        warnings.simplefilter(
            "ignore", DeprecationWarning
        )  # its own options, and it has no other way to limit tries
        parts = ray.data.from_arrow(packed([reading])).map_batches(read, **ONE, **_here())
        judged = parts.map_batches(
            Judge, fn_constructor_args=judging, max_task_retries=TRIES, **ONE, **_actors(recipe.config)
        )
    try:
        for table in judged.iter_batches(batch_size=None, batch_format="pyarrow", prefetch_batches=0):
            yield from unpacked(table)
    except ray.exceptions.RayError as error:
        raise _cause(error) from None


def _here() -> dict[str, Any]:
    """The node of the command; reading takes no core from the actors."""
    import ray

    return {"num_cpus": 0, "label_selector": {"ray.io/node-id": ray.get_runtime_context().get_node_id()}}


def _actors(config: Config) -> dict[str, Any]:
    """How many actors there are, and what each has to itself."""
    import ray.data

    on_gpus = bool(gpus_used(config))
    there = int(ray.cluster_resources().get("GPU" if on_gpus else "CPU", 0))
    most = config.run.workers or None
    start = max(1, min(there, most or there))
    return {
        "compute": ray.data.ActorPoolStrategy(min_size=1, initial_size=start, max_size=most),
        "num_cpus": 1,
        **({"num_gpus": 1} if on_gpus else {"runtime_env": {"env_vars": dict(ONE_CORE)}}),
    }


def _cause(error: Exception) -> BaseException:
    """What went wrong in a worker as it was foreseen there, or else as far as Ray knows."""
    inner: BaseException | None = error
    while inner is not None:
        if isinstance(inner, MixguardError):
            return inner
        inner = getattr(inner, "cause", None) or inner.__cause__
    return UsageError(f"--engine ray: a worker failed: {error}")
