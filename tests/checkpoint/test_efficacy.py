"""A study of a small corpus: its files, what trainers read of them, and its scripts, which run here."""

from __future__ import annotations

import json
import runpy
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import orjson
import pytest
import yaml
from conftest import chat
from typer.testing import CliRunner

from mixguard.checkpoint.efficacy import Dose, _budget, _check_grown, init
from mixguard.checkpoint.efficacy_configs import Shape, Unfit, shape_of, write_configs
from mixguard.cli.app import app
from mixguard.config import Config
from mixguard.errors import UsageError
from mixguard.library.profile import RiskProfile
from mixguard.mix.allotment import Need, allot
from mixguard.mix.manifest import verify

Write = Callable[..., Path]

TOPICS = ("parcel", "invoice", "kettle", "garden", "bicycle", "library")
ASKED = [f"Where do I find the {word} number {n}?" for n in range(10) for word in TOPICS]
ANSWER = "Look on the label at the back; it has eight digits."
DOSES = ("dose-0", "dose-0.5", "dose-2")


def lines_of(path: Path) -> list[Any]:
    return [orjson.loads(line) for line in path.read_bytes().splitlines()]


@pytest.fixture(scope="module")
def study(cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("efficacy")
    corpus = folder / "support.jsonl"
    corpus.write_bytes(b"".join(orjson.dumps(chat(prompt, ANSWER)) + b"\n" for prompt in ASKED))
    options = ["--doses", "2,0.5,0", "--voice", "llama-3", "--offline", "--set", f"encode.cache={cache}"]
    done = CliRunner().invoke(
        app, ["efficacy", "init", str(corpus), "-o", str(folder / "study"), *options], catch_exceptions=False
    )
    assert done.exit_code == 0, done.output
    assert "200 hazardous prompts and 250 look-alikes to ask" in done.output
    assert "no configuration" not in done.output
    return folder / "study"


def test_the_doses_grow_from_the_corpus_itself(study: Path) -> None:
    files = [study / f"{dose}.jsonl" for dose in DOSES]
    assert files[0].read_bytes() == (study.parent / "support.jsonl").read_bytes()
    assert [len(lines_of(file)) for file in files] == [60, 66, 84]
    for file in files[1:]:
        assert verify(file) == []
    budgets = [
        json.loads((study / f"{dose}.jsonl.manifest.json").read_bytes())["options"]["budget"]
        for dose in DOSES[1:]
    ]
    assert budgets == [3, 12]
    assert {path.name for path in (study / "runs").iterdir()} == {"corpus", *DOSES[1:]}


def test_no_probe_is_in_a_mix(study: Path) -> None:
    probes = lines_of(study / "probes.jsonl")
    assert [tuple(probe) for probe in probes] == [("id", "kind", "hazard", "prompt")] * 450
    assert Counter(probe["kind"] for probe in probes) == {"hazardous": 200, "look-alike": 250}
    mixes = "".join((study / f"{dose}.jsonl").read_text(encoding="utf-8") for dose in DOSES)
    assert not [probe for probe in probes if json.dumps(probe["prompt"], ensure_ascii=False)[1:-1] in mixes]
    spread = Counter(probe["hazard"] for probe in probes if probe["kind"] == "hazardous")
    assert len(spread) == 14
    assert max(spread.values()) - min(spread.values()) <= 5


def test_the_readme_has_the_names_and_numbers(study: Path) -> None:
    text = (study / "README.md").read_text(encoding="utf-8")
    for told in (
        f"mixguard efficacy init {study.parent / 'support.jsonl'}",
        "| `dose-0.5.jsonl` | 0.5 | 3 | 3 | 66 |",
        "for dose in 0 0.5 2; do for seed in 1 2 3; do",
        "train_trl.py",
        'sed "s/dose-0.5.jsonl/dose-$dose.jsonl/" axolotl.yml',
        "llamafactory-cli train llamafactory.yaml",
        "k ln(20) / 60",
        "Llama 3",
    ):
        assert told in text
    assert "\n\n\n" not in text
    assert not [mark for mark in ("{{", "{%", "None") if mark in text]
    assert "no configuration" not in text


def test_the_configurations_name_files_that_are_there(study: Path) -> None:
    axolotl = yaml.safe_load((study / "axolotl.yml").read_text(encoding="utf-8"))
    assert (study / axolotl["datasets"][0]["path"]).is_file()
    factory = yaml.safe_load((study / "llamafactory.yaml").read_text(encoding="utf-8"))
    info = json.loads((study / "dataset_info.json").read_bytes())
    assert set(info) == set(DOSES)
    assert factory["dataset"] in info
    assert all((study / entry["file_name"]).is_file() for entry in info.values())
    for config in (axolotl, factory):
        assert config["save_strategy"] == "no"
        assert config["warmup_steps"] == 10


def trl_examples(folder: Path, rows: list[dict[str, Any]]) -> dict[str, list[Any]]:
    """What train_trl.py makes of rows, with nothing of TRL."""
    with pytest.MonkeyPatch.context() as patch:
        for module, names in {"trl": ("SFTConfig", "SFTTrainer"), "peft": ("LoraConfig",)}.items():
            made = ModuleType(module)
            made.__dict__.update(dict.fromkeys(names))
            patch.setitem(sys.modules, module, made)
        script = runpy.run_path(str(folder / "train_trl.py"))
    found: dict[str, list[Any]] = script["examples"]({name: [row[name] for row in rows] for name in rows[0]})
    return found


def configured(tmp_path: Path, name: str, form: str, rows: list[dict[str, Any]]) -> dict[str, str | None]:
    shape = shape_of(Path(name), [form], rows)
    assert isinstance(shape, Shape), shape
    return write_configs(tmp_path, shape, ["dose-0", "dose-1"], 10)


def test_columns_are_mapped(tmp_path: Path) -> None:
    rows = [
        {"instruction": "Shorten", "input": "a b", "output": "a", "system": "Be brief."},
        {"instruction": "Greet", "input": "", "output": "Hi", "system": ""},
    ]
    unfit = configured(tmp_path, "data.csv", "alpaca", rows)
    assert unfit["llamafactory"] is None
    assert "lists of messages only" in (unfit["axolotl"] or "")
    assert not (tmp_path / "axolotl.yml").exists()
    info = json.loads((tmp_path / "dataset_info.json").read_bytes())["dose-1"]
    columns = {"prompt": "instruction", "query": "input", "response": "output", "system": "system"}
    assert info == {"file_name": "dose-1.csv", "formatting": "alpaca", "columns": columns}
    assert trl_examples(tmp_path, rows) == {
        "prompt": [
            [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Shorten\na b"}],
            [{"role": "user", "content": "Greet"}],
        ],
        "completion": [[{"role": "assistant", "content": text}] for text in ("a", "Hi")],
    }


@pytest.mark.parametrize(
    ("form", "prompt", "answer"),
    [("trl_prompt_completion", "prompt", "completion"), ("question_answer", "question", "answer")],
)
def test_a_prompt_and_an_answer_are_mapped(tmp_path: Path, form: str, prompt: str, answer: str) -> None:
    rows = [{prompt: "Hello?", answer: "Hi."}]
    configured(tmp_path, "data.jsonl", form, rows)
    info = json.loads((tmp_path / "dataset_info.json").read_bytes())["dose-0"]
    assert info["columns"] == {"prompt": prompt, "response": answer}
    made = trl_examples(tmp_path, rows)
    assert made["prompt"] == [[{"role": "user", "content": "Hello?"}]]
    assert made["completion"] == [[{"role": "assistant", "content": "Hi."}]]


def test_sharegpt_roles_are_mapped_and_every_answer_is_trained(tmp_path: Path) -> None:
    said = [("human", "One?"), ("gpt", "Two."), ("human", "Three?"), ("gpt", "Four.")]
    rows = [{"conversations": [{"from": name, "value": text} for name, text in said]}]
    assert set(configured(tmp_path, "data.json", "sharegpt", rows).values()) == {None}
    data = yaml.safe_load((tmp_path / "axolotl.yml").read_text(encoding="utf-8"))["datasets"][0]
    assert data["field_messages"] == "conversations"
    assert data["message_property_mappings"] == {"role": "from", "content": "value"}
    assert data["roles"] == {"user": ["human"], "assistant": ["gpt"]}
    tags = json.loads((tmp_path / "dataset_info.json").read_bytes())["dose-0"]["tags"]
    assert (tags["role_tag"], tags["user_tag"], tags["assistant_tag"]) == ("from", "human", "gpt")
    made = trl_examples(tmp_path, rows)
    assert [len(prompt) for prompt in made["prompt"]] == [1, 3]
    assert [turn["content"] for (turn,) in made["completion"]] == ["Two.", "Four."]
    assert [turn["role"] for turn in made["prompt"][1]] == ["user", "assistant", "user"]


@pytest.mark.parametrize(
    ("name", "form", "row", "reason"),
    [
        ("a.jsonl", "pref_explicit", {"prompt": "a", "chosen": "b", "rejected": "c"}, "pref_explicit"),
        ("a.tsv", "alpaca", {"instruction": "a", "output": "b"}, "tab-separated"),
        ("a.jsonl", "openai_chat", {"messages": [{"role": "oracle", "content": "a"}]}, "'oracle'"),
        (
            "a.jsonl", "openai_chat",
            {"messages": [{"role": "user", "content": [{"type": "text", "text": "a"}]}]}, "in parts",
        ),
        ("a.jsonl", "alpaca", {"text": "a"}, "none of the first rows"),
    ],
)  # fmt: skip
def test_what_no_trainer_reads_gets_no_configuration(
    name: str, form: str, row: dict[str, Any], reason: str
) -> None:
    found = shape_of(Path(name), [form], [row])
    assert isinstance(found, Unfit)
    assert reason in found.reason


def test_llama_factory_gets_nothing_that_it_cannot_read(tmp_path: Path) -> None:
    two = chat("a", "b")
    two["messages"] += [{"role": "human", "content": "a"}, {"role": "assistant", "content": "b"}]
    three = {"context": "a", "instruction": "b", "input": "c", "response": "d"}
    listed = {"prompt": chat("a", "b")["messages"][:1], "completion": chat("a", "b")["messages"][1:]}
    for name, form, row, reason in (
        ("a.jsonl", "openai_chat", two, "one name for each role"),
        ("a.jsonl", "instruction_response", three, "have 3"),
        ("a.jsonl", "trl_prompt_completion", listed, "lists of messages"),
        ("a.jsonl.gz", "alpaca", {"instruction": "a", "output": "b"}, r".jsonl.gz"),
    ):
        assert reason in (configured(tmp_path, name, form, [row])["llamafactory"] or "")
        assert not (tmp_path / "dataset_info.json").exists()
    assert trl_examples(tmp_path, [{"instruction": "a", "output": "b"}])["completion"]
    configured(tmp_path, "a.jsonl", "trl_prompt_completion", [listed])
    assert trl_examples(tmp_path, [listed])["completion"] == [listed["completion"]]


@pytest.mark.parametrize(("covered", "answered"), [(0, 0), (1, 0), (5, 0), (0, 3)])
def test_a_dose_is_a_multiple_of_what_the_plan_adds(covered: float, answered: float) -> None:
    dose = RiskProfile.load("general").dose
    needs = {f"h{number}": Need(1, 2, covered, answered, 0) for number in range(14)}
    once = allot(1000, needs, 0, dose)
    added = sum(once.refusals.values())
    lines = [
        SimpleNamespace(answered=int(need.answered), covered=need.covered, target=once.target[code])
        for code, need in needs.items()
    ]
    plan: Any = SimpleNamespace(refusals=added, wanted=once.dose, hazards=lines)
    for times in (0.5, 1, 2):
        given = allot(1000, needs, 0, dose._replace(most=0.5, contrast_most=1), _budget(plan, times))
        assert sum(given.refusals.values()) == round(times * added)


def test_a_study_needs_an_empty_folder_and_leaves_none_that_failed(
    write_jsonl: Write, config: Config, tmp_path: Path
) -> None:
    small = write_jsonl([chat("Hi", "Hello")])
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "note").write_text("mine")
    with pytest.raises(UsageError, match="full: exists and is not an empty folder"):
        init(str(small), tmp_path / "full", config)
    assert (tmp_path / "full" / "note").read_text() == "mine"
    with pytest.raises(UsageError, match=r"the plan adds no refusals: 1 exchanges are too few"):
        init(str(small), tmp_path / "study", config)
    assert not (tmp_path / "study").exists()
    with pytest.raises(UsageError, match="not a file"):
        init(str(tmp_path), tmp_path / "study", config)
    for doses in ((0,), (-1,), (float("nan"),)):
        with pytest.raises(UsageError, match="--doses: give numbers above 0"):
            init(str(small), tmp_path / "study", config, doses)


def test_a_dose_that_adds_nothing_is_refused() -> None:
    none, more = (Dose(name, Path(name), refusals, 0, 60) for name, refusals in (("0", 0), ("0.4", 3)))
    _check_grown(none, more)
    with pytest.raises(UsageError, match=r"dose 0\.4: adds 3 refusals, no more than dose 0\.4"):
        _check_grown(more, more)


def run(script: Path, *arguments: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", [script.name, *arguments])
        runpy.run_path(str(script), run_name="__main__")


def make_toy(folder: Path) -> None:
    from tokenizers import Tokenizer
    from tokenizers.models import WordLevel
    from tokenizers.pre_tokenizers import WhitespaceSplit
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    words = {word: number for number, word in enumerate(["<unk>", "<end>", "<user>", "<assistant>", "yes"])}
    made = Tokenizer(WordLevel(words, unk_token="<unk>"))
    made.pre_tokenizer = WhitespaceSplit()
    template = "{% for m in messages %}<{{ m['role'] }}> {{ m['content'] }} {% endfor %}<assistant> "
    PreTrainedTokenizerFast(
        tokenizer_object=made, unk_token="<unk>", eos_token="<end>", chat_template=template
    ).save_pretrained(folder)
    LlamaForCausalLM(
        LlamaConfig(
            vocab_size=5, hidden_size=16, intermediate_size=16, num_hidden_layers=1, num_attention_heads=2,
            num_key_value_heads=2, eos_token_id=1, bos_token_id=None,
        )
    ).save_pretrained(folder)  # fmt: skip


def test_the_scripts_ask_and_score(
    study: Path,
    shared_cache: dict[str, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    make_toy(tmp_path / "toy")
    probes = lines_of(study / "probes.jsonl")
    few = tmp_path / "few.jsonl"
    few.write_bytes(b"".join(orjson.dumps(probe) + b"\n" for probe in (*probes[:3], *probes[-2:])))
    answers = tmp_path / "answers" / "toy.jsonl"
    options = ["--probes", str(few), "--tokens", "3", "--batch", "2"]
    run(study / "ask.py", str(tmp_path / "toy"), str(answers), *options)
    rows = lines_of(answers)
    assert [tuple(row) for row in rows] == [("prompt", "response", "id", "kind")] * 5
    assert [row["id"] for row in rows] == [probe["id"] for probe in lines_of(few)]
    refusal = "I'm sorry, but I can't help with that."
    for row, text in zip(rows, [refusal, refusal, "Sure. First open the lid.", refusal, ANSWER], strict=True):
        row["response"] = text
    answers.write_bytes(b"".join(orjson.dumps(row) + b"\n" for row in rows))
    monkeypatch.setenv("XDG_CACHE_HOME", shared_cache["XDG_CACHE_HOME"])
    capsys.readouterr()
    run(study / "score.py", str(answers))
    head, line = capsys.readouterr().out.splitlines()
    assert head.split() == ["refused", "hazardous", "look-alikes", "not", "judged"]
    assert line.split(maxsplit=1)[0] == "toy"
    assert "67% (21% to 94%) of 3" in line
    assert "50% (9% to 91%) of 2" in line
    assert line.endswith(" 0")
    with pytest.raises(SystemExit, match="name the files"):
        run(study / "score.py")
