"""The gate: the exit code of a run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import get_args

from mixguard.errors import ConfigError, meant
from mixguard.run.document import Audit
from mixguard.run.findings import EXIT_CODES, Kind

LEVELS = ("fail", "warn", "never")


def check_fail_on(fail_on: str) -> None:
    """Refuse an invalid gate before any work is done.

    Raises:
        ConfigError: it is neither a level nor a list of finding kinds.
    """
    _kinds(fail_on)


def exit_code(audit: Audit, fail_on: str = "fail") -> int:
    """0 if the gate passes, 1 if it fails, 4 if too much could not be read or judged.

    Args:
        audit: the run.
        fail_on: `fail`, `warn` (warnings fail too), `never`, or finding kinds, e.g. `harm,attack`: only
            failing findings of these kinds count.

    Raises:
        ConfigError: `fail_on` is none of these.
    """
    kinds, fail_on = _kinds(fail_on), fail_on.strip()
    if fail_on == "never":
        return 0
    if audit.verdict == "incomplete" or not kinds:
        return 1 if audit.verdict == fail_on == "warn" else EXIT_CODES[audit.verdict]
    return int(audit.verdict == "fail" and any(kind in kinds for kind in audit.kinds))


def _kinds(fail_on: str) -> Sequence[str]:
    if fail_on.strip() in LEVELS:
        return ()
    kinds = [kind.strip() for kind in fail_on.split(",")]
    strange = [kind for kind in kinds if kind not in get_args(Kind)]
    if strange:
        known = f"{', '.join(LEVELS)}, or finding kinds: {', '.join(get_args(Kind))}"
        near = meant(strange[0], (*LEVELS, *get_args(Kind)))
        raise ConfigError(
            f"--fail-on {fail_on}: {strange[0]!r} is neither a level nor a kind{near}; use {known}"
        )
    return kinds
