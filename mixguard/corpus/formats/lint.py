"""Known trainer behaviour on some samples: drop them, change them, or refuse the file.

Rules come from the trainers' own code; each names its source.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from mixguard.corpus.records import Role, Row, Sample

_CHAT_IDS = frozenset({"openai_chat", "sharegpt", "lf_pref_sharegpt"})
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
    name = message.get("role") or message.get("from")
    return name.strip().casefold() if isinstance(name, str) else ""


def _out_of_turn(row: Row, sample: Sample, format_id: str) -> bool:
    """Odd messages must address the model, even ones must be its own; a preference omits the final answer."""
    if format_id not in _CHAT_IDS:
        return False
    roles = [role for message in _messages(row) if (role := _role(message)) not in ("system", "developer")]
    asks = ("user", "human", "tool", "observation", "function")
    answers = ("assistant", "gpt", "function_call", "model")
    misplaced = any(role not in (answers if place % 2 else asks) for place, role in enumerate(roles))
    wanted = 1 if format_id == "lf_pref_sharegpt" else 0
    return bool(roles) and (misplaced or len(roles) % 2 != wanted)


def _no_messages(row: Row, sample: Sample, format_id: str) -> bool:
    return format_id in _CHAT_IDS and not _messages(row)


def _foreign_role(row: Row, sample: Sample, format_id: str) -> bool:
    return format_id in _CHAT_IDS and any(_role(message) not in _AXOLOTL_ROLES for message in _messages(row))


def _arguments(row: Row) -> Iterator[Any]:
    for message in _messages(row):
        calls = message.get("tool_calls")
        for call in calls if isinstance(calls, list) else ():
            if isinstance(call, dict) and isinstance(call.get("function"), dict):
                yield call["function"].get("arguments")


def _mixed_arguments(row: Row, sample: Sample, format_id: str) -> bool:
    return len({type(value) for value in _arguments(row)}) > 1


def _control_tokens(row: Row, sample: Sample, format_id: str) -> bool:
    return any("<|" in turn.text and _CONTROL_TOKEN.search(turn.text) for turn in sample.turns)


def _untrained(row: Row, sample: Sample, format_id: str) -> bool:
    return format_id in _CHAT_IDS and not any(turn.polarity for turn in sample.turns)


def _unknown_role(row: Row, sample: Sample, format_id: str) -> bool:
    return any(turn.role is Role.DOCUMENT and not turn.polarity for turn in sample.turns)


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
        trips=_unknown_role,
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
)
"""Every rule, in reporting order."""
