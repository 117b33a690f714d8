"""The client against llama.cpp's own server."""

from __future__ import annotations

import pytest

from mixguard.served.endpoint import Endpoint, ask_all

pytestmark = pytest.mark.server
ASKED = [
    [{"role": "user", "content": f"Name {count} colours."}] for count in ("two", "three", "four", "five")
]


def test_answers_come_with_candidates_for_their_first_token(llama_server: str) -> None:
    endpoint = Endpoint(
        llama_server, "shipped", max_tokens=6, temperature=0, more={"logprobs": True, "top_logprobs": 5}
    )
    ((_, answer),) = ask_all(ASKED[:1], endpoint)
    assert answer.text
    assert answer.cut
    assert answer.completion_tokens == 6
    assert len(answer.first) == 5
    assert answer.text.startswith(answer.first[0][0].strip())


def test_greedy_answers_are_the_same_alone_and_at_once(llama_server: str) -> None:
    def said(concurrency: int) -> dict[int, str | None]:
        endpoint = Endpoint(llama_server, "shipped", max_tokens=12, temperature=0, concurrency=concurrency)
        return {number: answer.text for number, answer in ask_all(ASKED, endpoint)}

    assert said(4) == said(1)
