"""Start-up stays light, and the public names are the promised ones."""

from __future__ import annotations

import subprocess
import sys

import pytest

import mixguard

HEAVY = ("torch", "faiss", "ray", "openvino", "transformers", "datasets", "sklearn", "pyarrow")


@pytest.mark.parametrize("code", ["import mixguard", "from mixguard.cli import main; main()"])
def test_starting_loads_nothing_heavy(code: str) -> None:
    script = (
        "import sys\n"
        "sys.argv = ['mixguard', '--help']\n"
        "try:\n"
        f"    {code}\n"
        "except SystemExit as stop:\n"
        "    assert not stop.code, stop.code\n"
        f"loaded = [name for name in {HEAVY!r} if name in sys.modules]\n"
        "assert not loaded, loaded\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_public_names_are_sorted_and_exist() -> None:
    assert mixguard.__all__ == sorted(mixguard.__all__)
    for name in mixguard.__all__:
        assert getattr(mixguard, name) is not None


def test_functions_are_functions_whatever_was_imported_first() -> None:
    script = "import mixguard._audit, mixguard; assert callable(mixguard.audit) and callable(mixguard.check)"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="nonsense"):
        mixguard.nonsense  # noqa: B018 - the look-up is the test
