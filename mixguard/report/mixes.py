"""How the mix of a corpus would be called, so that the command that makes it can be shown."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path, PurePath

import polars as pl

from mixguard.corpus.files.sniff import TEXT, suffix_of
from mixguard.run.document import Audit

REWRITTEN = (*TEXT, ".parquet")
"""Ends of names whose files a mix can be written as."""
SAFE = "safe"
"""What the name of a suggested mix says."""


def mix_for(audit: Audit) -> str | None:
    """A name for the mix of an audited corpus; None if `rebalance` would write none."""
    name = mix_of(tuple(audit.corpus.sources))
    return name if name is not None and _has_answers(audit) else None


def mix_of(sources: Sequence[str]) -> str | None:
    """A name for the mix of these sources; None if they cannot be mixed where they are."""
    if not sources or any(suffix_of(PurePath(name).name) not in REWRITTEN for name in sources):
        return None
    if len(sources) > 1:
        folder = f"{SAFE}-data"
        inputs = {Path(source) for source in sources}
        outputs = {Path(folder, source.name) for source in inputs}
        return folder if len(inputs | outputs) == 2 * len(sources) else None
    name = PurePath(sources[0]).name
    ending = name[name.lower().rindex(suffix_of(name)) :]
    return f"{name.removesuffix(ending)}.{SAFE}{ending}"


def _has_answers(audit: Audit) -> bool:
    """Whether any response is trained on: new rows take the shape of those rows."""
    answered = audit.annotations.filter((pl.col("polarity") == 1) & pl.col("response_id").is_not_null())
    return not answered.head(1).collect().is_empty()
