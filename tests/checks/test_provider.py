"""MG234: what a service is documented to reject or leave out, on small corpora."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from building import Row, answered, checked, evidence, found, refused, row

from mixguard.catalogue import BY_ID
from mixguard.config import Config
from mixguard.errors import ConfigError
from mixguard.library.provider import MEASURES, Provider, provider_names
from mixguard.library.taxonomy import Taxonomy
from mixguard.run.findings import Finding

MG234 = BY_ID["MG234"]


def findings(rows: list[Row], provider: str | None, **corpus: Any) -> dict[str | None, Finding]:
    given = evidence(rows, Config.load(values={"checks.provider": provider}), **corpus)
    return {each.subject: each for each in checked(given, checks=[MG234]).findings}


def test_nothing_is_measured_without_a_provider() -> None:
    (only,) = findings([row(flags=["lf_drop"])], None).values()
    assert (only.severity, only.message) == ("pass", "not measured: name the provider with --provider")


def test_a_fitting_corpus_passes() -> None:
    (only,) = findings([row() for _ in range(12)], "openai").values()
    assert only.severity == "pass"
    assert only.message.startswith("OpenAI: no sample breaks any of the")


def test_too_few_samples() -> None:
    told = findings([row() for _ in range(7)], "azure")
    assert set(told) == {"least-samples"}
    only = told["least-samples"]
    assert (only.severity, only.count, only.message) == (
        "warn",
        7,
        "Azure OpenAI: 7 samples; it asks for at least 10 examples",
    )
    assert only.why == "Azure OpenAI asks for at least 10 examples: the job does not start."
    assert "learn.microsoft.com" in only.source


def test_too_many_samples_and_bytes(tmp_path: Path) -> None:
    file = tmp_path / "own.toml"
    file.write_text(
        'name = "Own"\nread = "2026-11"\n'
        '[rule.most-samples]\nasks = "at most 2"\neffect = "refused"\nsource = "us"\nvalue = 2\n'
        '[rule.most-bytes]\nasks = "at most 1 kB"\neffect = "refused"\nsource = "us"\nvalue = 1000\n'
    )
    told = findings([row() for _ in range(3)], str(file), read_bytes=2_000_000)
    assert [told[name].message for name in ("most-samples", "most-bytes")] == [
        "Own: 3 samples; it asks for at most 2",
        "Own: 2 MB of samples; it asks for at most 1 kB",
    ]


def test_rows_of_another_format_or_out_of_turn_or_without_an_answer() -> None:
    rows = [row() for _ in range(100)]
    rows += [row(format="alpaca"), row(flags=["lf_drop"]), row(flags=["no_trained_turn"], polarity=0)]
    openai, bedrock = findings(rows, "openai"), findings(rows, "bedrock")
    assert {name: each.count for name, each in openai.items()} == {"formats": 1, "answers": 1}
    assert {name: each.count for name, each in bedrock.items()} == {"turns": 1}
    assert openai["formats"].samples[0].line == 101


def test_exchanges_that_are_too_long() -> None:
    rows = [row() for _ in range(40)] + [row(prompt_chars=200_000, response_chars=None)]
    assert findings(rows, "bedrock")["longest"].count == 1
    assert findings(rows, "vertex").keys() == {None}


@pytest.mark.parametrize(("make", "severity"), [(answered, "warn"), (refused, "note")])
def test_what_a_filter_may_object_to(make: object, severity: str) -> None:
    rows = [row() for _ in range(20)] + [make(hazard="vcr") for _ in range(3)] + [make(hazard="ncr")]  # type: ignore[operator]
    only = findings(rows, "azure")["filter"]
    assert (only.severity, only.count) == (severity, 3)
    assert "(vcr 3)" in only.message
    assert "its threshold is unpublished" in only.message


def test_an_unknown_provider_is_refused_with_the_known_ones() -> None:
    with pytest.raises(
        ConfigError, match=r"no provider 'nowhere'; use one of azure, bedrock, .*, vertex, or a TOML file"
    ):
        Provider.load("nowhere")


@pytest.mark.parametrize("name", ["../profiles/general", "", "azure.toml"])
def test_names_lead_nowhere_else(name: str) -> None:
    with pytest.raises(ConfigError):
        Provider.load(name)


def test_a_rule_without_its_number_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "own.toml"
    file.write_text('name = "x"\nread = "y"\n[rule.least-samples]\nasks = "a"\neffect = "b"\nsource = "c"\n')
    with pytest.raises(ConfigError, match=r"rule\.least-samples: needs `value`"):
        Provider.load(str(file))


@pytest.mark.parametrize("name", provider_names())
def test_every_bundled_provider_cites_its_rules(name: str) -> None:
    provider = Provider.load(name)
    assert provider.rule
    assert set(provider.rule) <= set(MEASURES)
    hazards = {hazard for rule in provider.rule.values() for hazard in rule.hazards}
    assert hazards <= set(Taxonomy.load("mixguard").codes)
    assert all(
        "." in rule.source and "/" in rule.source for rule in (*provider.rule.values(), *provider.told)
    )


def test_the_finding_is_one_of_the_audit(tmp_path: Path) -> None:
    given = evidence([row()], Config.load(values={"checks.provider": "fireworks"}))
    assert found(given, "MG234", "least-samples").kind == "reading"
