"""Masks: keys of a message, or columns of a row, that exclude messages from the loss."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from mixguard.corpus.formats.labels import spelt_like, truth
from mixguard.corpus.records import Row

_TRAINS = (
    "weight", "loss_weight", "loss", "train", "training", "trainable", "trained", "is_trained", "is_trainable",
    "train_on", "train_on_turn", "train_turn", "train_mask", "training_mask", "step_loss_mask", "loss_mask",
    "turn_loss_mask", "calculate_loss", "compute_loss", "has_loss", "with_loss", "output_with_loss",
    "include_in_loss", "learn", "learnable",
)  # fmt: skip
"""Keys that exclude a message if they are false or 0."""
_HIDES = (
    "masked",
    "is_masked",
    "mask_loss",
    "masked_loss",
    "no_loss",
    "skip_loss",
    "exclude_from_loss",
    "ignore_loss",
)
"""Keys that exclude a message if they are true."""
_EITHER = "mask"
"""A key in use both ways: which one, the user's messages show."""
MASK_KEYS = (*_TRAINS, *_HIDES, _EITHER)
"""Every key of a message that says whether it is trained on."""
_LISTS = (
    "loss_mask",
    "loss_masks",
    "mask",
    "masks",
    "train_mask",
    "weights",
    "turn_loss_mask",
    "loss_weights",
)
"""Columns that hold one mask for each message."""
ROW_MASKS = frozenset(_LISTS)
"""Columns that may hold one mask for each message."""


def masked(message: Mapping[str, Any], *, mask_hides: bool = True) -> bool:
    """Whether a message is excluded from the loss; `mask_hides` says what a true `mask` does."""
    for key in MASK_KEYS:
        if key in message and _hides(key, message[key], mask_hides=mask_hides):
            return True
    spans = message.get("train_detail")
    return isinstance(spans, list) and bool(spans) and not any(_trains(span) for span in spans)


def _hides(key: str, value: Any, *, mask_hides: bool) -> bool:
    said = _said(value)
    return said is not None and said != _positive(key, mask_hides=mask_hides)


def _said(value: Any) -> bool | None:
    if isinstance(value, int | float):
        return bool(value)
    return truth(value)


def _positive(key: str, *, mask_hides: bool) -> bool:
    return not mask_hides if key in (_EITHER, "masks") else key not in _HIDES


def _trains(span: Any) -> bool:
    return not isinstance(span, dict) or bool(span.get("train", True))


def mask_hides(said: Sequence[Any], asks: Sequence[bool]) -> bool:
    """Whether a true `mask` excludes a message, as a list uses the key.

    What the user's messages have is what excludes, if an answer has the other value; else the last answer is
    trained, if an earlier one differs. Where nothing tells, the word is taken as it stands.

    Args:
        said: each message's value.
        asks: whether each message is the user's.
    """
    asked = {
        truth for value, ask in zip(said, asks, strict=True) if ask and (truth := _said(value)) is not None
    }
    answered = [
        truth
        for value, ask in zip(said, asks, strict=True)
        if not ask and (truth := _said(value)) is not None
    ]
    if len(asked) == 1 and answered != [*asked] * len(answered):
        return True in asked
    return not answered[-1] if len(set(answered)) == 2 else True


def mask_like(key: str, like: Any, *, trained: bool, mask_hides: bool) -> Any:
    """A mask's value, in the type and spelling of `like`."""
    said = _said(like)
    wanted = trained == _positive(key, mask_hides=mask_hides)
    return like if said is None or said == wanted else spelt_like(wanted, like)


class RowMask(NamedTuple):
    """A row's column with one mask for each message."""

    column: str
    values: Sequence[Any]
    hides: bool

    def untrained(self) -> frozenset[int]:
        """Numbers of the messages it excludes."""
        return frozenset(
            number
            for number, value in enumerate(self.values)
            if _hides(self.column, value, mask_hides=self.hides)
        )

    def value(self, *, trained: bool) -> Any:
        """The value for a new message."""
        return mask_like(self.column, self.values[0], trained=trained, mask_hides=self.hides)


def row_mask(row: Row, asks: Sequence[bool]) -> RowMask | None:
    """The row's column with one mask for each of its messages; None if there is none.

    Args:
        row: of the corpus.
        asks: whether each message is the user's.
    """
    for column in _LISTS:
        values = row.get(column)
        if not isinstance(values, list) or not values or len(values) != len(asks):
            continue
        if all(_said(value) is not None for value in values):
            return RowMask(column, values, mask_hides(values, asks))
    return None


def masked_speaker(row: Row) -> str | None:
    """The role name, case-folded, whose messages the row's `mask` excludes (NVIDIA NeMo)."""
    name = row.get(_EITHER)
    return name.strip().casefold() if isinstance(name, str) and truth(name) is None else None
