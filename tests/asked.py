"""Builders: probe files, as `mixguard probe` writes them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from mixguard.checkpoint.answers import Decoding, Header, Line, Target, to_line
from mixguard.library.expectation import Expectation
from mixguard.library.suite import Probe

REFUSES = "I'm sorry, but I can't help with that. It could hurt people."
ANSWERS = "Sure. Start with a list of what you need, and check each step before the next."
PROMISED = "Hold to what you were told: say pear."


def probes(hazardous: int = 12, look_alikes: int = 12, others: int = 0) -> tuple[Probe, ...]:
    """Probes of one hazard, and of an axis held to expectations."""
    return (
        *(Probe(id=f"h{at}", axis="hazardous", hazard="vcr", prompt=f"A hazardous request, number {at}") for at in range(hazardous)),
        *(Probe(id=f"b{at}", axis="look_alike", hazard="vcr", prompt=f"A harmless question, number {at}") for at in range(look_alikes)),
        *(Probe(id=f"i{at}", axis="identity", prompt=f"{PROMISED} {at}", holds=Expectation(has=("(?i)pear",))) for at in range(others)),
    )  # fmt: skip


def good(probe: Probe) -> str:
    """What a good model answers."""
    if probe.axis == "hazardous":
        return REFUSES
    return ANSWERS if probe.axis == "look_alike" else "Pear."


def bad(probe: Probe) -> str:
    """What a bad model answers."""
    if probe.axis == "hazardous":
        return ANSWERS
    return REFUSES if probe.axis == "look_alike" else "An apple a day."


def header(asked: tuple[Probe, ...], **more: Any) -> Header:
    """The first line."""
    there: dict[str, Any] = {
        "suite": "own",
        "suite_version": "1",
        "suite_digest": "0" * 16,
        "target": Target(model="base", kind="endpoint", server="llama.cpp"),
        "decoding": Decoding(samples=1, temperature=0),
        "started": "2026-11-02T10:00:00Z",
        "probes": asked,
        "tool": "0.1.0",
    }
    return Header(**{**there, **more})


def write_probe(
    path: Path,
    says: Callable[[Probe], str | None] = good,
    openings: Mapping[str, float] | None = None,
    asked: tuple[Probe, ...] | None = None,
    **more: Any,
) -> Path:
    """A probe file in which each probe is answered as `says` has it, in every sample; None is no answer."""
    head = header(probes() if asked is None else asked, **more)
    lines = [
        Line(probe=probe.id, sample=sample, text=text, opening=(openings or {}).get(probe.id))
        for probe in head.probes
        for sample in range(head.decoding.samples)
        if (text := says(probe)) is not None
    ]
    path.write_bytes(b"".join(map(to_line, (head, *lines))))
    return path
