"""Signals of other packages: entry points of the group `mixguard.signals`, each naming a `Signal`."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from importlib.metadata import EntryPoint, entry_points

from mixguard.errors import ConfigError
from mixguard.signals.base import Signal

GROUP = "mixguard.signals"
RESERVED = "MG"
"""Begins the ids of this project's own checks."""


def installed(own: Iterable[Signal]) -> tuple[Signal, ...]:
    """The signals that installed packages add, by name of their entry point.

    Raises:
        ConfigError: one cannot be loaded, or its id or a column of it is taken.
    """
    return tuple(_loaded(sorted(entry_points(group=GROUP), key=lambda each: each.name), own))


def _loaded(points: Iterable[EntryPoint], own: Iterable[Signal]) -> Iterator[Signal]:
    known = list(own)
    for point in points:
        where = f"signal {point.name} ({point.value})"
        try:
            signal = point.load()
        except Exception as problem:  # whatever a package does when it is imported
            raise ConfigError(
                f"{where}: cannot be loaded: {problem}; update or remove the package"
            ) from problem
        wrong = fault(signal, known)
        if wrong:
            raise ConfigError(f"{where}: {wrong}")
        known.append(signal)
        yield signal


def fault(signal: object, known: Collection[Signal]) -> str | None:
    """Why an object cannot join these signals; None if it can."""
    if not isinstance(signal, Signal):
        return f"is not a mixguard.signals.base.Signal but {type(signal).__name__}"
    check = signal.check
    if check.id.startswith(RESERVED):
        return f"ids that begin with {RESERVED} are this project's; {check.id} needs another"
    if any(check.id == other.check.id or check.name == other.check.name for other in known):
        return f"there is a check {check.id} or {check.name} already"
    taken = {column for other in known if other.annotator for column in other.annotator.writes}
    both = taken.intersection(signal.annotator.writes) if signal.annotator else set()
    return f"column {min(both)} is written by another signal" if both else None
