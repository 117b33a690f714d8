"""The machine-readable line of a block of ours: what it was made from, and whether it was edited since."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import NamedTuple

from mixguard.report.card.front_matter import split
from mixguard.report.card.gaps import CARD, Gap
from mixguard.report.card.outline import AUDIT, Marks, find_block, line_starts, unified
from mixguard.run.document import Audit

_LINE = re.compile(r"^<!-- mixguard:made (.*) -->\n", re.MULTILINE)


class Source(NamedTuple):
    """What a block is made from."""

    data: str
    """SHA-256 over those of the files, regardless of their order and names."""
    report: str
    """SHA-256 of the canonical document."""
    verdict: str
    """A word."""


class Stamp(NamedTuple):
    """What a block was made from."""

    data: str
    """SHA-256 over those of the files, regardless of their order and names."""
    report: str
    """SHA-256 of the canonical document."""
    verdict: str
    text: str
    """Fingerprint of the block's text."""
    keys: dict[str, str]
    """YAML keys whose values are ours, with fingerprints of the values."""

    @classmethod
    def read(cls, block: str) -> Stamp | None:
        """The stamp in a block; None if it has none that this version can read."""
        found = _LINE.search(unified(block))
        said = dict(part.partition("=")[::2] for part in found[1].split(" ")) if found else {}
        if not {"data", "report", "verdict", "text", "keys"} <= said.keys():
            return None
        keys = dict(part.partition(":")[::2] for part in said["keys"].split(",") if part)
        return cls(said["data"], said["report"], said["verdict"], said["text"], keys)

    def line(self) -> str:
        """The stamp as written in a block."""
        keys = ",".join(f"{key}:{mark}" for key, mark in self.keys.items())
        return (
            f"<!-- mixguard:made data={self.data} report={self.report} verdict={self.verdict} text={self.text}"
            f" keys={keys} -->"
        )


def data_digest(audit: Audit) -> str:
    """SHA-256 over the SHA-256 of each file."""
    return hashlib.sha256("\n".join(sorted(audit.corpus.sources.values())).encode()).hexdigest()


def report_digest(audit: Audit) -> str:
    """SHA-256 of the audit's canonical document, as written by `-o audit.json`."""
    return hashlib.sha256(audit.to_json()).hexdigest()


def of_audit(audit: Audit) -> Source:
    """What the block of an audit is made from."""
    return Source(data_digest(audit), report_digest(audit), audit.verdict)


def enclosed(source: Source, text: str, keys: dict[str, str], marks: Marks = AUDIT) -> str:
    """A block: stamp and text, between the markers."""
    stamp = Stamp(*source, _fingerprint(text), keys)
    return f"{marks.begin}\n{stamp.line()}\n\n{text}\n{marks.end}"


def outdated(card_text: str, audit: Audit, *, path: Path = CARD) -> tuple[Gap, ...]:
    """Why our block does not show this audit; empty if it does.

    Args:
        card_text: the whole card.
        audit: of the data as it is now.
        path: of the card, for messages.

    Raises:
        UsageError: its YAML or our block's markers are broken.
    """
    return stale(card_text, of_audit(audit), Spoken("audit", "data", "run on the same data"), AUDIT, path)


class Spoken(NamedTuple):
    """What a block is called in messages."""

    what: str
    of: str
    """What it was made from."""
    again: str
    """What says otherwise now."""


def stale(card_text: str, source: Source, spoken: Spoken, marks: Marks, path: Path) -> tuple[Gap, ...]:
    """Why a block of ours does not show what it would be made from now; empty if it does."""
    front, body = split(card_text.removeprefix("\ufeff"), path)
    offset = len(line_starts(front.text)) - 1
    block = find_block(body, path, offset, marks)
    if block is None:
        return (_gap(f"this card has no {spoken.what}", str(path)),)
    where = f"{path}:{block.first + 1 + offset}"
    shown = unified(body[block.start : block.end])
    stamp = Stamp.read(shown)
    if stamp is None or stamp.text != _fingerprint(_text(shown, marks)):
        return (
            _gap(f"the {spoken.what} was edited by hand; write your own text outside its markers", where),
        )
    if stamp.data != source.data:
        return (_gap(f"the {spoken.what} covers other {spoken.of}", where),)
    if stamp.verdict != source.verdict:
        told = f"the {spoken.what} says {stamp.verdict}, but this {spoken.again} says {source.verdict}"
        return (_gap(told, where),)
    return ()


def _gap(what: str, where: str) -> Gap:
    return Gap(required=True, what=what, where=where, how="run `mixguard card` without --check")


def _text(block: str, marks: Marks) -> str:
    found = _LINE.search(block)
    return block[found.end() : len(block) - len(marks.end)] if found else ""


def _fingerprint(text: str) -> str:
    return hashlib.sha256(text.strip().encode()).hexdigest()[:16]
