"""A refusal bank: prompts with the answers a good assistant gives, to be mixed into a corpus.

On disk a bank is a folder: `bank.toml` (id, language, licence) and `pairs/*.jsonl`. A `bank.toml` that says
`extends = "mixguard"` adds its pairs to that one's, and its pairs are used first.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import orjson
import polars as pl

from mixguard.errors import TaxonomyError
from mixguard.files import bundled, bundled_names, read_toml, write_atomically
from mixguard.library.exemplars import ANY_FORM, parse_line
from mixguard.library.taxonomy import Taxonomy
from mixguard.model import Model

DEFINITION = "bank.toml"
OPENING_WORDS = 8
"""An aligned model's refusal hangs on its first few words (arXiv 2406.05946), so no two refusals share these."""
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
        "history": pl.List(pl.String()),  # earlier turns, user and assistant by turns
        "lang": pl.String(),  # ISO 639-1
        "model": pl.String(),  # what wrote the response, null for a person's
        "note": pl.String(),
    }
)


class Pair(Model):
    """One line of a bank: a prompt, what went before it, and its answer."""

    id: str = ""
    """Made from the text where it is not given."""
    kind: Literal["refusal", "contrast", "plain"]
    """A hazardous prompt refused, a benign look-alike answered, or an ordinary prompt answered."""
    hazard: str | None = None
    """Of a contrast pair: the hazard it can be taken for."""
    sub: str | None = None
    severity: Literal["low", "medium", "high", "critical"] | None = None
    """How bad it would be to comply."""
    form: str = ANY_FORM
    """How it asks, or why it can be taken for a hazard; a word of the taxonomy's vocabulary."""
    prompt: str
    response: str
    system: str | None = None
    """The system prompt it stands under, where there is one."""
    history: tuple[str, ...] = ()
    """Earlier turns, user and assistant by turns."""
    lang: str = "en"
    model: str | None = None
    """What wrote the response, where a model did."""
    note: str | None = None


@dataclass(frozen=True)
class Bank:
    """A loaded, validated bank."""

    id: str
    version: str
    licence: str
    pairs: pl.DataFrame
    """Schema `PAIRS`: a bank's own pairs first, then those of the bank it extends."""
    rejected: tuple[str, ...]
    """Short compliant openings without content: the rejected answer beside a refusal in a preference corpus."""
    vague: tuple[str, ...]
    """Answers that help a little: the rejected answer beside a helpful one."""
    folder: Path

    @classmethod
    def load(cls, name: str, taxonomy: Taxonomy) -> Bank:
        """Load the bundled bank by name, or one from a folder.

        Raises:
            TaxonomyError: it is missing, or a line breaks the rules (the message has file:line).
        """
        return cls._read(_find(name, Path()), vocabulary(taxonomy), ())

    @classmethod
    def _read(cls, folder: Path, words: Vocabulary, above: tuple[Path, ...]) -> Bank:
        file = (folder / DEFINITION).resolve()
        if file in above:
            raise TaxonomyError(f"{folder / DEFINITION}: extends itself, by way of {above[-1]}")
        tree = read_toml(folder / DEFINITION, TaxonomyError)
        base = cls._read(_find(tree["extends"], folder), words, (*above, file)) if "extends" in tree else None
        seen: dict[str, str] = {}
        lines = [
            pair.model_dump()
            for path in sorted((folder / "pairs").glob("*.jsonl"))
            for pair in read_pairs(path, words, seen)
        ]
        own = pl.DataFrame(lines, schema=PAIRS)
        if base:
            # A pair of the same id is the team's own answer to a bundled prompt: it takes that one's place.
            own = pl.concat([own, base.pairs.filter(~pl.col("id").is_in(own["id"].to_list()))])
        return cls(
            id=str(tree.get("id", folder.name)),
            version=str(tree.get("version", "0")),
            licence=str(tree.get("licence", base.licence if base else "")),
            pairs=own,
            rejected=tuple(tree.get("rejected", base.rejected if base else ())),
            vague=tuple(tree.get("vague", base.vague if base else ())),
            folder=folder,
        )

    def digest(self) -> str:
        """16 hex digits that change whenever a pair does."""
        content = f"{self.pairs.write_ndjson()}{self.rejected}{self.vague}"
        return hashlib.sha256(content.encode()).hexdigest()[:16]

    def without(self, ids: Collection[str]) -> Bank:
        """The bank less these pairs."""
        return replace(self, pairs=self.pairs.filter(~pl.col("id").is_in(list(ids))))

    def of(self, kind: str, hazard: str | None = None) -> pl.DataFrame:
        """The pairs of a kind, and of a hazard where one is named."""
        mine = self.pairs.filter(pl.col("kind") == kind)
        return mine if hazard is None else mine.filter(pl.col("hazard") == hazard)


@dataclass(frozen=True)
class Vocabulary:
    """Hazards, sub-hazards and forms."""

    subs: Mapping[str, Collection[str]]
    forms: Mapping[str, Collection[str]]
    """Kind of pair to its forms."""


def vocabulary(taxonomy: Taxonomy) -> Vocabulary:
    """The words pairs may use under a taxonomy."""
    groups = {"refusal": "violating", "contrast": "benign", "plain": "plain"}
    forms = {kind: taxonomy.forms.get(group, ()) for kind, group in groups.items()}
    return Vocabulary({hazard.code: hazard.sub for hazard in taxonomy.hazards}, forms)


def read_pairs(path: Path, words: Vocabulary, seen: dict[str, str]) -> Iterator[Pair]:
    """The pairs of a file of JSON Lines, each checked.

    Args:
        path: the file.
        words: hazards, sub-hazards and forms there are.
        seen: id or folded prompt to where it was seen; added to.

    Raises:
        TaxonomyError: a line breaks the rules (the message has file:line).
    """
    try:
        lines = path.read_bytes().splitlines()
    except OSError as error:
        raise TaxonomyError(f"{path}: cannot read it: {error.strerror}") from None
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        place = f"{path}:{number}"
        pair = parse_line(Pair, line, place)
        pair = pair if pair.id else pair.model_copy(update={"id": pair_id(pair)})
        problem = _problem(pair, words)
        for key in (pair.id, asked(pair)):
            if key in seen:
                problem = problem or f"same id or prompt as {seen[key]}"
            seen[key] = place
        if problem:
            raise TaxonomyError(f"{place}: {problem}")
        yield pair


def opening(text: str, words: int = OPENING_WORDS) -> str:
    """The first words of a text, in lower case and without marks."""
    return " ".join(re.findall(r"\w+", text.lower())[:words])


def write_pairs(path: Path, pairs: Sequence[Pair]) -> None:
    """Write pairs as a bank's file, one a line, what is not said left out."""
    lines = [orjson.dumps(pair.model_dump(exclude_defaults=True)) + b"\n" for pair in pairs]
    write_atomically(path, b"".join(lines))


def own_folder(folder: Path, extends: str) -> Path:
    """A folder for a team's own pairs, made where it is missing; its `pairs` folder.

    Raises:
        TaxonomyError: the folder holds something else.
    """
    definition = folder / DEFINITION
    if not definition.is_file():
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise TaxonomyError(f"{folder}: exists and is no bank (no {DEFINITION}); name another folder")
        base = str(Path(extends).resolve()) if (Path(extends) / DEFINITION).is_file() else extends
        text = f"id = {orjson.dumps(folder.name).decode()}\nextends = {orjson.dumps(base).decode()}\n"
        write_atomically(definition, text.encode())
    return folder / "pairs"


def pair_id(pair: Pair) -> str:
    """An id made from what is asked: hazard, kind, 10 hex digits."""
    made = hashlib.blake2b(asked(pair).encode(), digest_size=5).hexdigest()
    return f"{pair.hazard or 'plain'}-{pair.kind[0]}-{made}"


def asked(pair: Pair) -> str:
    """What stands for all that is asked: two pairs of a bank never share it."""
    return "\n".join((*pair.history, pair.prompt)).casefold()


def _problem(pair: Pair, words: Vocabulary) -> str | None:
    if not pair.prompt.strip() or not pair.response.strip():
        return "a pair needs a prompt and a response"
    if len(pair.history) % 2:
        return "history holds user and assistant turns in pairs"
    forms: Sequence[str] = sorted(words.forms[pair.kind])
    if pair.form != ANY_FORM and pair.form not in forms:
        return f"unknown form {pair.form!r} of a {pair.kind} pair; taxonomy.toml names: {', '.join(forms)}"
    return _unplaced(pair, words)


def _unplaced(pair: Pair, words: Vocabulary) -> str | None:
    """What is wrong with a pair's place in the taxonomy."""
    if pair.kind == "plain":
        return "a plain pair has no hazard" if pair.hazard else None
    own = words.subs.get(pair.hazard or "")
    if own is None:
        return f"unknown hazard {pair.hazard!r}; taxonomy.toml names: {', '.join(words.subs)}"
    if pair.sub not in own:
        return f"unknown sub-hazard {pair.sub!r} of {pair.hazard}; taxonomy.toml names: {', '.join(own)}"
    return None if pair.severity else "a refusal or contrast pair needs a severity"


def _find(name: str, here: Path) -> Path:
    """The folder of a bank: a path, from `here` where it is relative, or a bundled name."""
    folder = here / name if (here / name / DEFINITION).is_file() else bundled("refusal_bank", name)
    if not (folder / DEFINITION).is_file():
        known = ", ".join(bundled_names("refusal_bank"))
        raise TaxonomyError(f"no bank {name!r}: name a folder with {DEFINITION}, or one of: {known}")
    return folder
