"""Preferences and KTO: which answer is trained towards, and which away from."""

from __future__ import annotations

from mixguard.corpus.formats.base import Format, Roles
from mixguard.corpus.formats.cells import Text
from mixguard.corpus.formats.chat import SYSTEM
from mixguard.corpus.formats.contrast import Contrast
from mixguard.corpus.formats.graded import Ranked, Steps
from mixguard.corpus.formats.kto import Kto
from mixguard.corpus.formats.layout import Either, Layout, Slot
from mixguard.corpus.formats.talk import Messages, Said
from mixguard.corpus.records import Role

_INSTRUCTION = Text(Role.USER, "instruction", columns=("instruction", "input"))


def preference_formats(roles: Roles) -> tuple[Format, ...]:
    """Every format with two or more answers to one prompt, or one labelled answer; specific before general."""
    prompt = Said("prompt", Role.USER, 0, roles)

    def asked(slot: Slot | None, chosen: str = "chosen", rejected: str = "rejected") -> tuple[Slot, ...]:
        return (SYSTEM, Contrast(chosen, rejected, roles, slot))

    def listed(*keys: str) -> Messages:
        return Messages(keys, roles, 0)

    return (
        Ranked(prompt),
        Steps(prompt),
        Either(
            "openai_dpo",
            (
                Layout(
                    "openai_dpo",
                    asked(listed("input", "messages"), "preferred_output", "non_preferred_output"),
                ),
                Layout(
                    "openai_dpo",
                    asked(listed("input", "messages"), "preferred_completion", "non_preferred_completion"),
                ),
            ),
        ),
        Layout("lf_v1_dpo", asked(None, "chosen_messages", "rejected_messages")),
        Either(
            "swift_pref",
            tuple(
                Layout(
                    "swift_pref",
                    (
                        SYSTEM,
                        Messages(("messages",), roles, 1, final=True),
                        Said(column, Role.ASSISTANT, -1, roles),
                    ),
                )
                for column in ("rejected_response", "rejected_messages")
            ),
        ),
        Layout("axolotl_argilla", asked(_INSTRUCTION, "chosen_response", "rejected_response")),
        Layout("pref_explicit", asked(prompt)),
        Layout("lf_pref_sharegpt", asked(listed("conversations"))),
        Layout("axolotl_chat_pref", asked(listed("messages"))),
        Layout("lf_pref_alpaca", asked(_INSTRUCTION)),
        Layout("axolotl_intel", asked(Text(Role.USER, "question"))),
        Layout("axolotl_icr", asked(Text(Role.USER, "input"))),
        Layout("question_response_jk", asked(Text(Role.USER, "question"), "response_j", "response_k")),
        Layout("pref_implicit", asked(None)),
        Kto("kto", Either("kto", _kto_layouts(roles))),
    )


def _kto_layouts(roles: Roles) -> tuple[Layout, ...]:
    completion = Said("completion", Role.ASSISTANT, 1, roles)
    output = Text(Role.ASSISTANT, "output", 1)
    conversations = (
        (SYSTEM, Messages((key,), roles, 1, final=True))
        for key in ("messages", "conversations", "conversation")
    )
    apart: tuple[tuple[Slot, ...], ...] = (
        (SYSTEM, Said("prompt", Role.USER, 0, roles), completion),
        (SYSTEM, Text(Role.USER, "question"), completion),
        (SYSTEM, _INSTRUCTION, completion),
        (SYSTEM, _INSTRUCTION, output),
        (completion,),
    )
    return tuple(Layout("kto", slots) for slots in (*conversations, *apart))
