"""The cache folder: another file of its name is refused, and one that may not be looked into is no reason to stop."""

from __future__ import annotations

from pathlib import Path

import pytest

from mixguard.errors import UsageError
from mixguard.files import cache_folder


def test_a_file_of_its_name_is_refused(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("")
    with pytest.raises(UsageError, match="is not a folder, so it cannot be the cache"):
        cache_folder(tmp_path / "cache")


def test_one_that_may_not_be_looked_into_is_found_out_by_whoever_writes_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def denied(self: Path, **_: object) -> None:
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr(Path, "stat", denied)
    assert cache_folder(tmp_path / "locked" / "mixguard") == tmp_path / "locked" / "mixguard"
