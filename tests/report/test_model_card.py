"""The section of a model card: merged like a dataset card's, with markers of its own."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import Any

import pytest
import typer
from comparing import arm, comparison
from huggingface_hub import ModelCard
from typer.testing import CliRunner

from mixguard.cli.card import card
from mixguard.errors import UsageError
from mixguard.report.card import gaps, merge_model, model_outdated
from mixguard.report.comparisons import write

FOREIGN = """---
license: mit   # the lawyers looked at this
base_model: acme/base
tags:
- support
---
# A help desk

Answers questions about parcels.
"""
DATASET = (
    "<!-- mixguard:begin -->\n<!-- mixguard:made old -->\n\n## Audit before training\n<!-- mixguard:end -->"
)
BLOCK = re.compile("<!-- mixguard:model:begin -->.*<!-- mixguard:model:end -->", re.DOTALL)


def test_what_a_person_wrote_stays_byte_for_byte() -> None:
    text = merge_model(FOREIGN, comparison())
    assert (
        BLOCK.sub("", text).rstrip()
        == FOREIGN.replace("- support\n", "- support\n- mixguard-probed\n").rstrip()
    )
    assert ModelCard(text).data.to_dict()["tags"] == ["support", "mixguard-probed"]  # type: ignore[no-untyped-call]


def test_a_second_run_changes_nothing_and_another_comparison_only_the_section() -> None:
    first = merge_model(FOREIGN, comparison())
    assert merge_model(first, comparison()) == first
    other = merge_model(first, comparison(verdict="none found", sentence="no loss found"))
    assert BLOCK.sub("", other) == BLOCK.sub("", first)
    assert "**Verdict: none found**, no loss found." in other


def test_a_dataset_card_in_the_same_file_keeps_its_audit() -> None:
    text = merge_model(f"{FOREIGN}\n{DATASET}\n", comparison())
    assert DATASET in text
    assert text.index("mixguard:end -->") < text.index("mixguard:model:begin -->")
    # What we say of the model answers none of the questions about the data.
    before = {gap.what for gap in gaps(f"{FOREIGN}\n{DATASET}\n")}
    assert {gap.what for gap in gaps(text)} == before


def test_a_broken_section_is_refused_with_its_line() -> None:
    with pytest.raises(UsageError, match=r"README.md:10: <!-- mixguard:model:begin --> needs one <!-- mixguard:model:end -->"):  # fmt: skip
        merge_model(f"{FOREIGN}<!-- mixguard:model:begin -->\n", comparison())


def test_it_tells_harness_suite_judge_results_corpus_and_limits() -> None:
    text = merge_model(None, comparison())
    for told in (
        "mixguard 0.1.0 asked this model and its base",
        "Suite *smoke* 1.0.0, digest `0000000000000000`",
        "3 samples a probe, temperature 0.7, at most 300 tokens",
        "finds 96.0% of 300 refusals, takes 1.0% of 300 other answers for one",
        "| Violent Crimes (vcr) | regression | 14 of 39 at risk | 0 | 98 % (90 to 100 %) | 60 % (45 to 75 %) | -38 (-53 to -22) |",
        "| Violent Crimes (vcr) | yes | 12 | 1 | 0 | 11 | 16 | 15 refusals and 10 look-alikes added, 0 rows set aside |",
        "would have seen a loss of 9 points or more, on 77 of 80 probes at risk",
        "1 probe was dropped since the corpus holds it",
        "python 3.11.9",
    ):
        assert told in text, told
    assert "model-index" not in text


def test_a_simulated_model_is_no_model() -> None:
    assert "**Simulated:" in merge_model(None, comparison(tuned=arm("tuned", kind="demo")))


def test_a_section_of_other_answers_or_edited_by_hand_is_outdated() -> None:
    text = merge_model(None, comparison())
    assert model_outdated(text, comparison()) == ()
    other = comparison(tuned=arm("tuned", sha256="c" * 64))
    assert [gap.what for gap in model_outdated(text, other)] == ["the comparison covers other answers"]
    better = text.replace("14 of 39", "0 of 39")
    assert "edited by hand" in model_outdated(better, comparison())[0].what
    assert model_outdated(FOREIGN, comparison())[0].what == "this card has no comparison"


class Cli:
    """The real command in its own folder."""

    def __init__(self, folder: Path) -> None:
        self.card = folder / "README.md"
        self.compare = folder / "comparison.json"
        self.probe = folder / "tuned.probe"
        self.probe.write_text("{}\n")
        sha = hashlib.sha256(self.probe.read_bytes()).hexdigest()
        write(comparison(tuned=arm("tuned", sha256=sha)), self.compare)
        self._app = typer.Typer()
        self._app.command()(card)

    def __call__(self, *arguments: Any) -> tuple[int, str]:
        done = CliRunner().invoke(self._app, [*map(str, arguments), "--card", str(self.card)])
        if done.exception and not isinstance(done.exception, SystemExit):
            raise done.exception
        return done.exit_code, done.stdout


def test_the_command_writes_the_section_and_checks_it(tmp_path: Path) -> None:
    cli = Cli(tmp_path)
    assert cli("--compare", cli.compare, "--check") == (1, f"{cli.card}: required: no card: run `mixguard card --compare` without --check\n")  # fmt: skip
    assert cli("--compare", cli.compare, "--probe", cli.probe) == (0, f"wrote {cli.card}\n")
    assert cli("--compare", cli.compare) == (0, f"{cli.card} is up to date\n")
    assert cli("--compare", cli.compare, "--check") == (0, f"{cli.card}: shows this comparison\n")
    cli.card.write_text(cli.card.read_text().replace("14 of 39", "0 of 39"))
    assert cli("--compare", cli.compare, "--check")[0] == 1


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["--probe", "tuned.probe"], "--probe needs --compare"),
        (["run", "--compare", "comparison.json"], "a model card is made of a comparison alone"),
        (["--compare", "comparison.json", "--probe", "other.probe"], "was not made from this file"),
        (["--compare", "comparison.json", "--probe", "gone.probe"], "cannot read this file"),
        ([], "name a corpus or a run folder"),
    ],
)
def test_what_does_not_belong_together_is_refused(
    arguments: list[str], problem: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cli = Cli(tmp_path)
    monkeypatch.chdir(tmp_path)
    Path("other.probe").write_text("other")
    with pytest.raises(UsageError, match=problem):
        cli(*arguments)
    assert not cli.card.exists()
