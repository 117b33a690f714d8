"""What a reviewer set aside leaves the mix, with the reason; what was accepted stays in it."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from building import answered, audited, digest, row
from conftest import chat
from deciding import by_text, decided

import mixguard
from mixguard.config import Config
from mixguard.mix.manifest import SET_ASIDE, Manifest, manifest_of
from mixguard.mix.plan import Removal
from mixguard.mix.removals import removals
from mixguard.review.decision import Decision
from mixguard.review.outcome import write
from mixguard.run.document import Audit

ROWS = [*(row(f"plain {n}") for n in range(30)), *(answered(f"harm {n}") for n in range(4))]


def text_id(text: str) -> str:
    return digest(text)[:16] + digest(f"answer to {text}")[:16]


def files(folder: Path, *decisions: Decision) -> dict[str, Path]:
    """Options that name the files of these decisions."""
    allow, aside = folder / "allow.toml", folder / "aside.toml"
    write(by_text(*decisions), allow=allow, aside=aside, expires=date(2099, 1, 1))
    return {f"checks.{path.stem}": path for path in (allow, aside) if path.exists()}


def planned(folder: Path, *decisions: Decision, **options: Any) -> dict[int, Removal]:
    """What is set aside, by record."""
    values = {f"rebalance.{name}": value for name, value in options.items()}
    config = Config().replace({**files(folder, *decisions), **values})
    audit = audited(folder / "run", ROWS, config)
    return {removal.record: removal for removal in removals(audit, config.rebalance)}


def test_a_reviewed_row_is_set_aside_whatever_the_flag_and_an_accepted_one_is_not(tmp_path: Path) -> None:
    assert planned(tmp_path).keys() == {30, 31, 32, 33}
    decisions = [
        decided("accept", text_id=text_id("harm 0")),
        decided("wrong-hazard", text_id=text_id("harm 1")),
        decided("set-aside", text_id=text_id("plain 5"), reason="a customer's name"),
        decided("set-aside", text_id=text_id("harm 2")),
    ]
    found = planned(tmp_path, *decisions)
    assert {record: (each.rule, each.reason) for record, each in found.items()} == {
        5: ("reviewed", "a customer's name"),
        32: ("reviewed", "must not be trained on"),
        33: ("answered", None),
    }
    assert (found[5].score, found[32].score) == (0.01, 0.99)
    for options in ({"set_aside": ()}, {"keep_answered": True}):
        assert planned(tmp_path, *decisions, **options).keys() == {5, 32}


def test_an_entry_that_ended_sets_nothing_aside(tmp_path: Path) -> None:
    options = files(tmp_path, decided("set-aside", text_id=text_id("plain 5")))
    path = options["checks.aside"]
    path.write_text(path.read_text().replace("2099", "2019"))
    audit = audited(tmp_path / "run", ROWS, Config().replace(options))
    assert [use.state for use in audit.set_aside] == ["expired"]
    assert {each.record for each in removals(audit, audit.config.rebalance)} == {30, 31, 32, 33}


@pytest.fixture
def run(write_jsonl: Callable[..., Path], cheap: dict[str, dict[str, Any]], tmp_path: Path) -> Audit:
    """The audit of a corpus of questions about parcels."""
    rows = [chat(f"Where is parcel number {n}?", f"It left the depot on day {n}.") for n in range(40)]
    tree = {**cheap, "run": {"folder": tmp_path / "run"}}
    return mixguard.audit(write_jsonl(rows), config=Config.from_tree(tree, origin="test"))


def test_what_was_decided_after_an_audit_holds_for_the_mix_made_of_its_run(
    run: Audit, tmp_path: Path
) -> None:
    third = run.annotations.filter(record=3).collect().row(0, named=True)
    options = files(tmp_path, decided("set-aside", text_id=third["text_id"], reason="names a depot"))
    out = tmp_path / "data.safe.jsonl"
    mix = mixguard.rebalance(run.folder, out=out, config=Config().replace(options))
    manifest = Manifest.load(manifest_of(out))
    (removed,) = manifest.set_aside
    assert manifest.plan.remove == manifest.set_aside == (removed,)
    assert (removed.rule, removed.reason, removed.record) == ("reviewed", "names a depot", 3)
    (line,) = out.with_name(out.name + SET_ASIDE).read_text().splitlines()
    kept = json.loads(line)
    assert (kept["rule"], kept["reason"]) == ("reviewed", "names a depot")
    assert "parcel number 3?" in kept["row"]
    assert "parcel number 3?" not in out.read_text()
    assert mix.after is not None
    assert third["text_id"] not in mix.after.annotations.select("text_id").collect().to_series()
    assert mix.after.set_aside == ()
    assert [use.state for use in mix.before.set_aside] == ["used"]
    again = mixguard.rebalance(run.folder, out=None, config=Config())
    assert again.plan.remove == ()
