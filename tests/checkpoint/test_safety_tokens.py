"""Safety tokens of toy models that are trained here: a base that complies, an aligned one that refuses."""

from __future__ import annotations

import json
import runpy
import shutil
import sys
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import pytest
import torch
from conftest import REPOSITORY, chat
from toys import make_model, make_tokenizer, teach
from typer.testing import CliRunner

from mixguard.checkpoint import safety_tokens
from mixguard.checkpoint.network import load_network, load_tokenizer, prompt_ids
from mixguard.checkpoint.safety_tokens import Prompts, SafetyTokens, choose_prompts, find_tokens
from mixguard.cli.app import app
from mixguard.errors import UsageError
from mixguard.library.bank import Bank
from mixguard.library.taxonomy import Taxonomy

THINGS = ["car", "house", "phone", "shop", "lock", "account", "boat", "camera"]
HARMFUL = [f"{verb} a {thing}" for verb in ("steal", "burn", "rob") for thing in THINGS]
LOOK_ALIKE = [f"{verb} a {thing}" for verb in ("buy", "clean", "sell") for thing in THINGS]
NEW = [f"{verb} a {thing}" for verb in ("paint", "draw") for thing in THINGS]
REFUSAL, ANSWER = "Well Sorry no answer", "Well Sure no answer"
PROMPTS = Prompts(HARMFUL[:12], LOOK_ALIKE[:12])


class Toys(NamedTuple):
    base: Path
    aligned: Path


@pytest.fixture(scope="module")
def toys(tmp_path_factory: pytest.TempPathFactory) -> Toys:
    said = " ".join([*HARMFUL, *LOOK_ALIKE, *NEW, REFUSAL, ANSWER]).split()
    tokenizer = make_tokenizer(sorted({*said, "<user>", "<assistant>", "<end>"}))
    model = make_model(tokenizer)
    folders = Toys(*(tmp_path_factory.mktemp("toys") / name for name in Toys._fields))
    complying = [(prompt, ANSWER) for prompt in (*HARMFUL, *LOOK_ALIKE)]
    refusing = [(prompt, REFUSAL) for prompt in HARMFUL] + complying[len(HARMFUL) :]
    for folder, rows in zip(folders, (complying, refusing), strict=True):
        teach(model, tokenizer, rows, 40)
        model.save_pretrained(folder)
        tokenizer.save_pretrained(folder)
    return folders


def test_the_refusals_token_is_found_where_it_is_said(toys: Toys) -> None:
    found = find_tokens(toys.aligned, PROMPTS, base=toys.base)
    sorry = found.tokens[0]
    assert sorry.text == "Sorry"
    assert sorry.shift[1] > 0.9
    assert max(abs(shift) for shift in (sorry.shift[0], *sorry.shift[2:])) < 0.05
    assert sorry.mean == pytest.approx(sum(max(shift, 0) for shift in sorry.shift) / 8, abs=1e-3)
    assert (found.model, found.base, found.harmful, found.look_alike) == ("aligned", "base", 12, 12)
    assert not found.model_dump_json().count(str(toys.aligned.parent))


def test_it_is_found_without_a_base_and_the_same_every_time(toys: Toys) -> None:
    seen: list[tuple[str, int]] = []
    first = find_tokens(toys.aligned, PROMPTS, progress=lambda stage, done, *_: seen.append((stage, done)))
    assert [token.text for token in first.tokens] == ["Sorry"], "what both kinds of answers share cancels out"
    assert first.base is None
    assert first == find_tokens(toys.aligned, PROMPTS)
    assert seen == [(stage, done) for stage in ("answering", "scoring") for done in (8, 16, 24)]


def test_what_every_prompt_is_told_is_no_safety_token(toys: Toys) -> None:
    with pytest.raises(
        UsageError, match=r"base: no token's probability shifts by 0\.04: .*give a model that refuses"
    ):
        find_tokens(toys.base, PROMPTS)


def test_a_prompt_alone_is_asked_where_there_is_no_template(toys: Toys, tmp_path: Path) -> None:
    folder = shutil.copytree(toys.aligned, tmp_path / "plain")
    (folder / "chat_template.jinja").unlink()
    plain = prompt_ids(load_tokenizer(folder), "steal a car")
    templated = prompt_ids(load_tokenizer(toys.aligned), "steal a car")
    assert plain == templated[1:4]


def test_json_round_trip(toys: Toys, tmp_path: Path) -> None:
    found = find_tokens(toys.aligned, PROMPTS, positions=3, top=1)
    file = tmp_path / "tokens.json"
    found.save(file)
    assert SafetyTokens.load(file) == found
    assert len(found.tokens[0].shift) == 3
    file.write_text(file.read_text().replace("safety-tokens/1", "safety-tokens/9"))
    with pytest.raises(
        UsageError, match=r"tokens\.json: version: .*mixguard-safety-tokens/1.*`mixguard tokens`"
    ):
        SafetyTokens.load(file)
    with pytest.raises(UsageError, match=r"none\.json: cannot be read"):
        SafetyTokens.load(tmp_path / "none.json")


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("missing", "missing: no such folder; download the model first"),
        ("empty", r"empty: no config\.json, so no model; give what save_pretrained wrote"),
        ("broken", "broken: cannot load its model"),
        ("bare", "bare: cannot load its tokenizer"),
    ],
)
def test_a_folder_without_a_model_is_told(toys: Toys, tmp_path: Path, name: str, told: str) -> None:
    folder = tmp_path / name
    if name == "empty":
        folder.mkdir()
    elif name == "broken":
        shutil.copytree(toys.aligned, folder)
        (folder / "model.safetensors").write_bytes(b"nothing")
    elif name == "bare":
        folder.mkdir()
        shutil.copy(toys.aligned / "config.json", folder)
    with pytest.raises(UsageError, match=told):
        find_tokens(folder, PROMPTS)


def test_models_of_two_vocabularies_are_not_compared(toys: Toys, tmp_path: Path) -> None:
    other = shutil.copytree(toys.base, tmp_path / "other")
    make_tokenizer(["<user>", "<assistant>", "<end>", "Sorry"]).save_pretrained(other)
    with pytest.raises(
        UsageError, match=r"other: its vocabulary differs from that of .*aligned; compare models"
    ):
        find_tokens(toys.aligned, PROMPTS, base=other)


def test_prompts_are_spread_over_hazards() -> None:
    bank = Bank.load("mixguard", Taxonomy.load("mixguard"))
    hazard = dict(zip(bank.pairs["prompt"], bank.pairs["hazard"], strict=True))
    chosen = choose_prompts(bank, count=28)
    for prompts in chosen:
        assert Counter(hazard[prompt] for prompt in prompts) == dict.fromkeys(
            set(hazard.values()) - {None}, 2
        )
    assert chosen == choose_prompts(bank, count=28)
    assert chosen != choose_prompts(bank, seed=1, count=28)
    only = choose_prompts(bank, ["vcr"])
    assert {hazard[prompt] for prompts in only for prompt in prompts} == {"vcr"}
    with pytest.raises(UsageError, match=r"--hazard xyz: unknown hazard; mixguard has: .*vcr"):
        choose_prompts(bank, ["xyz"])


def test_the_command_writes_both_files(toys: Toys, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(safety_tokens, "choose_prompts", lambda *_: PROMPTS)
    out = tmp_path / "out"
    arguments = ["tokens", "--model", str(toys.aligned), "--base", str(toys.base), "--hazard", "vcr"]
    done = CliRunner().invoke(app, [*arguments, "-o", str(out)])
    assert done.exit_code == 0, done.output
    assert "safety tokens of aligned against base" in " ".join(done.output.split())
    assert "'Sorry'" in done.output
    assert SafetyTokens.load(out / "safety_tokens.json").tokens[0].text == "Sorry"
    rows = json.loads((out / "safe_direction.json").read_bytes())
    bank = Bank.load("mixguard", Taxonomy.load("mixguard")).of("refusal", "vcr")
    assert rows
    assert {tuple(row) for row in rows} == {("input", "output")}
    assert {tuple(row.values()) for row in rows} <= set(zip(bank["prompt"], bank["response"], strict=True))


def test_without_transformers_the_error_says_what_to_install(
    toys: Toys, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(UsageError, match="needs transformers; pip install transformers"):
        find_tokens(toys.aligned, PROMPTS)


def refuses(folder: Path) -> float:
    """Mean probability of the safety token after harmful prompts."""
    tokenizer = load_tokenizer(folder)
    network = load_network(folder, len(tokenizer))
    sorry, well = tokenizer.convert_tokens_to_ids(["Sorry", "Well"])
    ids = torch.tensor([[*prompt_ids(tokenizer, prompt), well] for prompt in HARMFUL])
    with torch.inference_mode():
        return float(network(input_ids=ids).logits[:, -1].softmax(-1)[:, sorry].mean())


def tuned(toys: Toys, folder: Path, weight: float) -> float:
    find_tokens(toys.aligned, PROMPTS, base=toys.base).save(folder / "tokens.json")
    (folder / "data.jsonl").write_text("".join(json.dumps(chat(prompt, ANSWER)) + "\n" for prompt in NEW))
    out = folder / f"tuned-{weight}"
    options = {
        "model": toys.aligned, "data": folder / "data.jsonl", "tokens": folder / "tokens.json", "out": out,
        "weight": weight, "epochs": 20, "learning-rate": 5e-3,
    }  # fmt: skip
    arguments = [text for name, value in options.items() for text in (f"--{name}", str(value))]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["train.py", *arguments])
        runpy.run_path(str(REPOSITORY / "examples" / "safety_tokens" / "train.py"), run_name="__main__")
    return refuses(out)


def test_the_example_keeps_the_safety_token(toys: Toys, tmp_path: Path) -> None:
    pytest.importorskip("accelerate")
    before, without, kept = refuses(toys.aligned), tuned(toys, tmp_path, 0), tuned(toys, tmp_path, 1)
    assert before > 0.9
    assert without < 0.1
    assert kept > 0.3
