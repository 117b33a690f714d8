"""Lists whose elements are not messages: the exchanges of a conversation, or the steps of an agent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from mixguard.corpus.formats.base import Format, Speaker, joined_text, pointer, text_turns
from mixguard.corpus.formats.cells import Text, cell_text
from mixguard.corpus.formats.layout import Among, Layout
from mixguard.corpus.formats.lists import CHAT_COLUMNS, LIST_COLUMNS, SYSTEM
from mixguard.corpus.formats.masks import MASK_KEYS, mask_like
from mixguard.corpus.formats.spread import Said, spread
from mixguard.corpus.records import Polarity, Role, Row, Turn
from mixguard.errors import RecordError

_TASKS = ("problem_statement", "task", "instruction", "question", "query", "goal", "prompt")
"""Columns of what an agent is asked to do; its steps do not repeat it."""
_COLUMNS = (*CHAT_COLUMNS, *LIST_COLUMNS)
_SPOKEN = (
    *CHAT_COLUMNS,
    *("dialog", "dialogue", "dialogs", "dialogues", "turns", "utterances", "chat", "thread", "data"),
    *("chat_history", "conversation_history"),
)
"""Columns where a list of texts is a conversation."""


@dataclass(frozen=True, slots=True)
class Rounds:
    """A column with such a list."""

    column: str

    def fits(self, row: Row) -> bool:
        """Whether the column has one with a question."""
        value = row.get(self.column)
        if isinstance(value, list) and value and isinstance(value[0], str) and self.column not in _SPOKEN:
            return False
        said = spread(value)
        return said is not None and any(text.who.role is Role.USER for text in said)

    def read(self, row: Row) -> list[Turn]:
        """The turns of every text."""
        said = spread(row[self.column]) or []
        return [turn for text in said for turn in self._turns(text)]

    def _turns(self, said: Said) -> list[Turn]:
        who = said.who
        polarity: Polarity = 1 if said.trained and who.role is Role.ASSISTANT else 0
        path = pointer(self.column) + said.place
        turns = text_turns(cell_text(said.text, self.column), who, polarity, path)
        return turns or [Turn(who.role, "", who.kind, polarity, path)]

    def write(self, turns: Sequence[Turn], row: dict[str, Any], like: Row) -> Sequence[Turn]:
        """Write all turns in the style of the first element."""
        shown = like[self.column]
        said = spread(shown) or []
        if any(turn.polarity == 0 for turn in turns if turn.role is Role.ASSISTANT) and not _maskable(shown):
            raise RecordError(f"{self.column} cannot hold an answer that is not trained")
        if isinstance(shown[0], str):
            row[self.column] = _by_turns(_joined(turns), self.column)
        elif isinstance(shown[0], dict):
            row[self.column] = _objects(_joined(turns), shown, said, self.column)
        elif said[0].place == "/0/1":
            names = {text.who: shown[n][0] for n, text in reversed(list(enumerate(said)))}
            row[self.column] = [[_name(turn, names, self.column), turn.text] for turn in _joined(turns)]
        else:
            texts = _by_turns(_joined(turns), self.column)
            row[self.column] = [list(pair) for pair in zip(texts[::2], texts[1::2], strict=True)]
        return ()


def _joined(turns: Sequence[Turn]) -> list[Turn]:
    """Turns with an answer's reasoning, tagged, in its own text."""
    joined: list[Turn] = []
    for turn in turns:
        if joined and joined[-1].kind == "reasoning" and turn.role is Role.ASSISTANT:
            joined[-1] = replace(turn, text=joined_text([joined[-1], turn]))
        else:
            joined.append(turn)
    return joined


def _by_turns(turns: Sequence[Turn], column: str) -> list[str]:
    roles = [turn.role for turn in turns]
    if roles != [(Role.USER, Role.ASSISTANT)[n % 2] for n in range(len(turns))] or len(turns) % 2:
        raise RecordError(f"{column} holds questions and answers by turns, and nothing else")
    return [turn.text for turn in turns]


def _name(turn: Turn, names: Mapping[Speaker, str], column: str) -> str:
    who = Speaker(turn.role, "tool_result" if turn.role is Role.TOOL else "text")
    if who not in names:
        raise RecordError(f"{column} has no name for the {turn.role.value}")
    return names[who]


def _maskable(elements: Sequence[Any]) -> bool:
    return any(isinstance(e, dict) and any(e.get(key) is not None for key in MASK_KEYS) for e in elements)


def _objects(
    turns: Sequence[Turn], shown: Sequence[Any], said: Sequence[Said], column: str
) -> list[dict[str, Any]]:
    """One object for each exchange, or for each text, as the list has it."""
    places: dict[Role, list[str]] = {}
    for text in said:
        _, number, key = text.place.split("/", 2)
        places.setdefault(text.who.role, [number, key])
    if any(turn.role not in places or turn.kind not in ("text", "tool_result") for turn in turns):
        raise RecordError(f"{column} has no key for one of the turns")
    if Role.TOOL in places:
        raise RecordError(f"{column} holds an agent's steps; a new conversation cannot be written as steps")
    written: list[dict[str, Any]] = []
    for turn in turns:
        number, key = places[turn.role]
        element = shown[int(number)]
        if not written or _done(written[-1], element, key, places, turn.role):
            written.append({name: None for name, value in element.items() if value is None})
        written[-1][key] = turn.text
        written[-1] |= _masks(element, turn)
    order = list(dict.fromkeys(name for element in shown for name in element))
    return [{name: element[name] for name in order if name in element} for element in written]


def _done(
    last: Mapping[str, Any],
    element: Mapping[str, Any],
    key: str,
    places: Mapping[Role, list[str]],
    role: Role,
) -> bool:
    """Whether a text starts a new object: the last one has its key, has been answered, or is of other keys."""
    answered = role is not Role.ASSISTANT and places[Role.ASSISTANT][1] in last
    return key in last or answered or not last.keys() <= element.keys()


def _masks(element: Mapping[str, Any], turn: Turn) -> dict[str, Any]:
    if turn.role is not Role.ASSISTANT:
        return {}
    return {
        key: mask_like(key, element[key], trained=bool(turn.polarity), mask_hides=True)
        for key in MASK_KEYS
        if key in element
    }


ROUNDS: Format = Layout("rounds", (SYSTEM, Among(tuple(Rounds(column) for column in _COLUMNS))))
"""A list of exchanges that are not messages."""


@dataclass(frozen=True, slots=True)
class AgentSteps(Rounds):
    """An agent's steps, whose task stands in another column."""

    def fits(self, row: Row) -> bool:
        """Whether there are steps with what the agent did and what it saw."""
        said = spread(row.get(self.column))
        return said is not None and {Role.ASSISTANT, Role.TOOL} <= {text.who.role for text in said}

    def write(self, turns: Sequence[Turn], row: dict[str, Any], like: Row) -> Sequence[Turn]:
        """Always raises: a conversation has no steps."""
        raise RecordError(
            f"{self.column} holds an agent's steps; a new conversation cannot be written as steps"
        )


STEPS: Format = Layout(
    "agent_steps",
    (
        SYSTEM,
        Among((*(Text(Role.USER, column) for column in _TASKS), Text(Role.USER, "task", optional=True))),
        Among(tuple(AgentSteps(column) for column in _COLUMNS)),
    ),
)
"""An agent's steps: what it thought, did and saw."""
