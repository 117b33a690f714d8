"""A voice: how a model opens its refusals, and the house habits of what follows.

Safety lives in the first tokens of an answer (arXiv 2406.05946): a refusal that opens in a foreign voice overwrites
the opening that a model's own refusals live in. `docs/efficacy.md` has the measurement.
"""

from __future__ import annotations

import re
from math import ceil
from pathlib import Path
from random import Random

from pydantic import Field, field_validator

from mixguard import remote, urls
from mixguard.errors import UsageError, meant
from mixguard.files import bundled, read_toml, spelt, write_atomically
from mixguard.model import Model, checked

KEY_WORDS = 3
"""Words by which openings are compared: enough to tell `I cannot fulfill` from `I cannot provide`."""
OPENINGS_MOST = 200
"""Openings of a voice."""
OPENING_MOST = 200
"""Characters of the longest opening."""
_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)*")


class Opening(Model):
    """One way in which a model opens its refusals."""

    text: str = Field(min_length=1, max_length=OPENING_MOST)
    """A sentence that refuses by itself, about no topic in particular."""
    share: float = Field(gt=0, le=1)
    """Share of the model's refusals that open so."""
    source: str = ""
    """Where it was seen; `judgement` if only from familiarity."""


class Voice(Model):
    """How a model opens its refusals."""

    id: str
    name: str
    models: tuple[str, ...] = ()
    """Beginnings of the names of models that it fits, in lower case."""
    words: float = Field(default=0, ge=0, le=1e6)
    """Median length of a refusal, in words."""
    markup: float = Field(default=0, ge=0, le=1)
    """Share of refusals with lists, headings or bold type."""
    offer: float = Field(default=0, ge=0, le=1)
    """Share that ends with an offer of other help."""
    refuses: float | None = Field(default=None, ge=0, le=1)
    """Share of the hazardous prompts it was learned from that were refused at all; None if not measured."""
    asked: int = Field(default=0, ge=0, le=10**9)
    """Number of those prompts, all samples counted."""
    source: str = ""
    opening: tuple[Opening, ...] = Field(min_length=1, max_length=OPENINGS_MOST)
    """Shares sum to 1."""

    @field_validator("opening")
    @classmethod
    def _sums_to_one(cls, opening: tuple[Opening, ...]) -> tuple[Opening, ...]:
        total = sum(each.share for each in opening)
        if abs(total - 1) > 0.02:
            raise ValueError(f"the shares sum to {total:.2f}, not to 1")
        if len({each.text for each in opening}) < len(opening):
            raise ValueError("an opening occurs twice")
        return tuple(each.model_copy(update={"share": each.share / total}) for each in opening)

    @property
    def keys(self) -> frozenset[str]:
        """The keys of its openings."""
        return frozenset(opening_key(each.text) for each in self.opening)

    def opens(self, text: str) -> bool:
        """Whether a text opens as the model's refusals do."""
        return opening_key(text) in self.keys

    @classmethod
    def load(cls, name: str) -> Voice:
        """Load a bundled voice by name, or a voice from a file.

        Raises:
            UsageError: there is none, it cannot be fetched, or the file is not a voice.
        """
        url = urls.url_of(name)
        if url is not None:
            (name,) = map(str, remote.copies(url, bool, error=UsageError))
        path = Path(name) if Path(name).exists() and not Path(name).is_dir() else _folder() / f"{name}.toml"
        if not path.exists():
            raise UsageError(
                f"no voice {name!r}{meant(name, bundled_voices())}; name a file made by `mixguard voice learn`, or one of: {', '.join(bundled_voices())}"
            )
        return checked(cls, read_toml(path, UsageError), UsageError, f"{path}: not a voice")

    def save(self, path: Path) -> None:
        """Write the voice as a file that `load` reads."""
        head = {name: getattr(self, name) for name in type(self).model_fields if name != "opening"}
        lines = [f"{name} = {_spelt(value)}" for name, value in head.items() if value is not None]
        for each in self.opening:
            lines += ["", "[[opening]]"]
            lines += [f"{name} = {_spelt(value)}" for name, value in each if value != ""]
        write_atomically(path, ("\n".join(lines) + "\n").encode())


class Openings:
    """Deals a voice's openings one by one, so that each is dealt its share.

    After n draws every opening was dealt within one of its share times n (Tijdeman 1980, the chairman assignment
    problem); drawing at random would leave a mix of thirty refusals several off.
    """

    def __init__(self, voice: Voice, rng: Random) -> None:
        """Start with an order that the seed chooses."""
        self._left = list(voice.opening)
        rng.shuffle(self._left)
        self._given = [0] * len(self._left)

    def next(self) -> str:
        """The opening to deal; `dealt` takes it."""
        return self._left[self._chosen()].text

    def dealt(self) -> None:
        """Take the opening that `next` returned."""
        self._given[self._chosen()] += 1

    def _chosen(self) -> int:
        count = len(self._left)
        if count == 1:
            return 0
        step, slack = sum(self._given) + 1, 1 / (2 * count - 2)
        due = [
            number
            for number, each in enumerate(self._left)
            if step * each.share - self._given[number] >= slack - 1e-12
        ]
        return min(due, key=lambda number: self._deadline(number, slack))

    def _deadline(self, number: int, slack: float) -> int:
        return ceil((1 - slack + self._given[number]) / self._left[number].share - 1e-9)


def opening_key(text: str) -> str:
    """The first words of a text, lower-cased, by which openings are compared."""
    return " ".join(_WORD.findall(text[:OPENING_MOST].replace("\u2019", "'").lower())[:KEY_WORDS])


def bundled_voices() -> list[str]:
    """Names of the bundled voices, sorted."""
    return sorted(path.stem for path in _folder().glob("*.toml"))


def fitting(model: str) -> str | None:
    """The bundled voice that fits a model by its name; None if none does."""
    wanted = model.lower().replace("_", "-")
    found = [
        (len(start), name)
        for name in bundled_voices()
        for start in Voice.load(name).models
        if start in wanted
    ]
    return max(found)[1] if found else None


def _folder() -> Path:
    return bundled("refusal_bank", "mixguard") / "voices"


def _spelt(value: object) -> str:
    return spelt(round(value, 6) if isinstance(value, float) else value)
