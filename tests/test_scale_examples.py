"""The examples for Slurm, Kubernetes and Ray: their own text runs here, with stand-ins for what only a cluster has."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import yaml
from conftest import REPOSITORY
from typer.main import get_command

from mixguard.cli.app import app

EXAMPLES = REPOSITORY / "examples"
KUBERNETES = EXAMPLES / "kubernetes"
SBATCH = """#!/usr/bin/env bash
# Runs a job at once, and all tasks of an array; says which jobs it must wait for.
set -eu
array=""
while [[ $1 == --* ]]; do
  case $1 in
    --array=*) array=${1#*=} ;;
    --dependency=*) grep -qx "${1##*:}" ended ;;
  esac
  shift
done
id=$((100 + $(cat ended 2>/dev/null | wc -l)))
for task in $(seq ${array/-/ }); do
  SLURM_ARRAY_TASK_ID=$task bash "$@" >&2
done
[[ $array ]] || bash "$@" >&2 || echo failed > gate
echo $id >> ended
echo "$id;cluster"
"""
pytestmark = pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")


def run(*command: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, cwd=folder, env={**os.environ, **environment}, capture_output=True, text=True, check=False
    )


def tool(folder: Path, name: str, text: str) -> None:
    """A command of this name, found before any other."""
    path = folder / "bin" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)


def path_with(folder: Path) -> str:
    return os.pathsep.join([str(folder / "bin"), str(Path(sys.executable).parent), os.environ["PATH"]])


def test_the_slurm_array_finds_what_one_audit_finds(
    tmp_path: Path, cache: Path, shared_cache: dict[str, str]
) -> None:
    rows = (EXAMPLES / "support.jsonl").read_text().splitlines(keepends=True)[:60]
    (tmp_path / "data.jsonl").write_text("".join(rows))
    tool(tmp_path, "sbatch", SBATCH)
    (tmp_path / "tmp").mkdir()
    user = tmp_path / "tmp" / f"cache-{os.getuid()}"
    user.mkdir()
    (user / "mixguard").symlink_to(cache, target_is_directory=True)
    (tmp_path / "mixguard.toml").write_text("[run]\nbatch = 20\n")
    done = run(
        *("bash", str(EXAMPLES / "slurm" / "submit.sh"), "2", "runs", "data.jsonl"),
        folder=tmp_path,
        PATH=path_with(tmp_path),
        SLURM_TMPDIR=str(tmp_path / "tmp"),
    )
    assert (done.returncode, done.stdout) == (0, "101\n"), done.stderr
    whole = run(
        *("mixguard", "audit", "data.jsonl", "--run", "whole"),
        folder=tmp_path,
        PATH=path_with(tmp_path),
        XDG_CACHE_HOME=shared_cache["XDG_CACHE_HOME"],
    )
    merged, one = (
        json.loads((tmp_path / name / "audit.json").read_bytes()) for name in ("runs/run", "whole")
    )
    assert [merged[name] == one[name] for name in ("findings", "coverage", "corpus", "verdict")] == [True] * 4
    assert (tmp_path / "runs" / "report.html").is_file()
    assert (tmp_path / "gate").exists() == (whole.returncode == 1)


def test_a_job_that_waits_for_another_fails_with_it() -> None:
    submit = (EXAMPLES / "slurm" / "submit.sh").read_text()
    assert '--dependency="afterok:' in submit
    assert "--kill-on-invalid-dep=yes" in submit


def manifests(name: str) -> dict[str, Any]:
    (manifest,) = yaml.safe_load_all((KUBERNETES / name).read_text())
    found: dict[str, Any] = manifest
    return found


def test_the_pods_judge_each_shard_once(tmp_path: Path) -> None:
    job = manifests("shards.yaml")["spec"]
    (container,) = job["template"]["spec"]["containers"]
    variables = {each["name"]: each["value"] for each in container["env"]}
    assert job["completionMode"] == "Indexed"
    assert int(variables["SHARDS"]) == job["completions"]
    tool(tmp_path, "mixguard", '#!/bin/sh\nprintf "%s\\n" "$@"\n')
    said = [
        run(
            *container["command"],
            *container["args"],
            folder=tmp_path,
            PATH=path_with(tmp_path),
            SHARDS=variables["SHARDS"],
            JOB_COMPLETION_INDEX=str(index),
        ).stdout.split()
        for index in range(job["completions"])
    ]
    assert [words[words.index("--shard") + 1] for words in said] == [f"{n}/8" for n in range(1, 9)]
    runs = [words[words.index("--run") + 1] for words in said]
    assert len(set(runs)) == 8
    (merge,) = manifests("merge.yaml")["spec"]["template"]["spec"]["containers"]
    assert all(Path(name).parent == Path("/runs/shards") for name in runs)
    assert "/runs/shards/*" in merge["args"][0]


@pytest.mark.parametrize("name", ["shards.yaml", "merge.yaml"])
def test_the_pods_have_no_rights_and_their_volumes(name: str) -> None:
    manifest = manifests(name)
    assert (manifest["apiVersion"], manifest["kind"]) == ("batch/v1", "Job")
    assert set(manifest["spec"]) <= {
        *("template", "completions", "parallelism", "completionMode", "backoffLimit", "backoffLimitPerIndex")
    }
    pod = manifest["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert set(pod) == {"restartPolicy", "securityContext", "containers", "volumes"}
    assert set(container) == {
        *("name", "image", "command", "args", "env", "resources", "securityContext", "volumeMounts")
    }
    assert pod["restartPolicy"] == "Never"
    assert pod["securityContext"]["runAsNonRoot"]
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert container["resources"]["requests"].keys() >= {"cpu", "memory"}
    assert container["resources"]["limits"]["memory"]
    mounted = {each["name"] for each in container["volumeMounts"]}
    assert mounted == {each["name"] for each in pod["volumes"]}
    claims = {v["persistentVolumeClaim"]["claimName"] for v in pod["volumes"] if "persistentVolumeClaim" in v}
    assert claims - {"corpus"} == {manifests("volume.yaml")["metadata"]["name"]}
    assert all(isinstance(each["value"], str) for each in container["env"]), "values must be quoted"
    assert f"USER {pod['securityContext']['runAsUser']}:" in (KUBERNETES / "Dockerfile").read_text()


@pytest.mark.parametrize("folder", ["slurm", "ray", "kubernetes"])
def test_every_flag_of_an_example_exists(folder: str) -> None:
    commands: Any = get_command(app)
    texts = [path.read_text() for path in (EXAMPLES / folder).iterdir() if path.is_file()]
    used = [line for text in texts for line in re.findall(r"mixguard (?:audit|merge)\b.*", text)]
    assert used
    for line in used:
        words = shlex.split(line.split("`")[0].rstrip("'"), comments=True) if line.count('"') % 2 == 0 else []
        options = (
            {flag for each in commands.commands[words[1]].params for flag in each.opts} if words else set()
        )
        assert {word for word in words if re.match(r"--?\w", word)} <= options, line


@pytest.mark.skipif(find_spec("ray") is None, reason="ray is not installed: mixguard[ray]")
def test_the_ray_job_audits(tmp_path: Path, shared_cache: dict[str, str]) -> None:
    rows = (EXAMPLES / "support.jsonl").read_text().splitlines(keepends=True)[:30]
    (tmp_path / "data.jsonl").write_text("".join(rows))
    done = run(
        *(sys.executable, str(EXAMPLES / "ray" / "ray_audit.py"), "run", "data.jsonl"),
        folder=tmp_path,
        XDG_CACHE_HOME=shared_cache["XDG_CACHE_HOME"],
        RAY_ADDRESS="",
        RAY_worker_niceness="0",
    )
    judged = json.loads((tmp_path / "run" / "audit.json").read_bytes())
    assert done.returncode == {"pass": 0, "warn": 0, "fail": 1, "incomplete": 4}[judged["verdict"]], (
        done.stderr
    )
    assert done.stdout.startswith(f"run: {judged['verdict']}, {judged['corpus']['exchanges']} exchanges\n")
