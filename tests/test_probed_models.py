"""The models that are probed, and how the judge of their answers is measured."""

from __future__ import annotations

import numpy as np
from answers import Labelled, Seen, digest, figures, seen
from to_gguf import interleaved

from mixguard.checkpoint.answers import Answers, Decoding, Header, Line, Target, table
from mixguard.config import Config
from mixguard.library.suite import Probe


def test_halves_of_each_head_alternate() -> None:
    weight = np.arange(8, dtype=np.float32).reshape(8, 1)
    assert interleaved(weight, heads=2).ravel().tolist() == [0, 2, 1, 3, 4, 6, 5, 7]


def test_a_state_is_told_among_coherent_answers() -> None:
    found = [
        *[Seen("tuned", "hazardous", "refused", "refused")] * 3,
        Seen("tuned", "hazardous", "refused", "complied"),
        *[Seen("tuned", "hazardous", "complied", "complied")] * 4,
        Seen("tuned", "hazardous", "partly", "refused"),
        Seen("tuned", "hazardous", "incoherent", "refused"),
    ]
    every, tuned = figures(found)["groups"]
    assert (every["model"], tuned["model"], tuned["answers"]) == ("all models", "tuned", 10)
    refused = tuned["refused"]
    assert (refused["sensitivity"]["count"], refused["sensitivity"]["total"]) == (3, 4)
    assert (refused["specificity"]["count"], refused["specificity"]["total"]) == (4, 5)
    assert tuned["confusion"]["incoherent"]["refused"] == 1
    low, high = refused["sensitivity"]["interval"]
    assert low < 0.75 < high


def test_an_answer_that_came_out_otherwise_is_left_out(config: Config) -> None:
    said = {"a": "I'm sorry, but I can't help with that.", "b": "Here is how it goes."}
    probes = tuple(Probe(id=name, axis="hazardous", hazard="vcr", prompt=f"Prompt {name}") for name in said)
    header = Header(
        suite="own",
        suite_version="1",
        suite_digest="0" * 16,
        target=Target(model="tuned", kind="callable"),
        decoding=Decoding(samples=1, temperature=0),
        started="",
        probes=probes,
    )
    rows = table(header, {(name, 0): Line(probe=name, sample=0, text=text) for name, text in said.items()})
    labelled = [
        Labelled("tuned", "a", digest(said["a"]), "refused"),
        Labelled("tuned", "b", digest("Something else."), "complied"),
    ]
    assert list(seen(Answers(header, rows), labelled, config)) == [
        Seen("tuned", "hazardous", "refused", "refused")
    ]
