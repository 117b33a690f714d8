"""The YAML keys that an audit knows, and how they merge with a person's."""

from __future__ import annotations

import glob
import hashlib
import re
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any

import orjson

from mixguard.escape import plain
from mixguard.mix.manifest import Manifest
from mixguard.report.card.front_matter import Change
from mixguard.report.figures import spoken
from mixguard.run.document import Audit

TAG = "mixguard-audited"
FILES_LISTED = 20
"""With more files than this, the Hub finds them by its own rules."""
UNITED = ("language", "task_categories", "annotations_creators", "tags")
"""Keys whose lists we append to; for all others a person's value is kept."""
SIZES = (
    (10**3, "n<1K"), (10**4, "1K<n<10K"), (10**5, "10K<n<100K"), (10**6, "100K<n<1M"), (10**7, "1M<n<10M"),
    (10**8, "10M<n<100M"), (10**9, "100M<n<1B"), (10**10, "1B<n<10B"), (10**11, "10B<n<100B"), (10**12, "100B<n<1T"),
)  # fmt: skip
"""Samples below which each of the Hub's size categories applies (huggingface/hub-docs, datasetcard.md)."""
SPLITS = {
    "train": "train", "training": "train", "validation": "validation", "valid": "validation", "dev": "validation",
    "val": "validation", "test": "test", "testing": "test", "eval": "test", "evaluation": "test",
}  # fmt: skip
"""Word in a file name to its split, as `datasets` reads names (SPLIT_KEYWORDS in its data_files.py)."""


def known(audit: Audit, manifest: Manifest | None, folder: Path) -> dict[str, Any]:
    """The keys that the audit and the manifest provide.

    Args:
        audit: of the data.
        manifest: of the mix, if it is one.
        folder: of the card; data files are named relative to it.
    """
    found = {
        "language": spoken(audit),
        "annotations_creators": ["machine-generated"] if manifest and manifest.added else None,
        "size_categories": [size_category(audit.corpus.samples)],
        "task_categories": ["text-generation"],
        "tags": [TAG],
        "configs": _configs(audit, folder),
    }
    return {key: value for key, value in found.items() if value}


def changes(
    there: Mapping[str, Any], known: Mapping[str, Any], ours: Mapping[str, str]
) -> tuple[dict[str, Change], dict[str, str]]:
    """The changes to a card's YAML, and which of its keys are then ours alone.

    Args:
        there: the current keys.
        known: the keys we know.
        ours: fingerprints of values that an earlier run wrote; one that still matches was not edited.
    """
    found: dict[str, Change] = {}
    own = {key for key, mark in ours.items() if key in there and fingerprint(there[key]) == mark}
    own |= {key for key in known if key not in there}
    for key in sorted(own, key=[*known, *ours].index):
        if known.get(key) != there.get(key):
            found[key] = Change(known.get(key))
    for key in UNITED:
        present = there.get(key)
        if key in own or key not in known or not isinstance(present, list):
            continue
        # YAML 1.1 reads `no` (Norwegian) as false; the Hub does not.
        said = ["no" if each is False else each for each in present]
        if missing := tuple(each for each in known[key] if each not in said):
            found[key] = Change([*present, *missing], missing)
    return found, {key: fingerprint(known[key]) for key in known if key in own}


def fingerprint(value: object) -> str:
    """A short digest of a value."""
    dumped = orjson.dumps(value, default=str, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS)
    return hashlib.sha256(dumped).hexdigest()[:12]


def size_category(samples: int) -> str:
    """The Hub's size category for a number of samples."""
    return next((name for limit, name in SIZES if samples < limit), "n>1T")


def inside(name: str, folder: Path) -> str | None:
    """A source's name relative to a folder; None if it is not a file below it."""
    if name == "-" or "://" in name:
        return None
    path = Path(name)
    try:
        return (path.parent.resolve() / path.name).relative_to(folder.resolve()).as_posix()
    except (OSError, ValueError):
        return None


def _configs(audit: Audit, folder: Path) -> list[dict[str, Any]] | None:
    """Which file is which split; None if the Hub could not find the files from what we know."""
    names = [inside(name, folder) for name in audit.corpus.sources]
    if len(names) > FILES_LISTED or any(name is None or plain(name) != name for name in names):
        return None
    splits: dict[str, list[str]] = {}
    for name in filter(None, names):
        splits.setdefault(_split(name), []).append(glob.escape(name))
    files = [
        {"split": split, "path": paths[0] if len(paths) == 1 else paths}
        for split, paths in sorted(
            splits.items(), key=lambda entry: ("train", "validation", "test").index(entry[0])
        )
    ]
    return [{"config_name": "default", "data_files": files}]


def _split(name: str) -> str:
    """The split named by a file or its folders; `train` if none is."""
    for part in reversed(PurePosixPath(name).parts):
        words = [word for word in re.split(r"[-._ 0-9]+", part.lower()) if word in SPLITS]
        if words:
            return SPLITS[words[0]]
    return "train"
