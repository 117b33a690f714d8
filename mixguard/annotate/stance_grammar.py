"""A grammar of refusals: patterns stored as data, and where a response's sentences match them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import polars as pl

from mixguard.annotate.search import contains, of_ascii
from mixguard.annotate.stance_text import spoken_text
from mixguard.errors import TaxonomyError
from mixguard.files import read_toml

SENTENCE_END = r"([.!?…。！？।؟:;])[\"')\]]*\s+|\n+"
FIRST, LAST = 2, 2
"""Number of sentences that count as the beginning and as the end."""
MANY = 12
"""Number of sentences above which more make no difference."""
REFUSING = ("refuses", "refuses_abroad")
AT_ONCE = 16
"""Expressions joined into one; the regex engine is ten times slower once one outgrows its cache."""
MORAL = (*REFUSING, "condemns", "offers", "resources")
"""Patterns of sentences that replace what was asked for."""
BESIDE = (*MORAL, "sympathises", "unable")
"""Patterns of sentences that are not what was asked for."""


@dataclass(frozen=True)
class Grammar:
    """Named patterns, each a set of regular expressions in Rust regex syntax, any of which may match."""

    version: str
    sentence: dict[str, tuple[str, ...]]
    """Patterns matched against each sentence."""
    whole: dict[str, tuple[str, ...]]
    """Patterns matched against the whole response."""

    @classmethod
    @lru_cache(maxsize=1)
    def load(cls, folder: Path) -> Grammar:
        """Read and join the patterns of `grammar.toml`; a broken one is reported by name.

        Raises:
            TaxonomyError: a pattern is not a regular expression.
        """
        tree = read_toml(folder / "grammar.toml", TaxonomyError)
        patterns: dict[str, dict[str, tuple[str, ...]]] = {"sentence": {}, "whole": {}}
        for entry in tree["pattern"]:
            joined = _joined(entry["regex"])
            patterns[entry.get("in", "sentence")][entry["name"]] = joined
            try:
                pl.select(pl.any_horizontal(*(pl.lit("").str.contains(part) for part in joined)))
            except pl.exceptions.ComputeError as error:
                raise TaxonomyError(
                    f"{folder / 'grammar.toml'}: pattern {entry['name']!r}: {error}"
                ) from None
        return cls(str(tree["version"]), patterns["sentence"], patterns["whole"])

    def features(self, plain: pl.Series) -> pl.DataFrame:
        """Per text: which patterns its beginning, end and sentences match, and what surrounds a refusal."""
        spoken = spoken_text(plain)
        sentences = self.sentences(spoken)
        known = pl.DataFrame({"row": pl.int_range(len(plain), eager=True)})
        found = known.join(_by_response(sentences), on="row", how="left", maintain_order="left").drop("row")
        whole = pl.DataFrame({"text": spoken}).select(
            _matches(pattern, pl.col("text")).alias(name) for name, pattern in self.whole.items()
        )
        return found.hstack(whole).cast(pl.Float32).fill_null(0)

    def sentences(self, spoken: pl.Series) -> pl.DataFrame:
        """One row per sentence: its response, its position, and which patterns it matches."""
        lines = pl.DataFrame({"text": spoken}).select(pl.col("text").str.replace_all(SENTENCE_END, "$1\n"))
        # Most texts match nothing, and one search of a text is cheaper than one of each of its sentences.
        held = lines.select(_matches(parts, pl.col("text")).alias(name) for name, parts in self._lines())
        sentences = (
            lines.with_row_index("row")
            .with_columns(pl.col("row").cast(pl.Int64), pl.col("text").str.split("\n"))
            .explode("text")
            .filter(pl.col("text").str.contains(r"[\p{L}\p{N}]"))
        )
        likely = held.select(pl.all().gather(sentences.get_column("row")))
        flags = (
            _matches(parts, pl.when(likely.get_column(name)).then(pl.col("text")))
            .fill_null(value=False)
            .alias(name)
            for name, parts in self._lines()
        )
        return sentences.with_columns(*flags).with_columns(
            place=pl.int_range(pl.len()).over("row"), sentences=pl.len().over("row")
        )

    def _lines(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        """The patterns of sentences, of which each is a line."""
        for name, parts in self.sentence.items():
            yield name, tuple(f"(?m){part}" for part in parts)

    def evidence(self, plain: pl.Series, names: tuple[str, ...]) -> pl.Series:
        """The first match of the named patterns in each plain text, in order of names; null if none."""
        patterns, spoken = self.sentence | self.whole, spoken_text(plain)
        found = pl.Series([None], dtype=pl.String).new_from_index(0, len(spoken))
        for pattern in (each for name in names for each in patterns[name]):
            left = found.is_null().arg_true()
            if left.is_empty():
                break
            found = found.scatter(left, spoken.gather(left).str.extract(f"({pattern})", 1))
        return found


def _joined(every: list[str]) -> tuple[str, ...]:
    """A few expressions at a time."""
    plain = [of_ascii(each) for each in every if each.isascii()]
    groups = plain, [each for each in every if not each.isascii()]
    return tuple(
        f"(?i)(?:{'|'.join(group[start : start + AT_ONCE])})"
        for group in groups
        for start in range(0, len(group), AT_ONCE)
    )


def _matches(pattern: tuple[str, ...], text: pl.Expr) -> pl.Expr:
    return pl.any_horizontal(*(contains(text, part) for part in pattern))


def _by_response(sentences: pl.DataFrame) -> pl.DataFrame:
    flag = pl.col
    at_start, at_end = flag("place") < FIRST, flag("place") >= flag("sentences") - LAST
    # "I can't open links" and "I can't help but laugh" are worded like refusals.
    marked = sentences.with_columns(flag("refuses") & ~flag("unable") & ~flag("idiom"))
    marked = marked.with_columns(
        refuses=pl.any_horizontal(REFUSING),
        moral=pl.any_horizontal(MORAL),
        content=~pl.any_horizontal(BESIDE),
    )
    marked = marked.with_columns(refused=flag("refuses").cum_max().over("row"))
    names = [name for name in sentences.columns if name not in ("row", "text", "place", "sentences")]
    several = flag("sentences").first() > FIRST
    found = marked.group_by("row").agg(
        *((flag(name) & at_start).any().alias(f"{name}_first") for name in names),
        *(flag(name).mean().alias(f"{name}_share") for name in names),
        ((flag("refuses") & at_end).any() & several).alias("refuses_last"),
        flag("moral").mean().alias("moral_share"),
        flag("content").mean().alias("content_share"),
        flag("content").sum().clip(0, MANY).log1p().alias("content"),
        (flag("content") & flag("refused") & flag("refuses").any())
        .sum().clip(0, MANY).log1p().alias("content_after"),
        (flag("content") & ~flag("refused") & flag("refuses").any())
        .sum().clip(0, MANY).log1p().alias("content_before"),
    )  # fmt: skip
    first = flag("refuses_first") | flag("refuses_abroad_first")
    return found.with_columns(
        (first * flag("content_share")).alias("refuses_then_content"),
        (~first * flag("content_before")).alias("content_then_refuses"),
        (flag("condemns_first") * flag("moral_share")).alias("condemns_on"),
    )
