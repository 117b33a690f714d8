"""Whether two probe files can be compared at all: what differs, and how to repair it."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from mixguard.checkpoint.answers import Answers
from mixguard.errors import UsageError

SERVER = "server"
ALLOWABLE = (SERVER,)
"""What may differ by permission."""
FREE = ("seed",)
"""Fields of the decoding that may differ: other draws from the same model are what a repeat is for."""


def check_alike(base: Answers, tuned: Answers, allowed: Collection[str] = ()) -> tuple[str, ...]:
    """The allowed conditions in which the two differ.

    Raises:
        UsageError: they were not asked the same thing in the same way, or the base is not whole.
    """
    unknown = sorted(set(allowed) - set(ALLOWABLE))
    if unknown:
        raise UsageError(f"{unknown[0]!r} cannot be allowed to differ, only: {', '.join(ALLOWABLE)}")
    check_whole(base)
    differs = [*_asked(base, tuned), *_decoding(base, tuned), *_template(base, tuned)]
    served = list(_server(base, tuned))
    if served and SERVER not in allowed:
        differs += [
            f"{served[0]}; server and precision alone change answers: serve both in the same way, or pass"
            f" --allow-different {SERVER} and read the result with care"
        ]
    if differs:
        raise UsageError(f"{name(base)} and {name(tuned)} cannot be compared: " + "\n".join(differs))
    return (SERVER,) if served else ()


def check_repeat(base: Answers, repeat: Answers) -> None:
    """Refuse a repeat that is not the base asked again in the same way: another model's would hide a loss as noise.

    Raises:
        UsageError: the model or anything else differs, or answers are missing.
    """
    check_alike(base, repeat)
    check_whole(repeat)
    one, other = base.header.target.model, repeat.header.target.model
    if one != other:
        raise UsageError(
            f"{name(repeat)}: is a probe of {other}, and the base is {one}; --repeat takes the base, asked once more"
        )


def check_whole(base: Answers) -> None:
    """Refuse a base that lacks answers.

    Raises:
        UsageError: it does.
    """
    if base.missing:
        raise UsageError(
            f"{name(base)}: lacks {base.missing:,} of {base.header.wanted:,} answers, and a partial run is no baseline;"
            " run the same `mixguard probe` command again to complete it"
        )


def check_baseline(base: Answers) -> None:
    """Refuse what later runs cannot be held against: a base that lacks answers, or probes of its suite.

    Raises:
        UsageError: it does.
    """
    check_whole(base)
    if not base.is_whole:
        raise UsageError(
            f"{name(base)}: --limit left out {base.header.limited:,} probes of its suite, and such a run is no baseline;"
            " ask all of them"
        )


def name(answers: Answers) -> str:
    """How to call a probe file in a message."""
    return str(answers.path) if answers.path else answers.header.target.model


def _asked(base: Answers, tuned: Answers) -> Iterator[str]:
    one, other = base.header, tuned.header
    if one.asked == other.asked:
        return
    if one.suite_digest != other.suite_digest:
        yield (
            f"the suite differs: {_suite(base)} and {_suite(tuned)}; ask both models with the same suite and version of mixguard"
        )
        return
    only = [
        len({probe.id for probe in here.probes} - {probe.id for probe in there.probes})
        for here, there in ((one, other), (other, one))
    ]
    yield (
        f"the probes differ: {only[0]:,} were asked of the first only, {only[1]:,} of the second only;"
        " ask both with the same options, the corpus whose probes are left out included"
    )


def _suite(answers: Answers) -> str:
    header = answers.header
    return f"{header.suite} {header.suite_version} ({header.suite_digest})"


def _decoding(base: Answers, tuned: Answers) -> Iterator[str]:
    one, other = base.header.decoding.model_dump(), tuned.header.decoding.model_dump()
    for field, value in one.items():
        if field not in FREE and value != other[field]:
            told = "" if field == "system" else f": {value} and {other[field]}"
            called = {"system": "system prompt", "samples": "number of samples"}.get(
                field, field.replace("_", " ")
            )
            yield f"the {called} differs{told}; ask the tuned model again as the base was asked"


def _template(base: Answers, tuned: Answers) -> Iterator[str]:
    one, other = base.header.target.template, tuned.header.target.template
    if one != other:
        yield (
            f"the chat template differs: {one or 'unknown'} and {other or 'unknown'}; serve both models with the same template"
        )


def _server(base: Answers, tuned: Answers) -> Iterator[str]:
    one, other = ((each.kind, each.server) for each in (base.header.target, tuned.header.target))
    if one != other:
        told = [f"{server or 'unknown'} ({kind})" for kind, server in (one, other)]
        yield f"the server differs: {told[0]} and {told[1]}"
