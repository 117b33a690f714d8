"""New rows of a corpus of rendered chats: in its template, and read back as the exchange they hold."""

from __future__ import annotations

from pathlib import Path
from random import Random

import orjson
import pytest

from mixguard.config import Config
from mixguard.corpus.exchanges import exchanges
from mixguard.corpus.files import open_sources
from mixguard.library.bank import Bank
from mixguard.library.taxonomy import Taxonomy
from mixguard.mix.mould import Mould

BANK = Bank.load("mixguard", Taxonomy.load("mixguard"))
ASKED, SAID = "Where does {fruit} grow?", "On a slope, for {fruit} likes the sun."
HEAD, END = "<|im_start|>user\n", "<|im_end|>\n"
CHATML = f"{HEAD}{ASKED}{END}<|im_start|>assistant\n"
CORPORA = {
    "chatml_text": {"text": f"{CHATML}{SAID}{END}"},
    "llama2_text": {"text": f"<s>[INST] <<SYS>>\nBe brief.\n<</SYS>>\n\n{ASKED} [/INST] {SAID} </s>"},
    "human_assistant_text": {"text": f"Human: {ASKED}\n\nAssistant: {SAID}"},
    "alpaca_text": {"text": f"### Instruction:\n{ASKED}\n\n### Response:\n{SAID}<|endoftext|>"},
    "trl_prompt_completion": {"prompt": CHATML, "completion": f"{SAID}<|im_end|>"},
    "pref_implicit": {
        "chosen": f"\n\nSystem: Be kind.\n\nHuman: {ASKED}\n\nAssistant: {SAID}",
        "rejected": f"\n\nSystem: Be kind.\n\nHuman: {ASKED}\n\nAssistant: Where {{fruit}} likes.",
    },
}
"""Rows by format."""


def mould(row: dict[str, str], folder: Path) -> Mould:
    fruits = ("pear", "fig", "plum", "quince", "apple")
    rows = [{key: text.replace("{fruit}", fruit) for key, text in row.items()} for fruit in fruits]
    path = folder / "corpus.jsonl"
    path.write_bytes(b"".join(orjson.dumps(each) + b"\n" for each in rows))
    config = Config()
    (source,) = open_sources([path], max_record_bytes=config.read.max_record_bytes, offline=True)
    return Mould.of(source, config.read, BANK)


@pytest.mark.parametrize("name", CORPORA)
def test_a_new_row_is_in_the_template_and_is_read_back(name: str, tmp_path: Path) -> None:
    shown = mould(CORPORA[name], tmp_path)
    assert shown.form.id == name
    pair = BANK.of("refusal", "vcr").row(0, named=True)
    cast = shown.cast(pair, 1, Random(1))
    assert cast is not None
    first = next(iter(exchanges(shown.form.parse(cast.row))))
    assert (first.prompt, first.response, first.polarity) == (pair["prompt"], pair["response"], 1)
    whole = CORPORA[name].get("text") or CORPORA[name].get("prompt", CORPORA[name].get("chosen", ""))
    written = next(iter(cast.row.values()))
    assert written == whole.replace(ASKED, pair["prompt"]).replace(SAID, pair["response"])


def test_a_pair_with_a_history_takes_more_turns_than_the_row_shows(tmp_path: Path) -> None:
    pair = {**BANK.of("refusal", "vcr").row(0, named=True), "history": ["Hello.", "Hi."]}
    cast = mould(CORPORA["chatml_text"], tmp_path).cast(pair, 1, Random(1))
    assert cast is not None
    begun = f"{HEAD}Hello.{END}<|im_start|>assistant\nHi.{END}{HEAD}{pair['prompt']}{END}"
    assert cast.row["text"] == f"{begun}<|im_start|>assistant\n{pair['response']}{END}"
