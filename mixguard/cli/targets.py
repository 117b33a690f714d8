"""What the command line names as the model to ask."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import typer

if TYPE_CHECKING:
    from mixguard._probe import Choice, Options
    from mixguard.checkpoint.source import Source
    from mixguard.config import Config


class Pace(NamedTuple):
    """How an API is asked."""

    key_env: str
    concurrency: int
    per_minute: float
    timeout: float


class Opened(NamedTuple):
    """What answers, and how it is called at the terminal."""

    source: Source
    shown: str


class Target(NamedTuple):
    """What the command line names as the model."""

    endpoint: str | None
    model: str | None
    answers: str | None
    demo: str | None

    def check(self, output: Path | None, prompts: Path | None) -> None:
        """Refuse a command line that names none, or several.

        Raises:
            UsageError: what to give instead.
        """
        from mixguard.errors import UsageError

        named = sum(each is not None for each in (self.endpoint, self.answers, self.demo, prompts))
        if named != 1:
            raise UsageError(
                "probe: give one of --endpoint URL, --answers FILE, --demo base, --demo tuned or --write-prompts FILE"
            )
        if output is None and prompts is None:
            raise UsageError("probe: no output; name the probe file, e.g. -o tuned.probe")
        if self.endpoint is not None and self.model is None:
            raise UsageError("probe: --endpoint needs --model NAME")
        if self.demo not in (None, "base", "tuned"):
            raise UsageError(f"--demo {self.demo}: the simulated models are base and tuned")

    def source(self, choice: Choice, given: Options, pace: Pace, config: Config) -> Opened:
        """The model as something to ask."""
        from mixguard._probe import from_file, served
        from mixguard.checkpoint.scripted import Scripted
        from mixguard.escape import printed
        from mixguard.served.endpoint import Endpoint

        if self.endpoint is not None:
            api = Endpoint(
                self.endpoint,
                self.model or "",
                key=os.environ.get(pace.key_env),
                timeout=pace.timeout,
                per_minute=pace.per_minute,
                concurrency=pace.concurrency,
            )
            return Opened(served(api), api.shown)
        if self.answers is not None:
            source, matched = from_file(self.answers, choice, self.model, config)
            if matched.unmatched:
                unmatched = (
                    f"{matched.unmatched:,} answers of {printed(self.answers)} are to no probe that is asked"
                )
                typer.echo(f"{unmatched}, and were left out", err=True)
            given.setdefault("samples", matched.samples)
            return Opened(source, self.answers)
        scripted = Scripted("tuned" if self.demo == "tuned" else "base")
        return Opened(scripted, "simulated, without a network")
