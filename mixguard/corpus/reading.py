"""How one source is read: its view, its format, and what it holds besides."""

from __future__ import annotations

from collections.abc import Sequence

from mixguard.config import ReadConfig
from mixguard.corpus.block import Block
from mixguard.corpus.exchanges import exchanges
from mixguard.corpus.files.base import Whole
from mixguard.corpus.files.jsons import checked, checked_all
from mixguard.corpus.formats import Format, by_id
from mixguard.corpus.formats.lint import lint
from mixguard.corpus.formats.packed import is_list
from mixguard.corpus.formats.view import View
from mixguard.corpus.formats.vote import choose, vote
from mixguard.corpus.parts import Understood
from mixguard.corpus.plans import Parse, Planned, Plans
from mixguard.corpus.records import Record, Rejected, Row, Unchecked
from mixguard.corpus.unread import Watch
from mixguard.errors import RecordError


class Reading:
    """How the records of one source are read."""

    def __init__(self, view: View, wanted: Format | None, *, fixed: bool) -> None:
        """Start at the first record.

        Args:
            view: how stored rows are shown to the formats.
            wanted: the format of most records, or the one that was named.
            fixed: whether it was named.
        """
        self.view = view
        self.watch = Watch(view, told=fixed or view.is_complete)
        self._wanted, self._fixed = wanted, fixed
        self._plans = Plans(self.parsed, None if wanted is None or view.columns else wanted.id)

    @classmethod
    def of(
        cls, head: Sequence[Record | Unchecked | Rejected | Whole], name: str, config: ReadConfig
    ) -> Reading:
        """Decide from the head of a source.

        Raises:
            InputError: none of its records has a column that was named.
        """
        view = View.of(config.columns)
        rows = [each.row for each in checked_all(head, name) if isinstance(each, Record)]
        view.check(rows, name)
        if config.format is not None:
            return cls(view, by_id(config.format), fixed=True)
        return cls(view, vote(list(map(view.seen, rows))), fixed=False)

    def understand(self, found: Record | Unchecked, name: str, *, look: bool = True) -> Understood:
        """A record's exchanges; with `look`, its columns are looked at for unread text.

        Raises:
            RecordError: it cannot be read, has no known format, or cannot be parsed.
        """
        planned = self._plans.find(found.row)
        if planned is not None and _is_sound(found, planned):
            if look:
                self.watch.see(found.row, planned.sample())
            plan = planned.plan
            return Understood(found, plan.form, plan.flags, (planned.block,) if planned.block.prompt else ())
        record = checked(found, name) if isinstance(found, Unchecked) else found
        form, sample, flags = self.parsed(record.row)
        if look:
            self.watch.see(record.row, sample)
        blocks = (Block.of([each], number) for number, each in enumerate(exchanges(sample)))
        return Understood(found, form, (*record.flags, *flags), blocks)

    def parsed(self, stored: Row) -> Parse:
        """What the formats make of a stored row.

        Raises:
            RecordError: it has no known format, or cannot be parsed.
        """
        row = self.view.seen(stored)
        try:
            form = self._wanted if self._fixed and self._wanted is not None else choose(row, self._wanted)
            sample = form.parse(row)
        except RecordError as error:
            kept = [key for key, value in row.items() if is_list(key) and isinstance(value, str) and value]
            if not kept:
                raise
            raise RecordError(f"{error}; {kept[0]} is text that does not spell a list") from None
        return Parse(form.id, sample, (*sample.flags, *lint(row, sample, form.id)))


def _is_sound(found: Record | Unchecked, planned: Planned) -> bool:
    """Whether a record has no oddities of its own."""
    return not found.flags if isinstance(found, Record) else planned.names_keys_once(found.raw)
