from __future__ import annotations

import polars as pl
import pytest
from building import evidence, exchange_frame, found, row, unstaged

from mixguard.signals.self_identity import SelfIdentityAnnotator, makers

CLAIMS = {
    "I was trained by OpenAI.": "OpenAI",
    "I'm ChatGPT, how can I help?": "OpenAI",
    "As an AI language model developed by OpenAI, I cannot say.": "OpenAI",
    "As Claude, I value honesty.": "Anthropic",
    "Hello! I am Claude, an AI assistant made by Anthropic.": "Anthropic",
    "I'm Gemini, a large language model built by Google.": "Google",
    "My creator is Meta, and I am based on Llama 3.": "Meta",
    "Mistral AI created me in Paris.": "Mistral AI",
    "I am Qwen, created by Alibaba Cloud.": "Alibaba Cloud",
    "I'm not ChatGPT. I am DeepSeek, an assistant.": "DeepSeek",
    "我是由OpenAI训练的语言模型。": "OpenAI",
}
NO_CLAIMS = [
    "OpenAI was founded in 2015.",
    "I am not ChatGPT, and I was not made by OpenAI.",
    "I bought it at Amazon.",
    "As Google grew, it bought YouTube.",
    "I was created by the sea, said the shell.",
    "You can ask Siri or Alexa.",
    "I am meta about it all.",
]


def read(*pairs: tuple[str, str], system: str | None = None) -> pl.DataFrame:
    frame = exchange_frame(list(pairs)).with_columns(system=pl.lit(system, dtype=pl.String))
    return SelfIdentityAnnotator()(unstaged(frame))


@pytest.mark.parametrize(("answer", "maker"), CLAIMS.items())
def test_a_claim_names_its_maker(answer: str, maker: str) -> None:
    claimed = read(("Hi", answer))
    assert makers()[claimed["self_vendor"].item() - 1] == maker
    assert claimed["self_said"].item()


@pytest.mark.parametrize("answer", NO_CLAIMS)
def test_a_mention_is_no_claim(answer: str) -> None:
    assert read(("Tell me about it.", answer))["self_vendor"].item() == 0


def test_names_are_told_apart_whatever_their_case() -> None:
    answers = [
        "I am Nova, an AI assistant.",
        "My name is NOVA, your helpful assistant.",
        "I'm Ada, a chatbot.",
    ]
    one, same, other = read(*(("Hi", each) for each in answers))["self_name"].to_list()
    assert one == same != other


def test_a_bare_name_counts_where_the_prompt_asks_for_it() -> None:
    names = read(("What is your name?", "I'm Nova."), ("Who came?", "I'm Nova."))["self_name"]
    assert names.is_null().to_list() == [False, True]


def test_a_maker_other_than_the_system_prompts_conflicts() -> None:
    told = "You are Claude, an assistant made by Anthropic."
    answers = read(("Hi", "I am ChatGPT."), ("Hi", "I am Claude."), ("Hi", "Hello."), system=told)
    assert answers["self_conflict"].to_list() == [True, False, False]
    assert read(("Hi", "I am ChatGPT."))["self_conflict"].to_list() == [False]


def test_a_placeholder_is_seen() -> None:
    answers = read(("Hi", "I am {{name}}, an AI assistant by {{author}}."), ("Hi", "Dear {{name}}, hello."))
    assert answers["self_blank"].to_list() == [True, False]


@pytest.mark.parametrize(("codes", "severity"), [((), "pass"), ((1, 1), "note"), ((1, 2), "warn")])
def test_two_makers_warn(codes: tuple[int, ...], severity: str) -> None:
    rows = [row(self_vendor=code) for code in (0, *codes)]
    assert found(evidence(rows), "MG203", "makers" if codes else None).severity == severity


def test_two_names_are_noted_and_one_is_not() -> None:
    one, two = ([row(self_name=each) for each in names] for names in ((5, 5), (5, 6)))
    assert found(evidence(one), "MG203", "names").severity == "pass"
    assert found(evidence(two), "MG203", "names").severity == "note"
