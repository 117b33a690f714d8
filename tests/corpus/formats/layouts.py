"""Conversations under other names and in other shapes than a list of messages, by format."""

from __future__ import annotations

from typing import Any

from .wild import A, Q, S, U

LAYOUTS: dict[str, list[dict[str, Any]]] = {
    "chat_answer": [
        {"prompt": [{"role": "system", "content": "Think."}, U], "answer": A},
        {"input": [U], "output": A, "category": "x"},
        {"input": [U], "ideal": A},
        {"messages": [U], "response": A},
        {"prompt": Q, "response": [S]},
        {
            "input": Q,
            "output": [
                {"type": "reasoning", "summary": []},
                {
                    "type": "message",
                    "id": "m",
                    "role": "assistant",
                    "content": [{"type": "output_text", "text": A}],
                },
            ],
        },
        {"messages": [U], "choices": [{"index": 0, "message": S, "finish_reason": "stop"}]},
        {
            "request": {"model": "x", "messages": [U]},
            "response": {"id": "1", "choices": [{"index": 0, "message": S}]},
        },
        {"prompt": U, "response": S},
    ],
    "message_list": [
        {"dialog": [U, S]},
        {"turns": [{"speaker": "user", "utterance": Q}, {"speaker": "bot", "utterance": A}]},
        {"dialogue": [{"speaker": "USER", "utterance": Q}, {"speaker": "SYSTEM", "utterance": A}]},
        {"items": [{**U, "weight": 0.0}, {**S, "weight": 1.0}], "condition": "GPT4"},
        {"chat": [{"sender": "human", "message": Q}, {"sender": "ai", "message": A}]},
        {"thread": [{"author": "user", "text": Q}, {"author": "assistant", "text": A}]},
        {"history": [{"name": "user", "content": Q}, {"name": "assistant", "content": A}]},
        {
            "trajectory": [
                {"role": "system", "text": None, "system_prompt": "Be brief.", "mask": False},
                {"role": "user", "text": Q, "system_prompt": None, "mask": False},
                {"role": "ai", "text": A, "system_prompt": None, "mask": False},
            ]
        },
        {"conversation": {"id": 1, "messages": [U, S]}},
        {"conversations": [[U, S], [U, S]]},
        {"log": [{"role": "user", "parts": [{"text": Q}]}, {"role": "model", "parts": [{"text": A}]}]},
    ],
    "rounds": [
        {"dialog": [Q, A, "Thanks.", "Sure."]},
        {"id": "1", "data": [Q, A]},
        {"conversations": [[Q, A], ["Thanks.", "Sure."]]},
        {"messages": [["user", Q], ["assistant", A]]},
        {"turns": [{"user": Q, "assistant": A}, {"user": "Thanks.", "assistant": "Sure."}]},
        {"conversations": [{"human": Q, "gpt": A}]},
        {"messages": [{"user": Q}, {"assistant": A}]},
        {"turns": [{"prompt": Q, "response": A}]},
        {"conversation": [{"system": "Be brief.", "input": Q, "output": A}]},
        {
            "conversation": [
                {"input": Q, "output": A, "output_with_loss": False},
                {"input": Q, "output": A, "output_with_loss": True},
            ]
        },
        {"turns": [{"question": Q, "answer": A}]},
    ],
    "agent_steps": [
        {
            "task": Q,
            "trajectory": [
                {"thought": "Hm.", "action": "ls", "observation": "a.py", "response": "Hm.\n```\nls\n```"},
                {"thought": "Done.", "action": "submit", "observation": "", "response": A},
            ],
        },
    ],
    "xlam": [
        {"id": 1, "query": Q, "answers": '[{"name":"w","arguments":{"city":"Lisbon"}}]', "tools": "[]"},
        {"query": Q, "answers": [{"name": "w", "arguments": {"city": "Lisbon"}}], "tools": []},
    ],
    "glaive": [
        {
            "system": "SYSTEM: You are helpful. ",
            "chat": f'USER: {Q}\n\n\nASSISTANT: <functioncall> {{"name": "w", "arguments": \'{{}}\'}} <|endoftext|>\n\n\nFUNCTION RESPONSE: {{}}\n\n\nASSISTANT: {A} <|endoftext|>\n\n\n',
        },
    ],
}
