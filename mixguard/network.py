"""Network access: only for a hub model or dataset the user names, and never when offline."""

from __future__ import annotations

import os
import sys

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
