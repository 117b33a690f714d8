"""What a dataset card says of an audit and a mix, and what it asks of a person."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest
from carding import FOREIGN, OUR_BLOCK, REQUIRED, answered, failing, mixed
from huggingface_hub import DatasetCard

from mixguard.config import Config
from mixguard.mix.manifest import Manifest, manifest_for
from mixguard.report.card import gaps, merge
from mixguard.report.card.stamp import Stamp, report_digest
from mixguard.run.document import Audit
from mixguard.run.findings import Advice
from mixguard.run.provenance import StageUsed
from mixguard.stats import DetectorError, Interval
from mixguard.training.config import TrainingConfig

GOLDEN = Path(__file__).with_name("golden")


@pytest.fixture(scope="module")
def audit(cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Audit:
    return failing(tmp_path_factory.mktemp("card"), cache)


@pytest.fixture(scope="module")
def mix(audit: Audit) -> Audit:
    return mixed(audit)


def steady(audit: Audit, name: str) -> Audit:
    """The audit with fixed values for everything that changes between runs or fits."""
    provenance = audit.provenance.model_copy(
        update={
            "started": datetime(2026, 1, 2, tzinfo=UTC),
            "seconds": 1.0,
            "texts_embedded": 0,
            "versions": {"python": "3.11.0", "mixguard": "1.2.3"},
        }
    )
    error = DetectorError(0.7, 0.99, 2000, 1500)
    detectors = audit.detectors.model_copy(
        update={
            "taxonomy_digest": "0" * 16,
            "stance_digest": "1" * 16,
            "stages": (StageUsed(name="fast", encoder="all-MiniLM-L6-v2", error=error, doubted=0.0),),
            "hazard_limit": 0.5,
            "proximity_limit": 0.05,
            "hazard_error": error,
            "stance_error": error,
            "crosswalk": dict(list(audit.detectors.crosswalk.items())[:2]),
        }
    )
    findings = tuple(
        finding.model_copy(update={"samples": (), "interval": finding.interval and Interval(0.1, 0.2)})
        for finding in audit.findings
    )
    coverage = tuple(row.model_copy(update={"refused": Interval(0.3, 1.0)}) for row in audit.coverage)
    corpus = audit.corpus.model_copy(
        update={"sources": {name: "2" * 64}, "formats": {name: next(iter(audit.corpus.formats.values()))}}
    )
    return audit.model_copy(
        update={
            "provenance": provenance,
            "detectors": detectors,
            "findings": findings,
            "coverage": coverage,
            "corpus": corpus,
            "config": Config(),
        }
    )


def steady_manifest(audit: Audit) -> Manifest:
    found = manifest_for(audit)
    assert found is not None
    outputs = {"data.safe.jsonl": "2" * 64, "data.safe.jsonl.set-aside.jsonl": "3" * 64}
    plan = found.plan.model_copy(update={"bank_digest": "4" * 16})
    return found.model_copy(update={"inputs": {"data.jsonl": "5" * 64}, "outputs": outputs, "plan": plan})


def compare(text: str, shown: Audit, name: str) -> None:
    """With MIXGUARD_WRITE_GOLDEN set, rewrite the expected card; then read the diff."""
    path = GOLDEN / name
    stamp = Stamp.read(text)
    assert stamp is not None
    # Both change with every option and every sentence of a check, and have their own tests.
    text = text.replace(report_digest(shown), "6" * 64).replace(stamp.text, "7" * 16)
    if os.environ.get("MIXGUARD_WRITE_GOLDEN"):
        path.write_bytes(text.encode())
    assert text == path.read_bytes().decode()


def required(found: str) -> list[str]:
    return sorted(gap.what for gap in gaps(found) if gap.required)


def test_a_new_card_shows_the_audit_and_asks_for_the_rest(audit: Audit) -> None:
    shown = steady(audit, "data.jsonl")
    text = merge(None, shown, None)
    compare(text, shown, "new.md")
    data = DatasetCard(text).data.to_dict()  # type: ignore[no-untyped-call]
    assert data["size_categories"] == ["n<1K"]
    assert data["language"] == ["en"]
    assert "annotations_creators" not in data
    assert required(text) == REQUIRED


def test_a_foreign_card_keeps_every_byte_and_gets_our_part(audit: Audit) -> None:
    shown = steady(audit, "data.jsonl")
    text = merge(FOREIGN, shown, None)
    compare(text, shown, "foreign.md")
    head, _, body = FOREIGN.partition("# Parcel talk")
    assert f"# Parcel talk{body}" in text
    assert [line for line in head.splitlines() if line not in text.splitlines()] == []
    assert '- "2024"\n- mixguard-audited\n# nothing else' in text
    assert required(text) == ["out-of-scope uses"]
    assert "- **Out-of-scope uses** (required)" in text


def test_our_own_card_is_updated_and_keeps_its_answers(audit: Audit, mix: Audit) -> None:
    first = answered(merge(None, steady(audit, "data.jsonl"), None))
    shown = steady(mix, "data.safe.jsonl")
    second = merge(first, shown, steady_manifest(mix))
    compare(second, shown, "second.md")
    assert required(second) == []
    assert "path: data.safe.jsonl" in second
    assert "path: data.jsonl" not in second
    assert OUR_BLOCK.split(first)[1] == OUR_BLOCK.split(second)[1]


def test_a_rebalanced_corpus_says_what_was_added_and_set_aside(mix: Audit) -> None:
    manifest = steady_manifest(mix)
    shown = steady(mix, "data.safe.jsonl")
    text = merge(None, shown, manifest)
    compare(text, shown, "mix.md")
    kinds = [added.kind for added in manifest.added]
    assert f"{kinds.count('refusal')} refusal pairs" in text
    assert f"{kinds.count('contrast')} contrast pairs" in text
    assert f"**{manifest.verdict}** to **{mix.verdict}**" in text
    assert "annotations_creators:\n- machine-generated\n" in text
    for digest in (*manifest.inputs.values(), *manifest.outputs.values()):
        assert f"`{digest}`" in text


@pytest.mark.parametrize(
    ("addition", "closed"),
    [
        ("## Source Data\n\nOur help desk.\n", "source data"),
        ("Provenance\n==========\n\nOur help desk.\n", "source data"),
        ("<h3>How the data was collected</h3>\n\nBy hand.\n", "source data"),
        ("**Data sources:** our help desk\n", "source data"),
        ("- **Source**: our help desk\n", "source data"),
        ("## Dataset Creation\n\n### Steps\n\nBy hand.\n", "source data"),
        ("## PII and anonymisation\n\nNone.\n", "personal and sensitive information"),
        ("### Limitations of use / do not use for\n\nLegal advice.\n", "out-of-scope uses"),
        ("## Unintended uses\n\n> Legal advice.\n", "out-of-scope uses"),
    ],
)
def test_headings_that_cover_a_question_close_it(addition: str, closed: str) -> None:
    assert closed in required("# T\n")
    assert closed not in required(f"# T\n\n{addition}")


@pytest.mark.parametrize(
    "addition",
    [
        "# Source data\n\nA title is a name.\n",
        "# T\n\n## Source Data\n\n[More Information Needed](https://example.org)\n",
        "# T\n\n## Source Data\n\n<!-- our help desk -->\n\nTODO\n",
        "# T\n\n## Source Data\n\n### Privacy\n\nNone.\n\n## Next\n\nText.\n",
        "# T\n\n```md\n## Source Data\n\nText.\n```\n",
        "# T\n\n## Dataset Creation\n\n### Curation Rationale\n\nWe wanted to.\n",
    ],
)
def test_headings_without_an_answer_leave_it_open(addition: str) -> None:
    assert "source data" in required(addition)


@pytest.mark.parametrize(
    ("yaml", "open_"),
    [
        ("license: mit", False),
        ("license: [mit, apache-2.0]", False),
        ("license: other\nlicense_link: LICENSE", False),
        ("license: other", True),
        ("license: unknown", True),
        ("license: [More Information Needed]", True),
        ("license:", True),
    ],
)
def test_a_licence_is_named_or_asked_for(yaml: str, open_: bool) -> None:
    assert ("licence" in required(f"---\n{yaml}\n---\n# T\n")) == open_


def test_gaps_say_where_and_what_is_left_over(audit: Audit) -> None:
    text = merge(None, audit, None)
    where = {gap.what: gap.where for gap in gaps(text)}
    line = text.splitlines().index("### Out-of-Scope Use") + 1
    assert where["out-of-scope uses"] == f"README.md:{line}"
    filled = answered(text)
    left = [gap.what for gap in gaps(filled) if not gap.required]
    assert "License" in left
    assert "Who are the source data producers?" not in left
    assert "who produced it" in left


def test_no_text_of_the_corpus_reaches_a_card(audit: Audit, mix: Audit) -> None:
    for shown, manifest in ((audit, None), (mix, manifest_for(mix))):
        text = merge(None, shown, manifest)
        for words in ("neighbour", "parcel", "mustard", "label at the back"):
            assert words not in text


def test_a_check_that_was_not_told_what_it_needs_is_no_evidence(audit: Audit) -> None:
    text = merge(None, steady(audit, "data.jsonl"), None)
    (row,) = [line for line in text.splitlines() if line.startswith("| Art. 10(2)(e) ")]
    assert "MG102 (fail), MG222 (not measured), MG233 (not measured), MG234 (not measured)" in row


def test_the_training_plan_teacher_and_earlier_fine_tunes_are_shown(audit: Audit) -> None:
    shown = steady(audit, "data.jsonl")
    assert "### Training plan" not in merge(None, shown, None)
    advice = Advice(
        option="warmup_steps", now="0", better="10", where="/home/ann/run/axolotl.yml:12", severity="warn",
        found="no warm-up", why="It loses.", source="somebody",
    )  # fmt: skip
    training = TrainingConfig(teacher="big|model", parent=("first", "second"))
    config = shown.config.model_copy(update={"training": training})
    text = merge(None, shown.model_copy(update={"training_advice": (advice,), "config": config}), None)
    assert "| axolotl.yml:12 | warmup_steps | 0 | 10 | It loses. | somebody |" in text
    assert "/home/ann" not in text
    assert r"if one did: *big\|model*, as stated" in text
    assert "checkpoint: after *first*, *second*, as stated. Losses add up: reported for Llama-2" in text
