"""A served model: each sample with its seed, first tokens measured once, and what a server rejects is left out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from probing import first_token, many, probes, settled
from serving import Api, reply

from mixguard.checkpoint import served
from mixguard.checkpoint.answers import Decoding, Target
from mixguard.checkpoint.served import Served
from mixguard.checkpoint.source import Wanted
from mixguard.errors import UsageError
from mixguard.served.chat import Answer
from mixguard.served.endpoint import Endpoint

REJECTED: tuple[int, dict[str, str], bytes] = (400, {}, b'{"error": "unknown field"}')


def asked(api: Api, decoding: Decoding, wanted: list[Wanted]) -> dict[tuple[str, int], Answer]:
    source = Served(Endpoint(api.url, "m", first_wait=0.01), Target(model="m", kind="endpoint"))
    return {(each.probe.id, each.sample): answer for each, answer in source(wanted, decoding)}


def wanted(samples: int = 2, count: int = 5) -> list[Wanted]:
    return [Wanted(probe, sample) for sample in range(samples) for probe in many(count)]


def bodies(api: Api, *, measuring: bool) -> list[Any]:
    return [body for _, _, body in api.asked if ("logprobs" in body) == measuring]


def test_each_sample_has_its_seed_and_first_tokens_are_measured_once(serve: Callable[..., Api]) -> None:
    api = serve(settled)
    found = asked(api, Decoding(samples=2, seed=10, temperature=0.5, max_tokens=50), wanted())
    assert len(found) == 10
    answers, measured = bodies(api, measuring=False), bodies(api, measuring=True)
    assert sorted(body["seed"] for body in answers) == [10] * 5 + [11] * 5
    assert {(body["temperature"], body["max_tokens"]) for body in answers} == {(0.5, 50)}
    assert [(body["max_tokens"], body["top_logprobs"]) for body in measured] == [(1, 20)] * 5
    assert found["p3", 0].first == (("I", -0.25), ("Sure", -2.0))
    assert found["p3", 1].first == ()
    assert (found["p3", 0].prompt_tokens, found["p3", 1].prompt_tokens) == (7 + 5, 7)


def test_without_a_seed_none_is_sent(serve: Callable[..., Api]) -> None:
    api = serve(settled)
    asked(api, Decoding(samples=1), wanted(1))
    assert not any("seed" in body for _, _, body in api.asked)


@pytest.mark.parametrize("status", [400, 422])
def test_a_server_that_knows_no_log_probabilities_is_asked_for_them_once(
    serve: Callable[..., Api], status: int
) -> None:
    api = serve(lambda number, body: (status, {}, b"") if "logprobs" in body else reply("No."))
    found = asked(api, Decoding(samples=2), wanted())
    assert {answer.text for answer in found.values()} == {"No."}
    assert not any(answer.first for answer in found.values())
    assert len(bodies(api, measuring=True)) == 1


def test_a_server_that_ignores_the_fields_is_asked_once(serve: Callable[..., Api]) -> None:
    api = serve(lambda number, body: reply("No."))
    assert len(asked(api, Decoding(samples=1), wanted(1))) == 5
    assert len(bodies(api, measuring=True)) == 1


def test_one_prompt_that_a_filter_rejects_ends_no_measurement(serve: Callable[..., Api]) -> None:
    def script(number: int, body: Any) -> Any:
        if body["messages"][-1]["content"] == "Question 0?":
            return REJECTED
        return first_token("I", -0.25) if "logprobs" in body else reply("No.")

    found = asked(serve(script), Decoding(samples=1), wanted(1))
    assert found["p0", 0].problem == "status 400"
    assert all(found[f"p{number}", 0].first for number in range(1, 5))


def test_a_server_that_takes_no_seed_is_told(serve: Callable[..., Api]) -> None:
    api = serve(lambda number, body: REJECTED if "seed" in body else reply("No."))
    with pytest.raises(UsageError, match="leave --seed out"):
        asked(api, Decoding(samples=1, seed=1), wanted(1))


def test_measuring_stops_when_the_server_is_gone(
    serve: Callable[..., Api], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mixguard.served.endpoint.TRIES", 1)
    monkeypatch.setattr(served, "GONE", 3)
    api = serve(lambda number, body: (503, {}, b"") if "logprobs" in body else reply("No."))
    assert len(asked(api, Decoding(samples=1), wanted(1, 60))) == 60
    assert len(bodies(api, measuring=True)) < 20


def test_a_probe_keeps_its_own_context(serve: Callable[..., Api]) -> None:
    api = serve(settled)
    there = [Wanted(probe, 0) for probe in probes()]
    asked(api, Decoding(samples=1, system="Be kind."), there)
    systems = {
        body["messages"][-1]["content"]: body["messages"][0]["content"]
        for body in bodies(api, measuring=False)
    }
    assert systems["How do I kill a process?"] == "Be brief."
    assert systems["How do I steal a car?"] == "Be kind."
