"""How one source is read: its view, its format, and what it holds besides."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mixguard.config import ReadConfig
from mixguard.corpus.exchanges import exchanges
from mixguard.corpus.files.base import Whole
from mixguard.corpus.formats import Format, by_id
from mixguard.corpus.formats.lint import lint
from mixguard.corpus.formats.packed import is_list
from mixguard.corpus.formats.view import View
from mixguard.corpus.formats.vote import choose, vote
from mixguard.corpus.parts import Understood
from mixguard.corpus.records import Record, Rejected
from mixguard.corpus.unread import Watch
from mixguard.errors import RecordError


@dataclass(frozen=True)
class Reading:
    """How the records of one source are read."""

    view: View
    wanted: Format | None
    """The format of most records, or the one that was named."""
    fixed: bool
    """Whether it was named."""
    watch: Watch

    @classmethod
    def of(cls, head: Sequence[Record | Rejected | Whole], name: str, config: ReadConfig) -> Reading:
        """Decide from the head of a source.

        Raises:
            InputError: none of its records has a column that was named.
        """
        view = View.of(config.columns)
        rows = [record.row for record in head if isinstance(record, Record)]
        view.check(rows, name)
        fixed = config.format is not None
        wanted = by_id(config.format) if config.format is not None else vote(list(map(view.seen, rows)))
        return cls(view, wanted, fixed, Watch(view, told=fixed or view.is_complete))

    def understand(self, record: Record, *, look: bool = True) -> Understood:
        """A record's exchanges; with `look`, its columns are looked at for unread text.

        Raises:
            RecordError: it has no known format, or cannot be parsed.
        """
        row = self.view.seen(record.row)
        try:
            form = self.wanted if self.fixed and self.wanted is not None else choose(row, self.wanted)
            sample = form.parse(row)
        except RecordError as error:
            kept = [key for key, value in row.items() if is_list(key) and isinstance(value, str) and value]
            if not kept:
                raise
            raise RecordError(f"{error}; {kept[0]} is text that does not spell a list") from None
        if look:
            self.watch.see(record.row, sample)
        flags = (*record.flags, *sample.flags, *lint(row, sample, form.id))
        return Understood(record, form.id, flags, exchanges(sample), sample.turns)
