"""What a record means: every format that is understood, specific before general."""

from __future__ import annotations

from collections.abc import Mapping

from mixguard.corpus.formats.base import ROLES, Format, Roles, extended_roles
from mixguard.corpus.formats.chat import chat_formats, loose_formats
from mixguard.corpus.formats.pairs import pair_formats
from mixguard.corpus.formats.plain import Pretokenized
from mixguard.corpus.formats.preference import preference_formats
from mixguard.errors import ConfigError

__all__ = ["FORMATS", "Format", "by_id", "with_roles"]


def _formats(roles: Roles) -> tuple[Format, ...]:
    return (
        *preference_formats(roles),
        *chat_formats(roles),
        *pair_formats(),
        *loose_formats(roles),
        Pretokenized(),
    )


FORMATS: tuple[Format, ...] = _formats(ROLES)
"""The first that matches a row is the most specific one."""

_BY_ID: Mapping[str, Format] = {form.id: form for form in FORMATS}


def with_roles(extra: Mapping[str, str]) -> tuple[Format, ...]:
    """The same formats with more spellings of roles, e.g. `{"patient": "user"}`.

    Raises:
        ConfigError: a spelling is mapped to a role that is not known.
    """
    return _formats(extended_roles(extra))


def by_id(name: str) -> Format:
    """The format of this name.

    Raises:
        ConfigError: there is none; the message names those there are.
    """
    form = _BY_ID.get(name)
    if form is None:
        raise ConfigError(f"unknown format {name!r}; known formats: {', '.join(sorted(_BY_ID))}")
    return form
