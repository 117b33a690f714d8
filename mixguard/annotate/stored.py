"""A model as a JSON file."""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any, Self

import orjson

from mixguard.errors import TaxonomyError
from mixguard.files import write_atomically


class Stored(ABC):
    """A fitted model that is made of a tree of plain values, and gives it."""

    @classmethod
    @abstractmethod
    def of(cls, tree: dict[str, Any]) -> Self:
        """A model from its `tree`."""

    @abstractmethod
    def tree(self) -> dict[str, Any]:
        """The model as plain values."""

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read a model written by `save`.

        Raises:
            TaxonomyError: it is damaged, or another version wrote it.
        """
        try:
            return cls.of(orjson.loads(path.read_bytes()))
        except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
            raise TaxonomyError(
                f"{path}: not a model this version can read ({error}); run `mixguard taxonomy build`"
            ) from None

    def save(self, path: Path) -> None:
        """Write the model, for `load`."""
        write_atomically(path, orjson.dumps(self.tree()) + b"\n")
