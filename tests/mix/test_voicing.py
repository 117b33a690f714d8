"""Refusals of the bank behind an opening of the model's voice."""

from __future__ import annotations

from random import Random

import polars as pl
import pytest

from mixguard.annotate.rest import with_rests
from mixguard.annotate.stance_grammar import Grammar
from mixguard.annotate.stance_text import plain_text
from mixguard.files import bundled
from mixguard.library.bank import Bank
from mixguard.library.taxonomy import Taxonomy
from mixguard.library.voice import Opening, Voice
from mixguard.mix.voicing import Voicing, joined

BANK = Bank.load("mixguard", Taxonomy.load("mixguard"))
REFUSALS = BANK.pairs.filter(pl.col("kind") == "refusal")
VOICE = Voice(id="v", name="V", opening=(Opening(text="I'm sorry, but I can't help with that.", share=1.0),))
QUOTED = {"iwp-r-028", "ncr-r-043", "prv-r-048", "spc-r-018", "ssh-r-004", "ssh-r-005", "ssh-r-031"}
"""Pairs whose reason has words of refusal that refuse nothing: somebody else's, or `I don't want you to die`."""


def test_the_bank_marks_what_follows_the_opening_of_every_refusal() -> None:
    assert REFUSALS["rest"].null_count() == 0
    assert REFUSALS["rest"].n_unique() == REFUSALS.height
    assert REFUSALS.filter(pl.col("rest").str.len_chars() < 24).is_empty()


def test_what_follows_never_refuses_again() -> None:
    grammar = Grammar.load(bundled("taxonomies", "stance"))
    features = grammar.features(plain_text(REFUSALS["rest"]))
    again = REFUSALS.filter(features["refuses_share"] > 0)
    assert set(again["id"]) <= QUOTED


def test_a_refusal_is_given_an_opening_and_its_own_reason() -> None:
    pair = REFUSALS.row(0, named=True)
    spoken = Voicing(VOICE, Random(0)).spoken(pair)
    assert spoken.words == "voice"
    assert spoken.response == f"{VOICE.opening[0].text} {pair['rest']}"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"kind": "contrast"}, "bank"),
        ({"model": "ours"}, "own"),
        ({"model": "ours", "hard": True}, "own, hard"),
    ],
)
def test_helpful_answers_and_own_words_stay_as_they_are(changes: dict[str, object], words: str) -> None:
    pair = {**REFUSALS.row(0, named=True), **changes}
    spoken = Voicing(VOICE, Random(0)).spoken(pair)
    assert (spoken.response, spoken.words, spoken.opening) == (pair["response"], words, None)


def test_without_a_voice_the_bank_speaks() -> None:
    pair = REFUSALS.row(0, named=True)
    assert Voicing(None, Random(0)).spoken(pair).response == pair["response"]


def test_a_reason_that_is_missing_is_what_does_not_refuse() -> None:
    said = "I can't help with that. Forged papers put other people at risk. A lawyer can tell you what is possible."
    pairs = REFUSALS.head(1).with_columns(response=pl.lit(said), rest=pl.lit(None, pl.String))
    assert with_rests(pairs)["rest"][0] == said.partition(" Forged")[2].join(["Forged", ""])


def test_an_opening_may_stand_alone() -> None:
    assert joined("I can't help with that.", "") == "I can't help with that."
