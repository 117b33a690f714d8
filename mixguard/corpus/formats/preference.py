"""Preferences and KTO: answers trained towards, and answers trained away from."""

from __future__ import annotations

from mixguard.corpus.formats.base import Format
from mixguard.corpus.formats.cells import Text
from mixguard.corpus.formats.chat import PROMPT, SYSTEM
from mixguard.corpus.formats.compared import Compared, Named
from mixguard.corpus.formats.contrast import Contrast
from mixguard.corpus.formats.graded import Best, Steps
from mixguard.corpus.formats.kto import Kto
from mixguard.corpus.formats.layout import Either, Layout, Slot
from mixguard.corpus.formats.nova import Candidates
from mixguard.corpus.formats.pairs import PAIR_FORMATS
from mixguard.corpus.formats.rendered import Rendered
from mixguard.corpus.formats.talk import Messages, Said
from mixguard.corpus.records import Role

_INSTRUCTION = Text(Role.USER, "instruction", columns=("instruction", "input"))
_INPUT = Messages(("input", "messages"), 0)


def _answers(asked: Slot | None, chosen: str = "chosen", rejected: str = "rejected") -> tuple[Slot, ...]:
    return (SYSTEM, Contrast(chosen, rejected, asked))


def _kto_layouts() -> tuple[Layout, ...]:
    completion = Said("completion", Role.ASSISTANT, 1)
    conversations = (
        (SYSTEM, Messages((key,), 1, final=True)) for key in ("messages", "conversations", "conversation")
    )
    apart: tuple[tuple[Slot, ...], ...] = (
        (SYSTEM, PROMPT, completion),
        (SYSTEM, Text(Role.USER, "question"), completion),
        (SYSTEM, _INSTRUCTION, completion),
    )
    return tuple(Layout("kto", slots) for slots in (*conversations, *apart))


_ANSWER_ALONE = Either(
    "kto",
    (
        Layout("kto", (Rendered(("completion",), final=True),)),
        Layout("kto", (Said("completion", Role.ASSISTANT, 1),)),
    ),
)


PREFERENCE_FORMATS: tuple[Format, ...] = (
    Best("nectar", ("answers",), "answer"),
    Steps(PROMPT),
    Compared(),
    Layout("nova_pref", (SYSTEM, Candidates())),
    Either(
        "openai_dpo",
        (
            Layout("openai_dpo", _answers(_INPUT, "preferred_output", "non_preferred_output")),
            Layout("openai_dpo", _answers(_INPUT, "preferred_completion", "non_preferred_completion")),
        ),
    ),
    Layout("lf_v1_dpo", _answers(None, "chosen_messages", "rejected_messages")),
    Either(
        "swift_pref",
        tuple(
            Layout(
                "swift_pref",
                (SYSTEM, Messages(("messages",), 1, final=True), Said(column, Role.ASSISTANT, -1)),
            )
            for column in ("rejected_response", "rejected_messages")
        ),
    ),
    Layout("axolotl_argilla", _answers(_INSTRUCTION, "chosen_response", "rejected_response")),
    Layout("pref_explicit", _answers(PROMPT)),
    Layout("lf_pref_sharegpt", _answers(Messages(("conversations",), 0))),
    Layout("axolotl_chat_pref", _answers(Messages(("messages",), 0))),
    Layout("lf_pref_alpaca", _answers(_INSTRUCTION)),
    Layout("axolotl_intel", _answers(Text(Role.USER, "question"))),
    Layout("axolotl_icr", _answers(Text(Role.USER, "input"))),
    Layout("question_response_jk", _answers(Text(Role.USER, "question"), "response_j", "response_k")),
    Named(),
    Layout("pref_implicit", _answers(None)),
    Best("graded_answers"),
    Kto("kto", (Either("kto", _kto_layouts()), *PAIR_FORMATS, _ANSWER_ALONE)),
)
"""Every format with two or more answers to one prompt, or one labelled answer; specific before general."""
