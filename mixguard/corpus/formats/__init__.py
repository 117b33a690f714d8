"""Record formats: every supported one, specific before general."""

from __future__ import annotations

from collections.abc import Mapping

from mixguard.corpus.formats.base import Format
from mixguard.corpus.formats.chat import CHAT_FORMATS, LOOSE_FORMATS
from mixguard.corpus.formats.pairs import PAIR_FORMATS
from mixguard.corpus.formats.plain import Pretokenized
from mixguard.corpus.formats.preference import PREFERENCE_FORMATS
from mixguard.corpus.formats.rendered import RENDERED_FORMATS
from mixguard.corpus.formats.translation import Translation
from mixguard.corpus.formats.unlabelled import Unlabelled
from mixguard.errors import ConfigError, meant

__all__ = ["FORMATS", "Format", "by_id"]


FORMATS: tuple[Format, ...] = (
    *PREFERENCE_FORMATS,
    *CHAT_FORMATS,
    *PAIR_FORMATS,
    Translation(),
    *RENDERED_FORMATS,
    Unlabelled(),
    *LOOSE_FORMATS,
    Pretokenized(),
)
"""The first that matches a row is the most specific."""

_BY_ID: Mapping[str, Format] = {form.id: form for form in FORMATS}


def by_id(name: str) -> Format:
    """The format with this name.

    Raises:
        ConfigError: there is none; the message lists the known ones.
    """
    form = _BY_ID.get(name)
    if form is None:
        raise ConfigError(
            f"unknown format {name!r}{meant(name, _BY_ID)}; known formats: {', '.join(sorted(_BY_ID))}"
        )
    return form
