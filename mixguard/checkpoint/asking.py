"""Asks the probes of a suite and keeps each answer as it comes; the same call on the same file goes on where it stopped."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

from mixguard.checkpoint.answers import Answers, Header, Line, read_stored, table
from mixguard.checkpoint.opening import opening
from mixguard.checkpoint.source import Source, Wanted, all_wanted
from mixguard.checkpoint.storing import Appending, check, claimed, write
from mixguard.errors import UsageError
from mixguard.escape import one_line, shorten
from mixguard.progress import Progress, silent
from mixguard.served.chat import ANSWER_MOST, Answer

IN_A_ROW, AT_FIRST = 16, 3
"""Requests in a row without an answer after which asking stops; at first, when none got one yet."""
OWN_FAULTS = ("status 400", "status 413", "status 422", "no answer in ")
"""Problems of a prompt rather than of the server: a filter, a length, no line in a file."""


class Spent(NamedTuple):
    """What this run asked for."""

    requests: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    """As the server counts them; 0 where it does not say."""

    def with_answer(self, answer: Answer) -> Spent:
        """One request more."""
        return Spent(
            self.requests + 1,
            self.prompt_tokens + answer.prompt_tokens,
            self.completion_tokens + answer.completion_tokens,
        )


class Asked(NamedTuple):
    """A probe file and what this run did to it."""

    answers: Answers
    spent: Spent
    stopped: str = ""
    """Why it stopped before everything was asked; empty if it did not."""


def ask(
    header: Header, source: Source, file: Path, progress: Progress = silent, *, anew: bool = False
) -> Asked:
    """Ask what the file does not have yet, and put its lines in order.

    Args:
        header: what to ask; of a file that is there already its own is kept, with the time at which it was begun.
        source: gives the answers.
        file: probe file to write or to go on with.
        progress: called with the number of answers.
        anew: replace what is there.

    Raises:
        UsageError: the file is of another run, or in use; or nothing can be asked. Answers that came before are kept.
    """
    with claimed(file):
        header, lines = _kept(header, file, anew=anew)
        if source.is_kept:
            lines = {}
        left = [each for each in all_wanted(header) if _is_left(each, lines)]
        write(file, header, lines)
        spent, stopped = Spent(), ""
        if left:
            spent, stopped = _asked(source, header, left, _Desk(file, lines, progress))
            write(file, header, lines)
    return Asked(Answers(header, table(header, lines), file), spent, stopped)


class Left(NamedTuple):
    """What a run has to ask."""

    wanted: list[Wanted]
    known: int
    """Answers that the file has already."""


def left(header: Header, file: Path | None, *, anew: bool = False) -> Left:
    """The samples that have no answer yet; nothing is written.

    Raises:
        UsageError: the file is of another run.
    """
    lines = _kept(header, file, anew=anew)[1] if file is not None else {}
    wanted = [each for each in all_wanted(header) if _is_left(each, lines)]
    return Left(wanted, header.wanted - len(wanted))


class _Desk(NamedTuple):
    """Where answers go."""

    file: Path
    lines: dict[tuple[str, int], Line]
    progress: Progress


class _Outcome(NamedTuple):
    spent: Spent
    stopped: str


def _asked(source: Source, header: Header, left: list[Wanted], desk: _Desk) -> _Outcome:
    """Append every answer as it comes, until all are there or the server is gone."""
    spent, failing, known = Spent(), 0, header.wanted - len(left)
    desk.progress("asking", known, header.wanted, "answers")
    with Appending(desk.file) as keep, closing(source(left, header.decoding)) as coming:
        for each, answer in coming:
            line = to_stored(each, answer)
            keep.add(line)
            desk.lines[each.probe.id, each.sample] = line
            spent = spent.with_answer(answer)
            desk.progress("asking", known + spent.requests, header.wanted, "answers")
            failing = failing + 1 if _is_gone(answer) else 0
            if failing >= (AT_FIRST if failing == spent.requests else IN_A_ROW):
                return _Outcome(spent, f"{failing} requests in a row got no answer ({answer.problem})")
    return _Outcome(spent, "")


def to_stored(each: Wanted, answer: Answer) -> Line:
    """An answer as a line of the file: bounded, and valid as UTF-8."""
    text = answer.text
    return Line(
        probe=each.probe.id,
        sample=each.sample,
        text=None if text is None else text[:ANSWER_MOST].encode("utf-8", "replace").decode(),
        problem=None if text is not None else shorten(answer.problem or "no answer", 300),
        cut=answer.cut or len(text or "") > ANSWER_MOST,
        opening=opening(answer.first),
    )


def _is_gone(answer: Answer) -> bool:
    return answer.text is None and not answer.problem.startswith(OWN_FAULTS)


def _is_left(each: Wanted, lines: Mapping[tuple[str, int], Line]) -> bool:
    line = lines.get((each.probe.id, each.sample))
    return line is None or line.text is None


class _Kept(NamedTuple):
    header: Header
    lines: dict[tuple[str, int], Line]


def _kept(header: Header, file: Path, *, anew: bool) -> _Kept:
    """What an earlier run of the same kind left in a file.

    Raises:
        UsageError: it is of another run.
    """
    check(file)
    if not file.exists() or not file.stat().st_size:
        return _Kept(header, {})
    try:
        stored = read_stored(file)
    except UsageError as error:
        raise UsageError(f"{error}; choose another -o, or delete it") from None
    answered = any(line.text is not None for line in stored.lines.values())
    found = list(_differences(stored.header, header))
    if found and answered and not anew:
        raise UsageError(
            f"{file}: holds the answers of another run ({'; '.join(found)}); choose another -o, or give --anew to replace them"
        )
    return _Kept(header, {}) if found or anew else _Kept(stored.header, stored.lines)


def _differences(there: Header, wanted: Header) -> Iterator[str]:
    """What differs between the run that a file is of and the one that is wanted."""
    pairs: dict[str, tuple[Any, Any]] = {"suite": (there.suite, wanted.suite)}
    pairs["digest of the suite"] = (there.suite_digest, wanted.suite_digest)
    for name in ("kind", "model", "server", "template"):
        pairs[name] = getattr(there.target, name), getattr(wanted.target, name)
    for name in ("samples", "temperature", "max_tokens", "seed"):
        pairs[name] = getattr(there.decoding, name), getattr(wanted.decoding, name)
    for name, (old, new) in pairs.items():
        if old != new:
            yield f"{name} there {_said(old)}, now {_said(new)}"
    if there.decoding.system != wanted.decoding.system:
        yield "the system prompt"
    if there.asked != wanted.asked:
        yield f"other probes, {len(there.probes):,} there, now {len(wanted.probes):,}"


def _said(value: object) -> str:
    return "none" if value is None else one_line(str(value))[:80]
