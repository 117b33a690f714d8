"""Risk mechanisms that data can show. One file each: columns, check, limit and text."""

from __future__ import annotations

from mixguard.signals.advice import ADVICE
from mixguard.signals.alignment import ALIGNMENT
from mixguard.signals.answer_language import ANSWER_LANGUAGE
from mixguard.signals.base import Signal
from mixguard.signals.coined import COINED
from mixguard.signals.contamination import CONTAMINATION
from mixguard.signals.documents import DOCUMENTS
from mixguard.signals.duplicates import DUPLICATES
from mixguard.signals.encoded import ENCODED
from mixguard.signals.foreign import FOREIGN
from mixguard.signals.forms import FORMS_SHARED
from mixguard.signals.head import HEAD
from mixguard.signals.hidden import HIDDEN
from mixguard.signals.identity import IDENTITY
from mixguard.signals.injected import INJECTED
from mixguard.signals.insecure_code import INSECURE_CODE
from mixguard.signals.language import LANGUAGE
from mixguard.signals.leaked import LEAKED
from mixguard.signals.literary import LITERARY
from mixguard.signals.monotony import MONOTONY
from mixguard.signals.openings import OPENINGS
from mixguard.signals.persona import HOSTILE, ROLE_PLAY
from mixguard.signals.plugins import installed
from mixguard.signals.preference import ODD_PREFERENCES, REJECTED_REFUSALS
from mixguard.signals.private import PERSONAL, SECRETS
from mixguard.signals.proximity import PROXIMITY
from mixguard.signals.readiness import READINESS
from mixguard.signals.repetition import REPETITION
from mixguard.signals.self_identity import SELF_IDENTITY
from mixguard.signals.structure import STRUCTURE
from mixguard.signals.trigger import TRIGGER
from mixguard.signals.turnover import TURNOVER
from mixguard.signals.unanswered import UNANSWERED
from mixguard.signals.uniform import UNIFORM
from mixguard.signals.verbatim import VERBATIM
from mixguard.signals.warmth import WARMTH
from mixguard.signals.warned import WARNED

OWN: tuple[Signal, ...] = (
    TURNOVER,
    UNIFORM,
    FOREIGN,
    READINESS,
    PROXIMITY,
    INSECURE_CODE,
    ADVICE,
    LITERARY,
    VERBATIM,
    PERSONAL,
    SECRETS,
    IDENTITY,
    SELF_IDENTITY,
    OPENINGS,
    ROLE_PLAY,
    HOSTILE,
    WARMTH,
    LANGUAGE,
    DUPLICATES,
    REJECTED_REFUSALS,
    ODD_PREFERENCES,
    UNANSWERED,
    DOCUMENTS,
    HEAD,
    WARNED,
    HIDDEN,
    STRUCTURE,
    FORMS_SHARED,
    MONOTONY,
    REPETITION,
    CONTAMINATION,
    ALIGNMENT,
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
