from __future__ import annotations

from mixguard.corpus.exchanges import Exchange, exchanges
from mixguard.corpus.records import Role, Sample, Turn


def user(text: str) -> Turn:
    return Turn(Role.USER, text)


def answer(text: str, polarity: int = 1, kind: str = "text") -> Turn:
    return Turn(Role.ASSISTANT, text, kind=kind, polarity=polarity)  # type: ignore[arg-type]


def found(*turns: Turn) -> list[Exchange]:
    return list(exchanges(Sample(turns)))


def test_each_answer_goes_with_the_words_before_it() -> None:
    pairs = found(Turn(Role.SYSTEM, "s"), user("a"), answer("b"), user("c"), answer("d"))
    assert [(e.prompt, e.response, e.polarity) for e in pairs] == [("a", "b", 1), ("c", "d", 1)]


def test_an_agents_steps_are_one_exchange() -> None:
    call = answer("{}", kind="tool_call")
    result = Turn(Role.TOOL, "sunny", kind="tool_result")
    (only,) = found(user("weather?"), call, result, answer("It is sunny."))
    assert (only.prompt, only.response, only.tool_call) == ("weather?", "It is sunny.", True)


def test_chosen_and_rejected_share_the_prompt() -> None:
    pairs = found(user("p"), answer("good"), answer("bad", -1))
    assert [(e.prompt, e.response, e.polarity) for e in pairs] == [("p", "good", 1), ("p", "bad", -1)]


def test_masked_answers_are_context() -> None:
    (only,) = found(user("a"), answer("masked", 0), user("b"), answer("trained"))
    assert (only.prompt, only.response) == ("b", "trained")


def test_nothing_trained_leaves_the_prompt() -> None:
    (only,) = found(user("a"), answer("masked", 0), user("b"))
    assert (only.kind, only.polarity, only.prompt, only.response) == ("prompt", 0, "b", None)


def test_documents_are_judged_as_such() -> None:
    (only,) = found(Turn(Role.DOCUMENT, "a story", polarity=1))
    assert (only.kind, only.prompt, only.response) == ("document", "a story", None)


def test_reasoning_is_kept_apart_from_the_answer() -> None:
    (only,) = found(user("a"), answer("<think>hm</think>", kind="reasoning"), answer("b"))
    assert (only.reasoning, only.response) == ("<think>hm</think>", "b")


def test_nothing_at_all_gives_nothing() -> None:
    assert found() == []
    assert found(Turn(Role.SYSTEM, "only a system prompt")) == []


def test_an_empty_answer_is_an_exchange_with_an_empty_response() -> None:
    (only,) = found(user("a"), answer(""))
    assert only.response == ""
