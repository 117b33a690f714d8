"""A journal keeps what was decided, whatever kills the review and whoever wrote the file."""

from __future__ import annotations

import multiprocessing
import os
from pathlib import Path

import pytest
from deciding import decided
from hypothesis import given
from hypothesis import strategies as st

from mixguard.errors import UsageError
from mixguard.review import journal as journals
from mixguard.review.decision import Decision
from mixguard.review.journal import Journal, journal_path

SEVERAL = [decided(text=f"row {n % 4}", after=n, ruling="skip" if n % 3 else "accept") for n in range(8)]


def held(*decisions: Decision) -> list[Decision]:
    """What holds, in order: the last decision of each exchange."""
    latest: dict[str, Decision] = {}
    for each in decisions:
        latest.pop(each.text_id, None)
        latest[each.text_id] = each
    return list(latest.values())


def read(path: Path) -> list[Decision]:
    return list(Journal(path).decisions.values())


def test_decisions_are_read_back_and_a_later_one_replaces_an_earlier_one(tmp_path: Path) -> None:
    path = tmp_path / "ann.jsonl"
    journal = Journal(path)
    for each in SEVERAL:
        journal.decide(each)
    assert read(path) == list(journal.decisions.values()) == held(*SEVERAL)
    assert path.stat().st_mode & 0o777 == 0o600


def test_everything_can_be_undone_and_the_earlier_decision_holds_again(tmp_path: Path) -> None:
    path = tmp_path / "ann.jsonl"
    for each in SEVERAL:
        Journal(path).decide(each)
    for left in reversed(range(len(SEVERAL))):
        assert Journal(path).undo() == SEVERAL[left]
        assert read(path) == held(*SEVERAL[:left])
    assert Journal(path).undo() is None
    assert read(path) == []


@given(steps=st.lists(st.one_of(st.none(), st.sampled_from(SEVERAL)), max_size=12), killed=st.floats(0, 1))
def test_a_journal_killed_at_any_byte_reads_back_as_a_prefix_and_goes_on(
    steps: list[Decision | None], killed: float, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("killed") / "ann.jsonl"
    states = [read(path)]
    journal = Journal(path)
    for step in steps:
        if step is None:
            journal.undo()
        else:
            journal.decide(step)
        states.append(read(path))
    content = path.read_bytes() if path.exists() else b""
    path.write_bytes(content[: round(killed * len(content))])
    left = read(path)
    assert left in states
    last = decided(text="after the kill", after=99)
    Journal(path).decide(last)
    assert read(path) == [*left, last]
    assert path.read_bytes().endswith(b"\n")


def test_a_whole_last_line_without_an_end_counts_and_is_not_joined(tmp_path: Path) -> None:
    path = tmp_path / "ann.jsonl"
    path.write_text(SEVERAL[0].model_dump_json())
    journal = Journal(path)
    journal.decide(SEVERAL[1])
    assert read(path) == list(journal.decisions.values()) == SEVERAL[:2]
    assert path.read_bytes().count(b"\n") == 2


def test_two_journals_of_one_file_see_each_other(tmp_path: Path) -> None:
    path = tmp_path / "ann.jsonl"
    one, other = Journal(path), Journal(path)
    one.decide(SEVERAL[0])
    other.decide(SEVERAL[1])
    one.decide(SEVERAL[2])
    assert list(one.decisions.values()) == SEVERAL[:3]
    other.refresh()
    assert other.decisions == one.decisions
    assert other.undo() == SEVERAL[2]
    assert one.undo() == SEVERAL[1]
    assert read(path) == SEVERAL[:1]
    path.write_bytes(b"")  # somebody starts anew
    one.decide(SEVERAL[3])
    assert read(path) == list(one.decisions.values()) == [SEVERAL[3]]


def _write(path: Path, author: str) -> None:
    for number in range(20):
        Journal(path).decide(decided(text=f"{author} {number}", author=author))


def test_two_processes_lose_nothing(tmp_path: Path) -> None:
    path = tmp_path / "both.jsonl"
    fork = multiprocessing.get_context("fork")
    writers = [fork.Process(target=_write, args=(path, author)) for author in ("Ann", "Ben")]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    for author in ("Ann", "Ben"):
        own = [each for each in read(path) if each.author == author]
        assert own == [decided(text=f"{author} {n}", author=author) for n in range(20)]


def test_an_undone_decision_stays_undone_when_journals_are_joined(tmp_path: Path) -> None:
    ann, ben = Journal(tmp_path / "ann.jsonl"), Journal(tmp_path / "ben.jsonl")
    ann.decide(SEVERAL[0])
    ben.decide(SEVERAL[1])
    ann.undo()
    both = tmp_path / "both.jsonl"
    both.write_bytes(ben.path.read_bytes() + ann.path.read_bytes())
    assert read(both) == [SEVERAL[1]]
    both.write_bytes(ann.path.read_bytes() + ben.path.read_bytes())
    assert read(both) == [SEVERAL[1]]


GOOD = SEVERAL[0].model_dump_json()


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", "is not JSON"),
        ("[" * 3000, "is not JSON"),
        ("[]", "valid dictionary"),
        ("1", "valid dictionary"),
        ('{"undo": true}', "undo: "),
        ('{"undo": "' + "0" * 16 + '", "x": 1}', "x: "),
        (GOOD.replace('"accept"', '"drop"'), "ruling: "),
        (GOOD.replace('"Ann"', '" "'), "author: "),
        (GOOD.replace('"Ann"', f'"{"a" * 300}"'), "author: "),
        (GOOD.replace('"reason":""', f'"reason":"{"a" * 5000}"'), "reason: "),
        (GOOD.replace("12:00:00Z", "12:00:00"), "at: "),
        (GOOD.replace('"text_id":"', '"text_id":"../'), "text_id: "),
        (GOOD[:-1] + ', "text": "of the corpus"}', "text: "),
    ],
)
def test_a_line_that_is_no_decision_is_named(tmp_path: Path, line: str, message: str) -> None:
    path = tmp_path / "ann.jsonl"
    path.write_text(f"{GOOD}\n\n{line}\n{GOOD}\n")
    with pytest.raises(UsageError, match=message) as error:
        Journal(path)
    assert str(error.value).startswith(f"{path}:3: ")
    assert len(str(error.value)) < 400 + len(str(path))


def test_what_is_not_a_journal_of_this_user_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "ann.jsonl"
    path.write_text(f"{GOOD}\n")
    monkeypatch.setattr(journals, "LONGEST", 10)
    with pytest.raises(UsageError, match="longer than"):
        Journal(path)
    monkeypatch.undo()
    journal = Journal(path)
    if not os.geteuid():  # root is trusted, and trusts
        os.chown(path, 12345, -1)
    monkeypatch.setattr(os, "geteuid", lambda: 54321)
    with pytest.raises(UsageError, match="belongs to another user"):
        Journal(path)
    monkeypatch.undo()
    path.unlink()
    path.mkdir()
    for use in (lambda: Journal(path), journal.undo):
        with pytest.raises(UsageError, match=str(path)):
            use()
    with pytest.raises(UsageError, match="cannot be written"):
        Journal(tmp_path / "missing" / "ann.jsonl").decide(SEVERAL[0])


@given(author=st.text(min_size=1).filter(str.strip))
def test_any_author_has_a_file_beside_the_run(author: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    run = tmp_path_factory.getbasetemp() / "named" / "run"
    path = journal_path(run, author)
    assert path.parent == run.with_name("run.review")
    assert path.name.isascii()
    assert len(path.name) < 90
    assert path == journal_path(run, f" {author}\n")
    path.touch()


def test_authors_that_differ_have_files_that_differ(tmp_path: Path) -> None:
    run = tmp_path / "run"
    names = [
        "ann@example.org",
        "Ann@example.org",
        "ann/example.org",
        "ann-example.org",
        "..",
        "Zoë",
        "zo",
        "a" * 300,
        "a" * 301,
    ]
    paths = [journal_path(run, name) for name in names]
    assert paths[0].name == "ann@example.org.jsonl"
    assert len({path.name.casefold() for path in paths}) == len(names)
    assert paths[0].parent.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize(
    ("run", "author", "message"), [("s3://bucket/run", "ann", "copy the run here"), ("run", " ", "no name")]
)
def test_a_review_needs_a_local_run_and_a_name(run: str, author: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        journal_path(Path(run), author)


def test_a_folder_that_others_can_write_to_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "run.review"
    folder.mkdir()
    folder.chmod(0o777)
    with pytest.raises(UsageError, match="other users could decide"):
        journal_path(tmp_path / "run", "ann")
    folder.chmod(0o755)
    assert journal_path(tmp_path / "run", "ann").parent == folder
