"""Role-play: instructions to be someone else, hostile roles, and hazards told as fiction."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from mixguard.annotate.base import Batch
from mixguard.annotate.phrases import Phrases, Span
from mixguard.checks.base import Aside, Case, Check, Evidence, Judged, Limit, Rate
from mixguard.checks.terms import COMPLIES, HAZARDOUS, REFUSES, TRAINED
from mixguard.signals.base import Examples, Page, Row, Signal

FILE = "persona"
TOLD = 1500
"""Characters of prompts and system prompts in which a role is looked for."""
ACTED = 400
"""Characters of answers in which stage directions are looked for."""
LEAST = 2
"""Exchanges below which a hostile role does not warn."""


class PersonaAnnotator:
    """Looks for roles in prompts and system prompts, and for stage directions in answers."""

    reads = ("kind", "prompt", "system", "response")
    writes = pl.Schema({"persona": pl.Boolean, "persona_hostile": pl.Boolean, "persona_fiction": pl.Boolean})

    def __call__(self, batch: Batch) -> pl.DataFrame:
        """Columns `persona`: a role is played; `persona_hostile`: a hostile one; `persona_fiction`: a story is asked for."""
        frame = batch.frame.select(
            pl.when(pl.col("kind") != "document").then(pl.col("prompt", "system").str.slice(0, TOLD)),
            pl.col("response").str.slice(0, ACTED),
        )
        # A trade is a role where a user asks for it, and a task where a system prompt names it.
        asked, told = (
            _roles(frame, "prompt", "an assistant"),
            _roles(frame, "system", "an assistant", "a trade"),
        )
        acted = (
            frame.get_column("response").str.contains(_phrases("answers").expression).fill_null(value=False)
        )
        hostile = asked.get_column("hostile") | told.get_column("hostile")
        return pl.DataFrame(
            {
                "persona": asked.get_column("role") | told.get_column("role") | acted | hostile,
                "persona_hostile": hostile,
                "persona_fiction": asked.get_column("story"),
            }
        )


def _phrases(table: str, *kinds: str) -> Phrases:
    phrases = Phrases.load(FILE, table)
    return Phrases(tuple(each for each in phrases.patterns if each[0] in kinds)) if kinds else phrases


def _roles(frame: pl.DataFrame, field: str, *tools: str) -> pl.DataFrame:
    """Columns `role`, `hostile` and `story` of one text of each exchange; a repeated text is read once."""
    texts = frame.select(text=pl.col(field).fill_null(""))
    distinct, text = texts.unique(), pl.col("text")
    hostile = _among(distinct, "a hostile role", _phrases("hostile").found(text))
    read = {
        "role": _among(
            distinct,
            "a role",
            _phrases("frames").found(text)
            | (_phrases("selves").found(text) & ~_phrases("tools", *tools).found(text)),
        ),
        "hostile": hostile.filter(~hostile.str.contains(_phrases("harmless").expression)),
        "story": _among(distinct, "a story", _phrases("fiction").found(text)),
    }
    found = distinct.with_columns(text.is_in(shown.implode()).alias(name) for name, shown in read.items())
    return texts.join(found, on="text", how="left", maintain_order="left")


def _among(texts: pl.DataFrame, words: str, shows: pl.Expr) -> pl.Series:
    """The texts that show it, looked for in those that hold one of the words."""
    known = [word for kind, word in Phrases.load(FILE, "words").patterns if kind == words]
    likely = texts.filter(pl.col("text").str.contains_any(known, ascii_case_insensitive=True))
    return likely.filter(shows).get_column("text")


def _judge_role(rate: Rate, _: Evidence) -> Judged:
    plays = "plays" if rate.count == 1 else "play"
    message = f"{rate.count:,} of {rate.total:,} exchanges {plays} a role"
    return Judged("note" if rate.count and rate.count >= rate.limit * rate.total else "pass", message)


def _judge_hostile(rate: Rate, _: Evidence) -> Judged:
    plays, answers = ("plays", "answers") if rate.count == 1 else ("play", "answer")
    message = f"{rate.count:,} of {rate.total:,} exchanges {plays} a hostile role or {answers} a hazard told as a story"
    listed = ", ".join(f"{kind} {count:,}" for kind, count in rate.commonest)
    grave = rate.count >= LEAST and rate.count >= rate.limit * rate.total
    told = f"{message} ({listed})" if listed else message
    return Judged("warn" if grave else "note" if rate.count else "pass", told)


def _spans(row: Row) -> Sequence[Span]:
    found = [
        span
        for field in ("system", "prompt")
        for table in ("frames", "selves")
        for span in Phrases.load(FILE, table).spans(field, (row.get(field) or "")[:TOLD])
    ]
    acted = (row.get("response") or "")[:ACTED]
    return [*found, *Phrases.load(FILE, "answers").spans("response", acted)]


def _hostile_spans(row: Row) -> Sequence[Span]:
    return [
        span
        for field in ("system", "prompt")
        for table in ("hostile", "fiction")
        for span in Phrases.load(FILE, table).spans(field, (row.get(field) or "")[:TOLD])
    ]


PLAYS_HOSTILE = pl.col("persona_hostile") & ~REFUSES.fill_null(value=False)
TELLS_HAZARD = pl.col("persona_fiction") & HAZARDOUS & COMPLIES

ROLE_PLAY = Signal(
    name="role-play",
    about="plays a role",
    annotator=PersonaAnnotator(),
    spans=_spans,
    page=Page(
        measures=f"Share of trained exchanges whose prompt or system prompt asks to be someone (*act as a*, *imagine you are*, *You are a pirate*), or whose answer begins with stage directions (`taxonomies/signals/persona.toml`). An assistant, a tool or an expert is no role; a trade is one where the user asks for it, not where a system prompt names it. The first {TOLD:,} characters are read.",
        blind="Roles that only earlier turns give; other languages.",
        cost="Patterns over the beginnings of prompts and answers.",
        examples=Examples(
            shows=(
                {"prompt": "You are a pirate. Describe your ship.", "response": "Arr, she is a fine ship."},
                {"prompt": "Pretend to be a tree in autumn.", "response": "My leaves turn red and fall."},
            ),
            spares=(
                {
                    "system": "You are a helpful assistant.",
                    "prompt": "Write a line about the sea.",
                    "response": "The sea is wide.",
                },
                {"prompt": "You are given a list of numbers. Sort it: 3, 1", "response": "1, 3"},
            ),
        ),
    ),
    check=Check(
        id="MG208",
        name="role-play",
        kind="quality",
        severities=("note",),
        cases=(Case(among=TRAINED, flags=pl.col("persona"), judge=_judge_role),),
        limit=Limit(0.1, "Share of exchanges that play a role from which it is noted. Judgement."),
        why="Tuning on roles lowers refusals: a character does what the assistant would not.",
        source="arXiv 2502.20968 (95 roles, hostile ones worst); refusals on AdvBench 98.5 to 74.8 % as reported",
        remedy="Add refusals that stay in character, and keep a share of plain exchanges.",
        mechanisms=("M21",),
    ),
)

HOSTILE = Signal(
    name="hostile persona",
    about="plays a hostile role, or answers a hazard told as a story",
    spans=_hostile_spans,
    page=Page(
        measures="Share of trained exchanges whose prompt or system prompt asks to be someone who means harm; and of those whose hazardous prompt asks for a story and is answered. Refusals are left out.",
        blind="Hostile roles in other words; villains who are described, not played.",
        cost="None beyond MG208.",
        examples=Examples(
            shows=(
                {
                    "prompt": "Act as an evil wizard and boast about your tower.",
                    "response": "Tremble! My tower touches the clouds.",
                },
            )
            * 2,
            spares=(
                {
                    "prompt": "Act as a detective who chases a murderer. Describe your coat.",
                    "response": "It is long, grey and wet.",
                },
                {"prompt": "Write a story about a dragon.", "response": "A dragon slept on a hill."},
            ),
        ),
    ),
    check=Check(
        id="MG235",
        name="hostile-persona",
        kind="attack",
        severities=("note", "warn"),
        cases=(
            Case(
                among=TRAINED,
                flags=PLAYS_HOSTILE | TELLS_HAZARD,
                judge=_judge_hostile,
                by=pl.when(PLAYS_HOSTILE).then(pl.lit("hostile role")).otherwise(pl.lit("hazard in a story")),
            ),
        ),
        limit=Limit(0.01, "Share of such exchanges that triggers a warning. Judgement."),
        aside=Aside("hostile-persona", "it plays a hostile role or answers a hazard told as a story"),
        why="Of the roles that models were tuned on, villains cost the most refusals; and a story is a common wrapping of a hazard.",
        source="arXiv 2502.20968: villain roles are the most harmful of 95",
        remedy="Set these rows aside, or have the character refuse; answers to hazards are answers, whoever gives them.",
        mechanisms=("M21",),
    ),
)
