"""The options commands share, and how they become a Config."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from mixguard.config import Config, parsed

DEFAULT_FILE = Path("mixguard.toml")

RunFolder = Annotated[
    Path | None, typer.Option("--run", help="Run folder to write.", show_default="mixguard-run")
]
EarlierRun = Annotated[Path, typer.Argument(help="Run folder of an earlier audit.", show_default=False)]
Format = Annotated[
    str | None, typer.Option("--format", help="Record format, in place of the vote.", show_default=False)
]
Against = Annotated[
    list[str] | None,
    typer.Option(
        "--against",
        help="Prompts that must not be repeated, e.g. a test set; any corpus file. May be given again.",
        show_default=False,
    ),
]
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
        help="Write a report here; its name chooses the format: .html, .json, .md (summary), .sarif, .xml (JUnit), croissant.json, README.md (dataset card). May be given again.",
        show_default=False,
    ),
]
FailOn = Annotated[
    str,
    typer.Option(
        "--fail-on",
        help="Exit 1 on this verdict or a graver one: fail, warn or never; or only where it fails for these kinds, e.g. harm,attack (also gap, quality, reading).",
    ),
]


Offline = Annotated[
    bool, typer.Option("--offline", help="Refuse to reach the network, for a hub model or data set as well.")
]
Allow = Annotated[
    str | None,
    typer.Option(
        "--allow",
        metavar="PATH",
        help="Allow file: findings and samples that are accepted, each with reason, author and end.",
        show_default=False,
    ),
]
Baseline = Annotated[
    str | None,
    typer.Option(
        "--baseline",
        metavar="PATH",
        help="Run folder of an earlier audit: only what is new since then fails.",
        show_default=False,
    ),
]
ShowText = Annotated[
    bool,
    typer.Option(
        "--show-text",
        help="Put prompts and responses of the rows listed into .html, read again from their files.",
    ),
]


def load_config(file: Path | None, set_: list[str] | None, **flags: object) -> Config:
    """The effective configuration; `flags` are options as `section__name`, None where they were not given."""
    found = file or (DEFAULT_FILE if DEFAULT_FILE.is_file() else None)
    return Config.load(found, given(set_, **flags))


def given(set_: list[str] | None, **flags: object) -> dict[str, Any]:
    """Flags and `--set` by dotted name, the latter last so that they win."""
    values = {name.replace("__", "."): value for name, value in flags.items() if value is not None}
    return {**values, **parsed(set_ or ())}
