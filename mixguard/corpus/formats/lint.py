"""Known trainer behaviour on some samples: drop them, change them, or refuse the file.

Rules come from the trainers' own code; each names its source.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from mixguard.corpus.formats.base import ODDITIES
from mixguard.corpus.formats.speakers import find_role_key, role_name
from mixguard.corpus.formats.suspect import looks_rendered
from mixguard.corpus.formats.templates import TEMPLATES
from mixguard.corpus.records import Role, Row, Sample

_CHAT_IDS = frozenset({"openai_chat", "sharegpt", "lf_pref_sharegpt"})
_TALK_IDS = _CHAT_IDS | {"message_list", "rounds", "gemini", "lf_v1"}
_ASKS = ("user", "human", "tool", "observation", "function")
_ANSWERS = ("assistant", "gpt", "function_call", "model")
_TEMPLATE_IDS = frozenset(template.id for template in TEMPLATES)
_AXOLOTL_ROLES = frozenset({"human", "user", "assistant", "gpt", "system", "tool"})
_CONTROL_TOKEN = re.compile(
    r"<\|(?:fim_\w+|im_start|im_end|endoftext|eot_id|start_header_id|end_header_id)\|>"
)


@dataclass(frozen=True)
class TrainerRule:
    """One trainer's behaviour on some samples."""

    id: str
    trainer: str
    severity: Literal["warn", "note"]
    why: str
    remedy: str
    source: str
    trips: Callable[[Row, Sample, str], bool]


def lint(row: Row, sample: Sample, format_id: str) -> tuple[str, ...]:
    """Ids of the rules a sample trips."""
    return tuple(rule.id for rule in TRAINER_RULES if rule.trips(row, sample, format_id))


def _messages(row: Row) -> list[Mapping[str, Any]]:
    for key in ("messages", "conversations", "conversation"):
        value = row.get(key)
        if isinstance(value, list):
            return [message for message in value if isinstance(message, dict)]
    return []


def _role(message: Mapping[str, Any]) -> str:
    key = find_role_key(message)
    return (role_name(message, key) or "").strip().casefold() if key else ""


def _speaks(message: Mapping[str, Any]) -> bool:
    """Whether a message is what someone says: not a thought or a call on a channel of its own, nor an item."""
    channel = message.get("channel") not in (None, "final") and _role(message) in _ANSWERS
    return not channel and find_role_key(message) is not None


def _out_of_turn(row: Row, sample: Sample, format_id: str) -> bool:
    """Odd messages must address the model, even ones must be its own; a preference omits the final answer."""
    if format_id not in _CHAT_IDS:
        return False
    said = [message for message in _messages(row) if _speaks(message)]
    channels = any("channel" in message for message in said)
    roles = [role for message in said if (role := _role(message)) not in ("system", "developer")]
    if channels:  # a tool answers a call, which is on a channel of its own
        roles = [role for role in roles if role not in ("tool", "function", "observation")]
    misplaced = any(role not in (_ANSWERS if place % 2 else _ASKS) for place, role in enumerate(roles))
    wanted = 1 if format_id == "lf_pref_sharegpt" else 0
    return bool(roles) and (misplaced or len(roles) % 2 != wanted)


def _no_messages(row: Row, sample: Sample, format_id: str) -> bool:
    return format_id in _CHAT_IDS and not _messages(row)


def _foreign_role(row: Row, sample: Sample, format_id: str) -> bool:
    roles = (_role(message) for message in _messages(row) if find_role_key(message) is not None)
    return format_id in _CHAT_IDS and any(role not in _AXOLOTL_ROLES for role in roles)


def _arguments(row: Row) -> Iterator[Any]:
    for message in _messages(row):
        calls = message.get("tool_calls")
        for call in calls if isinstance(calls, list) else ():
            if isinstance(call, dict) and isinstance(call.get("function"), dict):
                yield call["function"].get("arguments")


def _mixed_arguments(row: Row, sample: Sample, format_id: str) -> bool:
    return len({type(value) for value in _arguments(row)}) > 1


def _control_tokens(row: Row, sample: Sample, format_id: str) -> bool:
    """Also around an answer in a column of its own, where they are read as its template's marks."""
    if format_id in _TEMPLATE_IDS:
        return False  # the tokens are the template's own
    texts = [turn.text for turn in sample.turns] + [value for value in row.values() if isinstance(value, str)]
    return any("<|" in text and _CONTROL_TOKEN.search(text) for text in texts)


def _untrained(row: Row, sample: Sample, format_id: str) -> bool:
    return format_id in _TALK_IDS and not any(turn.polarity for turn in sample.turns)


def _odd(flag: str) -> Callable[[Row, Sample, str], bool]:
    return lambda row, sample, format_id: any(map(ODDITIES[flag], sample.turns))


def _class_label(row: Row, sample: Sample, format_id: str) -> bool:
    """Whether a label beside an answer was taken for a class."""
    polarities = {turn.polarity for turn in sample.turns if turn.role is Role.ASSISTANT}
    label = row.get("label")
    short = isinstance(label, int | float) or (isinstance(label, str) and 0 < len(label) < 40)
    return short and format_id != "kto" and 1 in polarities and -1 not in polarities


def _tie(row: Row, sample: Sample, format_id: str) -> bool:
    return "tie" in sample.flags


def _safer_differs(row: Row, sample: Sample, format_id: str) -> bool:
    return "safer_differs" in sample.flags


def _rendered_chat(row: Row, sample: Sample, format_id: str) -> bool:
    return any(
        turn.role is Role.DOCUMENT and turn.polarity and looks_rendered(turn.text) for turn in sample.turns
    )


def _tokens_beside_text(row: Row, sample: Sample, format_id: str) -> bool:
    return isinstance(row.get("input_ids"), list)


TRAINER_RULES: tuple[TrainerRule, ...] = (
    TrainerRule(
        id="unknown_role",
        trainer="all",
        severity="warn",
        why="The speaker is unknown, so the message belongs to no exchange and was not judged.",
        remedy="Rename the role to one of system, user, assistant or tool.",
        source="mixguard's design: roles are never guessed",
        trips=_odd("unknown_role"),
    ),
    TrainerRule(
        id="unread_part",
        trainer="all",
        severity="warn",
        why="A part of a message is of an unknown kind and has no text under a known key, so it was not judged.",
        remedy="Write the part's text under `text` or `content`, or remove it if it says nothing.",
        source="mixguard's design: what is not read is said",
        trips=_odd("unread_part"),
    ),
    TrainerRule(
        id="rendered_chat",
        trainer="all",
        severity="warn",
        why="The document looks like a chat, rendered by a template that is not known or changed afterwards; its"
        " prompts and answers were not told apart, so no answer was judged.",
        remedy="Audit the file it was made from, before the template was applied.",
        source="mixguard's design: what is not read is said",
        trips=_rendered_chat,
    ),
    TrainerRule(
        id="lf_drop",
        trainer="LLaMA-Factory",
        severity="warn",
        why="It skips samples whose roles do not alternate or whose last message is unanswered, and warns.",
        remedy="Merge consecutive messages of the same role, and end each sample with the assistant.",
        source="hiyouga/LLaMA-Factory src/llamafactory/data/converter.py",
        trips=_out_of_turn,
    ),
    TrainerRule(
        id="trl_empty_messages",
        trainer="TRL",
        severity="warn",
        why="It detects the format from the first message, and an empty list has none.",
        remedy="Remove samples without messages.",
        source="huggingface/trl trl/data_utils.py, is_conversational (inferred from the code)",
        trips=_no_messages,
    ),
    TrainerRule(
        id="no_trained_turn",
        trainer="all",
        severity="warn",
        why="No assistant message is trained on, so the sample teaches nothing.",
        remedy="Add an answer, or remove the weight of 0.",
        source="OpenAI cookbook, Chat_finetuning_data_prep: example_missing_assistant_message",
        trips=_untrained,
    ),
    TrainerRule(
        id="axolotl_role",
        trainer="axolotl",
        severity="note",
        why="Its default role map has human, user, assistant, gpt, system and tool; others must be mapped.",
        remedy="Set `roles` in the axolotl configuration, or rename the role.",
        source="axolotl-ai-cloud/axolotl prompt_strategies/chat_template.py",
        trips=_foreign_role,
    ),
    TrainerRule(
        id="tool_args_mixed",
        trainer="datasets",
        severity="warn",
        why="Arguments that are objects in one call and strings in another cannot share an Arrow column.",
        remedy="Write every `arguments` as a JSON string.",
        source="axolotl docs, dataset formats",
        trips=_mixed_arguments,
    ),
    TrainerRule(
        id="trl_pretokenized",
        trainer="TRL",
        severity="warn",
        why="It trains on the tokens in `input_ids` and never on the text beside them, which is what was audited.",
        remedy="Remove `input_ids`, `labels` and `attention_mask`, so that the trainer tokenizes the text itself.",
        source="huggingface/trl trl/trainer/sft_trainer.py: is_processed = 'input_ids' in column_names",
        trips=_tokens_beside_text,
    ),
    TrainerRule(
        id="hosted_reject",
        trainer="hosted APIs",
        severity="note",
        why="Hosted fine-tuning rejects control tokens in the text; elsewhere they end a turn early.",
        remedy="Remove the tokens from the text.",
        source="llmcomp#59",
        trips=_control_tokens,
    ),
    TrainerRule(
        id="label_unread",
        trainer="TRL",
        severity="note",
        why="Its KTO trains away from an answer whose label is false; this label was taken for a class, as its"
        " values are not those of a wanted and an unwanted answer.",
        remedy="If the label says whether the answer is wanted, write it as true or false.",
        source="huggingface/trl docs, unpaired preference",
        trips=_class_label,
    ),
    TrainerRule(
        id="tie",
        trainer="all",
        severity="note",
        why="Neither answer is the better one, so both were taken for context and not judged.",
        remedy="Leave ties out, as a trainer needs to know which answer is chosen.",
        source="mixguard's design: polarity is never guessed",
        trips=_tie,
    ),
    TrainerRule(
        id="safer_differs",
        trainer="all",
        severity="note",
        why="The better answer is not the safer one; training was taken to go towards the better one.",
        remedy="To train towards the safer answer, name it in better_response_id.",
        source="PKU-Alignment/PKU-SafeRLHF",
        trips=_safer_differs,
    ),
)
"""Every rule, in reporting order."""
