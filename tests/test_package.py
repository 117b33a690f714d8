"""The built wheel works outside the checkout, data files included."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from conftest import REPOSITORY
from packaging.metadata import Metadata


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder)]
    subprocess.run([*build, str(REPOSITORY)], check=True, capture_output=True)
    (made,) = folder.glob("*.whl")
    return made


@pytest.fixture(scope="module")
def metadata(wheel: Path) -> Metadata:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        return Metadata.from_email(archive.read(name))


def test_the_page_of_the_package_is_the_readme_without_links_into_the_repository(metadata: Metadata) -> None:
    page = metadata.description or ""
    assert "Check a fine-tuning corpus before you train on it." in page
    assert "what it cannot do" in page.lower()
    assert re.findall(r"\]\((?!https?:)|<!--", page) == []


def test_no_install_has_both_packages_of_faiss(metadata: Metadata) -> None:
    """An extra only adds, so what every install has must name neither."""

    def brings(extra: str) -> set[str]:
        place = {"extra": extra, "sys_platform": "linux", "platform_machine": "x86_64"}
        needed = metadata.requires_dist or []
        return {each.name for each in needed if each.marker is None or each.marker.evaluate(place)}

    faiss = {extra: brings(extra) & {"faiss-cpu", "faiss-gpu"} for extra in ("", "cpu", "gpu")}
    assert faiss == {"": set(), "cpu": {"faiss-cpu"}, "gpu": {"faiss-gpu"}}


def test_the_wheel_has_every_file_that_a_run_reads(wheel: Path) -> None:
    """Taxonomies, banks, probes, fitted models, templates, styles and scripts: whatever lies beside the modules."""
    bundled = {"mixguard": "mixguard"} | {
        name: f"mixguard/_bundled/{name}" for name in ("taxonomies", "refusal_bank", "probes")
    }
    with zipfile.ZipFile(wheel) as archive:
        inside = set(archive.namelist())
    for name, place in bundled.items():
        there = {
            path.relative_to(REPOSITORY / name) for path in (REPOSITORY / name).rglob("*") if path.is_file()
        }
        wanted = {f"{place}/{path.as_posix()}" for path in there if "__pycache__" not in path.parts}
        assert len(wanted) > 5
        assert sorted(wanted - inside) == []
    kinds = {Path(name).suffix for name in inside}
    assert kinds >= {".jinja", ".css", ".js", ".jsonl", ".toml", ".safetensors", ".typed"}


def test_the_wheel_works_outside_the_checkout(wheel: Path, tmp_path: Path, cache: Path) -> None:
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
