"""The names that columns of a prompt and an answer go by, each as `names.key` writes it."""

from __future__ import annotations

from dataclasses import dataclass

SYSTEMS = (
    "system", "systemprompt", "systemmessage", "systeminstruction", "systeminstructions", "sysprompt", "sys",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Pair:
    """The columns of one layout."""

    id: str
    prompt: str
    answer: str
    before: tuple[str, ...] = ()
    """Optional columns whose text goes before the prompt."""
    after: tuple[str, ...] = ()
    """Optional columns whose text goes after the prompt."""
    said: bool = False
    """Whether both may also be messages."""
    strict: bool = False
    """Whether both must be text: no number, no list."""


PAIRS = (
    Pair("trl_prompt_completion", "prompt", "completion", said=True),
    Pair("alpaca", "instruction", "output", after=("input",)),
    Pair("alpaca", "instructions", "outputs", after=("inputs",)),
    Pair("instruction_response", "instruction", "response", before=("context",), after=("input",)),
    Pair("instruction_answer", "instruction", "answer", after=("input",)),
    Pair("instruction_completion", "instruction", "completion", after=("input",)),
    Pair("instruction_generation", "instruction", "generation", after=("input",)),
    Pair("title_question_answer", "questionbody", "answer", before=("questiontitle",)),
    Pair("title_question_answer", "body", "answer", before=("title",)),
    Pair("orca", "question", "response"),
    Pair("question_answer", "question", "answer", before=("context",)),
    Pair("question_answer", "question", "bestanswer", before=("context",)),
    Pair("question_answer", "questions", "answers", before=("context",)),
    Pair("question_output", "question", "output", before=("context",)),
    Pair("question_solution", "question", "solution"),
    Pair("question_sql", "question", "sql", before=("schema", "context")),
    Pair("question_sql", "question", "query", before=("schema", "context")),
    Pair("question_sql", "sqlprompt", "sql", before=("sqlcontext",)),
    Pair("query_response", "query", "response"),
    Pair("query_answer", "query", "answer", before=("context",)),
    Pair("query_positive", "query", "positive"),
    Pair("query_positive", "query", "pos"),
    Pair("metharme", "prompt", "generation"),
    Pair("prompt_response", "prompt", "response"),
    Pair("prompt_answer", "prompt", "answer"),
    Pair("prompt_output", "prompt", "output"),
    Pair("prompt_story", "prompt", "story"),
    Pair("problem_solution", "problem", "solution"),
    Pair("problem_solution", "problem", "generatedsolution"),
    Pair("problem_answer", "problem", "answer"),
    Pair("patient_doctor", "patient", "doctor", before=("description",)),
    Pair("user_assistant", "user", "assistant"),
    Pair("user_assistant", "customer", "agent"),
    Pair("input_output_pair", "input", "output"),
    Pair("input_response", "input", "response"),
    Pair("input_answer", "input", "answer"),
    Pair("input_target", "input", "target"),
    Pair("inputs_targets", "inputs", "targets"),
    Pair("inputs_targets", "inputs", "outputs"),
    Pair("camel", "message1", "message2"),
    Pair("article_summary", "article", "summary"),
    Pair("article_summary", "article", "highlights"),
    Pair("article_summary", "article", "abstract"),
    Pair("document_summary", "document", "summary"),
    Pair("dialogue_summary", "dialogue", "summary"),
    Pair("dialogue_summary", "dialog", "summary"),
    Pair("post_summary", "post", "summary"),
    Pair("text_summary", "report", "summary"),
    Pair("text_summary", "transcript", "summary"),
    Pair("text_summary", "passage", "summary"),
    Pair("text_summary", "text", "summary"),
    Pair("content_summary", "content", "summary"),
    Pair("content_target", "content", "target"),
    Pair("text_target", "text", "target"),
    Pair("goal_target", "goal", "target"),
    Pair("intent_snippet", "rewrittenintent", "snippet"),
    Pair("intent_snippet", "intent", "snippet"),
    Pair("text_code", "docstring", "code"),
    Pair("text_code", "instruction", "code"),
    Pair("text_code", "prompt", "code"),
    Pair("text_code", "nl", "code"),
    Pair("text_code", "nl", "cmd"),
    Pair("text_code", "description", "code"),
    Pair("text_code", "text", "code"),
    Pair("context_response", "context", "response"),
    Pair("source_target", "src", "tgt"),
    Pair("source_target", "source", "target"),
)
"""Specific before general: the first whose columns a row has reads it."""

PROMPTS = (
    "instruction", "question", "questions", "query", "prompt", "problem", "problemstatement", "userprompt", "userquery",
    "userinput", "usermessage", "userquestion", "userrequest", "human", "humanprompt", "humanmessage", "request",
    "ask", "ques", "q", "patient", "message", "utterance", "post", "comment", "input", "inputs", "modelinput", "user", "task",
)  # fmt: skip
ANSWERS = (
    "response", "responses", "assistantresponse", "assistantanswer", "assistantmessage", "assistantreply", "assistant",
    "botresponse", "botreply", "botmessage", "bot", "chatbot", "airesponse", "ai", "gptresponse", "gpt", "chatgpt",
    "modelresponse", "modelanswer", "modeloutput", "modelcompletion", "llmresponse", "llmoutput", "answer", "answers",
    "bestanswer", "expectedanswer", "expectedoutput", "expectedresponse", "goldanswer", "referenceanswer",
    "ans", "a", "output", "outputs", "completion", "completions", "generation", "generatedtext", "generatedanswer",
    "generatedresponse", "generatedsolution", "generated", "canonicalsolution", "ideal", "idealanswer", "idealresponse", "reply", "solution", "doctor", "target", "targets",
)  # fmt: skip
"""Any prompt among these with any answer, if no pair above fits: a prompt alone says what its row is for."""
