"""The network: reached only for a hub model or data set that the user names, and never when offline."""

from __future__ import annotations

import os
import sys

VARIABLES = ("HF_HUB_OFFLINE", "HF_DATASETS_OFFLINE", "TRANSFORMERS_OFFLINE")
SWITCHES = (
    ("huggingface_hub.constants", "HF_HUB_OFFLINE"),
    ("datasets.config", "HF_HUB_OFFLINE"),
    ("datasets.config", "HF_DATASETS_OFFLINE"),
)
"""Where the libraries keep what they read of these variables when they were imported."""


def stay_offline() -> None:
    """Keep this process off the hub from now on: its libraries use local files alone, whether imported yet or not."""
    os.environ.update(dict.fromkeys(VARIABLES, "1"))
    for module, name in SWITCHES:
        if module in sys.modules:
            setattr(sys.modules[module], name, True)
