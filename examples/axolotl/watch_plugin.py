"""Lets axolotl probe the model while it trains; see README.md."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from axolotl.integrations.base import BasePlugin
from probe_callback import ProbeCallback


class Watch(BasePlugin):  # type: ignore[misc]  # axolotl has no types
    """Adds the callback to axolotl's trainer."""

    def add_callbacks_post_trainer(self, cfg: Any, trainer: Any) -> list[Any]:
        """Look every 50 steps."""
        return [ProbeCallback(Path(cfg.output_dir) / "probes", steps=50)]
