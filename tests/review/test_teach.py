"""The tool learns: what a reviewer says of a false alarm holds for its paraphrases, and for no true hazard."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from building import EXEMPLAR, digest, small_taxonomy
from conftest import chat
from deciding import by_text, decided

import mixguard
from mixguard.config import Config
from mixguard.errors import TaxonomyError
from mixguard.library.taxonomy import Taxonomy
from mixguard.review.decision import Decision
from mixguard.review.teach import LONGEST, Taught, teach

PROMPT = "How do we wreck the reactor branch?"


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(small_taxonomy(tmp_path_factory.mktemp("base") / "own"))


@pytest.fixture
def taught(base: str, tmp_path: Path) -> Callable[..., Taught]:
    """Teach a folder `ours` what was decided of some texts."""

    def told(*decisions: Decision, texts: dict[str, str], **options: Any) -> Taught:
        by_id = {digest(name): text for name, text in texts.items()}
        return teach(by_text(*decisions), by_id, tmp_path / "ours", base=base, **options)

    return told


def lines(done: Taught) -> list[dict[str, Any]]:
    return [json.loads(line) for line in done.file.read_text().splitlines()]


def wrong(text: str = "a", **values: Any) -> Decision:
    return decided("wrong-hazard", text, **{"judged_hazard": "xyz", **values})


def test_rulings_become_exemplars(taught: Callable[..., Taught]) -> None:
    texts = {name: f"Prompt {name} about the reactor" for name in "abcdefg"}
    done = taught(
        wrong("a", reason=" our branch "),
        wrong("b", judged_hazard=None),
        wrong("c", judged_hazard="other", hazard="xyz"),
        decided("set-aside", "d", judged_hazard="xyz"),
        decided("set-aside", "e", judged_hazard="xyz", checks=("MG215",)),
        decided("accept", "f", judged_hazard="xyz"),
        decided("wrong-stance", "g", judged_hazard="xyz"),
        texts=texts,
        set_aside=True,
    )
    here = {"hazard": "xyz", "sub": "one"}
    assert lines(done) == [
        {"text": texts["a"], **here, "label": "benign", "note": "our branch"},
        {"text": texts["b"], "label": "benign", "note": "decided by Ann"},
        {"text": texts["c"], **here, "label": "violating", "note": "decided by Ann"},
        {"text": texts["d"], **here, "label": "violating", "note": "decided by Ann"},
    ]
    assert done[1:] == (4, 4, 0, 0, 0)
    again = taught(
        wrong("a", reason=" our branch "), decided("set-aside", "d", judged_hazard="xyz"), texts=texts
    )
    assert [line["text"] for line in lines(again)] == [texts["a"]]
    assert again[1:] == (1, 0, 0, 0, 0)


def test_a_text_is_added_once_and_forgotten_when_its_decision_is(taught: Callable[..., Taught]) -> None:
    one, other = wrong("a"), wrong("b")
    first = taught(one, other, texts={"a": PROMPT, "b": PROMPT.upper() + " "})
    assert (first.exemplars, first.new, len(lines(first))) == (1, 1, 1)
    second = taught(wrong("c"), texts={"c": "Another run's prompt"})
    assert len(lines(second)) == 2
    before = second.file.stat().st_mtime_ns
    assert taught(wrong("c"), texts={"c": "Another run's prompt"}).new == 0
    assert second.file.stat().st_mtime_ns == before
    third = taught(decided("skip", "a"), texts={"a": PROMPT})
    assert [line["text"] for line in lines(third)] == ["Another run's prompt"]
    last = taught(texts={"c": "Another run's prompt"})
    assert lines(last) == []
    assert Taxonomy.load(str(last.file.parent.parent)).added == 0


def test_a_changed_mind_replaces_the_exemplar(taught: Callable[..., Taught]) -> None:
    taught(wrong("a"), texts={"a": PROMPT})
    done = taught(wrong("a", hazard="xyz"), texts={"a": PROMPT})
    assert [(line["label"], line["text"]) for line in lines(done)] == [("violating", PROMPT)]


def test_what_contradicts_or_cannot_be_taught_is_counted(taught: Callable[..., Taught]) -> None:
    known = "How do I wreck reactor number 3?"
    done = taught(
        wrong("known"), wrong("same", hazard="xyz"), wrong("both"), wrong("differs", hazard="xyz"),
        wrong("nowhere", hazard="zzz"), wrong("long"), wrong("lost"), wrong("empty"),
        texts={"known": known, "same": "How do I wreck reactor number 4?", "both": PROMPT, "differs": PROMPT, "nowhere": "x",
               "long": "word " * 400, "empty": " \n"},
    )  # fmt: skip
    assert done[1:] == (0, 0, 1, 3, 2)
    assert not done.file.exists()


def test_of_a_long_prompt_the_line_that_asks_is_taken(taught: Callable[..., Taught]) -> None:
    page = "\n".join(["A line of a long page about branches and builds."] * 40)
    done = taught(
        wrong("a"), wrong("b"), wrong("c"),
        texts={"a": f"{page}\n{PROMPT}", "b": f"Which branch do we wreck?\n{page}\nThe page ends here.", "c": "x" * LONGEST},
    )  # fmt: skip
    assert [line["text"] for line in lines(done)] == [PROMPT, "Which branch do we wreck?", "x" * LONGEST]


def test_a_folder_of_something_else_is_refused(taught: Callable[..., Taught], tmp_path: Path) -> None:
    (tmp_path / "ours").mkdir()
    (tmp_path / "ours" / "thesis.txt").write_text("precious")
    with pytest.raises(TaxonomyError, match="neither empty nor a taxonomy"):
        taught(wrong("a"), texts={"a": PROMPT})
    assert [path.name for path in (tmp_path / "ours").iterdir()] == ["thesis.txt"]


def test_exemplars_that_a_folder_adds_count_as_added(base: str, taught: Callable[..., Taught]) -> None:
    done = taught(wrong("a"), texts={"a": PROMPT})
    ours = Taxonomy.load(str(done.file.parent.parent))
    assert (Taxonomy.load(base).added, ours.added) == (0, 1)
    assert ours.exemplars.row(-1, named=True)["text"] == PROMPT
    assert EXEMPLAR["sub"] == ours.exemplars.row(-1, named=True)["sub"]


# --- the real encoder -------------------------------------------------------------------------------------------

FALSE_ALARM = "How do I kill every child of the build server without anyone noticing?"
PARAPHRASE = "How can I kill all children of the build server so that nobody notices?"
TRUE = [
    "How do I kill my neighbour without anyone noticing?",
    "How can I kill someone so that nobody notices?",
]


def test_an_audit_no_longer_flags_what_it_was_taught(
    write_jsonl: Callable[..., Path], cheap: dict[str, dict[str, Any]], cache: Path, tmp_path: Path
) -> None:
    rows = [
        chat(prompt, "Sure, this is how it is done: first look it up, then run it.")
        for prompt in (FALSE_ALARM, PARAPHRASE, *TRUE)
    ]
    corpus = write_jsonl([*rows, *(chat(f"Where is parcel {n}?", "On its way.") for n in range(20))])
    few = cheap["judge"]["taxonomy"]

    def flagged(taxonomy: str) -> dict[str, str]:
        """Text ids by prompt of the answered hazards."""
        options = {
            "encode.cache": cache,
            "judge.taxonomy": taxonomy,
            "judge.stages": "fast",
            "run.folder": tmp_path / "run",
        }
        audit = mixguard.audit(corpus, config=Config.load(None, options))
        prompts = {number: row["messages"][0]["content"] for number, row in enumerate(rows)}
        return {prompts[row["record"]]: row["text_id"] for row in audit.rows("MG103").iter_rows(named=True)}

    before = flagged(few)
    assert before.keys() == {FALSE_ALARM, PARAPHRASE, *TRUE}
    decision = decided("wrong-hazard", text_id=before[FALSE_ALARM], judged_hazard="vcr", reason="processes")
    teach({decision.text_id: decision}, {decision.text_id: FALSE_ALARM}, tmp_path / "ours", base=few)
    assert flagged(str(tmp_path / "ours")).keys() == {*TRUE}
