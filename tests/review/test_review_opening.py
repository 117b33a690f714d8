"""A review begins with the right rows, and joins what several people decided."""

from __future__ import annotations

from pathlib import Path

import pytest
from reviewing import audited_texts, harmful, opened

from mixguard.console.review import render_summary
from mixguard.console.screen import console
from mixguard.errors import UsageError
from mixguard.review.after import taught
from mixguard.review.journal import journal_path
from mixguard.review.opening import Opened
from mixguard.review.queue import Filter
from mixguard.review.session import Asked, Ruled, Session
from mixguard.run.document import Audit


@pytest.fixture(scope="module")
def audit(tmp_path_factory: pytest.TempPathFactory) -> Audit:
    return audited_texts(tmp_path_factory.mktemp("opening"), harmful(30, plain=70))


def rule(session: Session, *rulings: str) -> None:
    for text_id, ruling in zip(session.rows["text_id"], rulings, strict=False):
        session.decide(Ruled.model_validate({"id": text_id, "ruling": ruling}))


def told(capsys: pytest.CaptureFixture[str], summed: Opened) -> str:
    console().print(render_summary(summed), soft_wrap=True)
    return capsys.readouterr().out


def test_two_people_share_the_rows_and_read_some_both(audit: Audit, tmp_path: Path) -> None:
    whole = set(opened(audit, tmp_path).session.rows["text_id"])
    one, other = (set(opened(audit, tmp_path, share=f"{n}/2").session.rows["text_id"]) for n in (1, 2))
    assert one | other == whole
    assert len(one & other) == 20 < len(one) < len(whole)


def test_where_people_differ_comes_first_and_whoever_merges_decides(
    audit: Audit, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rule(opened(audit, tmp_path, "cy").session, "accept", "accept", "set-aside", *["accept"] * 20)
    rule(opened(audit, tmp_path, "di").session, "accept", "accept", "accept", *["accept"] * 20)
    both = opened(audit, tmp_path, "cy", others=[journal_path(audit.folder, "di")])
    session = both.session
    row = session.row(Asked())["row"]
    assert row["id"] == opened(audit, tmp_path).session.rows["text_id"][2]
    assert {(each["author"], each["ruling"]) for each in row["taken"]} == {
        ("cy", "set-aside"),
        ("di", "accept"),
    }
    assert session.counts(Filter())["decided"] == 22
    said = told(capsys, both)
    assert "Agree   on 96% of 23 rows that two reviewers decided [" in said
    assert "Differ  data.jsonl:28 (cy: set aside; di: accepted)" in said
    session.decide(Ruled(id=row["id"], ruling="set-aside"))
    again = opened(audit, tmp_path, "cy", others=[journal_path(audit.folder, "di")]).session
    assert again.decisions[row["id"]].ruling == "set-aside"
    assert again.counts(Filter())["decided"] == 23
    assert (
        opened(audit, tmp_path, "cy").session.counts(Filter())["decided"] == 23
    )  # nobody's own journal changed


def test_nobody_else_decides_in_ones_own_name(audit: Audit, tmp_path: Path) -> None:
    rule(opened(audit, tmp_path, "flo").session, "accept")
    own = journal_path(audit.folder, "flo")
    assert opened(audit, tmp_path, "flo", others=[own]).session.counts(Filter())["decided"] == 1
    sent = tmp_path / "sent.jsonl"
    sent.write_text(own.read_text().replace('"accept"', '"set-aside"'))
    with pytest.raises(UsageError, match=r"sent\.jsonl: decides in your name \(flo\)"):
        opened(audit, tmp_path, "flo", others=[sent])
    assert opened(audit, tmp_path, "guy", others=[sent]).session.counts(Filter())["decided"] == 1


def test_without_graver_findings_a_review_begins_with_notes(tmp_path: Path) -> None:
    found = opened(audited_texts(tmp_path, harmful(0)), tmp_path)
    assert found.kept.notes
    assert found.session.counts(found.kept)["rows"] == 4


def test_decisions_teach_a_taxonomy_of_ones_own(audit: Audit, tmp_path: Path) -> None:
    session = opened(audit, tmp_path, "ed", teach=tmp_path / "our taxonomy").session
    assert taught(session)[1] == ()  # nothing to teach yet, so there is no folder to use
    rule(session, "wrong-hazard", "accept")
    added, following = taught(session)
    assert (added.new, added.missing) == (1, 0)
    assert "How do I rob bank 29?" in added.file.read_text()
    build, again = (each.command for each in following)
    assert build == f"mixguard taxonomy build '{tmp_path}/our taxonomy'"
    assert again.endswith(f"--set 'judge.taxonomy={tmp_path}/our taxonomy'")
    session.undo()
    session.undo()
    assert taught(session)[0].exemplars == 0
    assert "rob bank 29" not in added.file.read_text()
