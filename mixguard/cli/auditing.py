"""`mixguard audit`, `check` and `report`: audit a corpus, re-check it, re-print its report."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mixguard.cli.manner import Json, Manner, Quiet, Verbose
from mixguard.cli.options import (
    Allow,
    Aside,
    Baseline,
    Columns,
    ConfigFile,
    EarlierRun,
    Epochs,
    Evaluation,
    FailOn,
    Format,
    Fresh,
    IgnoreTemplate,
    Judge,
    JudgeKeyEnv,
    LearningRate,
    Offline,
    Output,
    ProviderName,
    References,
    RunFolder,
    Screen,
    Set,
    ShardOf,
    ShowText,
    TrainingFile,
    WarmupSteps,
    given,
    load_config,
)
from mixguard.cli.showing import show
from mixguard.cli.streams import aside as tell

if TYPE_CHECKING:
    from mixguard.config import Config


def audit(
    paths: Annotated[
        list[str],
        typer.Argument(
            help="Files, folders, globs, URLs (s3://, gs://, https://, ...), - for standard input, or hf://owner/name[:split].",
            show_default=False,
        ),
    ],
    *,
    run: RunFolder = None,
    shard: ShardOf = None,
    fresh: Fresh = False,
    output: Output = None,
    format_: Format = None,
    columns: Columns = None,
    device: Annotated[
        str | None, typer.Option("--device", help="auto, cpu or cuda.", show_default="auto")
    ] = None,
    engine: Annotated[
        str | None,
        typer.Option(
            "--engine",
            help="Where exchanges are judged: auto, local, processes, or ray (a local cluster, or the one at RAY_ADDRESS).",
            show_default="auto",
        ),
    ] = None,
    offline: Offline = False,
    references: References = None,
    judge: Judge = None,
    key_env: JudgeKeyEnv = None,
    screen: Screen = None,
    config: ConfigFile = None,
    set_: Set = None,
    allow: Allow = None,
    aside: Aside = None,
    baseline: Baseline = None,
    epochs: Epochs = None,
    learning_rate: LearningRate = None,
    warmup_steps: WarmupSteps = None,
    training_config: TrainingFile = None,
    provider: ProviderName = None,
    evaluation: Evaluation = None,
    ignore_template: IgnoreTemplate = None,
    fail_on: FailOn = "fail",
    show_text: ShowText = False,
    verbose: Verbose = False,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Annotate and check a corpus, print the report, and exit with the verdict's code.

    A run that was killed or interrupted resumes from its last complete part when you run the same command again.

    Examples: mixguard audit data.jsonl -o report.html; mixguard audit data.jsonl --training-config axolotl.yml --provider openai; mixguard audit data/ --shard 1/4 --run shards/1
    """
    from mixguard import audit as run_audit
    from mixguard.report.files import check_name
    from mixguard.run.gate import check_fail_on

    effective = load_config(
        config,
        set_,
        run__folder=run,
        run__shard=shard,
        run__fresh=fresh or None,
        read__format=format_,
        read__columns=columns,
        encode__device=device,
        encode__offline=offline or None,
        run__engine=engine,
        judge__evaluation=tuple(evaluation) if evaluation else None,
        judge__ignore_template=ignore_template,
        judge__references=tuple(references) if references else None,
        judge__endpoint=judge,
        judge__key_env=key_env,
        judge__screen=screen,
        checks__allow=allow,
        checks__aside=aside,
        checks__baseline=baseline,
        **_intended(epochs, learning_rate, warmup_steps, training_config, provider),
    )
    for path in output or []:
        check_name(path, offline=effective.encode.offline)
    check_fail_on(fail_on)
    manner = Manner(quiet, as_json, verbose)
    if effective.run.shard is not None:
        _shard(paths, effective, output, manner)
        return
    with manner.progress() as progress:
        result = run_audit(*paths, config=effective, progress=progress, tell=tell)
    show(result, output, fail_on, manner, show_text=show_text, seconds=result.provenance.seconds)


def check(
    run: EarlierRun,
    *,
    output: Output = None,
    config: ConfigFile = None,
    set_: Set = None,
    allow: Allow = None,
    aside: Aside = None,
    baseline: Baseline = None,
    epochs: Epochs = None,
    learning_rate: LearningRate = None,
    warmup_steps: WarmupSteps = None,
    training_config: TrainingFile = None,
    provider: ProviderName = None,
    fail_on: FailOn = "fail",
    show_text: ShowText = False,
    verbose: Verbose = False,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Re-run the checks with different limits; nothing is embedded.

    Examples: mixguard check mixguard-run --set checks.limits.MG103=1; mixguard check mixguard-run --epochs 3 --warmup-steps 10
    """
    from mixguard import check as run_check
    from mixguard.config import Config
    from mixguard.report.files import check_name
    from mixguard.run.document import Audit

    for path in output or []:
        check_name(path)
    values = given(
        set_,
        checks__allow=allow,
        checks__aside=aside,
        checks__baseline=baseline,
        **_intended(epochs, learning_rate, warmup_steps, training_config, provider),
    )
    effective = Config.load(config, values) if config else Audit.load(run).config.replace(values)
    manner = Manner(quiet, as_json, verbose)
    show(run_check(run, config=effective), output, fail_on, manner, show_text=show_text)


def report(
    run: EarlierRun,
    *,
    output: Output = None,
    fail_on: FailOn = "never",
    show_text: ShowText = False,
    verbose: Verbose = False,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Print an earlier run's report again, or write it to files; nothing is re-judged.

    Example: mixguard report mixguard-run -o report.html -o results.sarif -o junit.xml
    """
    from mixguard.report.files import check_name
    from mixguard.run.document import Audit

    for path in output or []:
        check_name(path)
    show(Audit.load(run), output, fail_on, Manner(quiet, as_json, verbose), show_text=show_text)


def _shard(paths: list[str], config: Config, output: list[Path] | None, manner: Manner) -> None:
    """Annotate a shard, and say what it is and how to go on."""
    from mixguard import shard
    from mixguard.errors import ConfigError
    from mixguard.escape import printed, typed

    if output:
        raise ConfigError(f"-o {output[0]}: one shard has no findings to report; give -o to `mixguard merge`")
    if manner.as_json:
        raise ConfigError("--json: one shard has no document; give it to `mixguard merge`")
    with manner.progress() as progress:
        done = shard(*paths, config=config, progress=progress, tell=tell)
    folder, of = str(done.folder), done.shard.of
    typer.echo(
        f"{printed(folder)}: shard {done.shard} is done: {done.parts:,} of {done.of_parts:,} parts, {done.exchanges:,} exchanges."
    )
    if manner.quiet:
        return
    how = f"{typed('mixguard', 'merge', folder)} ... --run FOLDER -o report.html"
    typer.echo(f"A single shard has no verdict. To merge all {of:,}: {how}")
    if config.judge.endpoint is not None:
        typer.echo("Nothing was sent to the judge: give --judge to `mixguard merge`.")


def _intended(
    epochs: float | None,
    learning_rate: float | None,
    warmup_steps: int | None,
    training_config: str | None,
    provider: str | None,
) -> dict[str, object]:
    """How and by whom the model will be trained, as options."""
    return {
        "training__epochs": epochs,
        "training__learning_rate": learning_rate,
        "training__warmup_steps": warmup_steps,
        "training__file": training_config,
        "checks__provider": provider,
    }
