from __future__ import annotations

from mixguard.corpus.exchanges import EARLIER, EARLIER_CHARS, SYSTEM_CHARS, Exchange, exchanges
from mixguard.corpus.records import Role, Sample, Turn


def user(text: str) -> Turn:
    return Turn(Role.USER, text)


def answer(text: str, polarity: int = 1, kind: str = "text") -> Turn:
    return Turn(Role.ASSISTANT, text, kind=kind, polarity=polarity)  # type: ignore[arg-type]


def found(*turns: Turn) -> list[Exchange]:
    return list(exchanges(Sample(turns)))


def test_each_answer_is_paired_with_the_prompt_before_it() -> None:
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


def test_a_sample_with_no_trained_turn_yields_its_prompt() -> None:
    (only,) = found(user("a"), answer("masked", 0), user("b"))
    assert (only.kind, only.polarity, only.prompt, only.response) == ("prompt", 0, "b", None)


def test_documents_become_document_exchanges() -> None:
    (only,) = found(Turn(Role.DOCUMENT, "a story", polarity=1))
    assert (only.kind, only.prompt, only.response) == ("document", "a story", None)


def test_reasoning_is_separated_from_the_answer() -> None:
    (only,) = found(user("a"), answer("<think>hm</think>", kind="reasoning"), answer("b"))
    assert (only.reasoning, only.response) == ("<think>hm</think>", "b")


def test_an_empty_sample_yields_no_exchange() -> None:
    assert found() == []
    assert found(Turn(Role.SYSTEM, "only a system prompt")) == []


def test_an_empty_answer_is_an_exchange_with_an_empty_response() -> None:
    (only,) = found(user("a"), answer(""))
    assert only.response == ""


def test_every_exchange_has_the_samples_system_prompt() -> None:
    told = (Turn(Role.SYSTEM, "Be kind."), Turn(Role.SYSTEM, "Be brief."))
    pairs = found(*told, user("a"), answer("b"), user("c"), answer("d"))
    assert [e.system for e in pairs] == ["Be kind.\n\nBe brief."] * 2
    assert [e.system for e in found(*told, user("a"))] == ["Be kind.\n\nBe brief."]
    assert [e.system for e in found(user("a"), answer("b"))] == [None]


def test_a_long_system_prompt_is_truncated() -> None:
    (only,) = found(Turn(Role.SYSTEM, "s" * (SYSTEM_CHARS + 1)), user("a"), answer("b"))
    assert only.system == "s" * SYSTEM_CHARS


def test_an_exchange_has_the_turns_before_its_prompt() -> None:
    first, second, third = found(
        user("a"), answer("b"), user("c"), user("d"), answer("e"), user("f"), answer("g")
    )
    assert first.earlier == ()
    assert second.earlier == (("user", "a"), ("assistant", "b"))
    assert third.earlier == (*second.earlier, ("user", "c"), ("user", "d"), ("assistant", "e"))


def test_masked_answers_count_as_earlier_turns() -> None:
    (only,) = found(user("a"), answer("masked", 0), user("b"), answer("trained"))
    assert only.earlier == (("user", "a"), ("assistant", "masked"))


def test_only_the_last_turns_are_kept_and_each_is_truncated() -> None:
    assert (EARLIER, EARLIER_CHARS) == (8, 2000)
    turns = [turn for n in range(6) for turn in (user(f"{n}" * 2001), answer(f"{n}" * 2001))]
    *_, last = found(*turns, user("p"), answer("r"))
    spoken = [(role, str(n) * 2000) for n in range(2, 6) for role in ("user", "assistant")]
    assert last.earlier == tuple(spoken)


def test_chosen_and_rejected_share_the_earlier_turns() -> None:
    good, bad = found(user("a"), answer("b", 0), user("p"), answer("good"), answer("bad", -1))
    assert good.earlier == bad.earlier == (("user", "a"), ("assistant", "b"))


def test_reasoning_and_tools_are_not_earlier_turns() -> None:
    steps = (answer("hm", kind="reasoning"), answer("{}", kind="tool_call"), Turn(Role.TOOL, "sunny", kind="tool_result"))  # fmt: skip
    *_, last = found(user("weather?"), *steps, answer("Sunny."), user("thanks"), answer("Gladly."))
    assert last.earlier == (("user", "weather?"), ("assistant", "Sunny."))


def test_tool_calls_and_results_belong_to_their_exchange() -> None:
    steps = (answer('{"city": "Rome"}', kind="tool_call"), Turn(Role.TOOL, "sunny", kind="tool_result"))
    first, second = found(user("weather?"), *steps, answer("Sunny."), user("thanks"), answer("Gladly."))
    assert (first.tools, first.response) == ('{"city": "Rome"}\n\nsunny', "Sunny.")
    assert second.tools is None


def test_masked_tool_calls_belong_to_the_answer_they_lead_to() -> None:
    steps = (answer("{}", 0, kind="tool_call"), Turn(Role.TOOL, "sunny", kind="tool_result"))
    (only,) = found(user("weather?"), *steps, answer("Sunny."))
    assert (only.tools, only.tool_call) == ("{}\n\nsunny", False)


def test_chosen_and_rejected_share_the_tools_before_them() -> None:
    steps = (answer("{}", 0, kind="tool_call"), Turn(Role.TOOL, "sunny", kind="tool_result"))
    own = answer("{2}", kind="tool_call")
    good, bad = found(user("weather?"), *steps, own, answer("Sunny."), answer("No idea.", -1))
    assert (good.tools, bad.tools) == ("{}\n\nsunny\n\n{2}", "{}\n\nsunny")
