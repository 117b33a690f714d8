"""The names that columns of a prompt and an answer go by, each as `names.key` writes it."""

from __future__ import annotations

from dataclasses import dataclass

SYSTEMS = (
    "system", "systemprompt", "systemmessage", "systeminstruction", "systeminstructions", "sysprompt", "sys",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class PairNames:
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
    PairNames("trl_prompt_completion", "prompt", "completion", said=True),
    PairNames("alpaca", "instruction", "output", after=("input",)),
    PairNames("alpaca", "instructions", "outputs", after=("inputs",)),
    PairNames("instruction_response", "instruction", "response", before=("context",), after=("input",)),
    PairNames("instruction_answer", "instruction", "answer", after=("input",)),
    PairNames("instruction_completion", "instruction", "completion", after=("input",)),
    PairNames("instruction_generation", "instruction", "generation", after=("input",)),
    PairNames("title_question_answer", "questionbody", "answer", before=("questiontitle",)),
    PairNames("title_question_answer", "body", "answer", before=("title",)),
    PairNames("orca", "question", "response"),
    PairNames("question_answer", "question", "answer", before=("context",)),
    PairNames("question_answer", "question", "bestanswer", before=("context",)),
    PairNames("question_answer", "questions", "answers", before=("context",)),
    PairNames("question_output", "question", "output", before=("context",)),
    PairNames("question_solution", "question", "solution"),
    PairNames("question_sql", "question", "sql", before=("schema", "context")),
    PairNames("question_sql", "question", "query", before=("schema", "context")),
    PairNames("question_sql", "sqlprompt", "sql", before=("sqlcontext",)),
    PairNames("query_response", "query", "response"),
    PairNames("query_answer", "query", "answer", before=("context",)),
    PairNames("query_positive", "query", "positive"),
    PairNames("query_positive", "query", "pos"),
    PairNames("metharme", "prompt", "generation"),
    PairNames("prompt_response", "prompt", "response"),
    PairNames("prompt_answer", "prompt", "answer"),
    PairNames("prompt_output", "prompt", "output"),
    PairNames("prompt_story", "prompt", "story"),
    PairNames("problem_solution", "problem", "solution"),
    PairNames("problem_solution", "problem", "generatedsolution"),
    PairNames("problem_answer", "problem", "answer"),
    PairNames("patient_doctor", "patient", "doctor", before=("description",)),
    PairNames("user_assistant", "user", "assistant"),
    PairNames("user_assistant", "customer", "agent"),
    PairNames("input_output_pair", "input", "output"),
    PairNames("input_response", "input", "response"),
    PairNames("input_answer", "input", "answer"),
    PairNames("input_target", "input", "target"),
    PairNames("inputs_targets", "inputs", "targets"),
    PairNames("inputs_targets", "inputs", "outputs"),
    PairNames("camel", "message1", "message2"),
    PairNames("article_summary", "article", "summary"),
    PairNames("article_summary", "article", "highlights"),
    PairNames("article_summary", "article", "abstract"),
    PairNames("document_summary", "document", "summary"),
    PairNames("dialogue_summary", "dialogue", "summary"),
    PairNames("dialogue_summary", "dialog", "summary"),
    PairNames("post_summary", "post", "summary"),
    PairNames("text_summary", "report", "summary"),
    PairNames("text_summary", "transcript", "summary"),
    PairNames("text_summary", "passage", "summary"),
    PairNames("text_summary", "text", "summary"),
    PairNames("content_summary", "content", "summary"),
    PairNames("content_target", "content", "target"),
    PairNames("text_target", "text", "target"),
    PairNames("goal_target", "goal", "target"),
    PairNames("intent_snippet", "rewrittenintent", "snippet"),
    PairNames("intent_snippet", "intent", "snippet"),
    PairNames("text_code", "docstring", "code"),
    PairNames("text_code", "instruction", "code"),
    PairNames("text_code", "prompt", "code"),
    PairNames("text_code", "nl", "code"),
    PairNames("text_code", "nl", "cmd"),
    PairNames("text_code", "description", "code"),
    PairNames("text_code", "text", "code"),
    PairNames("context_response", "context", "response"),
    PairNames("source_target", "src", "tgt"),
    PairNames("source_target", "source", "target"),
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
