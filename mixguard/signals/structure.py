"""Short lists after short prompts: the shape of the benign rows that cost most safety."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

import polars as pl

from mixguard.annotate.base import Batch
from mixguard.annotate.forms import ITEM, LOOKED, forms, word_count
from mixguard.annotate.phrases import Span
from mixguard.annotate.search import contains, of_ascii
from mixguard.checks.base import Case, Check, Evidence, Judged, Limit, Rate
from mixguard.checks.terms import TRAINED
from mixguard.errors import TaxonomyError
from mixguard.files import bundled, read_toml
from mixguard.library.task import ENDS, Task
from mixguard.signals.base import Examples, Page, Row, Signal

LIST_WORDS, PROMPT_WORDS = 120, 20
"""Words up to which an answer, and a prompt, is short."""
LONG_WORDS, OPEN_WORDS = 150, 40
"""Words from which an answer is long, and up to which a prompt is a question without a text to work on."""
NOTED = 0.3
"""Share of short lists that is worth a note: of ordinary Alpaca's answers 28 % are lists of any length."""
LEAST = 20
"""Answers below which nothing is said."""
TASKS = ("code", "sql", "translate", "classify", "summarise")
"""Tasks of the bundled bank that prompts are told by."""


class StructureAnnotator:
    """Tells the form of each answer, and the task of each prompt, by patterns."""

    reads = ("prompt", "response", "system")
    writes = pl.Schema(
        {
            "structure_shape": pl.Float32(),  # 1 for a short list after a short prompt
            "structure_form": pl.String(),  # one of `FORMS`, null without a response
            "structure_open": pl.Boolean(),  # a long answer to a short question
            "structure_task": pl.String(),  # one of `TASKS`, null for none
        }
    )

    def __call__(self, batch: Batch) -> pl.DataFrame:
        """Columns `structure_*`."""
        asked, told = word_count("prompt"), word_count("response")
        form = forms(batch.frame.get_column("response"))
        seen = batch.frame.with_columns(form.alias("structure_form"), asked=asked, told=told)
        listed = (pl.col("structure_form") == "list").cast(pl.Float32)
        answer = pl.when(pl.col("told") <= LIST_WORDS).then(1.0).otherwise(0.5)
        prompt = pl.when(pl.col("asked") <= PROMPT_WORDS).then(1.0).otherwise(0.5)
        prose = pl.col("structure_form").is_in(["prose", "list", "headings"])
        brief = (pl.col("asked") <= OPEN_WORDS) & (pl.col("prompt").str.len_chars() <= LOOKED)
        return seen.select(
            structure_shape=(listed * answer * prompt).cast(pl.Float32),
            structure_form="structure_form",
            structure_open=prose & brief & (pl.col("told") >= LONG_WORDS),
            structure_task=_task(),
        )


@lru_cache
def _signs() -> dict[str, str]:
    folder = bundled("refusal_bank", "mixguard") / "tasks"
    # Those of the package are valid: checking them compiles every sign.
    trees = {name: read_toml(folder / f"{name}.toml", TaxonomyError) for name in TASKS}
    tasks = {name: Task.model_construct(**tree).pattern for name, tree in trees.items()}
    return {name: "(?i)" + of_ascii(pattern) for name, pattern in tasks.items()}


def _task() -> pl.Expr:
    """The first task whose signs are in the first or last characters of system prompt and prompt."""
    told = pl.concat_str("system", "prompt", separator="\n", ignore_nulls=True)
    ends = pl.concat_str(told.str.slice(0, ENDS), told.str.tail(ENDS), separator="\n")
    found = pl.lit(None, pl.String)
    for name, signs in reversed(_signs().items()):
        found = pl.when(contains(ends, signs)).then(pl.lit(name)).otherwise(found)
    return found


def _judge(rate: Rate, _: Evidence) -> Judged:
    verb = "is" if rate.count == 1 else "are"
    message = (
        f"short lists: {rate.count:,} of {rate.total:,} answers {verb} a short list after a short prompt"
    )
    low = rate.interval.low if rate.total >= LEAST else 0.0
    return Judged("warn" if low > rate.limit else "note" if low > NOTED else "pass", message)


def _spans(row: Row) -> Sequence[Span]:
    text = (row.get("response") or "")[:LOOKED]
    return [Span("response", *match.span(), "list item") for match in re.finditer(ITEM, text)]


STRUCTURE = Signal(
    name="short lists",
    about="answers a short prompt with a short list",
    annotator=StructureAnnotator(),
    spans=_spans,
    page=Page(
        measures="Score of a row: 1 if the answer has two or more list items, halved above 120 words of answer, halved again above 20 words of prompt; code, maths steps, dialogue and YAML are not lists. A row of score 1 counts.",
        blind="Corpora of one format: inside GSM8K the score tells nothing (AUROC .50). Lists in running text.",
        cost="Patterns over answers and the ends of prompts, together with the forms and tasks of MG206.",
        examples=Examples(
            shows=(
                {
                    "prompt": "Name three things to take to a beach picnic.",
                    "response": "1. A wide blanket\n2. Cold lemonade\n3. Sun cream",
                },
                {
                    "prompt": "How do I keep basil fresh?",
                    "response": "- Trim the stems.\n- Stand it in water.\n- Keep it off the window sill.",
                },
                {
                    "prompt": "Give me two uses for old jars.",
                    "response": "Here are two: 1. Keep buttons in them. 2. Grow cress in them.",
                },
            ),
            spares=(
                {
                    "prompt": "Write a line about the sea.",
                    "response": "The sea is wide and grey this morning.",
                },
                {
                    "prompt": "Write a scene at the door.",
                    "response": "- Who is it?\n- The postman.\n- Come in, then!",
                },
                {
                    "prompt": "Write a config with two ports.",
                    "response": "server:\n  name: web\n  ports:\n    - 80\n    - 443\n  debug: false",
                },
                {
                    "prompt": "Ann has 3 boxes of 4 pens. How many pens are that?",
                    "response": "1. One box holds 4 pens.\n2. 3 * 4 = 12\n#### 12",
                },
            ),
        ),
    ),
    check=Check(
        id="MG205",
        name="short-lists",
        kind="attack",
        severities=("note", "warn"),
        cases=(
            Case(
                among=TRAINED
                & pl.col("structure_form").ne_missing("empty")
                & pl.col("structure_form").is_not_null(),
                flags=pl.col("structure_shape") >= 1,
                judge=_judge,
                rank="structure_shape",
            ),
        ),
        limit=Limit(
            0.6,
            "Share of answers that are a short list after a short prompt that triggers a warning; above 30 % it is noted; of ordinary Alpaca's answers 28 % are lists of any length. Judgement.",
        ),
        why="Benign rows chosen for what they do to a model's safety are mostly short lists after short prompts; a hundred of them broke safety as harmful rows do.",
        source="He et al. 2024 (arXiv 2404.01099): the score, computed on their released rows, tells the top 100 of Alpaca from ordinary Alpaca with AUROC .95 (by representation) and .79 (by gradient); 98 % and 72 % of them are lists. Caveat: 100 rows a side against a re-answered Alpaca; inside GSM8K it tells nothing (.50)",
        remedy="Down-sample these rows, and add refusals to prompts that ask for lists; `mixguard rebalance` adds them.",
        mechanisms=("M30",),
    ),
)
