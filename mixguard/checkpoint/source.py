"""What answers a suite's probes: a served model, a function, a file of answers, a script."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import NamedTuple, Protocol, TypeAlias

from mixguard.checkpoint.answers import Decoding, Header, Target
from mixguard.library.suite import Probe
from mixguard.served.chat import Answer, Messages, conversation


class Wanted(NamedTuple):
    """One sample of a probe."""

    probe: Probe
    sample: int


Coming: TypeAlias = Generator[tuple[Wanted, Answer], None, None]


class Source(Protocol):
    """Answers probes."""

    @property
    def target(self) -> Target:
        """What is asked."""
        ...

    @property
    def is_kept(self) -> bool:
        """Whether its answers are elsewhere too, so that none need be kept from an earlier run."""
        ...

    def __call__(self, wanted: Sequence[Wanted], decoding: Decoding) -> Coming:
        """The answers, in whichever order they come.

        Raises:
            UsageError: nothing can be asked; what was yielded before stands.
        """
        ...


def all_wanted(header: Header) -> list[Wanted]:
    """Every sample of every probe: the first sample of all, then the second."""
    return [Wanted(probe, sample) for sample in range(header.decoding.samples) for probe in header.probes]


def messages(probe: Probe, system: str | None) -> Messages:
    """A probe as the messages of a request.

    Args:
        probe: the probe.
        system: system prompt, if the probe has none of its own.
    """
    told = {"system": probe.system or system, "history": probe.history, "prompt": probe.prompt}
    return conversation(told)
