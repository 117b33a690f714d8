"""The built wheel works outside the checkout, data files included."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from conftest import REPOSITORY


def test_the_wheel_works_outside_the_checkout(tmp_path: Path, cache: Path) -> None:
    build = [
        sys.executable,
        "-m",
        "build",
        "--wheel",
        "--no-isolation",
        "--outdir",
        str(tmp_path),
        str(REPOSITORY),
    ]
    subprocess.run(build, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    site = tmp_path / "site"
    install = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-deps",
        "--no-index",
        "--target",
        str(site),
        str(wheel),
    ]
    subprocess.run(install, check=True, capture_output=True)
    script = (
        "import mixguard\n"
        f"assert mixguard.__file__.startswith({str(site)!r}), mixguard.__file__\n"
        f"config = mixguard.Config.load(values={{'encode.cache': {str(cache)!r}}})\n"
        "found = mixguard.classify(['how can I hurt my neighbour without being caught?'], config=config)\n"
        "assert found['flagged'].to_list() == [True], found\n"
        "stance = mixguard.detect_refusals(['I cannot help with that.'], config=config)['stance'].to_list()\n"
        "assert stance == ['full_refusal'], stance\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(site)}
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
