"""How chat templates write turns: one table, and nothing about any template outside it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from mixguard.corpus.formats.base import Speaker, speaker
from mixguard.corpus.records import Role

START = (
    r"\s{0,4}(?:(?:<s>|<bos>|<BOS_TOKEN>|<\|begin_of_text\|>|<\|begin▁of▁sentence\|>|<｜begin▁of▁sentence｜>"
    r"|<\|startoftext\|>|<\|begin_of_document\|>|<\|endoftext\|>|\[gMASK\]|<sop>)\s{0,2}){0,3}"
)
"""What may stand before the first turn: whitespace, and tokens that begin a sequence."""
ENDS = re.compile(
    r"(?P<token> ?</s>|<eos>|<EOS_TOKEN>|<end_of_turn>|<turn\|>|<eo[hasm]>|<\|(?:im_end|eot_id|eom_id|eot|end|return|call|endoftext"
    r"|end_of_text|end_of_turn|endofturn|END|END_OF_TURN_TOKEN)\|>|\[\|endofturn\|\]|<｜end▁of▁sentence｜>|\n{0,3}### End)"
    r"(?:\s{0,2}(?:</s>|<eos>|<\|(?:endoftext|end_of_text|eot_id)\|>|<｜end▁of▁sentence｜>)){0,2}\s{0,2}\Z"
)
"""Tokens that end a turn or the sequence, at the end of a turn's text."""
INSIDE = re.compile(
    r"<end_of_turn>|<\|(?:im_end|eot_id|eom_id|end|return|end_of_text|end_of_turn|END_OF_TURN_TOKEN)\|>"
)
"""Tokens that no turn's words hold: a text with one is about a template, not written by it."""

_OTHER_NAMES: Mapping[str, Role] = {
    **dict.fromkeys(
        ("h", "q", "question", "instruction", "input", "context", "instruct", "inst", "usr"), Role.USER
    ),
    **dict.fromkeys(("a", "answer", "response", "output", "falcon"), Role.ASSISTANT),
}
"""Role names that only templates use."""


@dataclass(frozen=True, slots=True)
class Template:
    """How one family of templates marks turns."""

    id: str
    mark: str
    """What begins a turn, with spaces: a group `name` holds the role's name, or the group itself is named for it."""
    examples: tuple[str, ...]
    """Chats of two exchanges as templates of the family write them; new turns that the row to imitate does not
    show are written like these."""
    words: bool = False
    """Whether marks are ordinary words, which other texts hold too: lines or turns begin with them."""
    preamble: str | None = None
    """What a system prompt without a mark begins with; None if there is none."""
    fixed: str = ""
    """What a preamble that is part of the template is like."""
    twice: str = ""
    """If the user may have two turns in a row, what a fixed preamble says of it."""
    only_dialogues: bool = False
    """Whether it is read only where a dialogue is expected, not in documents."""

    def said_by(self, mark: re.Match[str]) -> Speaker:
        """Who speaks after a mark."""
        group = (mark.lastgroup or "").rstrip("0123456789")
        if group == "analysis":
            return Speaker(Role.ASSISTANT, "reasoning")
        if group == "call":
            return Speaker(Role.ASSISTANT, "tool_call")
        name = mark["name"] if group == "name" else group
        other = _OTHER_NAMES.get(name.casefold())
        return speaker(name.split(" to=")[0].split(" name=")[0]) if other is None else Speaker(other)


_ANY = "[Ss]ystem|SYSTEM|[Uu]ser|USER|[Hh]uman|HUMAN|[Aa]ssistant|ASSISTANT|[Bb]ot|BOT|AI|[Cc]hatbot|[Mm]odel|[Pp]rompter|[Tt]ool|[Oo]bservation|[Ff]unction|developer|tool_response|tool_result|gpt|ChatGPT"
_LINE = r"(?P<sep>\A|(?:\r?\n){1,3})"
OPENINGS = r"(?:You are|You're|You will|Below is|Below are|A chat between|A conversation between|A dialogue between|This is a (?:chat|conversation)|The following is a (?:chat|conversation|dialogue)|Here is a (?:chat|conversation)|As an? |Act as|I am |Your (?:task|job|name) )"
_BELOW = r"Below (?:is an? instruction|are|is a question)[^#]{0,400}\Z"

# fmt: off
TEMPLATES: tuple[Template, ...] = (
    Template(
        "phi4_text",
        r"\n{0,2}<\|im_start\|>(?P<name>[^\n<|]{1,40})<\|im_sep\|>\n?",
        (
            "<|im_start|>system<|im_sep|>S<|im_end|><|im_start|>user<|im_sep|>Q<|im_end|><|im_start|>assistant<|im_sep|>A<|im_end|>"
            "<|im_start|>user<|im_sep|>Q<|im_end|><|im_start|>assistant<|im_sep|>A<|im_end|>",
        ),
    ),
    Template(
        "chatml_text",
        r"\n{0,2}<\|im_start\|>(?P<name>[^\n<|:]{1,40})(?:\n|\Z)",
        (
            "<|im_start|>system\nS<|im_end|>\n<|im_start|>user\nQ<|im_end|>\n<|im_start|>assistant\nA<|im_end|>\n"
            "<|im_start|>user\nQ<|im_end|>\n<|im_start|>assistant\nA<|im_end|>\n",
        ),
    ),
    Template(
        "kimi_text",
        r"<\|im_(?:system|user|assistant)\|>(?P<name>[^\n<|]{1,40})<\|im_middle\|>",
        (
            "<|im_system|>system<|im_middle|>S<|im_end|><|im_user|>user<|im_middle|>Q<|im_end|><|im_assistant|>assistant<|im_middle|>A<|im_end|>"
            "<|im_user|>user<|im_middle|>Q<|im_end|><|im_assistant|>assistant<|im_middle|>A<|im_end|>",
        ),
    ),
    Template(
        "llama3_text",
        r"\n{0,2}<\|(?:start_header_id|header_start)\|>(?P<name>[^\n<|]{1,40})<\|(?:end_header_id|header_end)\|>\n{0,2}",
        (
            "<|begin_of_text|><|start_header_id|>system<|end_header_id|>\n\nS<|eot_id|><|start_header_id|>user<|end_header_id|>\n\nQ<|eot_id|>"
            "<|start_header_id|>assistant<|end_header_id|>\n\nA<|eot_id|><|start_header_id|>user<|end_header_id|>\n\nQ<|eot_id|>"
            "<|start_header_id|>assistant<|end_header_id|>\n\nA<|eot_id|>",
        ),
    ),
    Template(
        "gemma_text",
        r"\n{0,2}<(?:start_of_turn|\|turn)>(?P<name>\w{1,20})(?:\n|\Z)",
        (
            "<bos><start_of_turn>user\nQ<end_of_turn>\n<start_of_turn>model\nA<end_of_turn>\n"
            "<start_of_turn>user\nQ<end_of_turn>\n<start_of_turn>model\nA<end_of_turn>\n",
        ),
    ),
    Template(
        "harmony_text",
        r"<\|start\|>(?:(?P<analysis>assistant)<\|channel\|>analysis|(?P<call>assistant)(?:<\|channel\|>commentary)? to=[^<]{1,80}(?:<\|channel\|>[^<]{1,40})?(?:<\|constrain\|>[^<]{0,20})?"
        r"|(?P<tool>[\w.]{1,80}) to=assistant(?:<\|channel\|>[^<]{1,40})?|(?P<name>\w{1,20})(?:<\|channel\|>(?:final|commentary))?)<\|message\|>",
        (
            "<|start|>system<|message|>S<|end|><|start|>user<|message|>Q<|end|><|start|>assistant<|channel|>analysis<|message|>T<|end|>"
            "<|start|>assistant<|channel|>final<|message|>A<|end|><|start|>user<|message|>Q<|end|>"
            "<|start|>assistant<|channel|>final<|message|>A<|return|>",
        ),
    ),
    Template(
        "command_r_text",
        r"<\|START_OF_TURN_TOKEN\|><\|(?P<name>USER|CHATBOT|SYSTEM)_TOKEN\|>(?:<\|START_RESPONSE\|>)?",
        (
            "<BOS_TOKEN><|START_OF_TURN_TOKEN|><|SYSTEM_TOKEN|>S<|END_OF_TURN_TOKEN|><|START_OF_TURN_TOKEN|><|USER_TOKEN|>Q<|END_OF_TURN_TOKEN|>"
            "<|START_OF_TURN_TOKEN|><|CHATBOT_TOKEN|>A<|END_OF_TURN_TOKEN|><|START_OF_TURN_TOKEN|><|USER_TOKEN|>Q<|END_OF_TURN_TOKEN|>"
            "<|START_OF_TURN_TOKEN|><|CHATBOT_TOKEN|>A<|END_OF_TURN_TOKEN|>",
        ),
    ),
    Template(
        "granite_text",
        r"\n{0,2}<\|start_of_role\|>(?P<name>[^<|\n]{1,40})<\|end_of_role\|>",
        (
            "<|start_of_role|>system<|end_of_role|>S<|end_of_text|>\n<|start_of_role|>user<|end_of_role|>Q<|end_of_text|>\n"
            "<|start_of_role|>assistant<|end_of_role|>A<|end_of_text|>\n<|start_of_role|>user<|end_of_role|>Q<|end_of_text|>\n"
            "<|start_of_role|>assistant<|end_of_role|>A<|end_of_text|>\n",
        ),
    ),
    Template(
        "nemotron_text",
        r"\n{0,2}<extra_id_[01]>(?P<name>System|User|Assistant)(?:\n|\Z)",
        (
            "<extra_id_0>System\nS\n\n<extra_id_1>User\nQ\n<extra_id_1>Assistant\nA\n<extra_id_1>User\nQ\n<extra_id_1>Assistant\nA\n",
        ),
    ),
    Template(
        "exaone_text",
        rf"\n{{0,2}}\[\|(?P<name>{_ANY})\|\][ \n]?",
        ("[|system|]S[|endofturn|]\n[|user|]Q\n[|assistant|]A[|endofturn|]\n[|user|]Q\n[|assistant|]A[|endofturn|]\n",),
    ),
    Template(
        "deepseek_text",
        r"\n{0,2}<｜(?P<name>User|Assistant|System)｜>\n?",
        ("<｜begin▁of▁sentence｜>S<｜User｜>Q<｜Assistant｜>A<｜end▁of▁sentence｜><｜User｜>Q<｜Assistant｜>A<｜end▁of▁sentence｜>",),
        preamble=r"(?<=<｜begin▁of▁sentence｜>)",
    ),
    Template(
        "openchat_text",
        r" ?(?:GPT4(?: Correct)?|Code|Math Correct) (?P<name>User|Assistant|System):[ \n]?",
        (
            "<s>S<|end_of_turn|>GPT4 Correct User: Q<|end_of_turn|>GPT4 Correct Assistant: A<|end_of_turn|>"
            "GPT4 Correct User: Q<|end_of_turn|>GPT4 Correct Assistant: A<|end_of_turn|>",
        ),
        preamble=r"[^\0]{0,4000}<\|end_of_turn\|>\Z",
    ),
    Template(
        "zephyr_text",
        rf"\n{{0,2}}<\|(?P<name>{_ANY})\|>:?[ \n]?",
        (
            "<|system|>\nS</s>\n<|user|>\nQ</s>\n<|assistant|>\nA</s>\n<|user|>\nQ</s>\n<|assistant|>\nA</s>\n",
            "<|system|>\nS<|end|>\n<|user|>\nQ<|end|>\n<|assistant|>\nA<|end|>\n<|user|>\nQ<|end|>\n<|assistant|>\nA<|end|>\n",
            "<|system|>\nS\n<|user|>\nQ\n<|assistant|>\nA<|endoftext|>\n<|user|>\nQ\n<|assistant|>\nA<|endoftext|>\n",
        ),
    ),
    Template(
        "llama2_text",
        r"(?P<system1>(?:<s>)?\s{0,2}\[INST\] ?\n?<<SYS>>\n?)|(?P<system2> ?\[SYSTEM_PROMPT\] ?)|(?P<system3>\[AVAILABLE_TOOLS\] ?)"
        r"|(?P<user1>\n?<</SYS>>\n{0,2}|\[/SYSTEM_PROMPT\](?: ?\[INST\] ?)?|\[/AVAILABLE_TOOLS\](?: ?\[INST\] ?)?|(?:<s>)?\s{0,2}\[INST\] ?)"
        r"|(?P<tool> ?\[TOOL_RESULTS\] ?)|(?P<assistant> ?\[/INST\] ?|\[/TOOL_RESULTS\] ?)",
        (
            "<s>[INST] <<SYS>>\nS\n<</SYS>>\n\nQ [/INST] A </s><s>[INST] Q [/INST] A </s>",
            "<s>[INST] Q [/INST] A </s><s>[INST] Q [/INST] A </s>",
            "<s>[INST] Q [/INST] A</s><s>[INST] Q [/INST] A</s>",
            "<s>[INST] Q [/INST]A</s>[INST] Q [/INST]A</s>",
            "<s> [INST] Q [/INST] A</s> [INST] Q [/INST] A</s>",
            "[INST] Q [/INST] A</s>[INST] Q [/INST] A</s>",
            "[INST]Q[/INST]A</s>[INST]Q[/INST]A</s>",
            "<s>[SYSTEM_PROMPT]S[/SYSTEM_PROMPT][INST]Q[/INST]A</s>[INST]Q[/INST]A</s>",
        ),
    ),
    Template(
        "openchatkit_text",
        r"\n{0,2}<(?P<name>human|bot|user|assistant|system)>: ?",
        ("<system>: S\n<human>: Q\n<bot>: A\n<human>: Q\n<bot>: A\n",),
    ),
    Template(
        "alpaca_text",
        rf"{_LINE}#{{2,4}} ?(?P<name>Instruction|INSTRUCTION|instruction|Question|Context|Input|INPUT|Response|RESPONSE|response|Output|Answer):[ \n]?",
        (
            "You are S\n\n### Instruction:\nQ\n\n### Response:\nA\n\n### Instruction:\nQ\n\n### Response:\nA",
            "### Instruction:\nQ\n\n### Input:\nQ\n\n### Response:\nA",
        ),
        words=True,
        preamble=OPENINGS,
        fixed=_BELOW,
        twice=", paired with an input that provides further context",
    ),
    Template(
        "guanaco_text",
        rf"(?P<sep>\A|\s{{0,3}})#{{2,4}} ?(?P<name>{_ANY}|Response)(?::[ \n]?|\n)",
        ("### System: S### Human: Q### Assistant: A### Human: Q### Assistant: A",),
        words=True,
        preamble=OPENINGS,
    ),
    Template(
        "vicuna_text",
        r"(?P<sep>\A|(?:\r?\n){1,3}| |(?<=</s>))(?P<name>USER|ASSISTANT|SYSTEM):(?: {1,2}|\n)?",
        ("You are S USER: Q ASSISTANT: A</s>USER: Q ASSISTANT: A</s>", "USER: Q\nASSISTANT: A</s>\nUSER: Q\nASSISTANT: A</s>\n"),
        words=True,
        preamble=OPENINGS,
    ),
    Template(
        "human_assistant_text",
        rf"{_LINE}(?P<name>System|SYSTEM|Human|HUMAN|User|Assistant|ASSISTANT|AI|Bot|Chatbot|ChatGPT|GPT|Falcon|Tool|Observation) ?:(?: {{1,2}}|\n)?",
        ("\n\nSystem: S\n\nHuman: Q\n\nAssistant: A\n\nHuman: Q\n\nAssistant: A", "Human: Q\nAssistant: A\nHuman: Q\nAssistant: A"),
        words=True,
        preamble=OPENINGS,
    ),
    Template(
        "question_answer_text",
        rf"{_LINE}(?P<name>Q|A|Question|Answer|Instruction|Instruct|Response|Output):[ \n]?",
        ("Q: Q\nA: A\n\nQ: Q\nA: A",),
        words=True,
    ),
    Template(
        "dialogue_text",
        rf"{_LINE}(?:\*\*|\[)?(?P<name>H|A|human|user|assistant|system|bot|ai|user_?1|gpt|{_ANY})(?:\*\*:|\]:|\]| ?:\*\*| ?:)(?: {{1,2}}|\n)?",
        ("\n\nH: Q\n\nA: A\n\nH: Q\n\nA: A",),
        words=True,
        only_dialogues=True,
    ),
)
"""Every template that is known, specific before general."""
