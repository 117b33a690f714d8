"""A refusal bank: prompts with the answers a good assistant gives, to mix into a corpus.

On disk a bank is a folder: `bank.toml` (id, language, licence) and `pairs/*.jsonl`. With `extends =
"mixguard"`, a bank adds its pairs to the mixguard bank's, and its own pairs are used first.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Literal

import orjson
import polars as pl

from mixguard.errors import TaxonomyError, meant
from mixguard.files import bundled, bundled_names, read_toml, write_atomically
from mixguard.library.exemplars import ANY_FORM, parse_line, read_lines
from mixguard.library.task import Task, load_tasks
from mixguard.library.taxonomy import Taxonomy
from mixguard.model import Definition, Model, checked

DEFINITION = "bank.toml"
OPENING_WORDS = 8
"""Aligned models' refusals hinge on the first few words (arXiv 2406.05946), so no two refusals share them."""
DEEPEST = 16
"""Banks that may extend one another in a chain."""
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


class _Definition(Definition):
    """The head of a bank, `bank.toml`."""

    id: str = ""
    version: str = "0"
    licence: str | None = None
    extends: str | None = None
    rejected: tuple[str, ...] | None = None
    vague: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Bank:
    """A loaded, validated bank."""

    id: str
    version: str
    licence: str
    pairs: pl.DataFrame
    """Schema `PAIRS`: the bank's own pairs first, then those of the bank it extends."""
    rejected: tuple[str, ...]
    """Short compliant openings without content: rejected answers to pair with refusals in preference data."""
    vague: tuple[str, ...]
    """Barely helpful answers: rejected answers to pair with helpful ones."""
    tasks: tuple[Task, ...]
    """Tasks in whose form pairs can be cast: the bank's own first."""
    folder: Path

    @classmethod
    def load(cls, name: str, taxonomy: Taxonomy) -> Bank:
        """Load a bundled bank by name, read once for a taxonomy, or a bank from a folder.

        Raises:
            TaxonomyError: the bank is missing, or a line is invalid (the message has file:line).
        """
        folder = _find(name, Path())
        if folder.parent == bundled("refusal_bank", ""):
            return _read_once(folder, taxonomy)
        return cls.read(folder, vocabulary(taxonomy))

    @classmethod
    def read(cls, folder: Path, words: Vocabulary, above: tuple[Path, ...] = ()) -> Bank:
        """Read a folder on top of the bank it extends; `above` are the banks that extend this one.

        Raises:
            TaxonomyError: a line is invalid (the message has file:line).
        """
        file = (folder / DEFINITION).resolve()
        if file in above:
            raise TaxonomyError(f"{folder / DEFINITION}: extends itself, via {above[-1]}")
        if len(above) >= DEEPEST:
            raise TaxonomyError(f"{folder / DEFINITION}: extends a chain of more than {DEEPEST} banks")
        tree = read_toml(folder / DEFINITION, TaxonomyError)
        given = checked(_Definition, tree, TaxonomyError, str(folder / DEFINITION))
        base = cls.read(_find(given.extends, folder), words, (*above, file)) if given.extends else None
        seen: dict[str, str] = {}
        lines = [
            pair.model_dump()
            for path in sorted((folder / "pairs").glob("*.jsonl"))
            for pair in read_pairs(path, words, seen)
        ]
        own = pl.DataFrame(lines, schema=PAIRS)
        if base:
            # A pair with the same id is the team's own answer to a bundled prompt and replaces it.
            own = pl.concat([own, base.pairs.filter(~pl.col("id").is_in(own["id"].to_list()))])
        return cls(
            id=given.id or folder.name,
            version=given.version,
            licence=given.licence or (base.licence if base else ""),
            pairs=own,
            rejected=base.rejected if given.rejected is None and base else given.rejected or (),
            vague=base.vague if given.vague is None and base else given.vague or (),
            tasks=(*load_tasks(folder), *(base.tasks if base else ())),
            folder=folder,
        )

    def digest(self) -> str:
        """16 hex digits that change whenever a pair does."""
        content = f"{self.pairs.write_ndjson()}{self.rejected}{self.vague}{self.tasks}"
        return hashlib.sha256(content.encode()).hexdigest()[:16]

    def without(self, ids: Collection[str]) -> Bank:
        """The bank without these pairs."""
        return replace(self, pairs=self.pairs.filter(~pl.col("id").is_in(list(ids))))

    def of(self, kind: str, hazard: str | None = None) -> pl.DataFrame:
        """The pairs of a kind, and of a hazard if given, that make sense outside a task's form."""
        mine = self.pairs.filter((pl.col("kind") == kind) & pl.col("task").is_null())
        return mine if hazard is None else mine.filter(pl.col("hazard") == hazard)


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
        TaxonomyError: a line is invalid (the message has file:line).
    """
    for number, line in enumerate(read_lines(path), 1):
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
    """The first words of a text, lower-cased and without punctuation."""
    return " ".join(re.findall(r"\w+", text.lower())[:words])


def write_pairs(path: Path, pairs: Sequence[Pair]) -> None:
    """Write pairs to a bank file, one per line, leaving out defaults."""
    lines = [orjson.dumps(pair.model_dump(exclude_defaults=True)) + b"\n" for pair in pairs]
    write_atomically(path, b"".join(lines))


def own_folder(folder: Path, extends: str) -> Path:
    """The `pairs` folder of a team's own bank; the bank is created if missing.

    Raises:
        TaxonomyError: the folder holds something else.
    """
    definition = folder / DEFINITION
    if not definition.is_file():
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise TaxonomyError(f"{folder}: exists but is not a bank (no {DEFINITION}); name another folder")
        base = str(Path(extends).resolve()) if (Path(extends) / DEFINITION).is_file() else extends
        text = f"id = {orjson.dumps(folder.name).decode()}\nextends = {orjson.dumps(base).decode()}\n"
        write_atomically(definition, text.encode())
    return folder / "pairs"


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


@lru_cache(maxsize=1)
def _read_once(folder: Path, taxonomy: Taxonomy) -> Bank:
    return Bank.read(folder, vocabulary(taxonomy))


def _find(name: str, here: Path) -> Path:
    """The folder of a bank: a path, resolved from `here` if relative, or a bundled name."""
    folder = here / name if (here / name / DEFINITION).is_file() else bundled("refusal_bank", name)
    if not (folder / DEFINITION).is_file():
        known = ", ".join(bundled_names("refusal_bank"))
        near = meant(name, bundled_names("refusal_bank"))
        raise TaxonomyError(f"no bank {name!r}{near}; name a folder with {DEFINITION}, or one of: {known}")
    return folder
