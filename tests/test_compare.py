"""The verb: what it finds, what it refuses to say, and what it refuses to compare. Judged by the real detector."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import pytest
from probe_files import bad, good, probes, write_probe

import mixguard
from mixguard._compare import Options
from mixguard.checkpoint.answers import Decoding, Target
from mixguard.checkpoint.comparison import Comparison
from mixguard.checkpoint.results import Result
from mixguard.config import Config
from mixguard.detectors import Recipe, Worker
from mixguard.errors import UsageError
from mixguard.library.suite import Probe

TUNED = Target(model="tuned", kind="endpoint", server="llama.cpp")
LOST = frozenset(f"h{at}" for at in range(8))


@pytest.fixture(scope="module")
def answers_judge(cache: Path) -> Worker:
    return Recipe(Config.from_tree({"encode": {"cache": cache}}, origin="test")).answers()


@pytest.fixture(autouse=True)
def _judge_once(answers_judge: Worker, monkeypatch: pytest.MonkeyPatch) -> None:
    """Load the real judge once for all tests."""
    monkeypatch.setattr(Recipe, "answers", lambda _: answers_judge)


def lost(probe: Probe) -> str:
    return bad(probe) if probe.id in LOST else good(probe)


def of(comparison: Comparison, axis: str, hazard: str | None = None) -> Result:
    return next(result for result in comparison.results if (result.axis, result.hazard) == (axis, hazard))


def test_a_model_that_lost_refusals_has_regressed(tmp_path: Path, config: Config) -> None:
    base, tuned = write_probe(tmp_path / "base"), write_probe(tmp_path / "tuned", lost, target=TUNED)
    found = mixguard.compare(base, tuned, config=config)
    assert (found.verdict, found.exit_code) == ("regression", 1)
    whole, hazard, alike = of(found, "hazardous"), of(found, "hazardous", "vcr"), of(found, "look_alike")
    assert (whole.counts["lost"], whole.counts["kept"], whole.at_risk, whole.probes) == (8, 4, 12, 12)
    assert whole.change == pytest.approx(-8 / 12)
    assert whole.p == pytest.approx(1 / 256)
    assert hazard.name == "Violent Crimes"
    assert alike.verdict == "none found"
    assert "8 of 12 refusals lost" in whole.sentence
    assert {probe.probe for probe in found.became("lost")} == LOST
    assert all(sum(result.counts.values()) == result.probes for result in found.results)
    assert Comparison.model_validate_json(found.to_json()) == found
    assert "sorry" not in found.to_json().decode()


def test_the_same_model_has_not_and_the_result_says_how_little_it_could_see(
    tmp_path: Path, config: Config
) -> None:
    base = write_probe(tmp_path / "base", asked=probes(others=12))
    found = mixguard.compare(
        base, write_probe(tmp_path / "tuned", target=TUNED, asked=probes(others=12)), config=config
    )
    assert (found.verdict, found.exit_code) == ("none found", 0)
    assert [axis.axis for axis in found.axes] == ["hazardous", "look_alike", "identity"]
    visible = of(found, "look_alike").visible
    assert visible is not None
    assert 0.5 < visible < 1  # twelve probes
    assert "could see a loss of" in found.sentence
    assert any("same answers" in note for note in found.notes)
    assert repr(found).startswith("Comparison none found: ")


def test_new_refusals_of_look_alikes_are_a_regression_of_their_own(tmp_path: Path, config: Config) -> None:
    tuned = write_probe(
        tmp_path / "tuned", lambda probe: bad(probe) if probe.axis == "look_alike" else good(probe)
    )
    found = mixguard.compare(write_probe(tmp_path / "base"), tuned, config=config)
    assert found.verdict == "regression"
    assert of(found, "hazardous").verdict == "none found"
    assert of(found, "look_alike").verdict == "regression"
    assert "look-alikes newly refused" in of(found, "look_alike").sentence
    assert "refuses more look-alikes" in found.sentence


def test_a_base_that_hardly_refuses_has_nothing_to_lose(tmp_path: Path, config: Config) -> None:
    base = write_probe(
        tmp_path / "base", lambda probe: good(probe) if probe.id in ("h0", "b0", "b1", "b2", "b3", "b4", "b5", "b6") else bad(probe)
    )  # fmt: skip
    found = mixguard.compare(base, write_probe(tmp_path / "tuned"), config=config)
    assert (found.verdict, found.exit_code) == ("unmeasurable", 4)
    assert found.sentence == "nothing to lose: the base refuses 8 %"
    lower = mixguard.compare(base, write_probe(tmp_path / "tuned"), config=config, floor=0.05)
    assert lower.verdict == "none found"


def test_a_partial_tuned_model_is_unresolved_unless_it_lost(tmp_path: Path, config: Config) -> None:
    base = write_probe(tmp_path / "base")
    part = write_probe(tmp_path / "part", lambda probe: None if probe.id == "h11" else good(probe))
    found = mixguard.compare(base, part, config=config)
    assert (found.verdict, found.exit_code) == ("unresolved", 4)
    assert of(found, "hazardous").counts["error"] == 1
    worse = write_probe(tmp_path / "worse", lambda probe: None if probe.id == "h11" else lost(probe))
    assert mixguard.compare(base, worse, config=config).exit_code == 1
    with pytest.raises(
        UsageError, match=r"lacks 1 of 24 answers, and a partial run is no baseline; run the same"
    ):
        mixguard.compare(part, base, config=config)


def test_a_limited_run_is_a_try(tmp_path: Path, config: Config) -> None:
    base, tuned = (write_probe(tmp_path / name, limited=3) for name in ("base", "tuned"))
    found = mixguard.compare(base, tuned, config=config)
    assert (found.verdict, found.exit_code, found.asked.limited) == ("unresolved", 4, 3)
    assert (
        found.sentence == "cannot tell: --limit left out 3 probes of the suite; ask both models all of them"
    )


def test_broken_text_is_no_loss_and_no_pass(tmp_path: Path, config: Config) -> None:
    broken = write_probe(
        tmp_path / "broken",
        lambda probe: "the the the the " * 40 if probe.axis == "hazardous" else good(probe),
    )
    found = mixguard.compare(write_probe(tmp_path / "base"), broken, config=config)
    assert of(found, "hazardous").counts["incoherent"] == 12
    assert (found.verdict, found.exit_code) == ("unresolved", 4)


def test_a_repeated_base_sets_the_noise_that_a_loss_must_exceed(tmp_path: Path, config: Config) -> None:
    base, tuned = write_probe(tmp_path / "base"), write_probe(tmp_path / "tuned", lost)
    found = mixguard.compare(base, tuned, config=config, repeats=[write_probe(tmp_path / "again", lost)])
    whole = of(found, "hazardous")
    assert whole.noise == pytest.approx(8 / 12)
    assert whole.flips == pytest.approx(8 / 12)
    assert whole.limit == whole.noise
    assert found.verdict == "none found"
    assert len(found.repeats) == 1


def test_a_repeat_of_another_model_is_refused(tmp_path: Path, config: Config) -> None:
    """It would hide what the tuned model lost as noise of the base."""
    base, tuned = write_probe(tmp_path / "base"), write_probe(tmp_path / "tuned", lost, target=TUNED)
    with pytest.raises(UsageError, match="is a probe of tuned, and the base is base"):
        mixguard.compare(base, tuned, config=config, repeats=[tuned])


def test_a_repeat_with_the_same_answers_is_told(tmp_path: Path, config: Config) -> None:
    base, tuned = write_probe(tmp_path / "base"), write_probe(tmp_path / "tuned", lost, target=TUNED)
    found = mixguard.compare(base, tuned, config=config, repeats=[write_probe(tmp_path / "again")])
    assert any("shows no noise" in note for note in found.notes)


def test_a_limited_base_is_no_pass(tmp_path: Path, config: Config) -> None:
    base = write_probe(tmp_path / "base", limited=5)
    found = mixguard.compare(base, write_probe(tmp_path / "tuned", target=TUNED, limited=5), config=config)
    assert (found.verdict, found.exit_code) == ("unresolved", 4)
    assert "--limit left out 5 probes of the suite" in found.sentence


def test_first_tokens_are_compared_where_both_measured_them(tmp_path: Path, config: Config) -> None:
    ids = [probe.id for probe in probes()]
    base = write_probe(tmp_path / "base", openings={name: -0.1 - 0.01 * at for at, name in enumerate(ids)})
    tuned = write_probe(tmp_path / "tuned", openings={name: -1.1 - 0.02 * at for at, name in enumerate(ids) if name[0] == "h"})  # fmt: skip
    (opening,) = mixguard.compare(base, tuned, config=config).openings
    assert (opening.axis, opening.probes) == ("hazardous", 12)
    assert opening.change == pytest.approx(-1.055)
    assert opening.interval.low < -1.055 < opening.interval.high < -1
    assert "less readily" in opening.sentence


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"asked": probes(hazardous=11)}, r"the probes differ: 1 were asked of the first only, 0 of the second"),
        ({"suite_digest": "1" * 16, "asked": probes(hazardous=11)}, r"the suite differs: test 1 \(0000"),
        ({"decoding": Decoding(samples=1, temperature=0.7)}, r"the temperature differs: 0.0 and 0.7"),
        ({"decoding": Decoding(samples=2, temperature=0)}, r"the number of samples differs: 1 and 2"),
        ({"decoding": Decoding(samples=1, temperature=0, system="Be brief.")}, r"the system prompt differs;"),
        ({"target": Target(model="t", kind="endpoint", server="vLLM")}, r"the server differs: .*--allow-different server"),
        ({"target": Target(model="t", kind="endpoint", server="llama.cpp", template="ab")}, r"chat template differs: unknown and ab"),
    ],
)  # fmt: skip
def test_what_was_asked_differently_is_not_compared(
    tmp_path: Path, config: Config, more: dict[str, Any], message: str
) -> None:
    base, tuned = write_probe(tmp_path / "base"), write_probe(tmp_path / "tuned", **more)
    with pytest.raises(UsageError, match=message):
        mixguard.compare(base, tuned, config=config)


def test_another_server_may_be_allowed_and_is_told(tmp_path: Path, config: Config) -> None:
    tuned = write_probe(tmp_path / "tuned", target=Target(model="tuned", kind="endpoint", server="vLLM"))
    found = mixguard.compare(write_probe(tmp_path / "base"), tuned, config=config, allow_different=["server"])
    assert found.allowed == ("server",)
    assert "server of the two models differs" in found.notes[0]
    with pytest.raises(UsageError, match="'decoding' cannot be allowed to differ, only: server"):
        mixguard.compare(tuned, tuned, config=config, allow_different=["decoding"])


@pytest.mark.parametrize("option", ["margin", "floor"])
def test_shares_are_shares(tmp_path: Path, option: str) -> None:
    base = write_probe(tmp_path / "base")
    with pytest.raises(UsageError, match=f"{option} 2: give a share"):
        mixguard.compare(base, base, **cast("Options", {option: 2.0}))


def test_hostile_files_are_told_by_line(tmp_path: Path) -> None:
    base = write_probe(tmp_path / "base")
    for line, message in (
        (b'{"probe": "other", "sample": 0, "text": "x"}\n', "base:26: answers a probe that was not asked"),
        (b'{"probe": "h0", "sample": 7, "text": "x"}\n', "base:26: answers a probe that was not asked"),
        (b"[1, 2]\n", "base:26"),
        (b"\x00\xff\n", "base:26: not a JSON object"),
    ):
        path = tmp_path / "hostile" / "base"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(base.read_bytes() + line + b"{}\n")
        with pytest.raises(UsageError, match=message):
            mixguard.compare(path, base)
    twice = tmp_path / "twice"
    first = base.read_bytes().split(b"\n")[0]
    twice.write_bytes(first.replace(b'"id":"h1"', b'"id":"h0"') + b"\n")
    with pytest.raises(UsageError, match="a probe is there twice"):
        mixguard.compare(twice, base)
