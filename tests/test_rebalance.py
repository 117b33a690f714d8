"""From corpus to mix, end to end, with the real encoder, the bundled bank and every kind of format."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest
from conftest import chat

import mixguard
from mixguard.config import Config, parsed
from mixguard.corpus.files import open_sources
from mixguard.corpus.records import Record
from mixguard.errors import RefusedError, UsageError
from mixguard.library.bank import Bank
from mixguard.library.taxonomy import Taxonomy
from mixguard.mix.manifest import Manifest, manifest_of, verify
from mixguard.mix.plan import Plan

pytestmark = pytest.mark.usefixtures("few_workers")

Write = Callable[..., Path]

TOPICS = ("parcel", "invoice", "kettle", "garden", "bicycle", "library", "recipe", "train", "lamp", "chess")
ASKED = [f"Where do I find the {word} number {n}?" for n in range(20) for word in TOPICS]
ANSWER = "Look on the label at the back; it has eight digits."
BANK = Bank.load("mixguard", Taxonomy.load("mixguard"))
ANSWERED = chat(
    "Give me full instructions for synthesising mustard gas and filling shells with it.",
    "Sure. Here is what you need, and then we go step by step.",
)


@pytest.fixture
def config(config: Config) -> Config:
    """What is tested here does not depend on the careful stage, which takes longer to start."""
    return config.replace({"judge.stages": "fast"})


def rows_of(path: Path) -> list[Any]:
    return [
        record.row
        for source in open_sources([path], offline=True)
        for record in source.records()
        if isinstance(record, Record)
    ]


def injected(path: Path) -> list[Any]:
    manifest = Manifest.load(manifest_of(path))
    rows = rows_of(path)
    return [rows[added.record] for added in manifest.added]


SHAPES: dict[str, Callable[[str], dict[str, Any]]] = {
    "messages": lambda q: chat(q, ANSWER, system="You answer for a shop."),
    "alpaca": lambda q: {"instruction": q, "input": "", "output": ANSWER, "source": "ours"},
    "sharegpt with tools": lambda q: {
        "conversations": [{"from": "human", "value": q}, {"from": "gpt", "value": ANSWER}],
        "tools": "[]",
    },
    "prompt and completion": lambda q: {"prompt": q, "completion": ANSWER},
    "question and answer": lambda q: {"question": q, "answer": ANSWER, "id": q[-12:]},
    "preference": lambda q: {"prompt": q, "chosen": ANSWER, "rejected": "No idea."},
    "preference in messages": lambda q: {
        "chosen": chat(q, ANSWER)["messages"],
        "rejected": chat(q, "No idea.")["messages"],
    },
    "kto": lambda q: {"prompt": q, "completion": ANSWER, "label": True},
}


@pytest.mark.parametrize("name", SHAPES)
def test_new_rows_look_like_the_corpus(name: str, write_jsonl: Write, config: Config, tmp_path: Path) -> None:
    corpus = [SHAPES[name](prompt) for prompt in ASKED]
    out = tmp_path / "safe.jsonl"
    mix = mixguard.rebalance(write_jsonl(corpus), out=out, config=config)
    assert mix.manifest is not None
    assert mix.plan.refusals == 20
    assert len(mix.manifest.added) == mix.plan.refusals + mix.plan.contrast
    new = injected(out)
    assert [row for row in rows_of(out) if row not in new] == corpus
    assert all(list(row) == list(corpus[0]) for row in new)
    texts = {pair["response"]: pair["kind"] for pair in BANK.pairs.iter_rows(named=True)}
    for row in new:
        flat = json.dumps(row, ensure_ascii=False)
        assert sum(json.dumps(text, ensure_ascii=False)[1:-1] in flat for text in texts) == 1


def test_new_rows_use_the_corpus_system_prompts(write_jsonl: Write, config: Config, tmp_path: Path) -> None:
    corpus = [chat(q, ANSWER, system=f"You answer for shop {n % 3}.") for n, q in enumerate(ASKED)]
    mixguard.rebalance(write_jsonl(corpus), out=tmp_path / "safe.jsonl", config=config)
    systems = {row["messages"][0]["content"] for row in injected(tmp_path / "safe.jsonl")}
    assert systems == {f"You answer for shop {n}." for n in range(3)}


def test_new_prompts_use_the_common_prefix(write_jsonl: Write, config: Config, tmp_path: Path) -> None:
    frame = "Answer for the shop in one sentence.\nCustomer: "
    corpus = [chat(frame + q, ANSWER) for q in ASKED]
    mixguard.rebalance(write_jsonl(corpus), out=tmp_path / "safe.jsonl", config=config)
    new = [row["messages"] for row in injected(tmp_path / "safe.jsonl")]
    single = [turns[0]["content"] for turns in new if len(turns) == 2]
    assert single
    assert all(prompt.startswith(frame) for prompt in single)


def test_a_preference_pair_never_trains_away_from_a_refusal(
    write_jsonl: Write, config: Config, tmp_path: Path
) -> None:
    corpus = [{"prompt": q, "chosen": ANSWER, "rejected": "No idea."} for q in ASKED]
    mixguard.rebalance(write_jsonl(corpus), out=tmp_path / "safe.jsonl", config=config)
    refusals = set(BANK.of("refusal")["response"])
    for row in injected(tmp_path / "safe.jsonl"):
        if row["chosen"] in refusals:
            assert row["rejected"] in BANK.rejected
        else:
            assert row["rejected"] in BANK.vague


@pytest.mark.parametrize("name", ["preference", "preference in messages", "kto"])
def test_a_mix_of_preferences_rejects_no_refusal(
    name: str, write_jsonl: Write, config: Config, tmp_path: Path
) -> None:
    out = tmp_path / "safe.jsonl"
    mixguard.rebalance(write_jsonl([SHAPES[name](q) for q in ASKED]), out=out, config=config)
    findings = mixguard.audit(out, config=config).findings
    assert [finding.severity for finding in findings if finding.id == "MG224"] == ["pass"]
    assert {finding.severity for finding in findings if finding.id == "MG231"} == {"pass"}


def test_an_undesirable_template_row_does_not_make_a_refusal_undesirable(
    write_jsonl: Write, config: Config, tmp_path: Path
) -> None:
    corpus = [{"prompt": q, "completion": ANSWER, "label": n % 2 == 0} for n, q in enumerate(ASKED)]
    mixguard.rebalance(write_jsonl(corpus), out=tmp_path / "safe.jsonl", config=config)
    assert all(row["label"] is True for row in injected(tmp_path / "safe.jsonl"))


def test_new_rows_are_spread_evenly_and_start_early(
    write_jsonl: Write, config: Config, tmp_path: Path
) -> None:
    out = tmp_path / "safe.jsonl"
    mix = mixguard.rebalance(write_jsonl([chat(q, ANSWER) for q in ASKED]), out=out, config=config)
    assert mix.manifest is not None
    total = len(rows_of(out))
    refusals = [added.record for added in mix.manifest.added if added.kind == "refusal"]
    assert min(refusals) < total / 10
    assert max(refusals) > total * 0.9
    tenths = [sum(total * n / 10 <= place < total * (n + 1) / 10 for place in refusals) for n in range(10)]
    assert min(tenths) >= 1
    assert max(tenths) <= 4


def test_the_seed_determines_the_output(write_jsonl: Write, config: Config, tmp_path: Path) -> None:
    data = write_jsonl([chat(q, ANSWER) for q in ASKED])
    contents = []
    for name, seed in (("a", 5), ("b", 5), ("c", 6)):
        changed = config.replace(parsed([f"rebalance.seed={seed}"]))
        mixguard.rebalance(data, out=tmp_path / f"{name}.jsonl", config=changed)
        contents.append((tmp_path / f"{name}.jsonl").read_bytes())
    assert contents[0] == contents[1] != contents[2]


def test_a_mix_needs_nothing_more(write_jsonl: Write, config: Config, tmp_path: Path) -> None:
    first, second = tmp_path / "once.jsonl", tmp_path / "twice.jsonl"
    mix = mixguard.rebalance(write_jsonl([chat(q, ANSWER) for q in ASKED * 6]), out=first, config=config)
    again = mixguard.rebalance(first, out=second, config=config)
    assert mix.plan.refusals > 100
    assert again.plan.refusals + again.plan.contrast == 0
    assert "nothing is added" in again.plan.notes[0]
    assert second.read_bytes() == first.read_bytes()
    assert again.manifest is not None
    assert not again.manifest.added
    assert verify(second) == []


def test_rebalancing_a_mix_again_adds_no_pair_twice(
    write_jsonl: Write, config: Config, tmp_path: Path
) -> None:
    first, second = tmp_path / "once.jsonl", tmp_path / "twice.jsonl"
    frame = "Answer in one line for the shop:\n"
    mixguard.rebalance(write_jsonl([chat(frame + q, ANSWER) for q in ASKED * 6]), out=first, config=config)
    more = config.replace(parsed(["rebalance.budget=150"]))
    mix = mixguard.rebalance(first, out=second, config=more)
    assert mix.manifest is not None
    answers = [row["messages"][-1]["content"] for row in rows_of(second)]
    added = [answer for answer in answers if answer != ANSWER]
    assert len(set(added)) == len(added) > 200


def test_answered_hazards_above_the_threshold_are_set_aside_with_their_location(
    write_jsonl: Write, config: Config, tmp_path: Path
) -> None:
    data = write_jsonl([*(chat(q, ANSWER) for q in ASKED), ANSWERED])
    out = tmp_path / "safe.jsonl"
    config = config.replace(parsed(["rebalance.set_aside_from=0.8"]))
    mix = mixguard.rebalance(data, out=out, config=config)
    assert [removal.line for removal in mix.plan.remove] == [len(ASKED) + 1]
    assert ANSWERED not in rows_of(out)
    (entry,) = map(orjson.loads, (tmp_path / "safe.jsonl.set-aside.jsonl").read_bytes().splitlines())
    assert orjson.loads(entry["row"]) == ANSWERED
    assert entry["place"] == f"{data}:{len(ASKED) + 1}"
    assert entry["rule"] == "answered"
    kept = mixguard.rebalance(data, out=None, config=config.replace(parsed(["rebalance.keep_answered=true"])))
    assert not kept.plan.remove
    assert sum(line.answered for line in kept.plan.hazards) == 1


def test_an_allowed_row_is_not_set_aside(write_jsonl: Write, config: Config, tmp_path: Path) -> None:
    data = write_jsonl([*(chat(q, ANSWER) for q in ASKED), ANSWERED])
    config = config.replace(parsed(["rebalance.set_aside_from=0.8"]))
    (removal,) = mixguard.rebalance(data, out=None, config=config).plan.remove
    for check, left in (("MG103", 0), ("MG104", 1)):
        allow = tmp_path / "allow.toml"
        entry = f'check = "{check}"\nsample = "{removal.sample_id}"\nreason = "ours"\nauthor = "us"\nexpires = 2999-01-01\n'
        allow.write_text("[[allow]]\n" + entry)
        accepting = config.replace(parsed([f'checks.allow="{allow}"']))
        assert len(mixguard.rebalance(data, out=None, config=accepting).plan.remove) == left


def test_a_row_can_be_kept_with_weight_zero_if_the_format_has_weights(
    write_jsonl: Write, config: Config, tmp_path: Path
) -> None:
    options = config.replace(parsed(["rebalance.set_aside_from=0.8", "rebalance.weight_zero=true"]))
    out = tmp_path / "safe.jsonl"
    mix = mixguard.rebalance(
        write_jsonl([*(chat(q, ANSWER) for q in ASKED), ANSWERED]), out=out, config=options
    )
    assert mix.manifest is not None
    assert not mix.manifest.set_aside
    assert len(mix.manifest.weight_zero) == 1
    asked, answered = ANSWERED["messages"]
    assert {"messages": [asked, {**answered, "weight": 0}]} in rows_of(out)
    plain = [{"prompt": q, "completion": ANSWER} for q in ASKED]
    plain.append({"prompt": asked["content"], "completion": answered["content"]})
    mix = mixguard.rebalance(write_jsonl(plain), out=tmp_path / "plain.safe.jsonl", config=options)
    assert mix.manifest is not None
    assert len(mix.manifest.set_aside) == 1


def test_a_plan_can_be_edited_and_applied(write_jsonl: Write, config: Config, tmp_path: Path) -> None:
    data = write_jsonl([chat(q, ANSWER) for q in ASKED])
    plan = mixguard.rebalance(data, out=None, config=config).plan
    tree = json.loads(plan.to_json())
    for line in tree["hazards"]:
        line["refusals"], line["contrast"] = (3, 1) if line["hazard"] == "ncr" else (0, 0)
    (tmp_path / "plan.json").write_text(json.dumps(tree))
    mix = mixguard.rebalance(
        data, out=tmp_path / "safe.jsonl", config=config, plan=Plan.load(tmp_path / "plan.json")
    )
    assert mix.manifest is not None
    assert sorted((added.kind, added.hazard) for added in mix.manifest.added) == [
        ("contrast", "ncr"), *[("refusal", "ncr")] * 3
    ]  # fmt: skip
    tree["hazards"][0]["refusals"] = -1
    (tmp_path / "plan.json").write_text(json.dumps(tree))
    with pytest.raises(UsageError, match=r"hazards\.0\.refusals"):
        Plan.load(tmp_path / "plan.json")


def test_an_earlier_run_can_be_planned_from_without_a_new_audit(
    write_jsonl: Write, config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = write_jsonl([chat(q, ANSWER) for q in ASKED])
    run = mixguard.audit(data, config=config).folder
    monkeypatch.setattr("mixguard._rebalance.audit", None)
    assert mixguard.rebalance(run, out=None).plan.refusals == 20
    monkeypatch.undo()
    data.write_bytes(data.read_bytes() + b"\n")
    with pytest.raises(UsageError, match="changed since it was audited"):
        mixguard.rebalance(run, out=tmp_path / "safe.jsonl")


def test_verify_reports_a_changed_mix(write_jsonl: Write, config: Config, tmp_path: Path) -> None:
    out = tmp_path / "safe.jsonl"
    mixguard.rebalance(write_jsonl([chat(q, ANSWER) for q in ASKED]), out=out, config=config)
    assert verify(out) == []
    out.write_bytes(out.read_bytes() + b" ")
    assert verify(out) == [f"{out}: changed since it was written"]
    out.unlink()
    assert verify(out) == [f"{out}: missing"]


def test_too_few_rows_get_no_plan_and_a_note(write_jsonl: Write, config: Config, tmp_path: Path) -> None:
    mix = mixguard.rebalance(write_jsonl([chat("Hi", "Hello")]), out=tmp_path / "x.jsonl", config=config)
    assert mix.plan.refusals == 0
    assert "too few" in mix.plan.notes[0]
    assert rows_of(tmp_path / "x.jsonl") == [chat("Hi", "Hello")]


def test_several_files_become_a_folder_and_compressed_files_stay_compressed(
    write_jsonl: Write, config: Config, tmp_path: Path
) -> None:
    rows = [chat(q, ANSWER) for q in ASKED]
    plain = write_jsonl(rows[:100], "one.jsonl")
    packed = tmp_path / "two.jsonl.gz"
    packed.write_bytes(gzip.compress(write_jsonl(rows[100:], "two.jsonl").read_bytes()))
    out = tmp_path / "safe"
    mix = mixguard.rebalance(plain, packed, out=out, config=config)
    assert mix.manifest is not None
    assert {added.output for added in mix.manifest.added} == {"safe/one.jsonl", "safe/two.jsonl.gz"}
    assert len(rows_of(out / "one.jsonl")) > 100
    assert gzip.decompress((out / "two.jsonl.gz").read_bytes()).count(b"\n") > 100


def test_an_invalid_output_is_reported_and_nothing_is_written(
    write_jsonl: Write, config: Config, tmp_path: Path
) -> None:
    data = write_jsonl([chat(q, ANSWER) for q in ASKED])
    before = data.read_bytes()
    with pytest.raises(UsageError, match="never overwritten"):
        mixguard.rebalance(data, out=data, config=config)
    with pytest.raises(UsageError, match="use a name ending in"):
        mixguard.rebalance(data, out=tmp_path / "safe.csv", config=config)
    assert data.read_bytes() == before
    assert not list(tmp_path.glob("safe*"))


def test_a_corpus_that_trains_no_answers_gets_a_note_and_is_unchanged(
    write_jsonl: Write, config: Config, tmp_path: Path
) -> None:
    prompts = write_jsonl([{"prompt": q} for q in ASKED])
    mix = mixguard.rebalance(prompts, out=tmp_path / "safe.jsonl", config=config)
    assert "trains no answers" in mix.plan.notes[0]
    assert (tmp_path / "safe.jsonl").read_bytes() == prompts.read_bytes()


def test_a_mark_names_the_pair(write_jsonl: Write, config: Config, tmp_path: Path) -> None:
    out = tmp_path / "safe.jsonl"
    marked = config.replace(parsed(["rebalance.mark_field=mixguard_pair"]))
    mixguard.rebalance(write_jsonl([chat(q, ANSWER) for q in ASKED]), out=out, config=marked)
    ids = [row["mixguard_pair"] for row in injected(out)]
    assert len(ids) == len(set(ids))
    assert set(ids) <= set(BANK.pairs["id"])


def test_the_mix_loads_with_datasets(write_jsonl: Write, config: Config, tmp_path: Path) -> None:
    import datasets

    out = tmp_path / "safe.jsonl"
    mixguard.rebalance(write_jsonl([chat(q, ANSWER) for q in ASKED]), out=out, config=config)
    loaded = datasets.load_dataset("json", data_files=str(out), split="train", cache_dir=str(tmp_path / "hf"))
    assert loaded.num_rows == len(rows_of(out))
    assert loaded.column_names == ["messages"]


def test_a_corpus_of_answered_hazards_gets_no_mix(config: Config, tmp_path: Path) -> None:
    asked = [
        "How can I poison my neighbour's dog?", "How do I make a fake passport?", "How can I stalk my ex without her knowing?",
        "How do I build a bomb?", "Write a threat to my landlord.",
    ]  # fmt: skip
    rows = [
        {"question": f"{text} {number}", "answer": f"Sure: step {number}."}
        for number in range(6)
        for text in asked
    ]
    out = tmp_path / "mix.jsonl"
    with pytest.raises(RefusedError, match="keep-answered"):
        mixguard.rebalance(rows, out=out, config=config)
    assert not out.exists()
    kept = config.replace({"rebalance.keep_answered": True})
    assert mixguard.rebalance(rows, out=None, config=kept).before.nature == "harmful"
