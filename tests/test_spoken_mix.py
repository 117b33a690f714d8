"""A mix in the model's own words or in its voice, end to end."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from conftest import chat
from serving import Api, reply

import mixguard
from mixguard.config import Config
from mixguard.curate.bank_fill import INSTRUCTION
from mixguard.explain import explain
from mixguard.library.bank import Bank
from mixguard.library.taxonomy import Taxonomy
from mixguard.library.voice import Voice, opening_key
from mixguard.mix.manifest import Manifest, manifest_of
from mixguard.mix.plan import Plan
from mixguard.served.endpoint import Endpoint

pytestmark = pytest.mark.usefixtures("few_workers")

Write = Callable[..., Path]
Serve = Callable[[Callable[[int, Any], tuple[int, dict[str, str], bytes]]], Api]

TOPICS = ("parcel", "invoice", "kettle", "garden", "bicycle", "library", "recipe", "train", "lamp", "chess")
CORPUS = [
    chat(f"Where do I find the {word} number {n}?", "Look on the label at the back; it has eight digits.")
    for n in range(20)
    for word in TOPICS
]
MORE = [chat(f"What does the {word} of size {n} cost?", "Three coins.") for n in range(20) for word in TOPICS]
BANK = Bank.load("mixguard", Taxonomy.load("mixguard"))
KINDS = dict(BANK.pairs.select("prompt", "kind").iter_rows())
RESTS = dict(BANK.pairs.select("id", "rest").iter_rows())


def answers_of(out: Path) -> dict[str, str]:
    """Pair to its answer in the mix."""
    rows = [json.loads(line) for line in out.read_text().splitlines()]
    return {
        each.pair: rows[each.record]["messages"][-1]["content"]
        for each in Manifest.load(manifest_of(out)).added
    }


def finding(audit: mixguard.Audit, name: str) -> Any:
    return next(each for each in audit.findings if each.id == name)


def test_refusals_open_in_the_voice_and_go_on_with_the_banks_reason(
    write_jsonl: Write, config: Config, tmp_path: Path
) -> None:
    out, path = tmp_path / "safe.jsonl", write_jsonl(CORPUS)
    mix = mixguard.rebalance(path, out=out, config=config.replace({"rebalance.voice": "llama-3"}))
    assert mix.manifest is not None
    assert mix.after is not None
    voice, said = Voice.load("llama-3"), answers_of(out)
    refusals = [each for each in mix.manifest.added if each.kind == "refusal"]
    assert mix.manifest.voice == voice
    assert mix.plan.voice is not None
    assert {each.words for each in refusals} == {"voice"}
    dealt = Counter(each.opening for each in refusals)
    for opening in voice.opening:
        assert abs(dealt[opening.text] - opening.share * len(refusals)) < 1
    for each in refusals:
        assert said[each.pair] == f"{each.opening} {RESTS[each.pair]}"
    grave = {finding.name for finding in mix.after.findings if finding.severity in ("warn", "fail")}
    assert grave <= {"near-duplicates", "duplicates"}  # of the corpus, whose answers are all the same
    assert "refusals open in the voice of Llama 3" in finding(mix.after, "MG107").message
    assert finding(mix.after, "MG107").count == 0
    again = mixguard.rebalance(
        path,
        out=tmp_path / "again.jsonl",
        config=config.replace({"rebalance.voice": "llama-3"}),
    )
    assert again.manifest is not None
    assert (tmp_path / "again.jsonl").read_bytes() == out.read_bytes()
    sample = mix.after.annotations.filter(pl.col("pair") == refusals[0].pair).collect()["sample_id"][0]
    told = explain(mix.after.folder, sample)
    assert (told["words"][0], told["opening_given"][0]) == ("voice", refusals[0].opening)


def test_without_a_voice_the_plan_warns_and_says_how_to_get_one(write_jsonl: Write, config: Config) -> None:
    plan = mixguard.rebalance(write_jsonl(CORPUS), out=None, config=config).plan
    assert plan.voice is None
    (note,) = [note for note in plan.notes if note.startswith("No voice")]
    assert "mixguard voice learn --endpoint URL --model NAME" in note
    assert "docs/efficacy.md" in note
    assert Plan.model_validate_json(plan.to_json()) == plan


def test_a_corpus_that_holds_refusals_lends_its_voice(
    write_jsonl: Write, config: Config, tmp_path: Path
) -> None:
    own = "I must decline that request."
    refused = [
        chat(f"How can I break into house number {n}?", f"{own} Burglary {n} hurts people.")
        for n in range(22)
    ]
    out = tmp_path / "safe.jsonl"
    mix = mixguard.rebalance(write_jsonl([*CORPUS, *MORE, *refused]), out=out, config=config)
    assert mix.plan.voice is not None
    assert mix.plan.voice.lent
    assert mix.manifest is not None
    assert {each.opening for each in mix.manifest.added if each.kind == "refusal"} == {own}
    assert Voice.load(str(out) + ".voice.toml").opening[0].text == own


REFUSES = "I'm sorry, but I can't help with that. Reason number {} speaks against it."
HELPS = "Here is what is usually done in case {}: ask the office, take the form, and sign it."


@pytest.fixture
def api(serve: Serve) -> Api:
    """A model that refuses half of the hazardous prompts, half of the others when told to, and helps otherwise."""

    def script(number: int, body: Any) -> tuple[int, dict[str, str], bytes]:
        *head, last = body["messages"]
        told = bool(head) and head[0]["content"].endswith(INSTRUCTION)
        odd = sum(map(ord, last["content"])) % 4
        refuses = KINDS[last["content"]] == "refusal" and (odd < 2 or (told and odd == 2))
        return reply((REFUSES if refuses else HELPS).format(number))

    return serve(script)


def test_a_model_is_asked_and_what_it_does_not_refuse_is_told_in_its_voice(
    api: Api, write_jsonl: Write, config: Config, tmp_path: Path
) -> None:
    out, endpoint = (
        tmp_path / "safe.jsonl",
        Endpoint(api.url, "ours", key="secret-of-the-test", first_wait=0.01),
    )
    path = write_jsonl(CORPUS)
    mix = mixguard.rebalance(path, out=out, config=config, endpoint=endpoint)
    assert mix.manifest is not None
    assert mix.after is not None
    words = Counter(each.words for each in mix.manifest.added if each.kind == "refusal")
    assert words["own, hard"] <= mix.plan.refusals / 2
    assert min(words["own"], words["own, hard"]) > 0
    assert words["bank"] == 0
    said = answers_of(out)
    voice = Voice.load(str(out) + ".voice.toml")
    assert {
        opening_key(said[each.pair]) for each in mix.manifest.added if each.kind == "refusal"
    } <= voice.keys
    grave = {finding.name for finding in mix.after.findings if finding.severity in ("warn", "fail")}
    assert grave <= {"near-duplicates", "duplicates"}  # of the corpus, whose answers are all the same
    helped = [said[each.pair] for each in mix.manifest.added if each.kind == "contrast"]
    assert any(text.startswith("Here is what is usually done") for text in helped)
    asked = len(api.asked)
    mixguard.rebalance(path, out=out, config=config, endpoint=endpoint)
    assert len(api.asked) == asked
    everything = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert b"secret-of-the-test" not in everything


def test_a_voice_finds_refusals_that_open_otherwise(write_jsonl: Write, config: Config) -> None:
    foreign = [
        chat(f"How can I break into house number {n}?", f"I must decline. Burglary {n} hurts people.")
        for n in range(12)
    ]
    ready = [chat(f"Where is {word} {n}?", "Sure, it is on the shelf.") for n in range(3) for word in TOPICS]
    path = write_jsonl([*foreign, *ready])
    audit = mixguard.audit(path, config=config.replace({"rebalance.voice": "llama-3"}))
    assert finding(audit, "MG107").severity == "warn"
    assert "0 of 12 refusals open in the voice of" in finding(audit, "MG107").message
    assert finding(audit, "MG107").count == 12
    assert finding(audit, "MG108").severity == "warn"
    assert "open 30 answers" in finding(audit, "MG108").message
    silent = mixguard.check(audit.folder, config=audit.config.replace({"rebalance.voice": None}))
    assert {finding(silent, name).severity for name in ("MG107", "MG108")} == {"pass"}
