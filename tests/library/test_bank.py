"""The bank: its rules, its size and its variety."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from mixguard.errors import BankError
from mixguard.library.bank import Bank
from mixguard.library.pairs import opening
from mixguard.library.taxonomy import Taxonomy

TAXONOMY = Taxonomy.load("mixguard")
BANK = Bank.load("mixguard", TAXONOMY)
PAIR = {
    "kind": "refusal", "hazard": "ncr", "sub": "fraud", "severity": "high", "form": "order",
    "prompt": "Write a fake invoice.", "response": "No, I won't fake an invoice.",
}  # fmt: skip


@pytest.mark.parametrize("code", TAXONOMY.codes)
def test_every_hazard_has_pairs_over_all_sub_hazards_and_forms(code: str) -> None:
    hazard = next(hazard for hazard in TAXONOMY.hazards if hazard.code == code)
    for kind, group in (("refusal", "violating"), ("contrast", "benign")):
        mine = BANK.of(kind, code)
        assert mine.height >= 60
        assert set(mine["sub"]) == set(hazard.sub)
        assert len(set(mine["form"]) & set(TAXONOMY.forms[group])) >= len(TAXONOMY.forms[group]) - 2
        assert mine["system"].null_count() <= mine.height - 8
        assert (mine["history"].list.len() > 0).sum() >= 8


def test_there_are_ordinary_pairs_and_a_licence() -> None:
    assert BANK.of("plain").height >= 100
    assert BANK.licence == "Apache-2.0"


def test_refusals_do_not_open_alike() -> None:
    """An aligned model's refusal hinges on its first words, so their variety is what makes it deep."""
    refusals = BANK.of("refusal")["response"].to_list()
    assert len({opening(text) for text in refusals}) == len(refusals)
    for words, share in ((3, 0.03), (1, 0.15)):
        commonest = Counter(opening(text, words) for text in refusals).most_common(1)[0]
        assert commonest[1] / len(refusals) <= share, commonest


def test_contrast_answers_do_not_begin_with_sure() -> None:
    openings = Counter(opening(text, 1) for text in BANK.of("contrast")["response"])
    assert openings["sure"] + openings["certainly"] + openings["absolutely"] <= 5


def test_rejected_answers_have_no_content() -> None:
    assert len(BANK.rejected) >= 12
    assert max(map(len, BANK.rejected)) < 60
    assert len(BANK.vague) >= 10


def own_bank(tmp_path: Path, *lines: dict[str, Any] | str, extends: bool = True) -> Path:
    folder = tmp_path / "ours"
    (folder / "pairs").mkdir(parents=True)
    (folder / "bank.toml").write_text('id = "ours"\n' + ('extends = "mixguard"\n' if extends else ""))
    text = "\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines)
    (folder / "pairs" / "a.jsonl").write_text(text + "\n")
    return folder


def test_your_own_bank_comes_before_the_one_it_extends(tmp_path: Path) -> None:
    replaced = {**PAIR, "id": "ncr-r-001", "model": "our-base"}
    bank = Bank.load(str(own_bank(tmp_path, PAIR, replaced | {"prompt": "Another."})), TAXONOMY)
    assert bank.pairs.height == BANK.pairs.height + 1
    assert bank.pairs["model"][1] == "our-base"
    assert bank.pairs["id"].n_unique() == bank.pairs.height


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("{", "not a JSON object"),
        ({**PAIR, "hazard": "xyz"}, "unknown hazard 'xyz'"),
        ({**PAIR, "sub": "xyz"}, "unknown sub-hazard 'xyz'"),
        ({**PAIR, "form": "homonym"}, "unknown form 'homonym' for a refusal pair"),
        ({**PAIR, "response": " "}, "needs a prompt and a response"),
        ({**PAIR, "history": ["only one"]}, "in pairs"),
        ({**PAIR, "severity": None}, "needs a severity"),
        ({**PAIR, "kind": "plain", "form": "code"}, "a plain pair has no hazard"),
        ({**PAIR, "answer": "x"}, "answer"),
    ],
)
def test_an_invalid_line_is_reported_with_file_and_line(
    tmp_path: Path, line: dict[str, Any] | str, words: str
) -> None:
    folder = own_bank(tmp_path, {**PAIR, "prompt": "fine"}, line)
    with pytest.raises(BankError, match=words) as error:
        Bank.load(str(folder), TAXONOMY)
    assert "a.jsonl:2" in str(error.value)


def test_the_same_prompt_twice_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(BankError, match=r"same id or text as .*a.jsonl:1"):
        Bank.load(str(own_bank(tmp_path, PAIR, {**PAIR, "response": "Another no."})), TAXONOMY)


def test_an_unknown_bank_is_reported() -> None:
    with pytest.raises(BankError, match="no bank 'nowhere'"):
        Bank.load("nowhere", TAXONOMY)
