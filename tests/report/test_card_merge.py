"""Merging into an existing card: a person's text stays, hostile names stay text, local paths stay private."""

from __future__ import annotations

import hashlib
import json
import re
from datetime import date
from pathlib import Path

import pytest
from carding import FOREIGN, OUR_BLOCK, failing, mixed
from conftest import chat
from huggingface_hub import DatasetCard
from hypothesis import example, given, settings
from hypothesis import strategies as st

import mixguard
from mixguard.config import Config, parsed
from mixguard.errors import UsageError
from mixguard.library.allow import Allowance
from mixguard.mix.manifest import manifest_for
from mixguard.report.card import merge
from mixguard.report.card.metadata import size_category
from mixguard.report.files import write
from mixguard.run.document import Audit
from mixguard.run.findings import Allowed, Suppression

HOSTILE = "a|b`<script>--> <!-- mixguard:end -->\u202e\x1b[31m[x](y).jsonl"


@pytest.fixture(scope="module")
def audit(cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Audit:
    return failing(tmp_path_factory.mktemp("card"), cache)


@pytest.fixture(scope="module")
def mix(audit: Audit) -> Audit:
    return mixed(audit)


@pytest.mark.parametrize(
    "existing", [None, FOREIGN, FOREIGN.replace("\n", "\r\n"), f"\ufeff{FOREIGN}", "# Bare"]
)
def test_a_second_run_changes_nothing(mix: Audit, existing: str | None) -> None:
    once = merge(existing, mix, manifest_for(mix))
    assert merge(once, mix, manifest_for(mix)) == once
    assert once.startswith("\ufeff") == (existing or "").startswith("\ufeff")
    if existing and "\r\n" in existing:
        assert not re.search(r"(?<!\r)\n", once)


PIECES = st.sampled_from(
    ["```", "~~~~", "---", "***", "# Uses", "<!-- note", "-->", "<!-- mixguard:begin -->", "<!-- mixguard:end -->", "    ",
     "- ", "> ", "<pre>", "</pre>", "<details>", "**Contact:** us", "[x]: y", "===", "\x85", "\u2028", "\x0c", "\ufeff"]
)  # fmt: skip


@settings(deadline=None, max_examples=150)
@example(lines=["---", "", "---", "---"], ends="\n", last=False)
@example(lines=["---", "", "", "---", "x"], ends="\r\n", last=True)
@given(
    lines=st.lists(PIECES | st.text(max_size=12), max_size=12),
    ends=st.sampled_from(["\n", "\r\n", "\r"]),
    last=st.booleans(),
)
def test_whatever_a_person_wrote_survives(audit: Audit, lines: list[str], ends: str, last: bool) -> None:
    text = ends.join(lines) + (ends if last else "")
    try:
        once = merge(text, audit, None)
    except UsageError as error:
        assert str(error).startswith("README.md:")
        return
    if text.strip("\ufeff \t\r\n"):
        before, after = OUR_BLOCK.split(once)
        if "<!-- mixguard:begin -->" not in text:
            # Text between two lines of dashes is YAML, which ours is merged into.
            kept = iter(re.split("\r\n?|\n", before))
            assert all(line in kept for line in re.split("\r\n?|\n", text.removeprefix("\ufeff")))
            assert "---" in lines or text.removeprefix("\ufeff") in before
            assert not after.strip()
    assert merge(once, audit, None) == once


def test_text_around_our_block_survives_a_second_run(audit: Audit, mix: Audit) -> None:
    once = merge(FOREIGN, audit, None)
    around = once.replace("# Parcel talk", "\n\n# Parcel  talk ", 1) + "\n\n## More\r\n  after\t"
    twice = merge(around, mix, None)
    assert OUR_BLOCK.sub("", twice) == OUR_BLOCK.sub("", around)
    assert OUR_BLOCK.findall(twice) != OUR_BLOCK.findall(around)


@pytest.mark.parametrize(
    ("yaml", "kept"),
    [
        ("tags: [a, b,]  # c", "tags: [a, b, mixguard-audited,]  # c"),
        ("tags: []", "tags: [mixguard-audited]"),
        ("tags:\nlicense: mit", "tags:\n- mixguard-audited\nlicense: mit"),
        ("  tags:\n    - 'a' # c\n  license: mit", "    - 'a' # c\n    - mixguard-audited\n  license: mit\n  language:"),
        ("# see the spec\n{}", "# see the spec\nlanguage:"),
        ("language: no\nlicense: mit", "language: no\nlicense: mit\n"),
        ("language:\n- no", "language:\n- no\n- en\n"),
        ("size_categories:\n- 1M<n<10M", "size_categories:\n- 1M<n<10M\n"),
        ("configs:\n- config_name: x\n  data_files: y", "configs:\n- config_name: x\n  data_files: y\n"),
        ("d: 2024-01-01\nextra_gated_prompt: |\n  one\n   two", "prompt: |\n  one\n   two\nlanguage:"),
    ],
)  # fmt: skip
def test_yaml_is_amended_and_not_rewritten(audit: Audit, yaml: str, kept: str) -> None:
    text = merge(f"---\n{yaml}\n---\n# T\n", audit, None)
    assert kept in text
    assert text.count("mixguard-audited\n") + text.count("mixguard-audited,") + text.count("audited]") == 1
    assert len(re.findall(r"^(?:configs|language):", text, re.MULTILINE)) <= 2


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("---\na: b\n  c: [\n---\n# T\n", "README.md:3: broken YAML"),
        ("---\nsome text\n---\n# T\n", "not a YAML mapping"),
        ("---\n{license: mit}\n---\n", "put each key on its own line"),
        ("---\na: b\n---\n# T\n<!-- mixguard:begin -->\n", "README.md:5: <!-- mixguard:begin --> needs one"),
        ("# T\n<!-- mixguard:end -->\n", "README.md:2: <!-- mixguard:end --> without"),
        (
            "<!-- mixguard:begin -->\n<!-- mixguard:end -->\n<!-- mixguard:begin -->\n",
            "README.md:3: a second",
        ),
        ("# T\n```\nnever closed", "close it"),
        ("# T\n<pre>\nnever closed", "close it"),
    ],
)
def test_what_cannot_be_merged_is_one_clear_sentence(audit: Audit, text: str, message: str) -> None:
    with pytest.raises(UsageError, match=r"^README\.md:") as raised:
        merge(text, audit, None)
    assert message in str(raised.value)


def test_values_a_person_changed_are_no_longer_ours(audit: Audit, mix: Audit) -> None:
    first = merge(None, audit, None, path=audit.folder.parent / "README.md")
    changed = first.replace("- n<1K", "- 1M<n<10M").replace("path: data.jsonl", "path: '*.jsonl'")
    text = merge(changed, mix, manifest_for(mix), path=audit.folder.parent / "README.md")
    assert "- 1M<n<10M" in text
    assert "path: '*.jsonl'" in text
    assert "path: data.safe.jsonl" not in text


def test_files_become_splits_by_their_names(audit: Audit) -> None:
    names = ("train-0.jsonl", "train-1.jsonl", "val/x[1].jsonl", "my_test.jsonl", "latest.jsonl")
    corpus = audit.corpus.model_copy(update={"sources": dict.fromkeys(names, "0" * 64)})
    text = merge(None, audit.model_copy(update={"corpus": corpus}), None)
    files = DatasetCard(text).data["configs"][0]["data_files"]
    assert files == [
        {"split": "train", "path": ["train-0.jsonl", "train-1.jsonl", "latest.jsonl"]},
        {"split": "validation", "path": "val/x[[]1].jsonl"},
        {"split": "test", "path": "my_test.jsonl"},
    ]


def test_places_on_this_machine_stay_here(audit: Audit) -> None:
    beside = merge(None, audit, None, path=audit.folder.parent / "README.md")
    elsewhere = merge(None, audit, None, path=audit.folder.parent / "deeper" / "README.md")
    assert "path: data.jsonl" in beside
    assert "configs:" not in elsewhere
    for text in (beside, elsewhere):
        assert "| this data | data.jsonl |" in text
        assert str(audit.folder.parent) not in text


@pytest.mark.parametrize(
    ("samples", "name"),
    [(0, "n<1K"), (999, "n<1K"), (1000, "1K<n<10K"), (10**6, "1M<n<10M"), (10**12, "n>1T")],
)
def test_sizes_are_the_hubs(samples: int, name: str) -> None:
    assert size_category(samples) == name


def test_files_are_renamed_in_findings_only_where_they_stand(audit: Audit) -> None:
    sources = {"-": "0" * 64, "rows": "1" * 64, "../far/rows": "2" * 64}
    said = {
        "MG101": "rows of 2024-01-01 - a half-refusal - fill arrows",
        "MG102": "1 of 3 files mix formats; -: chat 3, alpaca 1",
        "MG103": "1 of 3 files mix formats; ../far/rows: chat 3, alpaca 1",
    }
    findings = tuple(
        finding.model_copy(update={"message": said.get(finding.id, finding.message)})
        for finding in audit.findings
    )
    corpus = audit.corpus.model_copy(update={"sources": sources})
    text = merge(None, audit.model_copy(update={"corpus": corpus, "findings": findings}), None)
    assert "| rows of 2024-01-01 - a half-refusal - fill arrows |" in text
    assert re.search(r"mix formats\\?; standard input: chat 3", text)
    assert re.search(r"mix formats\\?; rows: chat 3", text)


def test_an_option_is_shown_only_with_its_own_value(audit: Audit) -> None:
    config = audit.config.replace(parsed(["checks.limits.MG103=7"]))
    findings = tuple(
        finding.model_copy(
            update={
                "limit": {"MG102": 12.0, "MG103": 7.0}.get(finding.id),
                "limit_option": "checks.limits.MG103",
            }
        )
        for finding in audit.findings
    )
    text = merge(None, audit.model_copy(update={"config": config, "findings": findings}), None)
    assert re.search(r"MG102 .*\| 12 \|\n", text)
    assert re.search(r"MG103 .*\| 7 \(checks\.limits\.MG103\) \|\n", text)


def test_coverage_is_of_exchanges_trained_on(config: Config, tmp_path: Path) -> None:
    path = tmp_path / "pairs.jsonl"
    rows = [
        {"prompt": f"Where is parcel {n}?", "chosen": "On its way.", "rejected": "No idea."} for n in range(3)
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    pairs = mixguard.audit(path, config=config.replace(parsed([f"run.folder='{tmp_path / 'run'}'"])))
    assert pairs.corpus.exchanges == 6
    assert "0 of the 3 exchanges trained on" in merge(None, pairs, None)


def test_the_digest_is_of_the_document_under_the_limits_in_force(audit: Audit, tmp_path: Path) -> None:
    stricter = mixguard.check(audit.folder, config=audit.config.replace(parsed(["checks.limits.MG103=1"])))
    write(stricter, tmp_path / "stricter.json")
    digest = hashlib.sha256((tmp_path / "stricter.json").read_bytes()).hexdigest()
    assert f"SHA-256 `{digest}` of the audit document" in merge(None, stricter, None)
    assert digest != hashlib.sha256((audit.folder / "audit.json").read_bytes()).hexdigest()


def test_one_file_of_a_mix_is_not_shown_with_the_whole_mixs_numbers(config: Config, tmp_path: Path) -> None:
    for name in "ab":
        rows = [chat(f"Where is parcel {name}{n}?", "On its way.") for n in range(40)]
        (tmp_path / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    own = config.replace(parsed([f"run.folder='{tmp_path / 'run'}'"]))
    mixguard.rebalance(tmp_path / "a.jsonl", tmp_path / "b.jsonl", out=tmp_path / "mix", config=own)
    one = mixguard.audit(tmp_path / "mix" / "a.jsonl", config=own)
    assert manifest_for(one) is None
    assert manifest_for(mixguard.audit(tmp_path / "mix", config=own)) is not None


def test_hostile_names_stay_text(audit: Audit) -> None:
    corpus = audit.corpus.model_copy(
        update={
            "sources": {HOSTILE: HOSTILE},
            "formats": {HOSTILE: {HOSTILE: 3}},
            "quarantined": {HOSTILE: 1},
        }
    )
    findings = tuple(f.model_copy(update={"message": f"found {HOSTILE}"}) for f in audit.findings)
    hostile = audit.model_copy(update={"corpus": corpus, "findings": findings})
    text = merge(FOREIGN, hostile, None)
    assert merge(text, hostile, None) == text
    assert "configs:" not in text
    block = OUR_BLOCK.findall(text)[0]
    assert not re.search(r"(?<!\\)<script|(?<!\\)\[x\]", block)
    assert "\x1b" not in block
    assert "\u202e" not in block
    rows = [line for line in block.splitlines() if line.startswith("| fail |")]
    assert rows
    assert all(len(re.findall(r"(?<!\\)\|", line)) == 7 for line in rows)


def test_what_was_accepted_stays_in_sight_with_its_reason(audit: Audit) -> None:
    until = date(2026, 12, 31)
    mark = Suppression(kind="allowed", reason="read by *two*", author="A. Steward", expires=until)
    entry = Allowance(sample="0123456789abcdef", reason="quoted law", author="B. Reader", expires=until)
    findings = tuple(
        finding.model_copy(update={"suppressed": mark if finding.id == "MG102" else None})
        for finding in audit.findings
    )
    allowed = (Allowed(entry=entry, state="used", exchanges=3),)
    text = merge(None, audit.model_copy(update={"findings": findings, "allowed": allowed}), None)
    counted, _, accepted = text.partition("### Suppressed")
    assert "MG102" not in counted
    assert re.search(
        r"MG102 missing-refusals .* allowed until 2026\\?-12\\?-31 by A. Steward: read by \\\*two\\\* \|",
        accepted,
    )
    assert "| 0123456789abcdef | used | 3 | quoted law | B. Reader | 2026-12-31 |" in accepted
    assert "are suppressed and do not affect the verdict" in counted


@pytest.mark.parametrize(
    ("option", "shown"),
    [
        ("checks.limits.MG103=3", "checks.limits.MG103 is 3.0 (10.0 by default)"),
        ("rebalance.profile=health", "rebalance.profile is health (general by default)"),
        ("rebalance.ratio=0.5", "rebalance.ratio is 0.5 (calibrated or derived by default)"),
    ],
)
def test_limits_set_by_hand_are_shown_with_the_verdict(audit: Audit, option: str, shown: str) -> None:
    lenient = mixguard.check(audit.folder, config=audit.config.replace(parsed([option])))
    assert f"**Non-default limits:** {shown}" in merge(None, lenient, None)
    assert "Non-default limits" not in merge(None, audit, None)
