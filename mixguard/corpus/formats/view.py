"""Rows as the formats see them: columns named by the user, and lists of messages unpacked from text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeAlias

from mixguard.corpus.formats.base import shape
from mixguard.corpus.formats.messages import alike
from mixguard.corpus.formats.packed import packed, unpacked
from mixguard.corpus.records import Row, Turn
from mixguard.errors import ConfigError, InputError

ROLES = (
    "prompt", "response", "system", "context", "input", "history", "messages", "chosen", "rejected", "label",
    "completion", "text",
)  # fmt: skip
"""What `--columns` can say of a column."""
_BESIDE_NAMES = "system history tools functions images videos audios input_ids attention_mask labels weight"
_BESIDE = frozenset(_BESIDE_NAMES.split())
"""Columns that formats and trainers read beside any others."""
_Keys: TypeAlias = tuple[str | int, ...]
_MISSING: Any = object()


class _Shown(NamedTuple):
    """A row under the names that formats know."""

    row: Row
    keys: Mapping[str, _Keys]
    """Where each renamed column stands in the stored row."""


@dataclass(frozen=True)
class View:
    """How stored rows are shown to the formats, and new rows written back."""

    columns: Mapping[str, str] = field(default_factory=dict)
    """Column by role; a dot leads into an object: `data.prompt`."""

    @classmethod
    def of(cls, columns: Mapping[str, str]) -> View:
        """A view with these columns.

        Raises:
            ConfigError: a role is unknown, or two have the same column.
        """
        strange = [role for role in columns if role not in ROLES]
        if strange:
            raise ConfigError(
                f"read.columns: nothing is called {strange[0]!r}; columns can be {', '.join(ROLES)}"
            )
        taken: dict[str, str] = {}
        for role, column in columns.items():
            if column in taken:
                raise ConfigError(f"read.columns: {column!r} cannot be both {taken[column]} and {role}")
            taken[column] = role
        return cls(columns)

    @property
    def is_complete(self) -> bool:
        """Whether the user said what is trained; no other column counts then."""
        roles = self.columns.keys()
        both = {"chosen", "rejected"} <= roles
        if "text" in roles or ("messages" in roles and (both or "chosen" not in roles)):
            return True
        return "prompt" in roles and (both or bool({"response", "completion"} & roles))

    def seen(self, row: Row) -> Row:
        """The row as formats read it; the row itself if there is nothing to rename or unpack."""
        return _unpacked(self._shown(row).row)

    def restored(self, row: Row, like: Row) -> dict[str, Any]:
        """The inverse of `seen`: a row with the stored names and spellings.

        Args:
            row: a row as formats write it.
            like: the stored row that it imitates; what `row` shares with it is copied from there.
        """
        shown = self._shown(like)
        before = _unpacked(shown.row)
        made = dict(like)
        for column, value in row.items():
            old = before.get(column, _MISSING)
            if old is value or (old is not _MISSING and alike(old, value)):
                continue
            stored = shown.row.get(column)
            if isinstance(stored, str) and old is not stored and not isinstance(value, str):
                value = packed(value, stored)  # noqa: PLW2901 - the same value, as it is stored
            _put(made, shown.keys.get(column, (column,)), value)
        for column in before.keys() - row.keys() - shown.keys.keys():
            made.pop(column, None)
        return made

    def rewrites(self, row: Row) -> bool:
        """Whether the texts that hold lists can be written back byte for byte."""
        shown = self._shown(row).row
        seen = _unpacked(shown)
        return all(
            value is shown[column] or packed(value, shown[column]) == shown[column]
            for column, value in seen.items()
        )

    def origins(self, turns: Iterable[Turn], row: Row) -> dict[str, bool]:
        """The stored columns that turns come from, and whether all of the column was seen."""
        names = {turn.path.split("/", 2)[1] for turn in turns if turn.path}
        keys = self._shown(row).keys
        paths = (
            keys.get(name, (name,)) for name in (name.replace("~1", "/").replace("~0", "~") for name in names)
        )
        return {str(path[0]): len(path) == 1 for path in paths}

    def check(self, rows: Sequence[Row], name: str) -> None:
        """Refuse a source in which a named column does not occur.

        Raises:
            InputError: no row has the column.
        """
        for role, column in self.columns.items():
            if rows and not any(_found(row, column) for row in rows):
                every = dict.fromkeys(key for row in rows for key in row)
                raise InputError(
                    f"{name}: no record has the column {column!r} that was named as the {role};"
                    f" its columns are {shape(dict.fromkeys(every, True))}"
                )

    def _shown(self, row: Row) -> _Shown:
        if not self.columns:
            return _Shown(row, {})
        keys = {role: found for role, column in self.columns.items() if (found := _found(row, column))}
        values = {role: _look_up(row, path) for role, path in keys.items()}
        names = _names(values)
        taken = {path[0] for path in keys.values()} | {*self.columns, *names.values()}
        others = (
            {key: value for key, value in row.items() if key not in taken}
            if not self.is_complete
            else {key: row[key] for key in row if key in _BESIDE and key not in taken}
        )
        renamed = {names[role]: value for role, value in values.items()}
        return _Shown({**renamed, **others}, {names[role]: path for role, path in keys.items()})


def _unpacked(row: Row) -> Row:
    lists = {
        column: value
        for column, text in row.items()
        if isinstance(text, str) and text[:1] in "[{ \t\r\n" and (value := unpacked(text, column)) is not None
    }
    return {**row, **lists} if lists else row


def _names(values: Mapping[str, Any]) -> dict[str, str]:
    """The name by which a format knows each role, given the others that the row has."""
    names = {role: role for role in values}
    answer = next((role for role in ("response", "completion") if role in values), None)
    beside = [role for role in ("input", "context") if role in values]
    instructed = "prompt" in values and bool(beside)
    if "messages" in values and "rejected" in values and "chosen" not in values:
        names["rejected"] = "rejected_response"
    if instructed:
        names["prompt"] = "instruction"
    if instructed and len(beside) == 1 and ("label" in values or "chosen" in values):
        names[beside[0]] = "input"
    if answer and "label" in values:
        names[answer] = "completion"
    elif answer and (instructed or "system" in values or "history" in values):
        names[answer] = "response"
    elif answer and "prompt" in values and any(_is_talk(values[role]) for role in ("prompt", answer)):
        names[answer] = "completion"
    return names


def _is_talk(value: Any) -> bool:
    """Whether it is one message or several, rather than text."""
    return isinstance(value, list | dict) or (
        isinstance(value, str) and unpacked(value, "prompt") is not None
    )


def _found(row: Row, column: str) -> _Keys:
    """The keys that lead to a column; none if the row does not have it."""
    if column in row:
        return (column,)
    keys: list[str | int] = []
    value: Any = row
    for name in column.split("."):
        if isinstance(value, Mapping) and name in value:
            keys.append(name)
        elif isinstance(value, list) and name.isdecimal() and int(name) < len(value):
            keys.append(int(name))
        else:
            return ()
        value = value[keys[-1]]
    return tuple(keys)


def _look_up(row: Row, keys: Iterable[str | int]) -> Any:
    value: Any = row
    for key in keys:
        value = value[key]
    return value


def _put(row: Any, keys: _Keys, value: Any) -> None:
    """Set a nested value, copying what is on the way."""
    for key in keys[:-1]:
        row[key] = row[key].copy()
        row = row[key]
    row[keys[-1]] = value
