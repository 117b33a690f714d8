"""Chats rendered into one text: cut into turns, written back in their template, and told from documents."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mixguard.corpus.exchanges import exchanges
from mixguard.corpus.formats import by_id
from mixguard.corpus.formats.cutting import cut, read_script
from mixguard.corpus.formats.lint import lint
from mixguard.corpus.formats.rewrite import rewritten
from mixguard.corpus.formats.suspect import looks_rendered
from mixguard.corpus.formats.templates import TEMPLATES, Template
from mixguard.corpus.formats.vote import choose, vote
from mixguard.corpus.records import Role, Sample, Turn
from mixguard.errors import RecordError

from .rendered_examples import BELOW, CHATML, RENDERED, TEXTS, A, Q

EXAMPLES = [
    pytest.param(template, text, id=f"{template.id}-{number}")
    for template in TEMPLATES
    for number, text in enumerate((*template.examples, *TEXTS.get(template.id, ())))
]
said = st.text("abc XYZ.,?!'\n", min_size=1, max_size=40).map(str.strip).filter(bool)


def test_every_template_has_examples() -> None:
    assert set(RENDERED) == {template.id for template in TEMPLATES}


@pytest.mark.parametrize(("template", "text"), EXAMPLES)
def test_the_pieces_joined_are_the_text(template: Template, text: str) -> None:
    script = read_script(text, "dialogue")
    assert script is not None
    assert script.template is template
    assert "".join(piece.close + piece.open + piece.text for piece in script.pieces) + script.tail == text


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda template: template.id)
@settings(max_examples=20, deadline=None)
@given(talk=st.lists(st.tuples(said, said), min_size=1, max_size=3))
def test_what_is_written_is_read_back(template: Template, talk: list[tuple[str, str]]) -> None:
    turns = [turn for q, a in talk for turn in (Turn(Role.USER, q), Turn(Role.ASSISTANT, a, polarity=1))]
    for text in (*template.examples, *TEXTS.get(template.id, ())):
        like = cut(text, template, "dialogue")
        assert like is not None
        again = cut(rewritten(like, turns), template, "dialogue")
        assert again is not None
        assert [(turn.role, turn.text) for turn in again.turns(1, "")] == [(t.role, t.text) for t in turns]


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda template: template.id)
def test_more_turns_than_the_row_shows_are_written_as_the_template_does(template: Template) -> None:
    """Of a chat cut after its first answer, the whole is written again: nothing but the row and the table says how."""
    for text in template.examples:
        whole = cut(text, template, "dialogue")
        assert whole is not None
        turns = whole.turns(1, "")
        first = next(n for n, turn in enumerate(turns) if (turn.role, turn.kind) == (Role.ASSISTANT, "text"))
        start = cut(rewritten(whole, turns[: first + 1]), template, "dialogue")
        assert start is not None
        assert rewritten(start, turns) == text


@pytest.mark.parametrize(
    ("like", "written"),
    [
        ("<|im_start|>user\nQ<|im_end|>\n<|im_start|>assistant\nA<|im_end|>",
         "<|im_start|>user\na<|im_end|>\n<|im_start|>assistant\nb<|im_end|>\n<|im_start|>user\nc<|im_end|>\n<|im_start|>assistant\nd<|im_end|>"),
        ("<s>[INST] Q [/INST]\nA</s>", "<s>[INST] a [/INST]b</s>[INST] c [/INST]d</s>"),
        ("[INST] Q [/INST] A", "[INST] a [/INST] b[INST] c [/INST] d"),
        ("### User:\nQ\n\n### Assistant:\nA", "### User:\na\n\n### Assistant:\nb\n\n### User:\nc\n\n### Assistant:\nd"),
        ("User: Q\nBot: A\n", "User: a\nBot: b\nUser: c\nBot: d\n"),
        ("USER: Q ASSISTANT: A", "USER: a ASSISTANT: b USER: c ASSISTANT: d"),
        ("<|prompter|>Q<|endoftext|><|assistant|>A<|endoftext|>",
         "<|prompter|>a<|endoftext|><|assistant|>b<|endoftext|><|prompter|>c<|endoftext|><|assistant|>d<|endoftext|>"),
    ],
)  # fmt: skip
def test_marks_that_no_example_shows_are_learned_from_the_row(like: str, written: str) -> None:
    script = read_script(like)
    assert script is not None
    roles = (Role.USER, Role.ASSISTANT) * 2
    turns = [Turn(role, text) for role, text in zip(roles, "abcd", strict=True)]
    assert rewritten(script, turns) == written


def test_an_input_is_left_out_of_the_preamble_too() -> None:
    row = RENDERED["alpaca_text"][1]
    turns = (Turn(Role.USER, "Why?"), Turn(Role.ASSISTANT, "So.", polarity=1))
    text = by_id("alpaca_text").render(Sample(turns), like=row)["text"]
    assert text == f"{BELOW}\n\n### Instruction:\nWhy?\n\n### Response:\nSo."


def test_tools_and_reasoning_are_told_from_words() -> None:
    turns = by_id("chatml_text").parse(RENDERED["chatml_text"][3]).turns
    assert [(turn.role, turn.kind) for turn in turns] == [
        (Role.USER, "text"), (Role.ASSISTANT, "tool_call"), (Role.TOOL, "tool_result"), (Role.ASSISTANT, "text")
    ]  # fmt: skip
    kinds = [turn.kind for turn in by_id("harmony_text").parse(RENDERED["harmony_text"][1]).turns]
    assert kinds == ["text", "tool_call", "tool_result", "text"]
    (only,) = exchanges(by_id("harmony_text").parse(RENDERED["harmony_text"][0]))
    assert (only.reasoning, only.response) == ("Hm.", A)


def test_an_answer_still_to_be_given_leaves_a_prompt() -> None:
    (only,) = exchanges(choose({"text": CHATML}, None).parse({"text": CHATML}))
    assert (only.kind, only.prompt) == ("prompt", Q)


def test_the_answer_beside_a_rendered_prompt_is_without_marks() -> None:
    row = {"prompt": CHATML, "completion": f"{A}<|im_end|>"}
    (only,) = exchanges(choose(row, None).parse(row))
    assert (only.prompt, only.response) == (Q, A)
    new = Sample((Turn(Role.USER, "a"), Turn(Role.ASSISTANT, "b", polarity=1)))
    assert choose(row, None).render(new, row) == {
        "prompt": "<|im_start|>user\na<|im_end|>\n<|im_start|>assistant\n",
        "completion": "b<|im_end|>",
    }


def test_earlier_answers_in_a_prompt_are_context() -> None:
    row = {"prompt": "Human: Hi\nAssistant: Hello\nHuman: Why?", "response": "So."}
    (only,) = exchanges(choose(row, None).parse(row))
    assert (only.prompt, only.response, only.earlier) == (
        "Why?",
        "So.",
        (("user", "Hi"), ("assistant", "Hello")),
    )


def test_a_turn_after_the_answers_does_not_change_whose_they_are() -> None:
    row = {
        "chosen": "Human: Q\nAssistant: A\nHuman: Thanks",
        "rejected": "Human: Q\nAssistant: B\nHuman: Thanks",
    }
    found = [(e.prompt, e.response, e.polarity) for e in exchanges(choose(row, None).parse(row))]
    assert found == [("Q", "A", 1), ("Q", "B", -1)]


def test_what_a_template_cannot_hold_is_refused() -> None:
    form, row = by_id("human_assistant_text"), RENDERED["human_assistant_text"][0]
    for turns in (
        (Turn(Role.USER, "a\n\nAssistant: b"), Turn(Role.ASSISTANT, "c", polarity=1)),
        (Turn(Role.USER, "a"), Turn(Role.ASSISTANT, "b")),
        (Turn(Role.USER, "a", "image"), Turn(Role.ASSISTANT, "b", polarity=1)),
    ):
        with pytest.raises(RecordError):
            form.render(Sample(turns), row)


def test_a_chat_among_documents_is_one() -> None:
    form = vote([{"text": "A document."}] * 3)
    assert form is not None
    assert (form.id, choose({"text": f"{CHATML}{A}"}, form).id) == ("pretrain", "chatml_text")


DOCUMENTS = [
    "# Setting up\n\n### Instruction\nInstall it.\n\n### Response\nIt answers.",
    "### Instruction\n\nMix the flour.\n\n### Notes\n\nBe quick.\n\n### Response\n\nNone.",
    "### Instruction:\nTurn it on.\n\n### Warning:\nHot.",
    "USER: Who is there?\nGHOST: I am.\nUSER: Ah!\n",
    "USER: Who?\nASSISTANT: I.\nNARRATOR: He enters.\nUSER: Ah!\nASSISTANT: Hush.\nNARRATOR: Exeunt.\n",
    "User: Who?\nKing: I.\nAssistant: You?\nQueen: No.\nUser: Ah.\nKing: Off.\nAssistant: Sire!\nKing: Now!\n",
    'prompt = "[INST] {q} [/INST]"\nprint(prompt)\n',
    'def f(q):\n    return f"<|im_start|>user\\n{q}<|im_end|>"\n',
    "Yesterday I spoke with a bot. Here is the log.\n\nUser: hello\nAssistant: hi\n\nIt was dull.",
    "ChatML marks turns so:\n\n<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\nHello<|im_end|>\n",
    "<|im_start|> is a token.",
    "<|im_start|>user is a token of ChatML.\nIt begins a turn.",
    "The format is:\n<s>[INST] <<SYS>>\nS\n<</SYS>>\n\nQ [/INST] A </s>",
    "[INST] is how Mistral marks instructions.",
    "FAQ\n\nQ: What?\nA: That.",
    "Assistant: a helper.\nUser: one who uses.\nHuman: a person.",
    "User: please restart the server.\n\nThanks,\nAnn",
    "Human: the word comes from Latin.\nIt has been used since 1300.",
    "Human Rights: A History\n\nAssistant Professor: J. Doe",
    "| Human: | Assistant: |\n|---|---|\n| a | b |",
    "<|user|> denotes the ket bra of the user.",
    "Gemma uses <start_of_turn>user and <end_of_turn>.",
]


@pytest.mark.parametrize("text", DOCUMENTS)
def test_a_text_that_speaks_of_marks_stays_a_document(text: str) -> None:
    row = {"text": text}
    assert choose(row, None).id == "pretrain"
    assert not looks_rendered(text)


def test_a_text_with_marks_and_words_after_them_is_no_chat() -> None:
    assert read_script(f"{CHATML}{A}<|im_end|>\n\nThese marks end a turn.") is None


@pytest.mark.parametrize(
    "text",
    [
        "<user>hi</user>\n<assistant>hello</assistant>",
        "[USER] hi [/USER]\n[ASSISTANT] hello",
        "<|usr|>hi<|bot|>hello",
        "{{user}}: hi\n{{assistant}}: hello",
        "**User:** hi\n**Assistant:** hello",
        "[Round 1]\n\n问：hi\n\n答：hello",
        "User: a\nUser: b\nAssistant: c",
        "Be nice.\n<user>hi</user>\n<assistant>hello</assistant>",
        "Customer: hi\nAgent: hello",
    ],
)
def test_a_chat_in_an_unknown_template_is_flagged(text: str) -> None:
    row = {"text": text}
    form = choose(row, None)
    assert form.id == "pretrain"
    assert "rendered_chat" in lint(row, form.parse(row), form.id)


@pytest.mark.parametrize("unit", ["<", "<|im_start|>", "[INST]", "\n", " ", "### ", "Human:", "Q:\n", "</s>", "<|user|>", "User: a\nBot: b\n", "Below is an instruction"])  # fmt: skip
def test_a_megabyte_of_marks_ends(unit: str) -> None:
    text = unit * (2**18 // len(unit))
    for each in (text, f"<|im_start|>user\n{text}", f"Human: a\nAssistant: b{text}", f"You are kind. {text}"):
        read_script(each)
        looks_rendered(each)
