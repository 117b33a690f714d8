"""What trainers demand of a row, restated in our own words; each check names the file it restates.

A check takes a row and gives the reasons for which the trainer would stop, or silently train something else. It
gives none for rows that are not in its formats.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeGuard

Row = Mapping[str, Any]
Check = Callable[[Row], Iterator[str]]

# --- TRL ----------------------------------------------------------------------------------------------------

_TRL_COLUMNS = ("prompt", "chosen", "rejected", "completion", "messages")


def trl_conversational(row: Row) -> Iterator[str]:
    """trl/data_utils.py, `is_conversational` and `apply_chat_template`: columns are all messages or all text."""
    kinds = {
        "messages" if _is_chat(row[name]) else "text"
        for name in _TRL_COLUMNS
        if isinstance(row.get(name), list | str)
    }
    if len(kinds) > 1:
        yield "TRL: some columns are messages and others text"
    for name in _TRL_COLUMNS:
        if _is_chat(row.get(name)) and any(
            not isinstance(m.get("role"), str) for m in row[name] if "role" in m
        ):
            yield f"TRL: a message in {name} has no role"


def trl_processed(row: Row) -> Iterator[str]:
    """trl/trainer/sft_trainer.py: with `input_ids` among the columns, the text is not tokenized."""
    if "input_ids" in row:
        yield "TRL: trains input_ids, not the text"


def trl_images(row: Row) -> Iterator[str]:
    """trl/data_utils.py, `prepare_multimodal_messages`: as many images as placeholders or image parts."""
    images = row.get("images")
    if not isinstance(images, list) or not _is_chat(row.get("messages")):
        return
    parts = [part for message in row["messages"] for part in _parts(message.get("content"))]
    there = sum(part.get("type") == "image" for part in parts)
    if parts and there != len(images):
        yield f"TRL: {len(images)} images for {there} placeholders"


def trl_kto(row: Row) -> Iterator[str]:
    """trl/trainer/kto_trainer.py: `label` is a bool."""
    if {"prompt", "completion", "label"} <= row.keys() and not isinstance(row["label"], bool):
        yield "TRL: a label is not true or false"


# --- LLaMA-Factory ------------------------------------------------------------------------------------------

_LF_ROLES = ({"human", "user", "observation", "tool"}, {"gpt", "assistant", "function_call", "function"})
_LF_MEDIA = {"<image>": ("images", "image"), "<video>": ("videos", "video"), "<audio>": ("audios", "audio")}


def lf_alternation(row: Row) -> Iterator[str]:
    """src/llamafactory/data/converter.py, `SharegptDatasetConverter`: askers and answerers take turns."""
    messages = row.get("conversations")
    if not _is_chat(messages) or "from" not in messages[0]:
        return
    said = [m["from"] for m in messages if m["from"] not in ("system",)]
    for number, who in enumerate(said):
        if who not in _LF_ROLES[number % 2]:
            yield f"LLaMA-Factory: {who} in place {number + 1}"
            return
    if len(said) % 2 and "chosen" not in row and "kto_tag" not in row:
        yield "LLaMA-Factory: the last turn has no answer"


def lf_media(row: Row) -> Iterator[str]:
    """src/llamafactory/data/mm_plugin.py, `_validate_messages`: as many media as placeholders."""
    text = repr(
        [value for name, value in row.items() if not any(name in names for names in _LF_MEDIA.values())]
    )
    for mark, names in _LF_MEDIA.items():
        column = next((name for name in names if row.get(name) is not None), None)
        media = row[column] if column else []
        count = len(media) if isinstance(media, list) else 1
        if (column or mark in text) and text.count(mark) != count:
            yield f"LLaMA-Factory: {count} {names[0]} for {text.count(mark)} {mark}"


def lf_v1_parts(row: Row) -> Iterator[str]:
    """src/llamafactory/v1/core/utils/rendering.py: a part has `type` and `value`, whatever its type."""
    for name in ("messages", "chosen_messages", "rejected_messages"):
        messages = row.get(name)
        if not _is_chat(messages):
            continue
        parts = [part for message in messages for part in _parts(message.get("content"))]
        dialect = any("value" in part for part in parts)
        if dialect and any(part.get("value") is None or "type" not in part for part in parts):
            yield "LLaMA-Factory v1: KeyError 'value'"


# --- OpenAI -------------------------------------------------------------------------------------------------

_OPENAI_ROLES = {"system", "developer", "user", "assistant", "tool", "function"}
_OPENAI_KEYS = {"role", "content", "name", "weight", "tool_calls", "tool_call_id", "function_call", "refusal"}


def openai_chat(row: Row) -> Iterator[str]:
    """openai-cookbook examples/Chat_finetuning_data_prep.ipynb: keys, roles, content or a call, an answer."""
    messages = row.get("messages")
    if not _is_chat(messages) or "rejected_response" in row or "kto_tag" in row:
        return
    for message in messages:
        strange = message.keys() - _OPENAI_KEYS
        if strange:
            yield f"OpenAI: unrecognized key {sorted(strange)[0]}"
        if message.get("role") not in _OPENAI_ROLES:
            yield "OpenAI: unrecognized role"
        if not message.get("content") and not (message.get("tool_calls") or message.get("function_call")):
            yield "OpenAI: a message without content"
        if message.get("weight") not in (None, 0, 1):
            yield "OpenAI: a weight other than 0 and 1"
    if not any(message.get("role") == "assistant" for message in messages):
        yield "OpenAI: no assistant message"


def openai_dpo(row: Row) -> Iterator[str]:
    """platform.openai.com/docs/guides/direct-preference-optimization: an input and two outputs of an assistant."""
    if "preferred_output" not in row:
        return
    if not isinstance(row.get("input"), dict) or not _is_chat(row["input"].get("messages")):
        yield "OpenAI: no input.messages"
    for name in ("preferred_output", "non_preferred_output"):
        output = row.get(name)
        if not _is_chat(output) or output[-1].get("role") != "assistant" or not output[-1].get("content"):
            yield f"OpenAI: {name} is not an assistant's"


# --- axolotl ------------------------------------------------------------------------------------------------

_AXOLOTL_ROLES = {
    *("system", "developer", "user", "human", "assistant", "gpt", "model", "tool", "function", "observation"),
    *("function_call", "ipython", "chatgpt", "bing", "bard"),
}


def axolotl_chat(row: Row) -> Iterator[str]:
    """src/axolotl/prompt_strategies/chat_template.py: a role that is known, and content that is not null."""
    for name in ("messages", "conversations"):
        for message in row[name] if _is_chat(row.get(name)) else ():
            role = message.get("role", message.get("from"))
            if str(role).lower() not in _AXOLOTL_ROLES:
                yield f"axolotl: unknown role {role}"
            if all(message.get(key) is None for key in ("content", "value", "tool_calls", "text")):
                yield "axolotl: a message without content"


def axolotl_tokenized(row: Row) -> Iterator[str]:
    """src/axolotl/utils/data/wrappers.py: ids, mask and labels are used as they are, without a strategy."""
    if {"input_ids", "attention_mask", "labels"} <= row.keys():
        yield "axolotl: trains input_ids, not the text"


def llava(row: Row) -> Iterator[str]:
    """haotian-liu/LLaVA llava/train/train.py, `LazySupervisedDataset`: `image` in a row is opened, even if null."""
    if not _is_chat(row.get("conversations")):
        return
    text = repr(row["conversations"])
    if "image" in row and not isinstance(row["image"], str):
        yield "LLaVA: opens an image that is not a path"
    if ("image" in row) != bool(re.search("<image>", text)):
        yield "LLaVA: image and placeholder do not go together"


CHECKS: tuple[Check, ...] = (
    trl_conversational, trl_processed, trl_images, trl_kto, lf_alternation, lf_media, lf_v1_parts, openai_chat,
    openai_dpo, axolotl_chat, axolotl_tokenized, llava,
)  # fmt: skip


def objections(row: Row) -> set[str]:
    """The names of the checks that a row does not pass."""
    return {check.__name__ for check in CHECKS if any(check(row))}


def types_of(rows: Sequence[Row]) -> dict[str, set[str]]:
    """The types of the values by place, as `datasets` would have to cast them; null and empty fit any."""
    found: dict[str, set[str]] = {}
    for row in rows:
        for place, kind in _typed(row, ""):
            found.setdefault(place, set()).add(kind)
    return found


def _typed(value: Any, place: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _typed(inner, f"{place}/{key}")
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _typed(inner, f"{place}/*")
    elif value is not None:
        yield place, type(value).__name__


def _is_chat(value: Any) -> TypeGuard[list[Mapping[str, Any]]]:
    return isinstance(value, list) and bool(value) and isinstance(value[0], Mapping)


def _parts(content: Any) -> list[Mapping[str, Any]]:
    return [part for part in content if isinstance(part, Mapping)] if isinstance(content, list) else []
