"""Rows that compare answers or label one, as published sets do."""

from __future__ import annotations

from typing import Any

Q, A, B = "What is the capital of Portugal?", "Lisbon.", "Madrid."
USER = {"role": "user", "content": Q}
GOOD, POOR = ({"role": "assistant", "content": text} for text in (A, B))


def _parts(role: str, text: str) -> dict[str, Any]:
    return {"role": role, "parts": [{"text": text}]}


COMPARISON_EXAMPLES: dict[str, list[dict[str, Any]]] = {
    "compared": [
        # PKU-Alignment/PKU-SafeRLHF
        {"prompt": Q, "response_0": A, "response_1": B, "is_response_0_safe": True, "better_response_id": 0, "safer_response_id": 0},
        {"prompt": Q, "response_0": B, "response_1": A, "better_response_id": 1, "safer_response_id": 0},
        # lmsys/chatbot_arena_conversations, lmsys/mt_bench_human_judgments
        {"model_a": "m", "model_b": "n", "winner": "model_b", "conversation_a": [USER, POOR], "conversation_b": [USER, GOOD], "turn": 1},
        # lmsys-arena-human-preference-55k
        {"prompt": Q, "response_a": A, "response_b": B, "winner_model_a": 1, "winner_model_b": 0, "winner_tie": 0},
        # nvidia/HelpSteer2, preferences, and HelpSteer3
        {"prompt": Q, "response_1": A, "response_2": B, "preference_strength": -2, "preference_statement": "1 is right."},
        {"domain": "g", "context": [USER], "response1": B, "response2": A, "overall_preference": 3},
        # stanfordnlp/SHP
        {"history": Q, "human_ref_A": A, "human_ref_B": B, "labels": 1, "score_A": 5, "score_B": 2},
        {"history": Q, "human_ref_A": B, "human_ref_B": A, "labels": 0, "score_A": 2, "score_B": 5},
        # openai/webgpt_comparisons
        {"question": {"id": "1", "full_text": Q}, "answer_0": B, "answer_1": A, "score_0": -1.0, "score_1": 1.0},
        # tatsu-lab/alpaca_eval
        {"instruction": Q, "input": "", "output_1": B, "output_2": A, "preference": 2},
        {"prompt": Q, "answer_a": B, "answer_b": A, "preferred": "answer_b"},
        {"prompt": Q, "answer_a": B, "answer_b": A, "preferred": "B"},
        {"prompt": Q, "answer_a": B, "answer_b": A, "preferred_answer": A},
        {"prompt": Q, "model_a": "m", "model_b": "n", "response_a": B, "response_b": A, "winner": "n"},
    ],
    "graded_answers": [
        # openbmb/UltraFeedback
        {"instruction": Q, "completions": [{"model": "m", "response": B, "overall_score": 3.0}, {"model": "n", "response": A, "overall_score": 8.5}]},
        # argilla, distilabel
        {"instruction": Q, "generations": [B, A], "ratings": [1.0, 4.0]},
        # openai/summarize_from_feedback
        {"info": {"post": Q, "title": "t"}, "summaries": [{"text": B, "policy": "p"}, {"text": A, "policy": "q"}], "choice": 1},
        # Vertex AI, preference tuning of Gemini
        {"contents": [_parts("user", Q)], "completions": [{"score": 1.0, "completion": _parts("model", A)}, {"score": 0.0, "completion": _parts("model", B)}]},
        {"systemInstruction": {"parts": [{"text": "Be brief."}]}, "contents": [_parts("user", Q)], "completions": [{"score": 0.0, "completion": _parts("model", B)}, {"score": 1.0, "completion": _parts("model", A)}]},
        {"prompt": Q, "responses": [{"text": B, "rank": 2}, {"text": A, "rank": 1}]},
    ],
    # Amazon Nova, bedrock-conversation-2024
    "nova_pref": [
        {
            "system": [{"text": "Be brief."}],
            "messages": [
                {"role": "user", "content": [{"text": Q}]},
                {"role": "assistant", "candidates": [{"content": [{"text": B}], "preferenceLabel": "non-preferred"}, {"content": [{"text": A}], "preferenceLabel": "preferred"}]},
            ],
        }
    ],
    "pref_named": [
        {"prompt": Q, "chosen_response": A, "rejected_response": B},
        {"input": Q, "response_chosen": A, "response_rejected": B},
        {"Prompt": Q, "Chosen": A, "Rejected": B},
        {"Instruction": Q, "Input": "", "Chosen": A, "Rejected": B},
        {"question": Q, "good": A, "bad": B},
        {"query": Q, "positive": A, "negative": B},
        {"prompt": Q, "win": A, "lose": B},
        {"prompt": [USER], "preferred": [GOOD], "dispreferred": [POOR]},
        {"system_prompt": "Be brief.", "problem": Q, "chosen": A, "rejected": B},
    ],
    # argilla/distilabel-intel-orca-dpo-pairs
    "axolotl_icr": [{"input": Q, "chosen": A, "rejected": B, "generations": [B, A], "ratings": [9.0, 2.0], "order": ["rejected", "chosen"]}],
    "axolotl_intel": [{"system": "Be brief.", "question": Q, "chosen": A, "rejected": B}],
    # stack-exchange-paired
    "question_response_jk": [{"qid": 3, "question": Q, "response_j": A, "response_k": B}],
    # argilla/Capybara-Preferences
    "pref_implicit": [{"conversation": [{"input": Q, "output": A}], "chosen": [USER, GOOD], "rejected": [USER, POOR]}],
    "kto": [
        {"prompt": Q, "completion": A, "label": "desirable"},
        {"prompt": Q, "completion": A, "label": "undesirable"},
        {"Prompt": Q, "Response": A, "Label": "Good"},
        {"prompt": Q, "response": A, "undesirable": True},
        {"question": Q, "answer": A, "is_good": False},
        {"instruction": Q, "output": A, "rating": "thumbs_down"},
        {"messages": [USER, GOOD], "accepted": True},
    ],
}  # fmt: skip
