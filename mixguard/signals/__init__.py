"""Risk mechanisms that data can show. One file each: columns, check, limit and text."""

from __future__ import annotations

from mixguard.signals.base import Signal
from mixguard.signals.duplicates import DUPLICATES
from mixguard.signals.foreign import FOREIGN
from mixguard.signals.identity import IDENTITY
from mixguard.signals.language import LANGUAGE
from mixguard.signals.openings import OPENINGS
from mixguard.signals.persona import HOSTILE, ROLE_PLAY
from mixguard.signals.plugins import installed
from mixguard.signals.proximity import PROXIMITY
from mixguard.signals.readiness import READINESS
from mixguard.signals.self_identity import SELF_IDENTITY
from mixguard.signals.turnover import TURNOVER
from mixguard.signals.uniform import UNIFORM
from mixguard.signals.warmth import WARMTH

OWN: tuple[Signal, ...] = (
    TURNOVER,
    UNIFORM,
    FOREIGN,
    READINESS,
    PROXIMITY,
    IDENTITY,
    SELF_IDENTITY,
    OPENINGS,
    ROLE_PLAY,
    HOSTILE,
    WARMTH,
    LANGUAGE,
    DUPLICATES,
)
"""The project's own signals, in the order reports show them."""
SIGNALS: tuple[Signal, ...] = (*OWN, *installed(OWN))
"""Every signal; those of other packages last."""
