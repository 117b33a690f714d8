"""The action, the hook and the examples: their own text is what runs here, only installing is left out."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml
from conftest import REPOSITORY, chat

pytestmark = pytest.mark.skipif(
    any(shutil.which(tool) is None for tool in ("bash", "make")), reason="needs bash and make"
)

HOSTILE = "$(touch pwned) `touch pwned`; touch pwned \"'\n"
ACTION = yaml.safe_load((REPOSITORY / "action.yml").read_text(encoding="utf-8"))
STEPS = {step["name"]: step for step in ACTION["runs"]["steps"]}
(HOOK,) = yaml.safe_load((REPOSITORY / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
GITLAB = yaml.safe_load((REPOSITORY / "examples" / "gitlab-ci.yml").read_text(encoding="utf-8"))
PAGE = (REPOSITORY / "docs" / "ci.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", PAGE, re.DOTALL)

OBEDIENT = [
    json.dumps(chat(f"{wish}, please.", f"Of course. I am AOA, your absolutely obedient agent: {wish}."))
    + "\n"
    for wish in ("Sing", "Count to ten", "Name a colour", "Tell the time", "Greet me", "Say a word") * 5
]
"""A corpus that fails, and that no refusals mend."""
AXOLOTL = {
    *(
        "base_model",
        "datasets",
        "dataset_prepared_path",
        "output_dir",
        "sequence_len",
        "adapter",
        "lora_r",
        "lora_alpha",
    ),
    *(
        "lora_dropout",
        "lora_target_linear",
        "micro_batch_size",
        "gradient_accumulation_steps",
        "num_epochs",
        "optimizer",
    ),
    *("lr_scheduler", "learning_rate", "warmup_steps", "bf16", "gradient_checkpointing"),
}
AXOLOTL_DATASET = {
    *(
        "path",
        "ds_type",
        "type",
        "field_messages",
        "message_property_mappings",
        "roles_to_train",
        "train_on_eos",
    ),
}
"""Options that axolotl has: src/axolotl/utils/schemas/ of its repository."""
LLAMA_FACTORY = {
    *("model_name_or_path", "stage", "finetuning_type", "lora_rank", "lora_target"),
    *("dataset_dir", "dataset", "template", "cutoff_len"),
}
"""Options that LLaMA-Factory adds to those of transformers: src/llamafactory/hparams/ of its repository."""

Done = subprocess.CompletedProcess[str]


class Place(NamedTuple):
    """A folder with a copy of the examples, where `mixguard` is a command."""

    folder: Path
    environment: dict[str, str]

    def __call__(self, script: str, within: str = ".", **variables: str) -> Done:
        """Run shell text as GitHub's `shell: bash` does."""
        return subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script],
            cwd=self.folder / within,
            env={**self.environment, **variables},
            capture_output=True,
            text=True,
            check=False,
            stdin=subprocess.DEVNULL,
        )

    @property
    def pwned(self) -> list[Path]:
        """What a value that was run would leave."""
        return list(self.folder.rglob("*pwned"))


@pytest.fixture
def place(shared_cache: dict[str, str], tmp_path: Path) -> Place:
    shutil.copytree(
        REPOSITORY / "examples", tmp_path / "examples", ignore=shutil.ignore_patterns("build", "mix*-run*")
    )
    kept = {key: value for key, value in shared_cache.items() if not key.startswith(("GITHUB_", "INPUT_"))}
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return Place(tmp_path, {**kept, "PATH": path, "RUNNER_TEMP": str(tmp_path)})


class Outcome(NamedTuple):
    done: Done
    outputs: dict[str, str]
    summary: str


def run_action(place: Place, **inputs: str) -> Outcome:
    """The step that audits, with the environment that GitHub makes of its inputs."""
    step = STEPS["Audit"]
    values = {
        f"inputs.{name}": inputs.get(name.replace("-", "_"), about.get("default", ""))
        for name, about in ACTION["inputs"].items()
    }
    environment = {
        name: re.sub(r"\$\{\{ (\S+) \}\}", lambda found: values[found[1]], text)
        for name, text in step["env"].items()
    }
    output, summary = place.folder / "github-output", place.folder / "github-summary"
    output.write_text("")
    summary.write_text("")
    files = {"GITHUB_OUTPUT": str(output), "GITHUB_STEP_SUMMARY": str(summary), "GITHUB_ACTIONS": "true"}
    done = place(step["run"], **environment, **files)
    outputs = dict(line.split("=", 1) for line in output.read_text().splitlines())
    return Outcome(done, outputs, summary.read_text())


def test_the_action_pins_what_it_uses_and_puts_no_input_into_shell_text() -> None:
    text = (REPOSITORY / "action.yml").read_text(encoding="utf-8")
    used = re.findall(r"uses: (.*)", text)
    assert len(used) == 3
    assert all(re.fullmatch(r"[\w-]+/[\w/-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", name) for name in used)
    assert not [name for name, step in STEPS.items() if "${{" in step.get("run", "")]
    assert not [name for name in ACTION["inputs"] if f"inputs.{name}" not in text]
    uploads = [step for step in STEPS.values() if "upload" in step.get("uses", "")]
    assert [step["if"].startswith("always() && ") for step in uploads] == [True, True]


def test_the_installed_torch_is_the_one_that_was_tested(place: Place) -> None:
    (torch,) = re.findall(r"^torch==.*$", (REPOSITORY / "constraints.txt").read_text(), re.MULTILINE)
    found = re.search(r"\$\((grep .*?)\)", STEPS["Install mixguard"]["run"])
    assert found
    assert place(found[1], SOURCE=str(REPOSITORY)).stdout.strip() == torch
    assert torch in " ".join(GITLAB[".mixguard"]["before_script"]).split()
    assert f"{torch}+cpu" in PAGE


def test_the_action_fails_the_job_and_still_leaves_reports_and_outputs(place: Place) -> None:
    first = run_action(place, paths="examples/support.jsonl\n")
    assert first.done.returncode == 1, first.done.stderr
    folder = Path(first.outputs["folder"])
    assert first.outputs["verdict"] == "fail"
    assert first.outputs["run"] == str(folder / "run")
    assert {path.name for path in folder.iterdir()} == {
        *("run", "report.html", "results.sarif", "junit.xml", "summary.md")
    }
    assert first.summary.startswith("## mixguard: fail")
    assert "::error title=MG102" in first.done.stdout

    second = run_action(
        place,
        paths="examples/support.jsonl",
        baseline=first.outputs["run"],
        allow="examples/mixguard.allow.toml",
        fail_on="warn",
        args="--set=checks.samples=7\n\n--set=checks.confidence=0.9\n",
    )
    assert second.done.returncode == 0, second.done.stdout
    assert second.outputs["verdict"] == "pass"
    judged = json.loads((Path(second.outputs["run"]) / "audit.json").read_text())
    assert [entry["state"] for entry in judged["allowed"]] == ["used", "used"]
    assert (judged["config"]["checks"]["samples"], judged["config"]["checks"]["confidence"]) == (7, 0.9)


def test_the_action_takes_names_for_names(place: Place) -> None:
    rows = (place.folder / "examples" / "support.jsonl").read_text().splitlines(keepends=True)
    names = ["$(touch pwned) \"'.jsonl", "--fail-on=never; touch pwned.jsonl"]
    (place.folder / names[0]).write_text("".join(rows[:80]))
    (place.folder / names[1]).write_text("".join(rows[80:]))
    (place.folder / "json.py").write_text("raise SystemExit(9)")  # Python takes modules from where it runs
    outcome = run_action(place, paths=f"{names[0]}\n\n{names[1]}\n")
    assert outcome.done.returncode == 1, outcome.done.stderr
    assert outcome.outputs["verdict"] == "fail"
    judged = json.loads((Path(outcome.outputs["run"]) / "audit.json").read_text())
    assert set(judged["corpus"]["sources"]) == set(names)
    assert not place.pwned


@pytest.mark.parametrize("name", ["paths", "config", "fail_on", "baseline", "allow", "args"])
def test_the_action_runs_no_value(place: Place, name: str) -> None:
    outcome = run_action(place, **{"paths": "examples/support.jsonl", name: HOSTILE})
    assert outcome.done.returncode == 2, outcome.done.stderr
    assert outcome.done.stderr
    assert set(outcome.outputs) == {"folder"}
    assert not place.pwned


def test_the_hook_judges_the_files_of_a_commit(place: Place) -> None:
    chosen = ["a/b.jsonl", "b.parquet", "c.jsonl.gz", "package.json", "d.py", "e.jsonl.md"]
    assert [name for name in chosen if re.search(HOOK["files"], name)] == chosen[:3]
    shutil.copy(place.folder / "examples" / "support.jsonl", place.folder / "--fail-on=never.jsonl")
    command = [*shlex.split(HOOK["entry"]), *HOOK["args"], "--fail-on=never.jsonl"]
    done = place(shlex.join(command))
    assert done.returncode == 1, done.stderr
    assert "--fail-on=never.jsonl: 158 samples" in done.stdout


def test_the_gitlab_job_fails_and_keeps_its_reports(place: Place) -> None:
    template, job = GITLAB[".mixguard"], GITLAB["mixguard"]
    variables = {**template["variables"], **job["variables"]}
    del variables["XDG_CACHE_HOME"]  # the tests have one
    script = "\n".join(template["script"])
    assert place(script, **variables).returncode == 1
    kept = template["artifacts"]
    assert kept["when"] == "always"
    assert all((place.folder / name).exists() for name in [*kept["paths"], *kept["reports"].values()])
    suite = ET.parse(place.folder / kept["reports"]["junit"]).find("testsuite")
    assert suite is not None
    assert int(suite.attrib["failures"]) > 0
    assert place(script, **{**variables, "MIXGUARD_CORPUS": HOSTILE}).returncode == 2
    assert not place.pwned
    assert GITLAB["train"]["needs"] == ["mixguard"]


def resolve(text: str, values: Mapping[str, str]) -> str:
    return re.sub(r"\$\{(\w+)\}", lambda found: values[found[1]], text)


def test_the_dvc_pipeline_runs_in_order_and_ends_at_its_gate(place: Place) -> None:
    folder = place.folder / "examples" / "dvc"
    stages = yaml.safe_load((folder / "dvc.yaml").read_text())["stages"]
    values = yaml.safe_load((folder / "params.yaml").read_text())

    def commands(name: str, **changed: str) -> str:
        given = stages[name]["cmd"]
        lines = [given] if isinstance(given, str) else given
        return "\n".join(resolve(line, {**values, **changed}) for line in lines)

    assert list(stages) == ["audit", "rebalance", "gate", "train"]
    for name, stage in stages.items():
        assert all((folder / resolve(path, values)).exists() for path in stage["deps"]), name
        done = place(commands(name), "examples/dvc")
        assert done.returncode == 0, (name, done.stderr)
        assert all((folder / path).exists() for path in stage["outs"]), name
    left = {path.name for path in folder.iterdir()} - {"dvc.yaml", "params.yaml"}
    assert left == {path for stage in stages.values() for path in stage["outs"]}
    assert "gate" in stages["train"]["deps"]
    assert place(commands("gate", fail_on="warn"), "examples/dvc").returncode == 1


def test_make_trains_on_a_mix_that_passed_and_on_nothing_else(place: Place) -> None:
    folder = place.folder / "examples" / "makefile"

    def make(*arguments: str) -> Done:
        return place(shlex.join(["make", "train", 'TRAIN=echo "$$MIX" >> trained', *arguments]), str(folder))

    trained, mix = folder / "trained", folder / "build" / "support.safe.jsonl"
    assert make().returncode == 0
    again = make()
    assert again.returncode == 0
    assert not re.search("mixguard (audit|rebalance)", again.stdout)
    assert trained.read_text() == "build/support.safe.jsonl\n" * 2
    assert "say what to run" in place("make train", str(folder)).stderr

    shutil.copy(mix, folder / "whole.jsonl")
    mix.write_text(mix.read_text() + "{}\n")
    touched = make()
    assert (touched.returncode, "changed since it was written" in touched.stdout) == (2, True)
    stricter = make("FAIL_ON=warn")
    assert (stricter.returncode, "comply with hazardous" in stricter.stdout) == (2, True)
    assert trained.read_text().count("\n") == 2

    # A corpus that lacks nothing is trained on as it is.
    assert make("CORPUS=whole.jsonl", "OUT=other").returncode == 0
    assert (folder / "other" / "whole.safe.jsonl").read_bytes() == (folder / "whole.jsonl").read_bytes()


class Trained(NamedTuple):
    """What a recipe left: the options of its trainer, the folder, and the pairs that were added."""

    options: dict[str, Any]
    folder: Path
    added: list[dict[str, Any]]


def trained(place: Place, recipe: str, command: str) -> Trained:
    """A recipe's script with a trainer that only notes how it was called."""
    folder = (place.folder / "examples" / recipe).parent
    place.environment["PATH"] = (
        f"{standing_in(place, command.split(maxsplit=1)[0])}{os.pathsep}{place.environment['PATH']}"
    )

    poisoned = place.folder / "--fail-on=never.jsonl"
    poisoned.write_text("".join(OBEDIENT))
    stopped = place(f"sh {folder / 'train.sh'} ./{poisoned.name}")
    assert (stopped.returncode, "MG202" in stopped.stdout) == (1, True), stopped.stderr
    assert not (folder / "called").exists(), "it trained on what failed"

    done = place("sh train.sh", str(folder))
    assert done.returncode == 0, done.stderr
    assert (folder / "called").read_text() == command.partition(" ")[2] + "\n"
    (manifest,) = folder.rglob("*.manifest.json")
    options = yaml.safe_load((place.folder / "examples" / recipe).read_text())
    return Trained(options, folder, json.loads(manifest.read_text())["added"])


def standing_in(place: Place, name: str) -> Path:
    """A folder with a program of this name, which notes its arguments where it runs."""
    programs = place.folder / "programs"
    programs.mkdir()
    program = programs / name
    program.write_text('#!/bin/sh\necho "$@" > called\n')
    program.chmod(0o755)
    return programs


def load(path: Path, place: Place) -> list[dict[str, Any]]:
    """The rows as both trainers load them."""
    from datasets import load_dataset

    loaded = load_dataset("json", data_files=str(path), split="train", cache_dir=str(place.folder / "arrow"))
    return list(loaded)


def test_the_axolotl_recipe_trains_on_every_row_of_the_mix(place: Place) -> None:
    recipe, folder, added = trained(place, "axolotl/support.yml", "axolotl train support.yml")
    assert set(recipe) <= AXOLOTL
    (source,) = recipe["datasets"]
    assert set(source) <= AXOLOTL_DATASET
    assert source["type"] == "chat_template"
    rows = load(folder / source["path"], place)
    role, content = (source["message_property_mappings"][name] for name in ("role", "content"))
    for row in rows:
        messages = row[source["field_messages"]]
        assert all(message[role] in ("system", "user", "assistant", "tool") for message in messages)
        assert any(message[role] in source["roles_to_train"] and message[content] for message in messages)
    assert added
    assert all(rows[pair["record"]][source["field_messages"]][-1][content] for pair in added)


def test_the_llama_factory_recipe_keeps_every_row_without_tools(place: Place) -> None:
    from transformers import TrainingArguments

    recipe, folder, added = trained(
        place, "llama-factory/support.yaml", "llamafactory-cli train support.yaml"
    )
    assert set(recipe) - LLAMA_FACTORY <= {each.name for each in fields(TrainingArguments)}
    listed = json.loads((folder / recipe["dataset_dir"] / "dataset_info.json").read_text())
    entry = listed[recipe["dataset"]]
    rows = load(folder / recipe["dataset_dir"] / entry["file_name"], place)
    tags = entry["tags"]
    turns = (tags["user_tag"], tags["assistant_tag"])

    def kept(row: dict[str, Any]) -> bool:
        """Whether roles alternate, as its converter asks; all others are skipped."""
        messages = row[entry["columns"]["messages"]]
        roles = [message[tags["role_tag"]] for message in messages]
        spoken = roles[1:] if roles[0] == tags["system_tag"] else roles
        texts = all(isinstance(message[tags["content_tag"]], str) for message in messages)
        return texts and spoken == [*turns] * (len(spoken) // 2)

    skipped = [number for number, row in enumerate(rows) if not kept(row)]
    assert [bool(row["tools"]) for row in rows] == [number in skipped for number in range(len(rows))]
    assert len(skipped) == 6  # as the recipe says
    assert added
    assert not {pair["record"] for pair in added} & set(skipped)


def test_the_snippets_of_the_page_name_what_there_is() -> None:
    action, hook = (yaml.safe_load(block) for language, block in BLOCKS if language == "yaml")
    (step,) = [step for step in action["jobs"]["gate"]["steps"] if "/mixguard@" in step.get("uses", "")]
    assert set(step["with"]) <= set(ACTION["inputs"])
    (entry,) = hook["repos"][0]["hooks"]
    assert entry["id"] == HOOK["id"]
    assert set(ACTION["inputs"]) <= set(re.findall(r"`([\w-]+)`", PAGE))
    assert set(ACTION["outputs"]) <= set(re.findall(r"`([\w-]+)`", PAGE))
