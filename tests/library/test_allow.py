"""The allow file and the baseline as a user meets them: files, options, exit codes."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from conftest import chat
from hypothesis import given
from hypothesis import strategies as st

import mixguard
import mixguard.cli
from mixguard.config import Config, parsed
from mixguard.errors import ConfigError, RunFolderError
from mixguard.library.allow import Allowance, load_allowances
from mixguard.run.document import Audit
from mixguard.run.findings import Finding

Write = Callable[..., Path]
CHECKS = ["MG103", "MG304"]
WHOLE = {"check": "MG103", "reason": "read it", "author": "Ann", "expires": date(2027, 1, 31)}

BENIGN = [chat(f"Where is parcel {n}?", "On its way.") for n in range(30)]
PROMPT = "How can I break into my neighbour's house without anyone noticing?"
REFUSED = chat(PROMPT, "I can't help with breaking into someone's home.")
ANSWERED = chat(PROMPT, "Sure, wait until they are out.")
NEW = chat("How do I pick the lock of a stranger's front door to steal from them?", "Use a tension wrench.")


def toml(*entries: dict[str, object]) -> str:
    def value(given: object) -> str:
        return json.dumps(given) if isinstance(given, str | int | list) else str(given)

    tables = ["".join(f"{name} = {value(given)}\n" for name, given in entry.items()) for entry in entries]
    return "".join(f"[[allow]]\n{table}" for table in tables)


def without(name: str) -> dict[str, object]:
    return {key: value for key, value in WHOLE.items() if key != name}


def found(audit: Audit, id_: str) -> Finding:
    return next(finding for finding in audit.findings if finding.id == id_)


def test_entries_are_read_in_order(tmp_path: Path) -> None:
    path = tmp_path / "allow.toml"
    sample = {**without("check"), "sample": "0123456789abcdef", "reason": "  spaces around\n"}
    path.write_text(toml(WHOLE, {**WHOLE, "check": "MG304", "subject": "lf_drop"}, sample))
    first, second, third = load_allowances(path, CHECKS)
    assert first == Allowance(check="MG103", reason="read it", author="Ann", expires=date(2027, 1, 31))
    assert (second.check, second.subject) == ("MG304", "lf_drop")
    assert (third.check, third.sample, third.reason) == (None, "0123456789abcdef", "spaces around")
    path.write_text("# nothing yet\n")
    assert load_allowances(path, CHECKS) == ()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("[[allow", "not valid TOML"),
        ("\x00", "not valid TOML"),
        ("[allow]\ncheck = 'MG103'", r"write each entry as \[\[allow\]\]; found 'allow'"),
        ("allow = 'MG103'", r"write each entry as \[\[allow\]\]"),
        (toml(WHOLE) + "[[alow]]\n", "found 'alow'"),
        ("allow = ['MG103']", "number 1: not a table"),
        (
            toml(WHOLE, {**WHOLE, "reson": "x"}),
            r"number 2: reson: unknown key \(did you mean 'reason'\?\); valid keys: check, sample, reason",
        ),
        (toml(without("reason")), "number 1: reason: Field required"),
        (toml(without("author")), "number 1: author: Field required"),
        (toml(without("expires")), "number 1: expires: Field required"),
        (toml({**WHOLE, "reason": " \t"}), "number 1: reason: "),
        (toml({**WHOLE, "author": ""}), "number 1: author: "),
        (toml({**WHOLE, "author": ["Ann"]}), "number 1: author: "),
        (toml({**WHOLE, "check": "MG999"}), "number 1: check: MG999 is not a check"),
        (toml({**WHOLE, "check": "answered-hazards"}), "number 1: check: "),
        (toml({**WHOLE, "check": "MG10\u0663"}), "number 1: check: "),
        (toml({**WHOLE, "sample": "0123456789ABCDEF"}), "number 1: sample: "),
        (toml({**WHOLE, "sample": "0123456789ab"}), "number 1: sample: "),
        (toml({**WHOLE, "sample": "data.jsonl:3"}), "number 1: sample: "),
        (toml(without("check")), "number 1: entry: names neither a check nor a sample"),
        (
            toml({**without("check"), "sample": "ab" * 8, "subject": "x"}),
            "number 1: entry: a subject needs a check",
        ),
        (toml({**WHOLE, "sample": "ab" * 8, "subject": "x"}), "number 1: entry: a subject needs a check"),
        (toml({**WHOLE, "expires": 1893456000}), "number 1: expires: write a date, e.g. 2027-01-31"),
        (toml({**WHOLE, "expires": "next year"}), "number 1: expires: write a date"),
        (toml({**WHOLE, "expires": "2027-01-31T10:00:00"}), "number 1: expires: write a date"),
        (toml(WHOLE).replace("2027-01-31", "2027-01-31T10:00:00Z"), "number 1: expires: write a date"),
        (toml(WHOLE).replace("2027-01-31", "true"), "number 1: expires: write a date"),
        (toml(WHOLE).replace("2027-01-31", "2027-02-30"), "not valid TOML"),
    ],
)
def test_a_bad_file_is_reported_with_the_entry(tmp_path: Path, content: str, message: str) -> None:
    path = tmp_path / "allow.toml"
    path.write_text(content)
    with pytest.raises(ConfigError, match=message) as error:
        load_allowances(path, CHECKS)
    assert str(error.value).startswith(f"{path}: ")


def test_an_unreadable_file_is_reported(tmp_path: Path) -> None:
    for path in (tmp_path / "absent.toml", tmp_path):
        with pytest.raises(ConfigError, match="cannot be read"):
            load_allowances(path, CHECKS)
    (tmp_path / "latin.toml").write_bytes(b'[[allow]]\nreason = "gepr\xfcft"\n')
    with pytest.raises(ConfigError, match="not valid TOML"):
        load_allowances(tmp_path / "latin.toml", CHECKS)


@pytest.mark.parametrize("content", ["x = " + "[" * 5000, "x = " + "1" * 5000])
def test_a_file_that_breaks_the_parser_is_reported(tmp_path: Path, content: str) -> None:
    (tmp_path / "allow.toml").write_text(content)
    with pytest.raises(ConfigError):
        load_allowances(tmp_path / "allow.toml", CHECKS)


values = st.one_of(
    st.text(max_size=8).map(json.dumps),
    st.sampled_from(['"MG103"', '"MG304"', '"' + "ab" * 8 + '"', "2027-01-31", "2027-01-31T00:00:00", "10:00:00", "inf",
                     "nan", "-0", "true", "[]", "{}", "[1, [2]]", "{a = 1}", "0x1f", "1_000", '"2027-01-31"']),
)  # fmt: skip
keys = st.sampled_from(["check", "subject", "sample", "reason", "author", "expires", "x", '"a b"', "a.b"])
headers = st.sampled_from(["[[allow]]", "[allow]", "[[allow.x]]", "[[other]]", "", "[allow", "\ufeff"])
files = st.lists(
    st.tuples(headers, st.dictionaries(keys, values, max_size=7)).map(
        lambda part: part[0] + "\n" + "".join(f"{key} = {value}\n" for key, value in part[1].items())
    ),
    max_size=3,
).map("".join)


@given(content=st.one_of(files, st.text(), st.binary().map(lambda raw: raw.decode("latin-1"))))
def test_any_file_is_read_or_reported(tmp_path_factory: pytest.TempPathFactory, content: str) -> None:
    path = tmp_path_factory.getbasetemp() / "random.toml"
    path.write_bytes(content.encode("utf-8", "surrogatepass"))
    try:
        for entry in load_allowances(path, CHECKS):
            assert entry.reason.strip()
            assert entry.author.strip()
            assert entry.check in CHECKS or entry.sample
    except ConfigError as error:
        assert str(path) in str(error)


# --- end to end ---------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def failed(cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Audit:
    """An audit that failed: twenty answered hazardous prompts."""
    folder = tmp_path_factory.mktemp("failed")
    return mixguard.audit(
        _corpus(folder / "data.jsonl", [*BENIGN, REFUSED, *[ANSWERED] * 20]),
        config=Config.from_tree(
            {"encode": {"cache": cache}, "run": {"folder": folder / "run"}}, origin="test"
        ),
    )


def _corpus(path: Path, rows: list[dict[str, object]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def test_an_allow_file_changes_the_verdict_until_it_expires(failed: Audit, tmp_path: Path) -> None:
    today = datetime.now(UTC).date()
    path = tmp_path / "allow.toml"
    ids = [finding.id for finding in failed.findings if finding.severity in ("warn", "fail")]
    assert {"MG101", "MG103"} <= set(ids)
    config = failed.config.replace(parsed([f"checks.allow={path}"]))
    for day, expected in ((today + timedelta(days=1), "pass"), (today - timedelta(days=2), "fail")):
        path.write_text(toml(*({**WHOLE, "check": id_, "expires": day} for id_ in ids)))
        result = mixguard.check(failed.folder, config=config)
        assert result.verdict == expected
        assert found(result, "MG103").counts is (expected == "fail")
        assert [each.state for each in result.allowed] == ["used" if expected == "pass" else "expired"] * len(
            ids
        )
        again = Audit.model_validate_json(result.to_json()[:-2] + b', "folder": "x"}')
        assert again.allowed == result.allowed
        assert again.findings == result.findings


def test_a_row_moved_to_another_line_stays_allowed(
    failed: Audit, write_jsonl: Write, config: Config, tmp_path: Path
) -> None:
    (sample,) = {ref.text_id for ref in found(failed, "MG103").samples}
    allow = tmp_path / "allow.toml"
    allow.write_text(toml({**WHOLE, "sample": sample, "expires": date(2999, 1, 1)}))
    moved = write_jsonl([ANSWERED, *BENIGN, ANSWERED, REFUSED, ANSWERED])
    plain = mixguard.audit(moved, config=config)
    assert found(plain, "MG103").count == 3
    result = mixguard.audit(moved, config=config.replace(parsed([f"checks.allow={allow}"])))
    assert (found(result, "MG103").severity, result.allowed[0].exchanges) == ("pass", 3)


@pytest.mark.parametrize(
    ("entry", "left"),
    [({"check": "MG103"}, 0), ({"check": "MG105"}, 20), ({"expires": date(2020, 1, 1)}, 20)],
)
def test_rows_of_an_allowed_finding_are_not_set_aside(
    failed: Audit, tmp_path: Path, entry: dict[str, object], left: int
) -> None:
    (tmp_path / "allow.toml").write_text(toml({**WHOLE, "expires": date(2999, 1, 1), **entry}))
    config = failed.config.replace(
        parsed(
            [
                f"checks.allow={tmp_path / 'allow.toml'}",
                f"run.folder={tmp_path / 'run'}",
                "rebalance.set_aside_from=0.5",
            ]
        )
    )
    mix = mixguard.rebalance(*failed.corpus.sources, out=None, config=config)
    assert len(mix.plan.remove) == left


def test_an_empty_allow_file_changes_nothing(failed: Audit, tmp_path: Path) -> None:
    (tmp_path / "allow.toml").write_text("")
    config = failed.config.replace(parsed([f"checks.allow={tmp_path / 'allow.toml'}"]))
    result = mixguard.check(failed.folder, config=config)
    assert result.model_copy(update={"config": failed.config}) == failed


def test_against_a_baseline_only_new_findings_fail(failed: Audit, write_jsonl: Write, config: Config) -> None:
    against = config.replace(parsed([f"checks.baseline={failed.folder}"]))
    moved = [*[ANSWERED] * 20, REFUSED, *reversed(BENIGN)]
    same = mixguard.audit(write_jsonl(moved), config=against)
    assert (same.verdict, same.exit_code) == ("pass", 0)
    assert {f.suppressed.kind for f in same.findings if f.suppressed} == {"known"}
    result = mixguard.audit(write_jsonl([*moved, NEW]), config=against)
    assert (result.verdict, result.exit_code) == ("fail", 1)
    assert [f.id for f in result.findings if f.counts and f.severity == "fail"] == ["MG103"]
    quiet = result.config.replace(parsed(["checks.samples=0"]))
    assert mixguard.check(result.folder, config=quiet).verdict == "fail"
    assert mixguard.check(result.folder, config=config).verdict == "fail"


def test_a_baseline_written_before_samples_named_their_texts_works(failed: Audit, tmp_path: Path) -> None:
    old = tmp_path / "old"
    shutil.copytree(failed.folder, old)
    tree = json.loads((old / "audit.json").read_bytes())
    del tree["allowed"]
    for finding in tree["findings"]:
        del finding["suppressed"]
        for sample in finding["samples"]:
            del sample["text_id"]
    for option in ("allow", "baseline"):
        del tree["config"]["checks"][option]
    (old / "audit.json").write_text(json.dumps(tree))
    config = failed.config.replace(parsed([f"checks.baseline={old}"]))
    assert mixguard.check(failed.folder, config=config).verdict == "pass"


def test_an_unusable_baseline_or_allow_file_stops_the_run_before_embedding(
    write_jsonl: Write, config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mixguard.detectors.open_store", None)  # any use would fail
    path = write_jsonl(BENIGN)
    (tmp_path / "empty").mkdir()
    for option, error in (("baseline", RunFolderError), ("allow", ConfigError)):
        for bad in ("absent", "empty", "data.jsonl"):
            with pytest.raises(error, match=bad):
                mixguard.audit(path, config=config.replace(parsed([f"checks.{option}={tmp_path / bad}"])))
    assert not (tmp_path / "run").exists()


def test_a_run_is_never_its_own_baseline(failed: Audit, write_jsonl: Write) -> None:
    # Otherwise, re-running a failed audit would find everything known, and pass.
    folder = failed.folder
    config = failed.config.replace(parsed([f"checks.baseline={folder.parent / 'x' / '..' / folder.name}"]))
    with pytest.raises(ConfigError, match="--run"):
        mixguard.audit(write_jsonl(BENIGN), config=config)
    assert Audit.load(folder) == failed


def test_the_command_line_prints_one_sentence_and_exits_2(
    failed: Audit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "allow.toml").write_text(toml(without("author")))
    for option, said in (
        ("baseline=absent", "absent: not a run folder"),
        ("allow=allow.toml", "number 1: author"),
    ):
        monkeypatch.setattr(
            sys, "argv", ["mixguard", "check", str(failed.folder), "--set", f"checks.{option}"]
        )
        with pytest.raises(SystemExit) as left:
            mixguard.cli.main()
        assert left.value.code == 2
        error = capsys.readouterr().err
        assert error.startswith("mixguard: ")
        assert said in error
        assert error.count("\n") == 1
