"""Run folders among data: what mixguard wrote is no corpus."""

from __future__ import annotations

from pathlib import Path

from mixguard import moving

AUDIT = "audit.json"
"""The document of a finished run."""
ANNOTATIONS = "annotations"
HEAD = f"{moving.UNFINISHED}/run.json"
"""What an unfinished run is made of."""


def is_run(folder: Path) -> bool:
    """Whether a folder is a run, finished or not."""
    return (folder / HEAD).is_file() or ((folder / AUDIT).is_file() and (folder / ANNOTATIONS).is_dir())
