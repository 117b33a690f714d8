"""Choose the engine that a configuration asks for."""

from __future__ import annotations

from mixguard.detectors import Recipe
from mixguard.engine import local, processes, ray
from mixguard.engine.base import Engine
from mixguard.engine.places import gpus_used


def engine_of(recipe: Recipe) -> Engine:
    """The engine that is configured; `auto` uses processes where there are several GPUs to use."""
    name = recipe.config.run.engine
    if name == "auto":
        # An encoder that was given is an object of this process, on a device of its own.
        name = "processes" if recipe.encoder is None and len(gpus_used(recipe.config)) > 1 else "local"
    return ENGINES[name]


ENGINES: dict[str, Engine] = {"local": local.run, "processes": processes.run, "ray": ray.run}
