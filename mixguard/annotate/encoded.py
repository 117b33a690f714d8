"""Which ways of hiding a text shows, as bits, and where."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import NamedTuple

import polars as pl

from mixguard.annotate.ciphers import SHAPES, Shape
from mixguard.annotate.codes import CODES, Place, found
from mixguard.annotate.hidden import HIDDEN, LOOK_ALIKES
from mixguard.annotate.phrases import READ


class Way(NamedTuple):
    """A way of hiding text."""

    bit: int
    gate: str
    """In Rust's syntax; a text with fewer than `matches` is not looked at."""
    matches: int
    find: Callable[[str], Iterator[Place]]
    narrow: Callable[[pl.Expr], pl.Expr] | None = None
    """A dearer gate, for the texts that pass the first."""


def _ways() -> Mapping[str, Way]:
    codes = {name: Shape(code.gate, 1, partial(found, code)) for name, code in CODES.items()}
    every = {**codes, **SHAPES, **LOOK_ALIKES, **HIDDEN}
    return {
        name: Way(1 << number, shape.gate, shape.matches, shape.find, shape.narrow)
        for number, (name, shape) in enumerate(every.items())
    }


WAYS = _ways()
"""By name; the order fixes the bits, so new ones come last."""
UNSEEN = sum(WAYS[name].bit for name in HIDDEN)
"""The bits of characters that nobody sees: they have no place in a text."""


def seen(texts: pl.Series) -> pl.Series:
    """The bits of the ways that each text shows (UInt16); 0 for null."""
    shown = texts.str.slice(0, READ).alias("text")
    gates = shown.to_frame().select(_gate(way).alias(name) for name, way in WAYS.items())
    bits = [0] * len(texts)
    for name, way in WAYS.items():
        rows = gates.get_column(name).arg_true()
        if way.narrow is not None:
            rows = rows.filter(shown.gather(rows).to_frame().select(way.narrow(pl.col("text"))).to_series())
        for row in rows:
            if next(way.find(shown[row]), None) is not None:
                bits[row] |= way.bit
    return pl.Series(bits, dtype=pl.UInt16)


def _gate(way: Way) -> pl.Expr:
    text = pl.col("text").str
    there = text.contains(way.gate) if way.matches == 1 else text.count_matches(way.gate) >= way.matches
    return there.fill_null(value=False)


def places(text: str) -> Iterator[tuple[str, Place]]:
    """Every place of a text that hides something, with the name of the way."""
    for name, way in WAYS.items():
        for place in way.find(text[:READ]):
            yield name, place
