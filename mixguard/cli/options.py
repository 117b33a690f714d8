"""The options commands share, and how they become a Config."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mixguard.config import Config
from mixguard.errors import ConfigError

DEFAULT_FILE = Path("mixguard.toml")

ConfigFile = Annotated[
    Path | None,
    typer.Option(
        "--config",
        "-c",
        help="TOML file of options; `mixguard.toml` here is read by itself.",
        show_default=False,
    ),
]
Set = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        help="One option as section.name=value; may be given again. `mixguard config` lists them.",
        show_default=False,
    ),
]
Output = Annotated[
    list[Path] | None,
    typer.Option(
        "--output",
        "-o",
        help="Write a report here; its suffix chooses the format: .json, .sarif, .xml (JUnit), .md (summary). May be given again.",
        show_default=False,
    ),
]
FailOn = Annotated[
    str, typer.Option("--fail-on", help="Exit 1 on this verdict or a graver one: fail, warn or never.")
]


def load_config(file: Path | None, overrides: list[str] | None, **flags: object) -> Config:
    """The effective configuration; `flags` are dotted options whose None means not given."""
    given = [f"{name.replace('__', '.')}={value}" for name, value in flags.items() if value is not None]
    found = file or (DEFAULT_FILE if DEFAULT_FILE.is_file() else None)
    return Config.load(found, [*given, *(overrides or [])])


def exit_code(verdict: str, code: int, fail_on: str) -> int:
    """The exit code of a verdict under `--fail-on`."""
    if fail_on not in ("fail", "warn", "never"):
        raise ConfigError(f"--fail-on {fail_on}: use fail, warn or never")
    if fail_on == "never":
        return 0
    return 1 if verdict == "warn" and fail_on == "warn" else code
