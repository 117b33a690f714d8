"""mixguard checks a fine-tuning corpus before training.

It says which hazards the corpus touches, whether its responses refuse, partially refuse or comply, and which rows would make
an aligned model forget how to refuse.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mixguard._audit import audit, check, shard
    from mixguard._compare import compare
    from mixguard._merge import merge
    from mixguard._probe import probe
    from mixguard._rebalance import rebalance
    from mixguard.checkpoint.comparison import Comparison
    from mixguard.config import Config
    from mixguard.errors import MixguardError
    from mixguard.judge import classify, detect_refusals
    from mixguard.mix.made import Mix
    from mixguard.run.document import Audit
    from mixguard.vectors.base import Encoder
    from mixguard.vectors.hashed import HashEncoder

__version__ = "0.1.0"

_HOMES = {
    "Audit": "mixguard.run.document",
    "Comparison": "mixguard.checkpoint.comparison",
    "Config": "mixguard.config",
    "Encoder": "mixguard.vectors.base",
    "HashEncoder": "mixguard.vectors.hashed",
    "Mix": "mixguard.mix.made",
    "MixguardError": "mixguard.errors",
    "audit": "mixguard._audit",
    "check": "mixguard._audit",
    "classify": "mixguard.judge",
    "compare": "mixguard._compare",
    "detect_refusals": "mixguard.judge",
    "merge": "mixguard._merge",
    "probe": "mixguard._probe",
    "rebalance": "mixguard._rebalance",
    "shard": "mixguard._audit",
}

__all__ = [
    "Audit",
    "Comparison",
    "Config",
    "Encoder",
    "HashEncoder",
    "Mix",
    "MixguardError",
    "audit",
    "check",
    "classify",
    "compare",
    "detect_refusals",
    "merge",
    "probe",
    "rebalance",
    "shard",
]


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used, so that `import mixguard` is quick."""
    if name not in _HOMES:
        raise AttributeError(f"module 'mixguard' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
