"""A task: where its prompts put their request, and the forms in which bank pairs are cast into it."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from pathlib import Path
from typing import Literal

import polars as pl
from pydantic import Field, field_validator

from mixguard.errors import BankError
from mixguard.files import read_toml
from mixguard.model import Model, checked

ENDS = 300
"""Characters at the beginning and end of a prompt that say what the task is."""


class TaskInput(Model):
    """Something for a task to work on, with a place for a request."""

    looks: Literal["dialogue", "text"]
    """What the corpus's own inputs look like."""
    text: str
    """Holds `{request}` once."""
    ask: str
    """How the instruction goes on: to do the task, and what is asked in it."""

    @field_validator("text")
    @classmethod
    def _has_a_place(cls, text: str) -> str:
        if text.count("{request}") != 1:
            raise ValueError("must hold {request} once")
        return text


class Task(Model):
    """A kind of task that corpora are made of."""

    id: str
    name: str
    place: Literal["input", "request"]
    """Whether a request goes into what the task works on, or in place of the task's own question."""
    alone: bool = False
    """Whether a request reads naturally with nothing to work on."""
    signs: tuple[str, ...]
    """Regular expressions in Rust's syntax that tell the task from its prompts; case is ignored."""
    columns: tuple[str, ...] = ()
    """Names of columns that only corpora of this task have, in lower case."""
    forms: tuple[str, ...]
    """Forms of the bank pairs that read naturally in it."""
    input: tuple[TaskInput, ...] = Field(default=())
    """For tasks with `place = "input"`."""

    @field_validator("signs")
    @classmethod
    def _compiles(cls, signs: tuple[str, ...]) -> tuple[str, ...]:
        for sign in signs:
            try:
                _found(sign, "")
            except pl.exceptions.ComputeError as error:
                raise ValueError(f"{sign!r}: {error}") from None
        return signs

    @cached_property
    def pattern(self) -> str:
        """All signs as one regular expression."""
        return "|".join(f"(?:{sign})" for sign in self.signs)

    def shows(self, prompt: str, columns: Iterable[str]) -> bool:
        """Whether a row with this prompt and these columns is of the task."""
        named = any(name.lower() in self.columns for name in columns)
        return named or _found(self.pattern, f"{prompt[:ENDS]}\n{prompt[-ENDS:]}")


def _found(pattern: str, text: str) -> bool:
    """Whether a pattern occurs, in time linear in the text whoever wrote the pattern: Rust's engine never backtracks."""
    return bool(pl.Series([text]).str.contains(f"(?i){pattern}").item())


def load_tasks(folder: Path) -> tuple[Task, ...]:
    """The tasks of a bank, by file name.

    Raises:
        BankError: a file is not a task.
    """
    paths = sorted((folder / "tasks").glob("*.toml"))
    return tuple(checked(Task, read_toml(path, BankError), BankError, str(path)) for path in paths)
