"""`mixguard merge`: shards in, what `mixguard audit` gives of the whole corpus out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mixguard.cli.auditing import show
from mixguard.cli.options import (
    Allow,
    Aside,
    Baseline,
    ConfigFile,
    FailOn,
    Judge,
    JudgeKeyEnv,
    Output,
    RunFolder,
    Set,
    ShowText,
    given,
)
from mixguard.cli.streams import aside as tell
from mixguard.console.bar import progress_bar


def merge(
    shards: Annotated[
        list[Path],
        typer.Argument(
            help="Run folders of all shards, in any order, as `mixguard audit --shard` wrote them.",
            show_default=False,
        ),
    ],
    *,
    run: RunFolder = None,
    output: Output = None,
    judge: Judge = None,
    key_env: JudgeKeyEnv = None,
    config: ConfigFile = None,
    set_: Set = None,
    allow: Allow = None,
    aside: Aside = None,
    baseline: Baseline = None,
    fail_on: FailOn = "fail",
    show_text: ShowText = False,
) -> None:
    """Join all shards of a run: the findings, reports and exit code that one audit of the whole corpus gives.

    Options that are not given here are those of the shards, which stay as they are. Nothing is judged again, and the corpus
    is not needed, except for --judge and where the screen missed too much.

    Example: mixguard merge shards/* --run mixguard-run -o report.html
    """
    from mixguard import merge as run_merge
    from mixguard._merge import recorded
    from mixguard.config import Config
    from mixguard.report.files import check_name
    from mixguard.run.gate import check_fail_on

    for path in output or []:
        check_name(path)
    check_fail_on(fail_on)
    values = given(
        set_,
        run__folder=run,
        judge__endpoint=judge,
        judge__key_env=key_env,
        checks__allow=allow,
        checks__aside=aside,
        checks__baseline=baseline,
    )
    effective = Config.load(config, values) if config else recorded(*shards).replace(values)
    with progress_bar() as progress:
        result = run_merge(*shards, config=effective, progress=progress, tell=tell)
    show(result, output, fail_on, show_text=show_text)
