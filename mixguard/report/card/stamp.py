"""The machine-readable line of our block: what it was made from, and whether it was edited since."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import NamedTuple

from mixguard.report.card.front_matter import split
from mixguard.report.card.gaps import CARD, Gap
from mixguard.report.card.outline import BEGIN, END, find_block, line_starts, unified
from mixguard.run.document import Audit

_LINE = re.compile(r"^<!-- mixguard:made (.*) -->\n", re.MULTILINE)


class Stamp(NamedTuple):
    """What a block was made from."""

    data: str
    """SHA-256 over those of the files, regardless of their order and names."""
    report: str
    """SHA-256 of the audit's canonical document."""
    verdict: str
    text: str
    """Fingerprint of the block's text."""
    keys: dict[str, str]
    """YAML keys whose values are ours, with fingerprints of the values."""

    @classmethod
    def of(cls, audit: Audit, text: str, keys: dict[str, str]) -> Stamp:
        """The stamp of a block's text."""
        return cls(data_digest(audit), report_digest(audit), audit.verdict, _fingerprint(text), keys)

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


def enclosed(audit: Audit, text: str, keys: dict[str, str]) -> str:
    """A block: stamp and text, between the markers."""
    return f"{BEGIN}\n{Stamp.of(audit, text, keys).line()}\n\n{text}\n{END}"


def outdated(card_text: str, audit: Audit, *, path: Path = CARD) -> tuple[Gap, ...]:
    """Why our block does not show this audit; empty if it does.

    Args:
        card_text: the whole card.
        audit: of the data as it is now.
        path: of the card, for messages.

    Raises:
        UsageError: its YAML or our block's markers are broken.
    """
    front, body = split(card_text.removeprefix("\ufeff"), path)
    offset = len(line_starts(front.text)) - 1
    block = find_block(body, path, offset)
    if block is None:
        return (_gap("this card has no audit", str(path)),)
    where = f"{path}:{block.first + 1 + offset}"
    shown = unified(body[block.start : block.end])
    stamp = Stamp.read(shown)
    if stamp is None or stamp.text != _fingerprint(_text(shown)):
        return (_gap("the audit was edited by hand; write your own text outside its markers", where),)
    if stamp.data != data_digest(audit):
        return (_gap("the audit covers other data", where),)
    if stamp.verdict != audit.verdict:
        return (
            _gap(
                f"the audit says {stamp.verdict}, but this run on the same data says {audit.verdict}", where
            ),
        )
    return ()


def _gap(what: str, where: str) -> Gap:
    return Gap(required=True, what=what, where=where, how="run `mixguard card` without --check")


def _text(block: str) -> str:
    found = _LINE.search(block)
    return block[found.end() : len(block) - len(END)] if found else ""


def _fingerprint(text: str) -> str:
    return hashlib.sha256(text.strip().encode()).hexdigest()[:16]
