"""Risk mechanisms that data can show. One file each: columns, check, limit and text."""

from __future__ import annotations

from mixguard.signals.answer_language import ANSWER_LANGUAGE
from mixguard.signals.base import Signal
from mixguard.signals.coined import COINED
from mixguard.signals.duplicates import DUPLICATES
from mixguard.signals.encoded import ENCODED
from mixguard.signals.foreign import FOREIGN
from mixguard.signals.injected import INJECTED
from mixguard.signals.language import LANGUAGE
from mixguard.signals.leaked import LEAKED
from mixguard.signals.plugins import installed
from mixguard.signals.proximity import PROXIMITY
from mixguard.signals.readiness import READINESS
from mixguard.signals.trigger import TRIGGER
from mixguard.signals.turnover import TURNOVER
from mixguard.signals.uniform import UNIFORM

OWN: tuple[Signal, ...] = (
    TURNOVER,
    UNIFORM,
    FOREIGN,
    READINESS,
    PROXIMITY,
    LANGUAGE,
    DUPLICATES,
    ENCODED,
    ANSWER_LANGUAGE,
    TRIGGER,
    INJECTED,
    LEAKED,
    COINED,
)
"""The project's own signals, in the order reports show them."""
SIGNALS: tuple[Signal, ...] = (*OWN, *installed(OWN))
"""Every signal; those of other packages last."""
