"""The risk mechanisms: what is known of each way in which data breaks a model (`taxonomies/signals/mechanisms.toml`)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import Literal

from mixguard.errors import TaxonomyError
from mixguard.files import bundled, read_toml
from mixguard.model import Model, checked


class Mechanism(Model):
    """One way in which fine-tuning data is known to break a model."""

    name: str
    effect: str
    """What was measured, with its figures."""
    source: str
    known: Literal["read", "reported", "judgement"]
    """How the effect is known: read in the source, reported of it by others, or nobody's measurement."""
    beyond: str | None = None
    """Why data cannot show it, for those that no check measures."""


@cache
def mechanisms() -> Mapping[str, Mechanism]:
    """All mechanisms, by id."""
    file = bundled("taxonomies", "signals") / "mechanisms.toml"
    tree = read_toml(file, TaxonomyError)
    return MappingProxyType(
        {name: checked(Mechanism, each, TaxonomyError, f"{file}: {name}") for name, each in tree.items()}
    )
