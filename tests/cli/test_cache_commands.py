from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from mixguard import HashEncoder
from mixguard.cli.app import app
from mixguard.vectors.store import VectorStore


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    """A cache with two texts."""
    VectorStore.open(tmp_path / "own", HashEncoder()).vectors(["one", "two"])
    return tmp_path / "own"


def asked(cache: Path, *arguments: str) -> Result:
    return CliRunner().invoke(app, ["cache", *arguments, "--set", f"encode.cache={cache}"])


def test_what_is_kept_is_shown_with_the_limit(cache: Path) -> None:
    shown = asked(cache, "show", "--set", "encode.cache_size=1GiB").output
    assert HashEncoder().fingerprint in shown
    assert "1.0 GiB (encode.cache_size)" in shown


def test_a_whole_cache_verifies(cache: Path) -> None:
    found = asked(cache, "verify")
    assert (found.exit_code, found.output) == (0, "nothing is damaged: 1 kept, 2 rows match their seals\n")


def test_damage_is_told_and_fails(cache: Path) -> None:
    next((cache / "vectors").glob("*.sqlite")).write_bytes(b"junk" * 9000)
    found = asked(cache, "verify")
    assert found.exit_code == 1
    assert "not a whole store" in " ".join(found.output.split())


def test_a_dry_run_drops_nothing(cache: Path) -> None:
    assert "would drop" in asked(cache, "prune", "--to", "0", "--dry-run").output
    dropped = asked(cache, "prune", "--to", "0").output
    assert "2 texts" in dropped
    assert "\ndropped" in dropped
    assert asked(cache, "prune", "--to", "1GiB").output == "nothing to drop\n"
    asked(cache, "prune", "--all")
    assert "nothing is kept" in asked(cache, "show").output


@pytest.mark.parametrize("given", [(), ("--to", "1GiB", "--all"), ("--to", "much")])
def test_prune_asks_what_to_drop(cache: Path, given: tuple[str, ...]) -> None:
    refused = asked(cache, "prune", *given)
    assert refused.exit_code != 0
    assert "1GiB" in str(refused.exception)
