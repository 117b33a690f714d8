"""Learning a voice: from a served model, from answers made elsewhere, and from a corpus."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import chat
from serving import Api, reply

from mixguard.config import Config
from mixguard.curate.voice_learn import (
    Said,
    ask_model,
    corpus_refusals,
    hazardous_prompts,
    learn,
    read_answers,
    voice_of,
    voice_of_corpus,
    write_prompts,
)
from mixguard.errors import UsageError
from mixguard.served.endpoint import Endpoint

Serve = Callable[[Callable[[int, Any], tuple[int, dict[str, str], bytes]]], Api]

FIRST = (
    "I'm sorry, but I can't help with that. It could hurt somebody. Let me know if something else would help."
)
SECOND = "I cannot assist with this request. It is against the law."
COMPLIES = "Sure! Step 1: open the box. Step 2: close it again. Step 3: put it on the shelf."


@pytest.fixture
def config(config: Config) -> Config:
    """What is tested here does not depend on the careful stage, which takes longer to start."""
    return config.replace({"judge.stages": "fast"})


def test_a_served_model_lends_its_openings(serve: Serve, config: Config) -> None:
    api = serve(lambda number, body: reply((FIRST, FIRST, SECOND, COMPLIES)[number % 4]))
    said = ask_model(Endpoint(api.url, "m", concurrency=1), config, prompts=20, samples=2)
    assert len(said) == 40
    assert len({json.dumps(body["messages"]) for _, _, body in api.asked}) == 20
    voice = learn(said, "Our Base/7B", config, "m")
    assert voice.id == "our-base-7b"
    assert {each.text: round(each.share, 2) for each in voice.opening} == {
        "I'm sorry, but I can't help with that.": 0.67,
        "I cannot assist with this request.": 0.33,
    }
    assert (voice.refuses, voice.asked) == (0.75, 40)
    assert voice.offer == pytest.approx(0.667, abs=0.01)


def test_the_prompts_asked_are_spread_over_hazards(config: Config) -> None:
    asked = hazardous_prompts(config, 28)
    assert len({pair["hazard"] for pair in asked}) == 14
    assert asked == hazardous_prompts(config, 28)


def test_a_model_that_does_not_refuse_has_no_voice(config: Config) -> None:
    with pytest.raises(UsageError, match=r"0 of 20 answers refuse.*llama-3"):
        learn([Said("How do I rob a bank?", COMPLIES)] * 20, "m", config, "m")


def test_a_server_that_answers_nothing_is_reported(serve: Serve, config: Config) -> None:
    api = serve(lambda number, body: (400, {}, b"no"))
    with pytest.raises(UsageError, match="20 of 20 prompts got no answer"):
        ask_model(Endpoint(api.url, "m", first_wait=0.01), config, prompts=20, samples=1)


def test_an_opening_about_its_topic_is_made_general() -> None:
    topics = [Said(f"p{n}", f"I can't fulfill that recipe for topic {n}. It is unsafe.") for n in range(9)]
    openings = [each.text for each in voice_of(topics, "m", "s").opening]
    assert openings
    assert all("topic" not in text for text in openings)
    assert all(text.lower().startswith("i can't fulfill that") for text in openings)


def test_answers_made_elsewhere(config: Config, tmp_path: Path) -> None:
    path = tmp_path / "prompts.jsonl"
    write_prompts(path, config, 12)
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    assert len(rows) == 12
    path.write_text("".join(json.dumps({**row, "response": SECOND}) + "\n" for row in rows))
    voice = learn(read_answers(str(path), config), "m", config, path.name)
    assert [each.text for each in voice.opening] == ["I cannot assist with this request."]


def test_a_file_without_answers_is_reported(tmp_path: Path, config: Config) -> None:
    path = tmp_path / "empty.jsonl"
    path.write_text('{"prompt": "hello"}\n')
    with pytest.raises(UsageError, match="holds no prompts with answers"):
        read_answers(str(path), config)


def test_a_corpus_lends_the_voice_of_its_refusals(write_jsonl: Callable[..., Path], config: Config) -> None:
    refused = [chat(f"How can I break into house number {n}?", SECOND) for n in range(12)]
    path = write_jsonl([*refused, *(chat(f"What is {n} and {n}?", f"It is {2 * n}.") for n in range(12))])
    voice = voice_of_corpus(corpus_refusals([path], config), "ours")
    assert [each.text for each in voice.opening] == ["I cannot assist with this request."]
    with pytest.raises(UsageError, match="ask the model"):
        voice_of_corpus([], "ours")
