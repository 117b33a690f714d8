"""Lists of messages, parts and masks as people and APIs write them, by format."""

from __future__ import annotations

from typing import Any

Q, A = "What is the capital of Portugal?", "Lisbon."
U = {"role": "user", "content": Q}
S = {"role": "assistant", "content": A}
WILD: dict[str, list[dict[str, Any]]] = {
    "openai_chat": [
        {
            "messages": [
                U,
                {
                    "role": "assistant",
                    "content": None,
                    "tool_calls": [
                        {"id": "c", "type": "function", "function": {"name": "w", "arguments": "{}"}}
                    ],
                },
                {"role": "tool", "tool_call_id": "c", "content": {"celsius": 20}},
                S,
            ]
        },
        {"messages": [U, {"role": "assistant", "content": ""}, {"role": "tool", "content": [1, 2]}, S]},
        {"messages": [U, {"role": "assistant", "content": ""}, {"role": "tool", "content": 20}, S]},
        {"messages": [U, {"role": "assistant", "content": ""}, {"role": "tool", "content": True}, S]},
        {"messages": [U, {"role": "assistant", "content": ""}, {"role": "tool", "content": None}, S]},
        {
            "messages": [
                U,
                {
                    "role": "assistant",
                    "content": [
                        {"type": "thinking", "thinking": "Hm.", "signature": "x"},
                        {"type": "redacted_thinking", "data": "abc"},
                        {"type": "text", "text": A, "citations": None},
                    ],
                },
            ]
        },
        {
            "messages": [
                {
                    "role": "user",
                    "content": [
                        {
                            "type": "document",
                            "source": {"type": "text", "media_type": "text/plain", "data": "A page."},
                        },
                        {"type": "image", "source": {"type": "base64", "data": "x"}},
                        {"type": "text", "text": Q, "cache_control": {"type": "ephemeral"}},
                    ],
                },
                S,
            ]
        },
        {
            "messages": [
                U,
                {"role": "assistant", "content": [{"type": "tool_use", "id": "t", "name": "w", "input": {}}]},
                {
                    "role": "user",
                    "content": [
                        {"type": "tool_result", "tool_use_id": "t", "content": "20", "is_error": False}
                    ],
                },
                {"role": "assistant", "content": [{"type": "text", "text": A}]},
            ]
        },
        {
            "messages": [
                U,
                {
                    "role": "assistant",
                    "content": [
                        {"type": "server_tool_use", "id": "s", "name": "web_search", "input": {"query": "n"}},
                        {"type": "web_search_tool_result", "tool_use_id": "s", "content": []},
                        {"type": "mcp_tool_use", "id": "m", "name": "x", "server_name": "y", "input": {}},
                        {"type": "text", "text": A},
                    ],
                },
            ]
        },
        {
            "schemaVersion": "bedrock-conversation-2024",
            "system": [{"text": "Be brief."}],
            "messages": [
                {"role": "user", "content": [{"text": Q}]},
                {
                    "role": "assistant",
                    "content": [
                        {"reasoningContent": {"reasoningText": {"text": "Hm."}}},
                        {"toolUse": {"toolUseId": "t", "name": "w", "input": {}}},
                    ],
                },
                {
                    "role": "user",
                    "content": [{"toolResult": {"toolUseId": "t", "content": [{"json": {"c": 20}}]}}],
                },
                {"role": "assistant", "content": [{"text": A}, {"cachePoint": {"type": "default"}}]},
            ],
        },
        {
            "messages": [
                {
                    "role": "user",
                    "content": [{"guardContent": {"text": {"text": Q}}}, {"video": {"format": "mp4"}}],
                },
                {"role": "assistant", "content": [{"text": A}]},
            ]
        },
        {
            "messages": [
                U,
                {
                    "role": "assistant",
                    "content": [{"type": "hologram", "payload": 3}, {"type": "text", "text": A}],
                },
            ]
        },
        {"messages": [{"role": "user", "content": {"type": "text", "text": Q}}, S]},
        {
            "messages": [
                {"role": "user", "content": [{"type": "text", "text": {"value": Q, "annotations": []}}]},
                S,
            ]
        },
        {"messages": [U, {"role": "assistant", "content": 42}, U, S]},
        {
            "messages": [
                {"role": "developer", "content": "Be kind."},
                U,
                {"role": "assistant", "channel": "analysis", "content": "Hm."},
                {
                    "role": "assistant",
                    "channel": "commentary",
                    "recipient": "functions.w",
                    "content": "{}",
                    "content_type": "json",
                },
                {"role": "tool", "name": "functions.w", "content": "{}"},
                {"role": "assistant", "channel": "final", "content": A},
            ]
        },
        {
            "messages": [
                {**U, "masked": True},
                {"role": "assistant", "content": "Hm.", "masked": True},
                {**U, "masked": True},
                {**S, "masked": False},
            ]
        },
        {"messages": [{"role": "user", "content": Q, "mask": 1}, {**S, "mask": 0}]},
        {"messages": [{"role": "user", "content": Q, "mask": 0}, {**S, "mask": 1}]},
        {"messages": [U, {**S, "step_loss_mask": "0"}, U, {**S, "step_loss_mask": "1"}]},
        {"messages": [U, {**S, "trainable": False}, U, S], "id": "x"},
        {"messages": [U, S, U, S], "loss_mask": [0, 0, 0, 1]},
        {
            "messages": [
                U,
                {"type": "reasoning", "id": "r", "summary": [{"type": "summary_text", "text": "Hm."}]},
                {"type": "function_call", "name": "w", "arguments": "{}", "call_id": "c"},
                {"type": "function_call_output", "call_id": "c", "output": "20"},
                {"type": "item_reference", "id": "z"},
                {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": A}]},
            ]
        },
        {"messages": [{"type": "human", "content": Q}, {"type": "ai", "content": A}]},
        {"messages": [{"type": "human", "data": {"content": Q}}, {"type": "ai", "data": {"content": A}}]},
        {
            "messages": [
                {"author": {"role": "user"}, "content": {"content_type": "text", "parts": [Q]}},
                {"author": {"role": "assistant"}, "content": {"content_type": "text", "parts": [A]}},
            ]
        },
        {"messages": [{"role": "Human:", "content": Q}, {"role": "<|assistant|>", "content": A}]},
    ],
    "sharegpt": [
        {
            "mask": "User",
            "system": "",
            "conversations": [
                {"from": "User", "value": Q, "label": None},
                {"from": "Assistant", "value": A, "label": "x"},
            ],
            "type": "VALUE_TO_TEXT",
        },
        {
            "conversations": [
                {"from": "human", "value": Q},
                {"from": "gpt", "value": A, "loss": False},
                {"from": "human", "value": Q},
                {"from": "gpt", "value": A, "loss": True},
            ]
        },
    ],
    "gemini": [
        {
            "systemInstruction": {"role": "system", "parts": [{"text": "Be brief."}]},
            "contents": [
                {"role": "user", "parts": [{"text": Q}, {"fileData": {"fileUri": "x"}}]},
                {
                    "role": "model",
                    "parts": [
                        {"text": "Hm.", "thought": True},
                        {"executableCode": {"code": "1"}},
                        {"codeExecutionResult": {"output": "1"}},
                        {"functionCall": {"name": "w", "args": {}}},
                    ],
                },
                {"role": "user", "parts": [{"functionResponse": {"name": "w", "response": {}}}]},
                {"role": "model", "parts": [{"text": A}]},
            ],
        },
    ],
}
