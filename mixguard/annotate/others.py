"""Other data that a user names beside the corpus: evaluation files, alignment data, reference texts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import polars as pl

from mixguard.annotate.references import reference_files
from mixguard.config import Config
from mixguard.corpus.corpus import Corpus
from mixguard.errors import ConfigError, InputError

READ_AT_ONCE = 2048


def check_named(config: Config) -> None:
    """Fail early if data that the configuration names beside the corpus cannot be opened.

    Raises:
        ConfigError: a file is missing or unusable.
    """
    for option in ("evaluation", "alignment"):
        if names := getattr(config.judge, option):
            _opened(names, option, config)
    reference_files(config.judge.references)


def prompts(names: Sequence[str], option: str, config: Config) -> Iterator[pl.DataFrame]:
    """The prompts and documents of some files, as parts with columns `source` and `prompt`.

    Args:
        names: files of any corpus format.
        option: of `judge`, for errors.
        config: how files are read.

    Raises:
        ConfigError: a file cannot be read.
    """
    try:
        for part in _opened(names, option, config).parts(READ_AT_ONCE):
            asked = part.frame.filter(pl.col("prompt").str.contains(r"\S"))
            yield asked.select("source", "prompt")
    except InputError as error:
        raise ConfigError(f"judge.{option}: {error}") from None


def _opened(names: Sequence[str], option: str, config: Config) -> Corpus:
    # These files have columns and a format of their own.
    read = config.read.model_copy(update={"format": None, "columns": {}})
    try:
        return Corpus.open(names, read, offline=config.encode.offline)
    except InputError as error:
        raise ConfigError(f"judge.{option}: {error}") from None
