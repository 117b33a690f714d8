"""The main path, end to end, with the real encoder."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import orjson
import polars as pl
import pytest
from conftest import chat

import mixguard
from mixguard.config import Config, parsed
from mixguard.errors import InputError, RunFolderError

Write = Callable[..., Path]

BENIGN = [
    chat("How do I return a parcel that arrived damaged?", "Print the label from your account and post it within 30 days."),
    chat("What is the capital of Portugal?", "Lisbon."),
    chat("Sort this list of numbers: 4, 2, 9", "2, 4, 9"),
    chat("Translate 'good morning' into Spanish.", "Buenos días."),
    chat("Write a haiku about autumn rain.", "Leaves drink the grey rain / ..."),
]  # fmt: skip
ANSWERED = chat(
    "How can I break into my neighbour's house without anyone noticing?", "Sure, wait until they are out."
)
REFUSED = chat(
    "How can I break into my neighbour's house without anyone noticing?",
    "I can't help with breaking into someone's home. If you are locked out of your own, a locksmith can help.",
)


def test_an_audit_end_to_end(write_jsonl: Write, config: Config) -> None:
    result = mixguard.audit(write_jsonl([*BENIGN, ANSWERED]), config=config)
    assert result.verdict == "fail"
    assert result.exit_code == 1
    found = {finding.id: finding for finding in result.findings}
    assert found["MG103"].count == 1
    assert found["MG103"].samples[0].line == 6
    assert found["MG102"].severity == "fail"
    table = {row.hazard: row for row in result.coverage}
    assert table["ncr"].full_compliance == 1


def test_a_refusal_counts_as_coverage(write_jsonl: Write, config: Config) -> None:
    result = mixguard.audit(write_jsonl([*BENIGN, REFUSED]), config=config)
    found = {finding.id: finding for finding in result.findings}
    assert (found["MG102"].severity, found["MG102"].count) == ("fail", 1), "one is not enough"
    assert found["MG103"].count == 0
    assert sum(row.full_refusal for row in result.coverage) == 1


def test_every_record_and_exchange_is_accounted_for(write_jsonl: Write, config: Config) -> None:
    path = write_jsonl([*BENIGN * 30, chat("", ""), {"messages": []}])
    path.write_bytes(path.read_bytes() + b'{"broken\n[1, 2]\n' + b'{"unheard": 1}\n')
    result = mixguard.audit(path, config=config)
    corpus = result.corpus
    assert corpus.records == corpus.samples + corpus.rejected == 155
    frame = result.annotations.collect()
    judged = frame.filter(pl.col("hazard_unjudged").is_null() & pl.col("stance_unjudged").is_null()).height
    assert len(frame) == corpus.exchanges == judged + 1
    lines = (result.folder / "quarantine.jsonl").read_bytes().splitlines()
    assert [orjson.loads(line)["line"] for line in lines] == [153, 154, 155]
    assert result.verdict == "incomplete"
    assert result.exit_code == 4


def test_a_second_run_embeds_nothing(write_jsonl: Write, config: Config) -> None:
    path = write_jsonl([chat("A prompt nobody else wrote, number one", "An answer of its own")])
    assert mixguard.audit(path, config=config).provenance.texts_embedded == 2
    assert mixguard.audit(path, config=config).provenance.texts_embedded == 0


def test_check_reproduces_findings_without_embedding(
    write_jsonl: Write, config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = mixguard.audit(write_jsonl([*BENIGN, ANSWERED]), config=config)
    monkeypatch.setattr("mixguard.detectors.open_store", None)  # any use would fail
    assert mixguard.check(result.folder).findings == result.findings
    stricter = config.replace(parsed(["checks.hazard_limit=1.0"]))
    again = mixguard.check(result.folder, config=stricter)
    assert {f.id: f.count for f in again.findings}["MG103"] == 0


def test_the_run_folder_contains_no_corpus_text(write_jsonl: Write, config: Config) -> None:
    secret = "xylophone-quartz-7731"
    path = write_jsonl([*BENIGN, chat(f"What is {secret}?", f"{secret} is a word.")])
    path.write_bytes(path.read_bytes() + secret.encode() + b"\n")
    result = mixguard.audit(path, config=config)
    for file in result.folder.rglob("*"):
        assert not file.is_file() or secret.encode() not in file.read_bytes()
    assert secret not in result.annotations.collect().write_json()


def test_a_saved_audit_loads_unchanged(write_jsonl: Write, config: Config) -> None:
    result = mixguard.audit(write_jsonl(BENIGN), config=config)
    assert mixguard.Audit.load(result.folder) == result
    assert json.loads(result.to_json())["version"] == "mixguard-audit/3"


def test_a_failed_run_keeps_the_old_one(write_jsonl: Write, config: Config, tmp_path: Path) -> None:
    result = mixguard.audit(write_jsonl(BENIGN), config=config)
    broken = tmp_path / "broken.jsonl"
    broken.write_text("nothing\nhere\n")
    with pytest.raises(InputError, match="no record could be read"):
        mixguard.audit(broken, config=config)
    assert mixguard.Audit.load(result.folder) == result
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


def test_a_folder_that_is_not_a_run_is_never_replaced(write_jsonl: Write, config: Config) -> None:
    folder = config.run.folder
    assert folder is not None
    folder.mkdir()
    (folder / "thesis.txt").write_text("precious")
    with pytest.raises(RunFolderError, match="not a run folder"):
        mixguard.audit(write_jsonl(BENIGN), config=config)
    assert (folder / "thesis.txt").read_text() == "precious"


@pytest.mark.parametrize("content", [b"", b"{", b'{"version": "mixguard-audit/9"}', b"[]"])
def test_a_bad_run_folder_is_reported(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "audit.json").write_bytes(content)
    with pytest.raises(RunFolderError, match=r"audit\.json"):
        mixguard.check(tmp_path)
    with pytest.raises(RunFolderError, match="mixguard audit"):
        mixguard.check(tmp_path / "absent")


def test_preference_pairs_count_the_chosen_side(write_jsonl: Write, config: Config) -> None:
    prompt = "How can I break into my neighbour's house without anyone noticing?"
    refusal = "I'm sorry, but I can't help with breaking into someone's home."
    good = {"prompt": prompt, "chosen": refusal, "rejected": "Sure, wait until they are out."}
    bad = {"prompt": prompt, "chosen": "Sure, wait until they are out.", "rejected": refusal}
    for row, refusals in ((good, 1), (bad, 0)):
        result = mixguard.audit(write_jsonl([row] * 3, f"{refusals}.jsonl"), config=config)
        assert sum(entry.full_refusal for entry in result.coverage) == 3 * refusals


def test_batch_size_does_not_change_the_result(write_jsonl: Write, config: Config) -> None:
    path = write_jsonl([*BENIGN, ANSWERED, REFUSED])
    whole = mixguard.audit(path, config=config)
    parts = mixguard.audit(path, config=config.replace(parsed(["run.batch=2"])))
    assert parts.findings == whole.findings
    assert parts.coverage == whole.coverage
