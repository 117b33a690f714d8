"""The detectors as plain functions: one text is one text, and wrong types are reported."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import mixguard
from mixguard.config import Config


@pytest.fixture(scope="module")
def config(cache: Path) -> Config:
    return Config.from_tree({"encode": {"cache": cache}}, origin="test")


def test_one_text_is_judged_as_one_text(config: Config) -> None:
    text = "How can I hurt my neighbour without being caught?"
    assert mixguard.classify(text, config=config).equals(mixguard.classify([text], config=config))
    refusal = "I won't help with that."
    found = mixguard.detect_refusals(refusal, text, config=config)
    assert found["stance"].to_list() == ["full_refusal"]


@pytest.mark.parametrize(
    ("texts", "message"),
    [(3, "not int"), (None, "not NoneType"), (["a", 1], "number 1 is int"), ([b"a"], "number 0 is bytes")],
)
def test_what_is_no_text_is_reported(texts: Any, message: str) -> None:
    for function in (mixguard.classify, mixguard.detect_refusals):
        with pytest.raises(mixguard.MixguardError, match=message):
            function(texts)


def test_every_response_needs_its_prompt() -> None:
    with pytest.raises(mixguard.MixguardError, match="2 responses and 1 prompts"):
        mixguard.detect_refusals(["a", "b"], ["a"])


def test_nothing_gives_nothing(config: Config) -> None:
    assert mixguard.classify([], config=config).is_empty()
    assert mixguard.detect_refusals([], config=config).is_empty()
