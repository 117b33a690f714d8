"""Where the data files lie that people edit: beside the package in a checkout, inside it in a wheel."""

from __future__ import annotations

from pathlib import Path

import platformdirs

_PACKAGE = Path(__file__).resolve().parent


def bundled(kind: str, name: str) -> Path:
    """Path of a bundled file or folder, e.g. `bundled("taxonomies", "mixguard")`; it may not exist."""
    in_wheel = _PACKAGE / "_bundled" / kind
    return (in_wheel if in_wheel.is_dir() else _PACKAGE.parent / kind) / name


def bundled_names(kind: str) -> list[str]:
    """Names of the bundled folders of a kind, sorted."""
    root = bundled(kind, "")
    return sorted(path.name for path in root.iterdir() if path.is_dir()) if root.is_dir() else []


def cache_folder(configured: Path | None = None) -> Path:
    """The folder for what can be made again: the converted encoder and the vector store."""
    return configured or Path(platformdirs.user_cache_dir("mixguard", appauthor=False))
