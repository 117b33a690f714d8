"""One or more rows per format, as found in the wild."""

from __future__ import annotations

from typing import Any

from .comparison_examples import COMPARISON_EXAMPLES
from .layouts import LAYOUTS
from .pair_examples import PAIR_EXAMPLES
from .rendered_examples import BESIDE, RENDERED
from .wild import WILD

Q, A, B = "What is the capital of Portugal?", "Lisbon.", "Madrid."
USER = {"role": "user", "content": Q}
SAYS = {"role": "assistant", "content": A}
SYSTEM = {"role": "system", "content": "Be brief."}
CALL = {"id": "c1", "type": "function", "function": {"name": "look_up", "arguments": '{"q": "Portugal"}'}}

EXAMPLES: dict[str, list[dict[str, Any]]] = {
    "openai_chat": [
        {"messages": [USER, SAYS]},
        {"messages": [SYSTEM, USER, SAYS, USER, SAYS]},
        {"messages": [USER, {"role": "assistant", "content": A, "weight": 0}, USER, {**SAYS, "weight": 1}]},
        {"messages": [USER, {"role": "assistant", "content": f"<think>\nHm.\n</think>\n\n{A}"}]},
        {"messages": [USER, {"role": "assistant", "reasoning_content": "Hm.", "content": A}]},
        {"messages": [{"role": "user", "content": [{"type": "text", "text": Q}]}, SAYS]},
        {
            "messages": [
                USER,
                {"role": "assistant", "content": None, "tool_calls": [CALL]},
                {"role": "tool", "tool_call_id": "c1", "content": "{}"},
                SAYS,
            ],
            "tools": [{"type": "function", "function": {"name": "look_up"}}],
        },
    ],
    "sharegpt": [
        {"conversations": [{"from": "human", "value": Q}, {"from": "gpt", "value": A}]},
        {
            "id": "x",
            "conversations": [{"from": "human", "value": Q}, {"from": "gpt", "value": A}],
            "system": "Be brief.",
        },
    ],
    "lf_v1": [
        {
            "messages": [
                {"role": "user", "content": [{"type": "text", "value": Q}], "loss_weight": 0.0},
                {"role": "assistant", "content": [{"type": "text", "value": A}], "loss_weight": 1.0},
            ]
        }
    ],
    "trl_prompt_completion": [{"prompt": Q, "completion": A}, {"prompt": [USER], "completion": [SAYS]}],
    "trl_prompt_only": [{"prompt": Q}],
    "alpaca": [
        {"instruction": Q, "input": "", "output": A},
        {"instruction": Q, "input": "Europe", "output": A, "history": [["Hi", "Hello"]]},
    ],
    "question_answer": [{"question": Q, "answer": A}],
    "instruction_response": [{"instruction": Q, "input": "", "response": A}],
    "orca": [{"system_prompt": "Be brief.", "question": Q, "response": A}],
    "metharme": [{"prompt": Q, "generation": A}],
    "camel": [{"message_1": Q, "message_2": A}],
    "article_summary": [{"article": Q, "summary": A}],
    "pretrain": [{"text": "A plain document."}],
    "gemini": [
        {"contents": [{"role": "user", "parts": [{"text": Q}]}, {"role": "model", "parts": [{"text": A}]}]}
    ],
    "swift_sharegpt": [{"system": "Be brief.", "conversation": [{"human": Q, "assistant": A}]}],
    "input_output": [{"segments": [{"label": False, "text": Q}, {"label": True, "text": A}]}],
    "pref_explicit": [
        {"prompt": Q, "chosen": A, "rejected": B},
        {"prompt": [USER], "chosen": [SAYS], "rejected": [{**SAYS, "content": B}]},
    ],
    "pref_implicit": [
        {"chosen": f"\n\nHuman: {Q}\n\nAssistant: {A}", "rejected": f"\n\nHuman: {Q}\n\nAssistant: {B}"},
        {"chosen": [USER, SAYS], "rejected": [USER, {**SAYS, "content": B}]},
    ],
    "openai_dpo": [
        {
            "input": {"messages": [USER]},
            "preferred_output": [SAYS],
            "non_preferred_output": [{**SAYS, "content": B}],
        }
    ],
    "lf_pref_sharegpt": [
        {
            "conversations": [{"from": "human", "value": Q}],
            "chosen": {"from": "gpt", "value": A},
            "rejected": {"from": "gpt", "value": B},
        }
    ],
    "lf_pref_alpaca": [{"instruction": Q, "input": "", "chosen": A, "rejected": B}],
    "lf_v1_dpo": [
        {
            "chosen_messages": [
                {"role": "user", "content": [{"type": "text", "value": Q}], "loss_weight": 0.0},
                {"role": "assistant", "content": [{"type": "text", "value": A}], "loss_weight": 1.0},
            ],
            "rejected_messages": [
                {"role": "user", "content": [{"type": "text", "value": Q}], "loss_weight": 0.0},
                {"role": "assistant", "content": [{"type": "text", "value": B}], "loss_weight": 1.0},
            ],
        }
    ],
    "swift_pref": [{"messages": [USER, SAYS], "rejected_response": B}],
    "kto": [
        {"prompt": Q, "completion": A, "label": True},
        {"prompt": Q, "completion": A, "label": False},
        {"messages": [USER, SAYS], "kto_tag": False},
    ],
    "prm": [{"prompt": Q, "completions": ["It is in the west.", A], "labels": [True, False]}],
    "nectar": [{"prompt": Q, "answers": [{"answer": A, "rank": 1}, {"answer": B, "rank": 2}]}],
}

for _others in (PAIR_EXAMPLES, COMPARISON_EXAMPLES, LAYOUTS, WILD, RENDERED, BESIDE):
    for _name, _rows in _others.items():
        EXAMPLES[_name] = [*EXAMPLES.get(_name, ()), *_rows]
