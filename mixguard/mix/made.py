"""What `rebalance` made, and the rows to train on."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from mixguard.corpus.files.sniff import suffix_of
from mixguard.errors import UsageError
from mixguard.mix.manifest import Manifest
from mixguard.mix.plan import Plan
from mixguard.run.document import Audit

if TYPE_CHECKING:
    from datasets import Dataset


class Mix(NamedTuple):
    """What `rebalance` did."""

    plan: Plan
    before: Audit
    manifest: Manifest | None = None
    """None if it was only planned."""
    after: Audit | None = None

    def __repr__(self) -> str:
        plan, before, manifest, after = self
        if manifest is None or after is None:
            aside = len(plan.remove)
            return f"Mix planned: {plan.refusals} refusals and {plan.contrast} contrast pairs to add, {aside} rows to set aside"
        return (
            f"Mix {before.verdict} -> {after.verdict}: {len(manifest.added)} rows added, {len(manifest.set_aside)} set aside;"
            f" in {', '.join(self.files)}"
        )

    @property
    def files(self) -> tuple[str, ...]:
        """The files to train on, without the rows set aside; none if it was only planned."""
        return tuple(self.after.corpus.sources) if self.after else ()

    def to_dataset(self) -> Dataset:
        """The rows to train on; `to_pandas()` and `to_polars()` of the dataset give frames.

        Raises:
            UsageError: nothing was written, or its files are neither JSON nor Parquet.
        """
        if not self.files:
            raise UsageError("the mix was only planned; give `rebalance` a path as `out`")
        from datasets import Dataset

        kinds = {suffix_of(Path(file).name) for file in self.files}
        if kinds == {".parquet"}:
            return Dataset.from_parquet(list(self.files))
        if not kinds <= {".json", ".jsonl", ".ndjson"}:
            raise UsageError(
                f"{self.files[0]}: is neither JSON nor Parquet; read it with `datasets.Dataset.from_csv`"
            )
        return Dataset.from_json(list(self.files))
