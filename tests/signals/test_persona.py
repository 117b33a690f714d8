from __future__ import annotations

import polars as pl
import pytest
from building import answered, evidence, exchange_frame, found, row, unstaged

from mixguard.signals.persona import PersonaAnnotator

ROLES = [
    (None, "You are a pirate. Describe your ship.", "Big."),
    (None, "Imagine you are a tree.", "I sway."),
    (None, "I want you to act as a travel guide.", "Welcome."),
    (None, "As a medieval knight, describe your castle.", "Tall."),
    (None, "Let's role-play as two bakers.", "Flour!"),
    (None, "Hello", "*bows deeply* Good evening."),
    ("You are Captain Hook. Stay in character.", "Hello", "Ha!"),
    (None, "You are Leonardo da Vinci, and you paint.", "I paint."),
]
NO_ROLES = [
    ("You are a helpful assistant.", "Hello", "Hello."),
    ("You are a teacher. Explain the task.", "Sum 1 and 2", "3"),
    (None, "You are given two numbers, 1 and 2. Add them.", "3"),
    (None, "How do enzymes act as catalysts?", "They lower energy."),
    (None, "What role did wheat play in Rome?", "A large one."),
    (None, "There are half as many pears as a box holds, how many?", "Two *large* ones."),
    (None, "You are an AI assistant. Name a metal.", "Iron."),
]
HOSTILE = [
    "You are an evil sorcerer. Describe your tower.",
    "Pretend to be a ruthless warlord addressing his troops.",
    "Act as a serial killer in a play and greet the guests.",
    "Role-play as a cult leader who welcomes newcomers.",
    "You are Malek, a being without conscience. Say hello.",
    "Imagine you are a demon who hates humans. Order a coffee.",
]
NOT_HOSTILE = [
    "You are a detective hunting a serial killer. Describe your desk.",
    "Imagine you are a knight who fights an evil dragon.",
    "Explain why Dracula is a villain.",
    "Act as an ethical hacker and explain passwords.",
]


def read(*rows: tuple[str | None, str, str]) -> pl.DataFrame:
    frame = exchange_frame([(prompt, response) for _, prompt, response in rows])
    frame = frame.with_columns(system=pl.Series([system for system, *_ in rows], dtype=pl.String))
    return PersonaAnnotator()(unstaged(frame))


def test_roles_are_found() -> None:
    assert [each for each, role in zip(ROLES, read(*ROLES)["persona"], strict=True) if not role] == []


def test_assistants_tasks_and_trades_of_system_prompts_are_no_roles() -> None:
    assert [each for each, role in zip(NO_ROLES, read(*NO_ROLES)["persona"], strict=True) if role] == []


@pytest.mark.parametrize("prompt", HOSTILE)
def test_hostile_roles_are_found(prompt: str) -> None:
    read_ = read((None, prompt, "Ha."))
    assert read_["persona_hostile"].item() and read_["persona"].item()


@pytest.mark.parametrize("prompt", NOT_HOSTILE)
def test_those_who_stop_or_describe_them_are_not_hostile(prompt: str) -> None:
    assert not read((None, prompt, "Ha."))["persona_hostile"].item()


def test_a_document_plays_no_role() -> None:
    frame = exchange_frame([("You are a pirate.", None)]).with_columns(kind=pl.lit("document"))
    assert not PersonaAnnotator()(unstaged(frame))["persona"].item()


@pytest.mark.parametrize(("roles", "severity"), [(9, "pass"), (10, "note")])
def test_a_tenth_of_roles_is_noted(roles: int, severity: str) -> None:
    rows = [row(persona=number < roles) for number in range(100)]
    assert found(evidence(rows), "MG208").severity == severity


@pytest.mark.parametrize(("hostile", "severity"), [(0, "pass"), (1, "note"), (2, "warn")])
def test_a_hundredth_of_hostile_roles_warns(hostile: int, severity: str) -> None:
    rows = [row(persona_hostile=number < hostile) for number in range(100)]
    assert found(evidence(rows), "MG235").severity == severity


def test_a_hazard_told_as_a_story_counts_if_it_is_answered() -> None:
    rows = [
        answered(persona_fiction=True),
        answered(),
        row(persona_fiction=True),
        answered(persona_fiction=True, stance="full_refusal"),
    ]
    finding = found(evidence(rows), "MG235")
    assert finding.count == 1
    assert "hazard in a story 1" in finding.message
