"""Rows of one prompt and one answer, under the names that published sets use."""

from __future__ import annotations

from typing import Any

Q, A = "What is the capital of Portugal?", "Lisbon."
WHY = "It lies on the Tagus, which makes it Lisbon."

PAIR_EXAMPLES: dict[str, list[dict[str, Any]]] = {
    "trl_prompt_completion": [
        {"Prompt": Q, "Completion": A},
        {"PROMPT": Q, "COMPLETION": A},
        {"Prompt Text": Q, "completionText": A},
        {"prompt": Q, "completion": A, "reasoning": WHY},
    ],
    "alpaca": [
        {"Instruction": Q, "Input": "", "Output": A},
        {"instruction": Q, "output": A, "thinking": WHY},
        {"instruction": Q, "input": None, "output": A, "system_prompt": "Be brief."},
    ],
    "instruction_response": [{"instruction": Q, "context": "", "response": A, "category": "closed_qa"}],
    "instruction_generation": [{"instruction": Q, "generation": A, "model_name": "m"}],
    "orca": [
        {"id": "t0.1", "system_prompt": "Be brief.", "question": Q, "response": A},
        {"Question": Q, "Complex_CoT": WHY, "Response": A},
        {"question": Q, "response": A, "reasoning_content": None},
    ],
    "question_answer": [
        {"question": Q, "answer": A, "rationale": WHY},
        {"question": Q, "reasoning": WHY, "answer": A},
        {"question": Q, "reasoning": "multi-hop", "answer": A},
        {"question": Q, "reasoning": "", "answer": f"<think>\n{WHY}\n</think>\n\n{A}"},
        {"Question": Q, "Best Answer": A, "Incorrect Answers": "Madrid."},
        {"question_text": Q, "answer_text": A},
    ],
    "title_question_answer": [{"title": "Capitals", "body": Q, "answer": A}],
    "question_solution": [{"question": Q, "solution": A, "deepseek_thinking_trajectory": WHY}],
    "question_sql": [
        {"db_id": "d", "question": Q, "query": A},
        {"sql_prompt": Q, "sql_context": "CREATE TABLE capital (name TEXT);", "sql": A},
    ],
    "query_positive": [{"query": Q, "pos": A}],
    "metharme": [{"prompt": Q, "generation": A}],
    "prompt_story": [{"prompt": Q, "story": A}],
    "problem_solution": [
        {"problem": Q, "solution": A, "answer": "42"},
        {"problem": Q, "generated_solution": A, "expected_answer": "42"},
    ],
    "patient_doctor": [{"Description": "About Portugal", "Patient": Q, "Doctor": A}],
    "input_output_pair": [{"input_text": Q, "output_text": A}, {"Input": Q, "OUTPUT": A}],
    "article_summary": [{"id": "1", "article": Q, "highlights": A}],
    "dialogue_summary": [{"id": "1", "dialogue": Q, "summary": A, "topic": "t"}],
    "post_summary": [{"post": Q, "summary": A}],
    "content_summary": [{"content": Q, "summary": A}],
    "text_summary": [{"text": Q, "summary": A, "title": "t"}],
    "goal_target": [{"goal": Q, "target": A}],
    "intent_snippet": [{"intent": Q, "snippet": A, "question_id": 3}],
    "text_code": [{"nl": Q, "code": A}, {"docstring": Q, "code": A}, {"text": Q, "code": A}],
    "context_response": [{"Context": Q, "Response": A}],
    "source_target": [{"src": Q, "tgt": A}, {"source": Q, "target": A}],
    "asked_answered": [
        {"human": Q, "assistant": A},
        {"user": Q, "bot": A},
        {"q": Q, "a": A},
        {"Q": Q, "A": A},
        {"User Query": Q, "Bot Response": A, "user": "u17"},
        {"userPrompt": Q, "modelResponse": A, "timestamp": 1},
    ],
    "translation": [
        {"id": "0", "translation": {"en": Q, "de": A}},
        {"translation": {"eng_Latn": Q, "zho_Hans": A}},
        {"id": 3, "en": Q, "fr": A},
    ],
}
