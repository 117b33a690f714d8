"""Write the pages that are made from the code: `python docs/generate.py`; with `--check`, say which are out of date.

`docs/checks.md` (checks and trainer rules), `docs/config.md` (options), `docs/cli.md` (commands), `docs/audit.schema.json`.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import NoneType
from typing import Any

import typer.main

from mixguard.checks.catalogue import CHECKS
from mixguard.cli.app import app
from mixguard.config import options
from mixguard.corpus.formats.lint import TRAINER_RULES
from mixguard.run.document import Audit

HERE = Path(__file__).resolve().parent
NOTE = "<!-- made by docs/generate.py; edit the code it comes from -->"


def pages() -> dict[str, str]:
    """Name to content of every page."""
    made = {"checks.md": _checks(), "config.md": _options(), "cli.md": _commands()}
    return {name: "\n".join([NOTE, "", *lines]) + "\n" for name, lines in made.items()} | {
        "audit.schema.json": json.dumps(schema(), indent=1) + "\n"
    }


def schema() -> dict[str, Any]:
    """JSON Schema (2020-12) of `audit.json`."""
    made = Audit.model_json_schema(mode="serialization")
    for model in (made, *made["$defs"].values()):  # a document has every field, those with a default too
        if "properties" in model:
            model["required"] = list(model["properties"])
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": "urn:mixguard:audit:1", **made}


def _checks() -> Iterator[str]:
    yield "# Checks"
    yield ""
    yield "Every check has an id that never changes its meaning. A check that finds nothing to say has passed; `note` informs and"
    yield "never changes the verdict. Limits are options: `mixguard check RUN --set checks.answered_fail=5` finds again in seconds."
    yield ""
    yield "| id | name | finds | limit |"
    yield "|---|---|---|---|"
    for check in CHECKS:
        limit = f"`{check.option}`" if check.option else ""
        yield f"| [{check.id}](#{check.id.lower()}-{check.name}) | {check.name} | {', '.join(check.severities)} | {limit} |"
    for check in CHECKS:
        yield from ("", f"## {check.id} {check.name}", "", f"{check.why}", "", f"- **Do**: {check.remedy}")
        yield f"- **Source**: {check.source}"
        if check.option:
            yield f"- **Limit**: `{check.option}`, by default {_default(check.option)}"
    yield from (
        "",
        "## Trainer rules",
        "",
        "What MG304 looks for: samples that a trainer is known to drop or change.",
        "",
    )
    yield "| rule | trainer | finds | what the trainer does | do | source |"
    yield "|---|---|---|---|---|---|"
    for rule in TRAINER_RULES:
        yield f"| {rule.id} | {rule.trainer} | {rule.severity} | {rule.why} | {rule.remedy} | {rule.source} |"


def _default(option: str) -> str:
    return next(_value(default) for name, _, default, _ in options() if name == option)


def _value(default: object) -> str:
    if default is None:
        return "none"
    return ", ".join(map(str, default)) if isinstance(default, tuple) else f"{default}"


def _options() -> Iterator[str]:
    yield "# Options"
    yield ""
    yield "In a file `mixguard.toml` beside your data (or named with `--config`), or one by one as `--set section.name=value`."
    yield "The command line wins over the file, the file over the defaults. `mixguard config` prints all with their values."
    section = ""
    for name, kind, default, told in options():
        own = name.partition(".")[0]
        if own != section:
            section = own
            yield from ("", f"## [{section}]", "", "| option | type | default | |", "|---|---|---|---|")
        shown = kind.replace("|", "\\|").replace(NoneType.__name__, "None")
        yield f"| `{name}` | {shown} | {_value(default)} | {told} |"


def _commands() -> Iterator[str]:
    yield "# Commands"
    yield ""
    yield "Exit codes: 0 pass, 1 the gate failed, 2 usage or configuration, 3 internal error, 4 incomplete."
    yield from _command(typer.main.get_command(app), "mixguard")


def _command(command: Any, name: str) -> Iterator[str]:
    children = getattr(command, "commands", {})
    if not children:
        yield from ("", f"## `{name}`", "", *_told(command.help or ""), "")
        yield from ("| | | default |", "|---|---|---|")
        for parameter in command.params:
            if parameter.name != "help":
                yield _parameter(parameter)
    for child in children.values():
        yield from _command(child, f"{name} {child.name}")


def _told(text: str) -> Iterator[str]:
    for paragraph in text.split("\n\n"):
        line = " ".join(paragraph.split())
        head, colon, commands = line.partition(": mixguard ")
        if colon and head in ("Example", "Examples"):
            yield from ("```sh", *(command.strip() for command in f"mixguard {commands}".split(";")), "```")
        else:
            yield from (line, "")


def _parameter(parameter: Any) -> str:
    spelt = (
        f"`{parameter.name.upper()}`"
        if parameter.param_type_name == "argument"
        else " ".join(f"`{name}`" for name in parameter.opts)
    )
    help_ = re.sub(r"\s+", " ", getattr(parameter, "help", "") or "").replace("|", "\\|")
    shown = parameter.show_default if isinstance(getattr(parameter, "show_default", None), str) else ""
    if (
        not shown
        and isinstance(parameter.default, str | int | float)
        and not isinstance(parameter.default, bool)
    ):
        shown = str(parameter.default)
    return f"| {spelt} | {help_} | {shown} |"


def main() -> int:
    """Write the pages, or with `--check` name those that are out of date."""
    stale = [
        name
        for name, content in pages().items()
        if not (HERE / name).is_file() or (HERE / name).read_text(encoding="utf-8") != content
    ]
    if "--check" in sys.argv[1:]:
        sys.stderr.writelines(f"docs/{name} is out of date: python docs/generate.py\n" for name in stale)
        return 1 if stale else 0
    for name, content in pages().items():
        (HERE / name).write_text(content, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
