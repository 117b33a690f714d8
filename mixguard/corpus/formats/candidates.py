"""Which formats a row's column names leave over: the others need not be asked."""

from __future__ import annotations

from functools import lru_cache

from mixguard.corpus.formats import FORMATS, Format
from mixguard.corpus.formats.calls import Calls, Transcript
from mixguard.corpus.formats.cells import History, Text
from mixguard.corpus.formats.contrast import Contrast
from mixguard.corpus.formats.layout import Among, Either, Layout, Slot
from mixguard.corpus.formats.lists import Choice, Several
from mixguard.corpus.formats.nova import Candidates
from mixguard.corpus.formats.plain import Segments
from mixguard.corpus.formats.rendered import Rendered
from mixguard.corpus.formats.rounds import Rounds
from mixguard.corpus.formats.talk import Messages, Said


@lru_cache(maxsize=512)
def candidates(names: tuple[str, ...]) -> tuple[Format, ...]:
    """The formats that rows with these columns may have, specific before general."""
    columns = frozenset(names)
    return tuple(form for form in FORMATS if _may_match(form, columns))


def _may_match(form: Format, columns: frozenset[str]) -> bool:
    if isinstance(form, Either):
        return any(_may_match(layout, columns) for layout in form.layouts)
    return not isinstance(form, Layout) or all(_may_fit(slot, columns) for slot in form.slots)


def _may_fit(slot: Slot, columns: frozenset[str]) -> bool:
    """Whether a slot's columns are here, or it needs none."""
    if isinstance(slot, Among):
        return any(_may_fit(each, columns) for each in slot.slots)
    needed: tuple[str, ...] = ()
    if isinstance(slot, Messages | Choice):
        needed = slot.keys[:1]
    elif isinstance(slot, Said | Segments | Rounds | Several | Calls | Transcript | Candidates):
        needed = (slot.column,)
    elif isinstance(slot, Contrast):
        needed = (slot.chosen, slot.rejected)
    elif isinstance(slot, Text):
        needed = () if slot.optional else (slot.main,)
    elif isinstance(slot, History):
        needed = (slot.column,) if slot.alone else ()
    elif isinstance(slot, Rendered):
        return not columns.isdisjoint(slot.columns)
    return columns.issuperset(needed)
