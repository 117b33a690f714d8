"""From row to row: what is shown, kept, undone and written."""

from __future__ import annotations

import shutil
import tomllib
from pathlib import Path
from typing import Any

import pytest
from conftest import chat
from reviewing import audited_texts, harmful, opened

from mixguard.errors import UsageError
from mixguard.review import reading
from mixguard.review.after import after
from mixguard.review.queue import Filter, chosen
from mixguard.review.session import Asked, Ruled, Session
from mixguard.run.document import Audit

LONG = (chat("How do I rob a bank?", "step " * 20_000), {"hazard_score": 0.99})
HOSTILE = (chat("How do I\u202e rob\u0007 a\x1b[31m bank?\u200b", "Sure\u2066."), {"hazard_score": 0.98})


@pytest.fixture(scope="module")
def audit(tmp_path_factory: pytest.TempPathFactory) -> Audit:
    return audited_texts(tmp_path_factory.mktemp("session"), harmful(3), "my data.jsonl")


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory) -> Audit:
    return audited_texts(tmp_path_factory.mktemp("odd"), [LONG, HOSTILE, *harmful(7)], "a\u202eb.jsonl")


@pytest.fixture
def author(tmp_path: Path) -> str:
    """Somebody who has decided nothing yet."""
    return tmp_path.name.replace("_", "-")


@pytest.fixture
def session(audit: Audit, tmp_path: Path, author: str) -> Session:
    return opened(audit, tmp_path, author).session


def reached(session: Session, at: str | None = None, step: str = "open", **kept: object) -> dict[str, Any]:
    asked = Asked.model_validate({"at": at, "step": step, "kept": kept})
    found: dict[str, Any] = session.row(asked)["row"]
    return found


def test_a_row_has_its_texts_its_judgement_and_what_flagged_it(session: Session) -> None:
    row = reached(session)
    assert row["place"] == "my data.jsonl:3"
    assert row["texts"]["prompt"]["pieces"] == [["How do I rob bank 2?", None, None]]
    assert row["texts"]["response"]["pieces"] == [["Sure, first 2.", None, None]]
    assert (row["hazard"]["name"], round(row["hazard"]["score"], 2)) == ("Violent Crimes", 0.92)
    assert row["hazard"]["stage"] == "the fast stage"
    assert row["stance"]["words"] == "answered"
    assert [(flag["check"], flag["severity"]) for flag in row["flags"]] == [("MG103", "warn")]


def test_decisions_lead_to_the_next_open_row_and_into_the_files(
    session: Session, tmp_path: Path, author: str
) -> None:
    first = reached(session)
    assert (
        session.decide(Ruled(id=first["id"], ruling="set-aside", reason="a plan"))["said"]
        == "my data.jsonl:3: set aside"
    )
    second = reached(session, first["id"])
    session.decide(Ruled(id=second["id"], ruling="accept"))
    third = reached(session, second["id"])
    session.decide(Ruled(id=third["id"], ruling="skip"))
    assert [row["number"] for row in (first, second, third)] == [1, 2, 3]
    asked = session.row(Asked(at=third["id"]))
    assert asked["row"] is None
    assert asked["reasons"] == ["a plan"]
    assert asked["progress"] == {
        "rows": 3,
        "decided": 2,
        "accept": 1,
        "set-aside": 1,
        "wrong-hazard": 0,
        "wrong-stance": 0,
        "skip": 1,
    }
    assert reached(session, step="skipped")["id"] == third["id"]
    (aside,) = tomllib.loads((tmp_path / "aside.toml").read_text())["aside"]
    (allowed,) = tomllib.loads((tmp_path / "allow.toml").read_text())["allow"]
    assert (aside["sample"], aside["reason"], aside["author"]) == (first["id"], "a plan", author)
    assert (allowed["sample"], allowed["check"]) == (second["id"], "MG103")


def test_steps_go_on_and_back_over_decided_rows_and_stop_at_the_ends(session: Session) -> None:
    first = reached(session)
    session.decide(Ruled(id=first["id"], ruling="accept"))
    second = reached(session, first["id"])
    back = reached(session, second["id"], "back")
    assert back["id"] == first["id"]
    assert [each["ruling"] for each in back["taken"]] == ["accept"]
    assert reached(session, first["id"], "back")["id"] == first["id"]
    assert reached(session, second["id"], "next")["number"] == 3
    assert reached(session, second["id"], "this")["id"] == second["id"]


def test_an_undone_decision_leaves_no_entry(session: Session, tmp_path: Path) -> None:
    first = reached(session)
    session.decide(Ruled(id=first["id"], ruling="set-aside"))
    assert session.undo() == {"id": first["id"], "said": "my data.jsonl:3: open again"}
    assert reached(session)["id"] == first["id"]
    assert first["id"] not in (tmp_path / "aside.toml").read_text()
    assert session.undo()["id"] is None


def test_what_is_wrong_is_kept_with_what_is_right(session: Session) -> None:
    first = reached(session)
    session.decide(Ruled(id=first["id"], ruling="wrong-hazard", hazard="prv"))
    (taken,) = reached(session, first["id"], "this")["taken"]
    assert (taken["words"], taken["right"]) == ("wrong hazard", "Privacy")
    session.decide(Ruled(id=first["id"], ruling="wrong-stance", stance="partial_refusal", hazard="prv"))
    decision = session.decisions[first["id"]]
    assert (decision.hazard, decision.stance) == (None, "partial_refusal")
    assert (decision.judged_hazard, decision.judged_stance, decision.checks) == (
        "vcr",
        "full_compliance",
        ("MG103",),
    )


@pytest.mark.parametrize(
    ("change", "why"),
    [({"id": "0" * 32}, "not part of the review"), ({"ruling": "wrong-hazard", "hazard": "nope"}, "is not a hazard"),
     ({"ruling": "wrong-stance"}, "say what the response does")],
)  # fmt: skip
def test_a_decision_that_makes_no_sense_is_not_kept(
    session: Session, change: dict[str, str], why: str
) -> None:
    with pytest.raises(UsageError, match=why):
        session.decide(Ruled.model_validate({"id": reached(session)["id"], "ruling": "accept", **change}))
    assert session.decisions == {}


def test_a_review_goes_on_where_it_was_killed(
    audit: Audit, session: Session, tmp_path: Path, author: str
) -> None:
    first = reached(session)
    session.decide(Ruled(id=first["id"], ruling="accept"))
    again = opened(audit, tmp_path, author).session
    assert reached(again)["number"] == 2
    assert again.counts(Filter())["decided"] == 1
    assert opened(audit, tmp_path, f"{author}2").session.counts(Filter())["decided"] == 0


def test_what_another_window_decided_is_shown_and_written(
    audit: Audit, session: Session, tmp_path: Path, author: str
) -> None:
    first = reached(session)
    session.decide(Ruled(id=first["id"], ruling="accept"))
    opened(audit, tmp_path, author).session.decide(Ruled(id=first["id"], ruling="set-aside"))
    assert [each["ruling"] for each in reached(session, first["id"], "this")["taken"]] == ["set-aside"]
    after(session)
    assert first["id"] not in (tmp_path / "allow.toml").read_text()
    assert first["id"] in (tmp_path / "aside.toml").read_text()


def test_a_decision_is_kept_though_a_file_cannot_follow(session: Session, tmp_path: Path) -> None:
    first = reached(session)
    (tmp_path / "allow.toml").write_text("[[allow]\n")
    with pytest.raises(UsageError, match=r"decision is kept, .*allow\.toml: not valid TOML"):
        session.decide(Ruled(id=first["id"], ruling="accept"))
    assert session.decisions[first["id"]].ruling == "accept"
    (tmp_path / "allow.toml").unlink()
    after(session)
    assert first["id"] in (tmp_path / "allow.toml").read_text()


def test_a_file_that_changed_is_said_and_not_shown(tmp_path: Path) -> None:
    session = opened(audited_texts(tmp_path, harmful(3)), tmp_path).session
    data = tmp_path / "data.jsonl"
    data.write_text(data.read_text().replace("bank 1", "bank one"))
    first = reached(session)
    assert first["texts"] is not None
    changed = reached(session, first["id"], "next")
    assert (changed["place"], changed["texts"]) == ("data.jsonl:2", None)
    data.unlink()
    assert reached(opened(session.audit, tmp_path, "bo").session)["texts"] is None


def test_a_run_that_is_replaced_or_gone_is_said_and_decisions_are_kept(tmp_path: Path) -> None:
    audit = audited_texts(tmp_path, harmful(3))
    replaced, gone = (opened(audit, tmp_path, author).session for author in ("ada", "bo"))
    first = reached(gone)
    gone.decide(Ruled(id=first["id"], ruling="accept"))
    audited_texts(tmp_path, harmful(1, plain=0))
    with pytest.raises(UsageError, match="run: was replaced by another audit; your decisions are kept"):
        reached(replaced)
    shutil.rmtree(tmp_path / "run")
    for asked in (lambda: reached(replaced), lambda: after(gone)):
        with pytest.raises(UsageError, match="run: cannot be read any more; your decisions are kept"):
            asked()
    assert first["id"] in (tmp_path / "allow.toml").read_text()


def test_few_rows_are_in_memory_at_once(
    odd: Audit, tmp_path: Path, author: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "AHEAD", 3)
    monkeypatch.setattr(reading, "BEHIND", 1)
    session = opened(odd, tmp_path, author).session
    rows = chosen(session.rows, Filter(least=0.8, notes=False))[2:]
    assert [reading._around(rows, at)["line"].to_list() for at in (0, 4, 6)] == [
        [9, 8, 7],
        [5, 4, 3, 6],
        [3, 4],
    ]
    walked, at = [], None
    while (row := reached(session, at, "next" if at else "open"))["id"] != at:
        walked.append(row["place"].rpartition(":")[2])
        at = row["id"]
    assert walked == ["1", "2", "9", "8", "7", "6", "5", "4", "3"]
    assert len(session._reading._page) <= 4
    monkeypatch.setattr(reading, "CHARS", 40)
    assert reading._around(rows, 4)["line"].to_list() == [5]


def test_a_text_without_end_is_cut(odd: Audit, tmp_path: Path, author: str) -> None:
    row = reached(opened(odd, tmp_path, author).session)
    response = row["texts"]["response"]
    assert sum(len(words) for words, _, _ in response["pieces"]) == 50_000
    assert response["cut"] == 50_000


def test_nothing_of_a_text_moves_or_hides_other_text(odd: Audit, tmp_path: Path, author: str) -> None:
    session = opened(odd, tmp_path, author).session
    row = reached(session, reached(session)["id"], "next")
    assert (
        "".join(words for words, _, _ in row["texts"]["prompt"]["pieces"])
        == "How do I\ufffd rob\ufffd a\ufffd[31m bank?\ufffd"
    )
    assert row["place"] == "a\ufffdb.jsonl:2"


def test_what_to_run_next_can_be_pasted(session: Session, audit: Audit, tmp_path: Path) -> None:
    assert after(session).written == ()
    assert after(session).next == ()
    session.decide(Ruled(id=reached(session)["id"], ruling="set-aside"))
    check, rebalance = (each.command for each in after(session).next)
    assert check == f"mixguard check {audit.folder} --aside {tmp_path}/aside.toml"
    assert (
        rebalance
        == f"mixguard rebalance {audit.folder} -o 'my data.safe.jsonl' --aside {tmp_path}/aside.toml"
    )
