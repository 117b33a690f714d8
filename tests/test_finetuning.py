"""The recipes for what comes after training: their commands parse, their files exist, and they run no value."""

from __future__ import annotations

import re
import runpy
import shlex
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
import typer
import yaml
from conftest import REPOSITORY

from mixguard.cli.app import app

EXAMPLES = REPOSITORY / "examples"
FLOW = EXAMPLES / "github" / "finetune.yml"
TEXT = FLOW.read_text(encoding="utf-8")
ACTION = yaml.safe_load((REPOSITORY / "action.yml").read_text(encoding="utf-8"))
STEPS: list[dict[str, Any]] = yaml.safe_load(TEXT)["jobs"]["fine-tune"]["steps"]
USAGE = typer.BadParameter.__mro__[1]
"""What typer raises of a command line that it cannot parse."""
READMES = [EXAMPLES / name / "README.md" for name in ("axolotl", "llama-factory", "watch_training")]


def commands(text: str) -> list[list[str]]:
    """Every mixguard command line of a script, with its variables as they stand."""
    lines = text.replace("\\\n", " ").replace('"$MIXGUARD"', "mixguard").splitlines()
    found = (re.match(r"(?:# +)?(mixguard [a-z].*?)(?: \|\| .*)?$", line.strip()) for line in lines)
    return [shlex.split(each[1]) for each in found if each]


def parse(words: list[str]) -> None:
    """Parse a command line as the program would, without running it."""
    command: Any = typer.main.get_command(app)
    context = command.make_context("mixguard", [], resilient_parsing=True)
    rest = words[1:]
    while hasattr(command, "resolve_command"):
        name, command, rest = command.resolve_command(context, rest)
        assert command is not None, f"there is no {' '.join(words)}"
        context = command.make_context(name, list(rest), parent=context, **_loosely(command))


def _loosely(command: Any) -> dict[str, bool]:
    """A group would run its callback's checks without a command."""
    return {"resilient_parsing": hasattr(command, "resolve_command")}


@pytest.mark.parametrize("path", [FLOW, *READMES], ids=lambda path: path.parent.name)
def test_every_command_parses(path: Path) -> None:
    found = commands(path.read_text(encoding="utf-8"))
    assert path.parent.name == "watch_training" or {words[1] for words in found} >= {
        "probe",
        "compare",
        "budget",
    }
    for words in found:
        parse(words)


def test_an_option_that_does_not_exist_would_be_found() -> None:
    with pytest.raises(USAGE, match="--anew"):
        parse(["mixguard", "verify", "x", "--anew"])


def test_the_workflow_pins_what_it_uses_and_puts_no_value_into_shell_text() -> None:
    used = re.findall(r"uses: (.*)", TEXT)
    ours = "OWNER/mixguard@COMMIT"
    assert ours in used
    pinned = re.compile(r"[\w-]+/[\w/-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+")
    assert all(pinned.fullmatch(each) for each in used if each != ours)
    assert [
        step["uses"] for step in ACTION["runs"]["steps"] if "upload-artifact" in step.get("uses", "")
    ] == [step["uses"] for step in STEPS if "upload-artifact" in step.get("uses", "")]
    assert not [step["name"] for step in STEPS if "${{" in step.get("run", "")]
    flow = yaml.safe_load(TEXT)
    assert flow["permissions"] == {"contents": "read"}
    assert set(flow[True]) == {"push", "workflow_dispatch"}, (
        "a pull request would run on a runner of one's own"
    )
    (step,) = [step for step in STEPS if step.get("uses") == ours]
    assert set(step["with"]) <= set(ACTION["inputs"])
    outputs = re.findall(r"steps\.audit\.outputs\.(\w+)", TEXT)
    assert set(outputs) <= set(ACTION["outputs"])


def test_the_workflow_goes_in_order_and_keeps_no_answers() -> None:
    names = [step.get("name", "") for step in STEPS]
    order = ["Audit", "Rebalance", "Train", "Probe the base", "Probe the tuned model", "Compare", "Budget"]
    assert [name for name in names if name in order] == order
    keeps = [step["with"]["path"] for step in STEPS if "upload-artifact" in step.get("uses", "")]
    assert keeps == ["reports"]
    compare = next(step["run"] for step in STEPS if step.get("name") == "Compare")
    assert "--show-text" not in TEXT
    assert compare.count("reports/compare.md") == 3


@pytest.mark.parametrize("path", READMES, ids=lambda path: path.parent.name)
def test_the_files_that_a_page_names_are_there(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#]+)", text):
        assert target.startswith("https://") or (path.parent / target).exists(), target
    for name in re.findall(r"(?<![\w/.-])[\w-]+\.(?:py|yml|yaml)\b", text):
        assert (path.parent / name).exists(), name


def test_both_models_of_llama_factory_differ_in_the_adapter_alone() -> None:
    base, tuned = (
        yaml.safe_load((EXAMPLES / "llama-factory" / name).read_text())
        for name in ("base.yaml", "tuned.yaml")
    )
    recipe = yaml.safe_load((EXAMPLES / "llama-factory" / "support.yaml").read_text())
    assert tuned == {**base, "adapter_name_or_path": recipe["output_dir"]}
    assert all(recipe[name] == value for name, value in base.items())


def test_both_trainers_get_the_callback(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("accelerate")
    given: list[Any] = []
    stubs: dict[str, dict[str, Any]] = {
        "axolotl.integrations.base": {"BasePlugin": object},
        "llamafactory.train.tuner": {"run_exp": lambda *, callbacks: given.extend(callbacks)},
    }
    for name, holds in stubs.items():
        parts = name.split(".")
        for end in range(1, len(parts) + 1):
            monkeypatch.setitem(sys.modules, ".".join(parts[:end]), ModuleType(".".join(parts[:end])))
        vars(sys.modules[name]).update(holds)
    monkeypatch.syspath_prepend(str(EXAMPLES / "watch_training"))
    plugin = runpy.run_path(str(EXAMPLES / "axolotl" / "watch_plugin.py"))["Watch"]()
    given += plugin.add_callbacks_post_trainer(SimpleNamespace(output_dir="build/model"), None)
    runpy.run_path(str(EXAMPLES / "llama-factory" / "watched.py"), run_name="__main__")
    assert [str(callback.out) for callback in given] == [str(Path("build/model/probes"))] * 2
    assert all(callback.steps for callback in given)
