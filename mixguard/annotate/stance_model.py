"""The stance model, and the project's labelled responses that it is fitted on."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import orjson
import polars as pl

from mixguard.annotate.kernel_ridge import SHARPNESS, Floats, kernel
from mixguard.annotate.stored import Stored
from mixguard.errors import TaxonomyError
from mixguard.files import bundled
from mixguard.stats import DetectorError
from mixguard.vectors.base import Vectors
from mixguard.vectors.store import VectorStore

ARRAYS = ("mean", "scale", "weights", "bias", "votes")
ERRORS = ("error", "benign_error")
STANCES = ("full_compliance", "partial_refusal", "full_refusal")
FROM_BANK = "bank"
"""Kind of the exemplars taken from the refusal bank."""
_COLUMNS = ("id", "text", "prompt", "stance", "kind", "lang")
OPENING = 200
"""Characters of a response that are embedded: refusals show in the opening. Judgement."""


@dataclass(frozen=True)
class StanceModel(Stored):
    """Everything fitted on the stance exemplars."""

    name: ClassVar[str] = "stance"
    exemplars: str
    """Digest of the exemplars and grammar it was fitted on."""
    features: tuple[str, ...]
    mean: Floats
    scale: Floats
    weights: Floats
    """(stances, features + 1), the intercept last."""
    bias: Floats
    votes: Floats
    """(exemplars, stances): weight of each exemplar's vote; see `kernel_ridge`."""
    sure: float
    """Probability from which left-out responses without words of refusal are refusals in 99 of 100 cases."""
    error: DetectorError
    """Error of `refuses, fully or in part` on left-out responses, as if each prompt were hazardous."""
    benign_error: DetectorError
    """The same, as if each prompt were benign."""
    encoder: str
    """Weights of the encoder it was fitted with."""

    @classmethod
    def of(cls, tree: dict[str, Any]) -> StanceModel:
        """A model from its `tree`."""
        tree = dict(tree)
        for name in ARRAYS:
            tree[name] = np.array(tree[name], dtype=np.float32)
        tree["features"] = tuple(tree["features"])
        for name in ERRORS:
            tree[name] = DetectorError(**tree[name])
        return cls(**tree)

    def tree(self) -> dict[str, Any]:
        """What is stored: numbers rounded to four decimals."""
        tree: dict[str, Any] = dict(self.__dict__)
        for name in ARRAYS:
            tree[name] = tree[name].astype(float).round(4).tolist()
        for name in ERRORS:
            tree[name] = tree[name]._asdict()
        return tree

    @property
    def made_of(self) -> tuple[str, str, int]:
        """Digest of the exemplars, the encoder's weights, and the number of exemplar vectors."""
        return self.exemplars, self.encoder, len(self.votes)

    def nearness(self, openings: Vectors, exemplars: Vectors) -> Floats:
        """(responses, stances): the exemplars' vote on openings."""
        vote: Floats = kernel(openings @ exemplars.T, SHARPNESS) @ self.votes + self.bias
        return vote

    def probabilities(self, features: Floats) -> Floats:
        """(responses, stances), rows summing to 1."""
        logits = ((features - self.mean) / self.scale) @ self.weights[:, :-1].T + self.weights[:, -1]
        grown = np.exp(logits - logits.max(1, keepdims=True))
        return np.asarray(grown / grown.sum(1, keepdims=True), dtype=np.float32)


def decided(probability: Floats, needed: Floats) -> npt.NDArray[np.int64]:
    """Index of each response's stance in `STANCES`.

    First whether it refuses at all, then how: otherwise a certain refusal could count as compliance because
    full and partial split its probability.

    Args:
        probability: (responses, stances).
        needed: (responses,): probability of any refusal from which it is called one; see `stance_evidence`.
    """
    refuses = 1 - probability[:, 0] >= needed
    return np.where(refuses, 1 + (probability[:, 2] > probability[:, 1]), 0)


def opening_vectors(plain: pl.Series, store: VectorStore) -> Vectors:
    """One vector per plain text, from its first `OPENING` characters."""
    return store.first_windows(opening_texts(plain).to_list())


def opening_texts(plain: pl.Series) -> pl.Series:
    """The openings that are embedded."""
    return plain.str.slice(0, OPENING)


def load_exemplars(folder: Path) -> pl.DataFrame:
    """The labelled responses of a stance folder and of the bundled refusal bank.

    Columns id, text, prompt, stance, kind, lang.

    Raises:
        TaxonomyError: a line is not an exemplar (the message has file:line).
    """
    path = folder / "exemplars.jsonl"
    rows = []
    for number, line in enumerate(path.read_bytes().splitlines(), 1):
        try:
            row = orjson.loads(line)
        except orjson.JSONDecodeError as error:
            raise TaxonomyError(f"{path}:{number}: not a JSON object: {error}") from None
        if not isinstance(row, dict) or row.get("stance") not in STANCES or not row.get("text"):
            raise TaxonomyError(f"{path}:{number}: needs a text and a stance, one of {', '.join(STANCES)}")
        rows.append({name: str(row.get(name, "")) for name in _COLUMNS})
    return pl.concat(
        [pl.DataFrame(rows), pl.DataFrame(_bank_rows(), schema=dict.fromkeys(_COLUMNS, pl.String))]
    )


def _bank_rows() -> Iterator[dict[str, str]]:
    """The bundled bank's pairs: refusals refuse, other answers comply; without those that are bare SQL or code."""
    pairs = (pair for path in _bank_files() for pair in map(orjson.loads, path.read_bytes().splitlines()))
    for pair in pairs:
        if "task" not in pair:
            stance = "full_refusal" if pair["kind"] == "refusal" else "full_compliance"
            yield {
                "id": pair["id"], "text": pair["response"], "prompt": pair["prompt"], "stance": stance,
                "kind": FROM_BANK, "lang": pair.get("lang", "en"),
            }  # fmt: skip


def _bank_files() -> list[Path]:
    return sorted((bundled("refusal_bank", "mixguard") / "pairs").glob("*.jsonl"))


def labels(exemplars: pl.DataFrame) -> npt.NDArray[np.int64]:
    """Index of each exemplar's stance in `STANCES`."""
    return np.array([STANCES.index(stance) for stance in exemplars.get_column("stance")])


def exemplars_digest(folder: Path) -> str:
    """16 hex digits that change whenever the exemplars, the bundled bank's answers or the grammar do."""
    files = [folder / "exemplars.jsonl", folder / "grammar.toml"]
    content = b"".join(path.read_bytes() for path in files) + orjson.dumps(list(_bank_rows()))
    return hashlib.sha256(content).hexdigest()[:16]
