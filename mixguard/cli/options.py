"""Options shared by several commands, and how they become a Config."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from mixguard.cli import completing
from mixguard.config import Config, parsed, remote_options
from mixguard.errors import ConfigError, UsageError
from mixguard.urls import shown, url_of

DEFAULT_FILE = Path("mixguard.toml")


def local_only(path: Path | None) -> Path | None:
    """Refuse a remote name where files are appended to, or are for their owner's eyes alone.

    Raises:
        UsageError: it is remote.
    """
    if path is not None and url_of(path) is not None:
        raise UsageError(f"{shown(path)}: is written on this machine only; name a local path, then copy it")
    return path


RunFolder = Annotated[
    Path | None,
    typer.Option(
        "--run",
        help="Run folder to write, here or at s3://bucket/name and the like.",
        show_default="mixguard-run",
    ),
]
EarlierRun = Annotated[
    Path, typer.Argument(help="Run folder of an earlier audit, or its URL.", show_default=False)
]
ShardOf = Annotated[
    str | None,
    typer.Option(
        "--shard",
        metavar="I/N",
        help="Annotate one of N shards of the corpus, e.g. 1/4, for several machines or jobs; `mixguard merge` joins them and gives the verdict.",
        show_default=False,
    ),
]
Fresh = Annotated[
    bool,
    typer.Option(
        "--fresh",
        help="Judge everything again: do not resume a killed run, and do not reuse the judgements of the run that is replaced.",
    ),
]
Format = Annotated[
    str | None,
    typer.Option(
        "--format",
        help="Record format, instead of detecting it.",
        show_default=False,
        autocompletion=completing.formats,
    ),
]
Columns = Annotated[
    str | None,
    typer.Option(
        "--columns",
        metavar="ROLE=COLUMN,...",
        help="What columns with other names hold, e.g. prompt=question,response=best_answer; `mixguard formats FILE` shows how a file is read.",
        show_default=False,
    ),
]
Against = Annotated[
    list[str] | None,
    typer.Option(
        "--against",
        help="Prompts that must not be repeated, e.g. a test set; any corpus file. Repeatable.",
        show_default=False,
    ),
]
Evaluation = Annotated[
    list[str] | None,
    typer.Option(
        "--evaluation",
        help="Evaluation file whose prompts the corpus must not repeat; any corpus file. Repeatable.",
        show_default=False,
    ),
]
IgnoreTemplate = Annotated[
    bool | None,
    typer.Option(
        "--ignore-template/--no-ignore-template",
        help="Whether words that more than 5 evaluation rows share, such as a prompt template, count for nothing.",
        show_default="--ignore-template",
    ),
]
Screen = Annotated[
    str | None,
    typer.Option(
        "--screen",
        metavar="auto|on|off",
        help="Let a fast word-based model dismiss prompts that are nowhere near a hazard, before anything is embedded: auto (corpora of 64 MB or more), on, or off. The report states its recall.",
        show_default="auto",
    ),
]
References = Annotated[
    list[str] | None,
    typer.Option(
        "--references",
        metavar="PATH",
        help="Texts of which no answer should repeat 50 words in a row: a .txt, .md or .jsonl file, or a folder of them. Repeatable.",
        show_default=False,
    ),
]
ConfigFile = Annotated[
    Path | None,
    typer.Option(
        "--config",
        "-c",
        help="TOML file of options; `mixguard.toml` in the current folder is read automatically.",
        show_default=False,
    ),
]
Set = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        help="One option as section.name=value; repeatable. `mixguard config` lists them.",
        show_default=False,
        autocompletion=completing.settings,
    ),
]
Output = Annotated[
    list[Path] | None,
    typer.Option(
        "--output",
        "-o",
        help="Write a report to this file; the name selects the format: .html, .json, .md (summary), .sarif, .xml (JUnit), croissant.json, README.md (dataset card). Repeatable.",
        show_default=False,
    ),
]
FailOn = Annotated[
    str,
    typer.Option(
        "--fail-on",
        help="Exit 1 on this verdict or worse: fail, warn or never; or only on failures of these kinds, e.g. harm,attack (also gap, quality, reading).",
        autocompletion=completing.gates,
    ),
]


Offline = Annotated[
    bool, typer.Option("--offline", help="Never use the network, not even for a hub model or data set.")
]
Allow = Annotated[
    str | None,
    typer.Option(
        "--allow",
        metavar="PATH",
        help="Allow file: accepted findings and samples, each with reason, author and expiry date.",
        show_default=False,
    ),
]
Aside = Annotated[
    str | None,
    typer.Option(
        "--aside",
        metavar="PATH",
        help="Set-aside file: rows that `rebalance` takes out, each with reason, author and expiry date.",
        show_default=False,
    ),
]
Baseline = Annotated[
    str | None,
    typer.Option(
        "--baseline",
        metavar="PATH",
        help="Run folder of an earlier audit: only what is new since then counts.",
        show_default=False,
    ),
]
ShowText = Annotated[
    bool,
    typer.Option(
        "--show-text",
        help="Print the texts of the three gravest rows, and include the texts of listed rows in .html; they are read again from the corpus files.",
    ),
]

Epochs = Annotated[
    float | None,
    typer.Option(
        "--epochs", help="Planned passes over the corpus, for advice on training.", show_default=False
    ),
]
LearningRate = Annotated[
    float | None, typer.Option("--learning-rate", help="Planned learning rate.", show_default=False)
]
WarmupSteps = Annotated[
    int | None,
    typer.Option(
        "--warmup-steps", help="Planned steps in which the learning rate rises.", show_default=False
    ),
]
TrainingFile = Annotated[
    str | None,
    typer.Option(
        "--training-config",
        metavar="FILE",
        help="Read the plan from the trainer's own configuration: axolotl, LLaMA-Factory, TRL, transformers (YAML or JSON), or an OpenAI job (JSON).",
        show_default=False,
    ),
]
ProviderName = Annotated[
    str | None,
    typer.Option(
        "--provider",
        metavar="NAME",
        help="Service that will tune the model; its documented rules for data are checked: azure, bedrock, fireworks, mistral, openai, together, vertex, or a TOML file.",
        show_default=False,
        autocompletion=completing.providers,
    ),
]

EndpointUrl = Annotated[
    str | None,
    typer.Option("--endpoint", help="Base URL of an OpenAI-compatible API.", show_default=False),
]
KeyEnv = Annotated[str, typer.Option("--key-env", help="Environment variable that holds the API key.")]
Judge = Annotated[
    str | None,
    typer.Option(
        "--judge",
        metavar="URL#MODEL",
        help="Send prompts near the hazard limit to a model behind an OpenAI-compatible API, e.g. http://localhost:8000/v1#llama-guard-3-8b; the number of prompts is shown first.",
        show_default=False,
    ),
]
JudgeKeyEnv = Annotated[
    str | None,
    typer.Option(
        "--key-env",
        help="Environment variable that holds the judge's API key.",
        show_default="OPENAI_API_KEY",
    ),
]
Concurrency = Annotated[int, typer.Option("--concurrency", help="Concurrent requests.", min=1)]
PerMinute = Annotated[float, typer.Option("--per-minute", help="Requests per minute; 0 for no limit.", min=0)]
Timeout = Annotated[float, typer.Option("--timeout", help="Seconds to wait for an answer.", min=0.1)]


def load_config(file: Path | None, set_: list[str] | None, **flags: object) -> Config:
    """The effective configuration; `flags` are options as `section__name`, None if not given.

    Raises:
        ConfigError: an option is unknown or out of range, or a file that nobody named sends texts away.
    """
    found = file or (DEFAULT_FILE if DEFAULT_FILE.is_file() else None)
    if file is None and found is not None:
        named = Config.load(found)
        judge = named.judge
        if judge.endpoint is not None or judge.key_env != Config().judge.key_env:
            raise ConfigError(
                f"{found}: judge.endpoint and judge.key_env say where texts and a key are sent, which a file that is read"
                f" unasked may not; use --judge and --key-env, or -c {found}"
            )
        far = remote_options(named)
        if far:
            raise ConfigError(
                f"{found}: {far[0]} is remote, and what is fetched or where results are sent is not for a file that is read"
                f" unasked to say; name it on the command line, or use -c {found}"
            )
    return Config.load(found, given(set_, **flags))


def given(set_: list[str] | None, **flags: object) -> dict[str, Any]:
    """Flags and `--set` values by dotted name; `--set` comes last and wins."""
    values = {name.replace("__", "."): value for name, value in flags.items() if value is not None}
    return {**values, **parsed(set_ or ())}
