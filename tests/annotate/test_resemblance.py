from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from mixguard.annotate import assertions
from mixguard.annotate.refused_first import RefusedFirst
from mixguard.annotate.resemblance import Fitted, Labelled, Resemblance, shipped_votes
from mixguard.annotate.stance_grammar import Grammar
from mixguard.files import bundled
from mixguard.vectors.base import Windows
from mixguard.vectors.bundled import BUNDLED
from mixguard.vectors.hashed import HashEncoder
from mixguard.vectors.shipped import shipped_vectors
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


class OfTheBundled(HashEncoder):
    """Has the name of the bundled encoder, and fails if anything is embedded."""

    weights = BUNDLED.weights
    dimension = BUNDLED.dimension

    def __init__(self) -> None:
        self.fingerprint = f"{self.weights}-none-{BUNDLED.window}-32"

    def encode(self, texts: Sequence[str]) -> Windows:
        raise AssertionError(texts)


@pytest.mark.parametrize("number", range(3))
def test_vectors_and_votes_of_every_labelled_sentence_are_shipped(tmp_path: Path, number: int) -> None:
    encoder = OfTheBundled()
    store = VectorStore.open(tmp_path, encoder, shipped_vectors(encoder))
    refused = RefusedFirst(Grammar.load(bundled("taxonomies", "stance")), store)
    labelled = (assertions.labelled(), refused.first, refused.beside)[number]
    assert Fitted.load(shipped_votes(store, labelled)).exemplars == labelled.digest
    resemblance = Resemblance.open(store, labelled)
    assert resemblance.vectors.shape == (len(labelled.every), BUNDLED.dimension)
    votes = resemblance.votes(labelled.every)
    assert votes[: len(labelled.shows)].mean() > 0.5 > -0.5 > votes[len(labelled.shows) :].mean()


def test_a_vote_on_other_sentences_is_not_used() -> None:
    labelled = assertions.labelled()
    assert Labelled(labelled.name, labelled.shows[1:], labelled.seems).digest != labelled.digest
    assert Labelled(labelled.name, labelled.seems, labelled.shows).digest != labelled.digest
