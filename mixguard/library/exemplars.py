"""Exemplars: labelled requests that show what a hazard is, and what only looks like one.

An exemplar file is JSON Lines: `text`, `label` (`violating` or `benign`), `hazard` and `sub` (none for plain
requests), and optionally `form`, `id` and `note`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Literal, TypeVar

import orjson
import polars as pl
from pydantic import BaseModel, ValidationError

from mixguard.errors import TaxonomyError, UsageError
from mixguard.files import read_bounded
from mixguard.model import Model

EXEMPLARS = pl.Schema(
    {
        "id": pl.String,
        "text": pl.String,
        "hazard": pl.String,
        "sub": pl.String,
        "label": pl.String,
        "form": pl.String,
        "note": pl.String,
    }
)
"""Columns of a taxonomy's exemplars; `hazard` and `sub` are null for plain requests."""
ANY_FORM = "other"
"""The form of an exemplar that names none."""


Line = TypeVar("Line", bound=BaseModel)


class Exemplar(Model):
    """One line of an exemplar file."""

    id: str = ""
    """Derived from the text if not given."""
    text: str
    hazard: str | None = None
    sub: str | None = None
    label: Literal["violating", "benign"]
    form: str = ANY_FORM
    note: str | None = None
    """Why the label is right, if that is not obvious."""


def read_exemplars(
    path: Path, subs: Mapping[str, Collection[str]], forms: Collection[str], seen: dict[str, str]
) -> Iterator[Exemplar]:
    """Read the exemplars of a file and check each against a taxonomy's vocabulary.

    Args:
        path: JSON Lines.
        subs: hazard code to the names of its sub-hazards.
        forms: known forms.
        seen: id or case-folded text to where it was seen; updated.

    Raises:
        TaxonomyError: a line is invalid (the message has file:line).
    """
    yield from read_entries(
        path,
        Exemplar,
        seen,
        error=TaxonomyError,
        keys=lambda exemplar: (exemplar.id, exemplar.text.casefold()),
        problem=lambda exemplar: _problem(exemplar, subs, forms),
        complete=_named,
    )


def read_entries(
    path: Path,
    kind: type[Line],
    seen: dict[str, str],
    *,
    error: type[UsageError],
    keys: Callable[[Line], Iterable[str]],
    problem: Callable[[Line], str | None],
    complete: Callable[[Line], Line] = lambda entry: entry,
) -> Iterator[Line]:
    """Read and check the entries of a hand-edited JSON Lines file.

    Args:
        path: the file.
        kind: what each line holds.
        seen: key to where it was seen; updated.
        error: raised if a line is invalid, with file:line.
        keys: what no two entries may share.
        problem: what is wrong with an entry.
        complete: fills in what may be left out.
    """
    for number, line in enumerate(read_lines(path, error), 1):
        if not line.strip():
            continue
        place = f"{path}:{number}"
        entry = complete(parse_line(kind, line, place, error))
        found = problem(entry)
        for key in keys(entry):
            if key in seen:
                found = found or f"same id or text as {seen[key]}"
            seen[key] = place
        if found:
            raise error(f"{place}: {found}")
        yield entry


def read_lines(path: Path, error: type[UsageError] = TaxonomyError) -> list[bytes]:
    """The lines of a hand-edited JSON Lines file, without a byte-order mark.

    Raises:
        error: it cannot be read, or is too long.
    """
    return read_bounded(path, error).removeprefix(b"\xef\xbb\xbf").splitlines()


def parse_line(kind: type[Line], line: bytes, place: str, error: type[UsageError] = TaxonomyError) -> Line:
    """Parse one line of a hand-edited JSON Lines file.

    Raises:
        error: the line is not a valid object (the message has `place`).
    """
    try:
        return kind.model_validate(orjson.loads(line))
    except orjson.JSONDecodeError as broken:
        raise error(f"{place}: not a JSON object: {broken}") from None
    except ValidationError as invalid:
        problem = invalid.errors()[0]
        where = ".".join(map(str, problem["loc"]))
        told = problem["msg"].removeprefix("Value error, ")
        told = "must be a JSON object" if problem["type"] == "model_type" else told
        raise error(": ".join(filter(None, (place, where, told)))) from None


def _named(exemplar: Exemplar) -> Exemplar:
    if exemplar.id:
        return exemplar
    made = hashlib.blake2b(exemplar.text.encode(), digest_size=5).hexdigest()
    return exemplar.model_copy(update={"id": f"{exemplar.hazard or 'plain'}-{exemplar.label[0]}-{made}"})


def _problem(exemplar: Exemplar, subs: Mapping[str, Collection[str]], forms: Collection[str]) -> str | None:
    if not exemplar.text.strip():
        return "text is empty"
    if exemplar.form != ANY_FORM and exemplar.form not in forms:
        return f"unknown form {exemplar.form!r}; taxonomy.toml defines: {', '.join(sorted(forms))}"
    if exemplar.hazard is None:
        return "a violating exemplar needs a hazard" if exemplar.label == "violating" else None
    if exemplar.hazard not in subs:
        return f"unknown hazard {exemplar.hazard!r}; taxonomy.toml defines: {', '.join(subs)}"
    own = subs[exemplar.hazard]
    if exemplar.sub not in own:
        return f"unknown sub-hazard {exemplar.sub!r} of {exemplar.hazard}; taxonomy.toml defines: {', '.join(own)}"
    return None
