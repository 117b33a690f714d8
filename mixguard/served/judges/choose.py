"""The judge for a model, by its name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from mixguard.errors import UsageError
from mixguard.served.judges.base import Judge, Known
from mixguard.served.judges.llama_guard import llama_guard
from mixguard.served.judges.rubric import rubric
from mixguard.served.judges.shieldgemma import shieldgemma
from mixguard.served.judges.wildguard import wildguard

AUTO = "auto"
GUARDS: Mapping[str, tuple[str, Callable[[Known], Judge]]] = MappingProxyType(
    {
        "llama-guard": ("llamaguard", llama_guard),
        "wildguard": ("wildguard", wildguard),
        "shieldgemma": ("shieldgemma", shieldgemma),
    }
)
"""Kind to what the names of its models hold, in small letters and digits, and how it is made."""
KINDS = (AUTO, *GUARDS, "rubric")


def choose(model: str, known: Known, kind: str = AUTO) -> Judge:
    """The judge for a model: the one named, else by the model's name, else the rubric.

    Raises:
        UsageError: no judge is named so.
    """
    if kind not in KINDS:
        raise UsageError(f"unknown kind of judge {kind!r}; use one of {', '.join(KINDS)}")
    letters = "".join(letter for letter in model.lower() if letter.isalnum())
    for name, (part, make) in GUARDS.items():
        if kind == name or (kind == AUTO and part in letters):
            return make(known)
    return rubric(known)
