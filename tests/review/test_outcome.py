"""Decisions end up in the allow file and the set-aside file, and take nothing of their owner's with them."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import NamedTuple

import pytest
from building import answered as harmful
from building import audited, digest, row
from deciding import AT, by_text, decided
from hypothesis import given
from hypothesis import strategies as st

import mixguard
from mixguard.catalogue import CHECKS, DECIDABLE
from mixguard.config import parsed
from mixguard.errors import UsageError
from mixguard.library.allow import load_allowances
from mixguard.library.aside import load_set_aside
from mixguard.review.block import BEGIN, END
from mixguard.review.decision import Decision
from mixguard.review.outcome import Written, expiry, write
from mixguard.run.document import Audit
from mixguard.run.findings import Finding

END_DAY = date(2099, 1, 31)
OWN = b"""# Ours, written by hand.
[[allow]]
check = "MG301"   # two spaces\t
reason = "People who speak German read these."
author = "ann@example.org"
expires = 2099-12-31
"""


class Files(NamedTuple):
    allow: Path
    aside: Path

    def write(
        self, *decisions: Decision, expires: date = END_DAY, authors: Sequence[str] | None = None
    ) -> Written:
        return write(
            by_text(*decisions), allow=self.allow, aside=self.aside, expires=expires, authors=authors
        )

    @property
    def contents(self) -> tuple[bytes, bytes]:
        allow, aside = (path.read_bytes() if path.exists() else b"" for path in self)
        return allow, aside

    def entries(self) -> list[tuple[str | None, str | None, str]]:
        """Check, row and reason of each entry of the allow file."""
        return [(e.check, e.sample, e.reason) for e in load_allowances(self.allow, DECIDABLE)]


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path / "allow.toml", tmp_path / "aside.toml")


def test_each_ruling_has_its_entries(files: Files) -> None:
    done = files.write(
        decided("accept", "a", checks=("MG103", "MG201", "MG103", "MG999")),
        decided("wrong-hazard", "b", reason=" about our product "),
        decided("wrong-hazard", "c", hazard="vcr", judged_hazard="ncr", checks=("MG103", "MG104")),
        decided("wrong-hazard", "d", checks=("MG104", "MG103")),
        decided("wrong-stance", "e", stance="full_refusal"),
        decided("set-aside", "f", author='A "B"\n'),
        decided("skip", "g"),
        decided("accept", "h", checks=()),
        decided("wrong-hazard", "i", checks=("MG215",)),
    )  # fmt: skip
    assert sorted(files.entries()) == sorted(
        [
            ("MG103", digest("a"), "right as it is"),
            ("MG201", digest("a"), "right as it is"),
            ("MG103", digest("b"), "about our product"),
            ("MG104", digest("c"), "false alarm: the prompt was judged wrongly"),
            ("MG103", digest("d"), "false alarm: the prompt was judged wrongly"),
            ("MG103", digest("e"), "false alarm: the response does not do what it was judged to do"),
        ]
    )
    (aside,) = load_set_aside(files.aside, DECIDABLE)
    assert (aside.sample, aside.reason, aside.author, aside.expires, aside.check) == (
        digest("f"), "must not be trained on", 'A "B"', END_DAY, None,
    )  # fmt: skip
    assert done == Written(allowed=6, set_aside=1, skipped=3)


def test_a_ruling_that_changes_or_is_undone_takes_its_entry_along(files: Files) -> None:
    files.allow.write_bytes(OWN)
    first = decided("accept", "a")
    files.write(first, decided("accept", "b"))
    files.write(decided("set-aside", "a", after=5))
    assert files.allow.read_bytes() == OWN
    assert [each.sample for each in load_set_aside(files.aside, DECIDABLE)] == [digest("a")]
    files.write()
    assert files.contents == (OWN, b"")
    again = files.write(first)
    assert (again.allowed, len(files.entries())) == (1, 2)


def test_writing_again_changes_nothing_and_no_file_is_made_for_nothing(files: Files) -> None:
    files.write(decided("skip"))
    assert not files.allow.exists()
    assert not files.aside.exists()
    both = [decided("accept", "a"), decided("set-aside", "b")]
    files.write(*both)
    before = files.contents, files.allow.stat().st_mtime_ns
    files.write(*reversed(both), expires=END_DAY + timedelta(days=30))
    assert (files.contents, files.allow.stat().st_mtime_ns) == before


def test_an_entry_that_ended_is_valid_again_only_if_it_is_decided_again(files: Files) -> None:
    ended = AT.date() + timedelta(days=3)
    decision = decided("accept", "a")
    files.write(decision, expires=ended)
    files.write(decision, expires=END_DAY)
    (entry,) = load_allowances(files.allow, DECIDABLE)
    assert entry.expires == ended
    files.write(decided("accept", "a", at=AT + timedelta(days=10)), expires=END_DAY)
    (entry,) = load_allowances(files.allow, DECIDABLE)
    assert entry.expires == END_DAY


def test_entries_of_other_reviewers_are_kept_if_asked_for(files: Files) -> None:
    files.write(decided("accept", "a", author="Ann"), decided("accept", "b", author="Ben"))
    files.write(authors=["Ben"])
    assert [sample for _, sample, _ in files.entries()] == [digest("a")]
    files.write(decided("accept", "c", author="Cem"), authors=[])
    assert {sample for _, sample, _ in files.entries()} == {digest("a"), digest("c")}


hands = st.sampled_from(
    [
        b"",
        b"# a comment without an end",
        OWN,
        OWN.replace(b"\n", b"\r\n"),
        b"\xef\xbb\xbf" + OWN,
        b"\n\n",
        "# Größe\n".encode(),
    ]
)
some_decisions = st.lists(
    st.builds(
        decided,
        st.sampled_from(["accept", "set-aside", "wrong-hazard", "wrong-stance", "skip"]),
        st.sampled_from("abcd"),
        reason=st.text(max_size=20),
        author=st.text(min_size=1, max_size=8).filter(str.strip),
        hazard=st.sampled_from([None, "vcr"]),
    ),
    max_size=5,
)


@given(
    before=hands,
    after=hands.filter(lambda own: not own.startswith(b"\xef")),
    rounds=st.lists(some_decisions, max_size=3),
)
def test_what_people_wrote_is_kept_byte_for_byte(
    before: bytes, after: bytes, rounds: list[list[Decision]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("hand")
    files = Files(folder / "allow.toml", folder / "aside.toml")
    files.allow.write_bytes(before)
    files.write(decided("accept", "first"))
    files.allow.write_bytes(files.allow.read_bytes() + after)
    for decisions in rounds:
        done = files.write(*decisions)
        content = files.allow.read_bytes()
        assert content.startswith(before)
        assert after in content
        own = len(
            tomllib.loads((before.removeprefix(b"\xef\xbb\xbf") + b"\n" + after).decode()).get("allow", [])
        )
        assert len(load_allowances(files.allow, DECIDABLE)) == own + done.allowed


BLOCK = b"\n".join([BEGIN, b"[[allow]]", b'sample = "' + b"ab" * 8 + b'"', b'reason = "r"', b'author = "a"', b"expires = 2099-01-01", END, b""])  # fmt: skip


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (OWN + BLOCK.replace(b"expires", b"until"), ":7: .*number 1: expires: Field required"),
        (OWN + BLOCK.replace(b"[[allow]]", b"[[allow"), ":7: not valid TOML"),
        (OWN + BLOCK.replace(END, b""), ":7: .*must have exactly one begin mark and one end mark"),
        (BLOCK.replace(BEGIN, b"") + OWN, ":7: .*must have exactly one begin mark and one end mark"),
        (BLOCK + BLOCK, ":8: .*must have exactly one begin"),
        (END + b"\n" + BEGIN + b"\n", ":2: .*must have exactly one begin"),
        (OWN.replace(b"[[allow]]", b"[allow]"), "not valid TOML: .*fix this first"),
        (b"allow = []\n", "not valid TOML: .*fix this first"),
        (BLOCK + b'subject = "x"\n', "a subject needs a check.*fix this first"),
        (b"\xff", "not valid TOML"),
    ],
)
def test_a_file_that_cannot_be_kept_whole_is_left_alone(files: Files, content: bytes, message: str) -> None:
    files.allow.write_bytes(content)
    for aside in (b"", content.replace(b"allow", b"aside")):
        files.aside.write_bytes(aside)
        with pytest.raises(UsageError, match=message) as error:
            files.write(decided("accept", "a"), decided("set-aside", "b"))
        assert str(error.value).startswith(str(files.allow))
        assert files.contents == (content, aside)


def test_a_remote_file_is_refused(files: Files) -> None:
    with pytest.raises(UsageError, match="read from this machine only"):
        files._replace(allow=Path("s3://bucket/allow.toml")).write(decided())


def test_months_are_added_by_the_calendar() -> None:
    assert expiry(date(2026, 8, 31)) == date(2027, 2, 28)
    assert expiry(date(2026, 11, 30), 12) == date(2027, 11, 30)


# --- what `check` makes of it -----------------------------------------------------------------------------------

RESTS_ON = {
    "hazard": {"MG103", "MG201", "MG204", "MG225", "MG227", "MG232", "MG234", "MG235", "MG236"},
    "harmless": {"MG104", "MG226", "MG231"},
}
"""As docs/review.md lists them."""


def test_the_checks_that_rest_on_the_hazard_are_known() -> None:
    for judged, ids in RESTS_ON.items():
        assert {check.id for check in CHECKS for case in check.cases if judged in case.rests_on} == ids


@pytest.fixture
def run(tmp_path: Path) -> Audit:
    """Forty harmless rows, and six harmful ones that hold a key as well."""
    rows = [
        *(row(f"plain {n}") for n in range(40)),
        *(harmful(f"harm {n}", private_secrets=1) for n in range(6)),
    ]
    return audited(tmp_path / "run", rows)


def _again(run: Audit, files: Files) -> Audit:
    return mixguard.check(run.folder, config=run.config.replace(parsed([f"checks.allow={files.allow}"])))


def _texts(audit: Audit, check: str) -> set[str]:
    return {sample.text_id for sample in found_in(audit, check).samples}


def found_in(audit: Audit, check: str) -> Finding:
    return next(finding for finding in audit.findings if finding.id == check)


@pytest.mark.parametrize(
    ("ruling", "left"),
    [
        ("wrong-hazard", {"MG103": 4, "MG215": 6}),
        ("wrong-stance", {"MG103": 4, "MG215": 6}),
        ("accept", {"MG103": 4, "MG215": 4}),
    ],
)
def test_check_drops_exactly_the_rows_that_were_decided(
    run: Audit, files: Files, ruling: str, left: dict[str, int]
) -> None:
    assert {check: found_in(run, check).count for check in left} == dict.fromkeys(left, 6)
    chosen = sorted(_texts(run, "MG103"))[:2]
    files.write(*(decided(ruling, text_id=each, checks=("MG103", "MG215")) for each in chosen))
    result = _again(run, files)
    assert {check: found_in(result, check).count for check in left} == left
    assert _texts(result, "MG103") == _texts(run, "MG103") - {*chosen}
    assert [each.state for each in result.allowed] == ["used"] * len(result.allowed)
    assert found_in(result, "MG307").severity == "pass"
    assert result.coverage == run.coverage
    files.write()
    assert _again(run, files).findings == run.findings
