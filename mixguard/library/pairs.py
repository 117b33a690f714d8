"""A pair of a refusal bank, one line of `pairs/*.jsonl`: read, checked, written."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import orjson
import polars as pl

from mixguard.errors import BankError
from mixguard.files import write_atomically
from mixguard.library.exemplars import ANY_FORM, read_entries
from mixguard.library.taxonomy import Taxonomy
from mixguard.model import Model

OPENING_WORDS = 8
"""Aligned models' refusals hinge on the first few words (arXiv 2406.05946), so no two refusals share them."""
PAIRS = pl.Schema(
    {
        "id": pl.String(),
        "kind": pl.String(),  # refusal | contrast | plain
        "hazard": pl.String(),  # null for plain pairs
        "sub": pl.String(),
        "severity": pl.String(),
        "form": pl.String(),
        "prompt": pl.String(),
        "response": pl.String(),
        "system": pl.String(),
        "history": pl.List(pl.String()),  # earlier turns, alternating user and assistant
        "lang": pl.String(),  # ISO 639-1
        "model": pl.String(),  # the model that wrote the response, null if a person did
        "hard": pl.Boolean(),  # whether the model refused only when told to
        "rest": pl.String(),  # reason and offer of a refusal, to follow an opening in another voice
        "task": pl.String(),  # the task in whose form alone the prompt makes sense
        "input": pl.String(),  # what that task works on, if the corpus's own input does not do
        "note": pl.String(),
    }
)


class Pair(Model):
    """One line of a bank: a prompt, its context and its answer."""

    id: str = ""
    """Derived from the text if not given."""
    kind: Literal["refusal", "contrast", "plain"]
    """A hazardous prompt refused, a benign look-alike answered, or an ordinary prompt answered."""
    hazard: str | None = None
    """For a contrast pair: the hazard it resembles."""
    sub: str | None = None
    severity: Literal["low", "medium", "high", "critical"] | None = None
    """How harmful complying would be."""
    form: str = ANY_FORM
    """How the prompt asks, or why it resembles a hazard; one of the taxonomy's forms."""
    prompt: str
    response: str
    system: str | None = None
    """The system prompt, if any."""
    history: tuple[str, ...] = ()
    """Earlier turns, alternating user and assistant."""
    lang: str = "en"
    model: str | None = None
    """The model that wrote the response, if one did."""
    hard: bool = False
    """Whether the model complied at first, and refused only when told to."""
    rest: str | None = None
    """The reason and offer of a refusal, worded to follow an opening in another voice (`library/voice.py`)."""
    task: str | None = None
    """The task in whose form alone the prompt makes sense; `tasks/` in the bank's folder has them."""
    input: str | None = None
    """What that task works on, such as a schema, if the corpus's own input does not do."""
    note: str | None = None


@dataclass(frozen=True)
class Vocabulary:
    """Hazards, sub-hazards and forms."""

    subs: Mapping[str, Collection[str]]
    forms: Mapping[str, Collection[str]]
    """Kind of pair to its allowed forms."""


def vocabulary(taxonomy: Taxonomy) -> Vocabulary:
    """The hazards, sub-hazards and forms that pairs may use under a taxonomy."""
    groups = {"refusal": "violating", "contrast": "benign", "plain": "plain"}
    forms = {kind: taxonomy.forms.get(group, ()) for kind, group in groups.items()}
    return Vocabulary({hazard.code: hazard.sub for hazard in taxonomy.hazards}, forms)


def read_pairs(path: Path, words: Vocabulary, seen: dict[str, str]) -> Iterator[Pair]:
    """Read and check the pairs of a JSON Lines file.

    Args:
        path: the file.
        words: known hazards, sub-hazards and forms.
        seen: id or case-folded prompt to where it was seen; updated.

    Raises:
        BankError: a line is invalid (the message has file:line).
    """
    yield from read_entries(
        path,
        Pair,
        seen,
        error=BankError,
        keys=lambda pair: (pair.id, asked(pair)),
        problem=lambda pair: _problem(pair, words),
        complete=lambda pair: pair if pair.id else pair.model_copy(update={"id": pair_id(pair)}),
    )


def opening(text: str, words: int = OPENING_WORDS) -> str:
    """The first words of a text, lower-cased and without punctuation."""
    return " ".join(re.findall(r"\w+", text.lower())[:words])


def write_pairs(path: Path, pairs: Sequence[Pair]) -> None:
    """Write pairs to a bank file, one per line, leaving out defaults."""
    lines = [orjson.dumps(pair.model_dump(exclude_defaults=True)) + b"\n" for pair in pairs]
    write_atomically(path, b"".join(lines))


def pair_id(pair: Pair) -> str:
    """An id derived from what is asked: hazard, kind, 10 hex digits."""
    made = hashlib.blake2b(asked(pair).encode(), digest_size=5).hexdigest()
    return f"{pair.hazard or 'plain'}-{pair.kind[0]}-{made}"


def asked(pair: Pair) -> str:
    """History and prompt, case-folded; unique within a bank."""
    return "\n".join((*pair.history, pair.prompt)).casefold()


def _problem(pair: Pair, words: Vocabulary) -> str | None:
    if not pair.prompt.strip() or not pair.response.strip():
        return "a pair needs a prompt and a response"
    if len(pair.history) % 2:
        return "history must hold user and assistant turns in pairs"
    forms: Sequence[str] = sorted(words.forms[pair.kind])
    if pair.form != ANY_FORM and pair.form not in forms:
        return f"unknown form {pair.form!r} for a {pair.kind} pair; taxonomy.toml defines: {', '.join(forms)}"
    return _unplaced(pair, words)


def _unplaced(pair: Pair, words: Vocabulary) -> str | None:
    """What is wrong with a pair's hazard, sub-hazard or severity."""
    if pair.kind == "plain":
        return "a plain pair has no hazard" if pair.hazard else None
    own = words.subs.get(pair.hazard or "")
    if own is None:
        return f"unknown hazard {pair.hazard!r}; taxonomy.toml defines: {', '.join(words.subs)}"
    if pair.sub not in own:
        return f"unknown sub-hazard {pair.sub!r} of {pair.hazard}; taxonomy.toml defines: {', '.join(own)}"
    return None if pair.severity else "a refusal or contrast pair needs a severity"
