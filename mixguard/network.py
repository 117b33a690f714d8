"""Network access: only for a hub model or dataset the user names, and never when offline; no telemetry of a library."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import cast

# Read by huggingface_hub when it is imported; what it tells of this machine is in no request then.
os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")

VARIABLES = ("HF_HUB_OFFLINE", "HF_DATASETS_OFFLINE", "TRANSFORMERS_OFFLINE")
SWITCHES = (
    ("huggingface_hub.constants", "HF_HUB_OFFLINE"),
    ("datasets.config", "HF_HUB_OFFLINE"),
    ("datasets.config", "HF_DATASETS_OFFLINE"),
)
"""Where the libraries keep the values they read from these variables on import."""


def stay_offline() -> None:
    """Make all libraries in this process use local files only from now on, imported yet or not."""
    os.environ.update(dict.fromkeys(VARIABLES, "1"))
    for module, name in SWITCHES:
        if module in sys.modules:
            setattr(sys.modules[module], name, True)


TELEMETRY = "openvino_telemetry"
"""openvino imports this package where it is installed, which looks up a host of Google and writes into the home folder,
and no variable prevents that; openvino does without it where it cannot be imported."""
USERS = ("telemetry_utils", "convert_impl", "main", "utils")
"""Modules of `openvino.tools.ovc` that keep it under the name `tm`."""


@contextmanager
def unobserved() -> Iterator[None]:
    """Import or use openvino in the block without its telemetry, even if the program has imported it before."""
    modules = cast("dict[str, ModuleType | None]", sys.modules)  # None forbids an import
    own = {name: module for name, module in modules.items() if name.split(".")[0] == TELEMETRY}
    users = [module for name in USERS if (module := modules.get(f"openvino.tools.ovc.{name}")) is not None]
    kept = [(module, module.tm) for module in users if hasattr(module, "tm")]
    for name in own:
        del modules[name]
    modules[TELEMETRY] = None
    try:
        if kept:
            from openvino.tools.ovc import telemetry_stub

            for module, _ in kept:
                module.tm = telemetry_stub  # type: ignore[attr-defined]
        yield
    finally:
        del modules[TELEMETRY]
        modules.update(own)
        for module, telemetry in kept:
            module.tm = telemetry  # type: ignore[attr-defined]
