"""Datasets of the `datasets` library: from the hub, or saved to a folder."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from mixguard.corpus.files.base import Whole, unchanged
from mixguard.corpus.files.tables import Unpacked
from mixguard.corpus.records import Record, Rejected
from mixguard.errors import InputError
from mixguard.files import sha256
from mixguard.network import stay_offline

HUB = "hf://"
INDEXES = ("state.json", "dataset_dict.json")
"""What `datasets` writes beside a saved data set."""
ROWS_AT_ONCE = 1024


def is_saved(folder: Path) -> bool:
    """Whether `datasets` saved this folder: one dataset, or one per split."""
    return any((folder / name).is_file() for name in INDEXES)


def saved_files(folder: Path) -> list[Path]:
    """The Arrow files of a saved folder, in split order.

    Raises:
        InputError: the index cannot be read or names files outside the folder.
    """
    try:
        if (folder / "dataset_dict.json").is_file():
            splits = orjson.loads((folder / "dataset_dict.json").read_bytes())["splits"]
            return [file for split in splits for file in saved_files(_inside(folder, split))]
        named = orjson.loads((folder / "state.json").read_bytes())["_data_files"]
        return [_inside(folder, entry["filename"]) for entry in named]
    except (OSError, orjson.JSONDecodeError, KeyError, TypeError) as error:
        raise InputError(f"{folder}: cannot read the index of this saved dataset ({error})") from None


def _inside(folder: Path, name: str) -> Path:
    path = folder / name
    if not path.resolve().is_relative_to(folder.resolve()):
        raise InputError(f"{folder}: the index names {name!r}, which is outside the folder")
    return path


@dataclass(frozen=True)
class HubSource:
    """One split, or all splits, of a hub dataset."""

    name: str
    splits: tuple[Any, ...]

    @classmethod
    def open(cls, name: str, *, offline: bool) -> HubSource:
        """Load `hf://owner/name[:split]`; if this is the path of a saved dataset, load it from disk.

        Raises:
            InputError: it cannot be loaded.
        """
        if offline:
            stay_offline()
        import datasets

        target, _, split = name.removeprefix(HUB).partition(":")
        try:
            if is_saved(Path(target)):
                loaded = datasets.load_from_disk(target)
            else:
                loaded = datasets.load_dataset(target)
            splits = loaded if isinstance(loaded, dict) else {"train": loaded}
            chosen = (splits[split],) if split else tuple(splits.values())
        except KeyError:
            raise InputError(f"{name}: no split {split!r}; choose one of {', '.join(splits)}") from None
        except Exception as error:  # noqa: BLE001 - the library raises all kinds, and all mean the same
            raise InputError(
                f"{name}: cannot load this dataset: {str(error).partition(chr(10))[0]}"
            ) from None
        return cls(name, chosen)

    @property
    def size(self) -> int | None:
        """Unknown before reading."""
        return None

    @property
    def files(self) -> list[Path]:
        """The dataset's Arrow files."""
        return [Path(file["filename"]) for split in self.splits for file in split.cache_files]

    def found(self) -> Iterator[Record | Rejected | Whole]:
        """The same as `records`."""
        return self.records()

    def digest(self) -> str:
        """SHA-256 of these files."""
        return sha256(self.files)

    def records(self) -> Iterator[Record | Rejected | Whole]:
        """Every row of the chosen splits, then the digest of the files read."""
        unpacked = Unpacked(self.name)
        with unchanged(self.files, self.name) as whole:
            for split in self.splits:
                for batch in split.with_format("arrow").iter(ROWS_AT_ONCE):
                    for part in batch.to_batches():
                        yield from unpacked.batch(part)
        yield whole
