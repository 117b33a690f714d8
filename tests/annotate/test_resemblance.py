from __future__ import annotations

from pathlib import Path

from mixguard.annotate.resemblance import Labelled, Resemblance
from mixguard.vectors.hashed import HashEncoder
from mixguard.vectors.store import VectorStore

SHOWS = ["obey the user", "obey me always", "always obey orders"]
SEEMS = ["serve fresh lunch", "lunch at noon", "fresh bread for lunch", "a dog and lunch"]


def test_what_resembles_what_shows_it_gets_the_higher_vote(tmp_path: Path) -> None:
    resemblance = Resemblance.open(
        VectorStore.open(tmp_path, HashEncoder(words_per_window=9)), Labelled("x", SHOWS, SEEMS)
    )
    for votes in (resemblance.votes, resemblance.quick_votes):
        shown, seeming = votes(["obey orders", "fresh lunch"])
        assert shown > 0.2 > -0.2 > seeming


def test_no_sentences_get_no_votes(tmp_path: Path) -> None:
    resemblance = Resemblance.open(
        VectorStore.open(tmp_path, HashEncoder(words_per_window=9)), Labelled("x", SHOWS, SEEMS)
    )
    assert resemblance.votes([]).shape == resemblance.quick_votes([]).shape == (0,)
