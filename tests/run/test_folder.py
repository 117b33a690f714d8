"""Bad run folders: a one-sentence error that says what, where and what to do, and exit code 2."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from conftest import chat

import mixguard
import mixguard.cli
from mixguard.config import Config, parsed
from mixguard.errors import RunFolderError
from mixguard.run import folder as run_folder
from mixguard.run.document import Audit

Spoil = Callable[[Path], object]
PART = "annotations/part-00001.parquet"


@pytest.fixture(scope="module")
def whole(cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Audit:
    """A run of three parts."""
    folder = tmp_path_factory.mktemp("whole")
    path = folder / "data.jsonl"
    path.write_text(
        "".join(json.dumps(chat(f"Where is parcel {n}?", "On its way.")) + "\n" for n in range(6))
    )
    tree = {"encode": {"cache": cache}, "run": {"folder": folder / "run", "batch": 2}}
    return mixguard.audit(path, config=Config.from_tree(tree, origin="test"))


@pytest.fixture
def run(whole: Audit, tmp_path: Path) -> Path:
    return Path(shutil.copytree(whole.folder, tmp_path / "a[1] run*"))


def _audit(change: Callable[[dict[str, object]], object]) -> Spoil:
    def spoil(run: Path) -> None:
        tree = json.loads((run / "audit.json").read_bytes())
        change(tree)
        (run / "audit.json").write_text(json.dumps(tree))

    return spoil


def _content(name: str, cut: Callable[[bytes], bytes]) -> Spoil:
    return lambda run: (run / name).write_bytes(cut((run / name).read_bytes()))


def _part(change: Callable[[pl.DataFrame], pl.DataFrame]) -> Spoil:
    return lambda run: change(pl.read_parquet(run / PART, glob=False)).write_parquet(run / PART)


def _empty_annotations(run: Path) -> None:
    shutil.rmtree(run / "annotations")
    (run / "annotations").mkdir()


def _folder_for_a_part(run: Path) -> None:
    (run / PART).unlink()
    (run / PART).mkdir()


def _flip(raw: bytes) -> bytes:
    """Overwrite every page but keep the footer."""
    footer = int.from_bytes(raw[-8:-4], "little") + 8
    return raw[:4] + b"\xff" * (len(raw) - footer - 4) + raw[-footer:]


BAD: dict[str, tuple[Spoil, str, str]] = {
    "newer": (
        _audit(lambda tree: tree.update(version="mixguard-audit/4", shape="another")),
        "audit.json: written by a newer mixguard (mixguard-audit/4, this one reads mixguard-audit/3)",
        "update mixguard",
    ),
    "older": (
        _audit(lambda tree: tree.update(version="mixguard-audit/1")),
        "audit.json: written by an older mixguard (mixguard-audit/1,",
        "audit the corpus again",
    ),
    "layout with a missing section": (
        _audit(lambda tree: tree.pop("detectors")),
        "audit.json: does not match this mixguard version (detectors: Field required)",
        "audit the corpus again",
    ),
    "layout with an unknown option": (
        _audit(lambda tree: tree["config"].update(signals={})),  # type: ignore[attr-defined]
        "audit.json: does not match this mixguard version (config.signals: ",
        "audit the corpus again",
    ),
    "truncated": (_content("audit.json", lambda raw: raw[:-300]), "audit.json: half-written or not JSON", "again"),
    "empty": (_content("audit.json", lambda raw: b""), "audit.json: half-written or not JSON", "again"),
    "not text": (_content("audit.json", lambda raw: b"\xff" + raw), "audit.json: half-written or not JSON", "again"),
    "deeply nested": (_content("audit.json", lambda raw: b"[" * 100_000), "audit.json: half-written or not JSON", "again"),
    "another tool": (
        _content("audit.json", lambda raw: b'{"auditReportVersion": 2, "vulnerabilities": {}}'),
        "audit.json: not written by mixguard (version is not mixguard-audit/3)",
        "pass a run folder",
    ),
    "a list": (_content("audit.json", lambda raw: b"[]"), "audit.json: not written by mixguard", "pass a"),
    "hostile version": (
        _audit(lambda tree: tree.update(version=f"mixguard-audit/{'9' * 10_000}")),
        "audit.json: not written by mixguard",
        "pass a run folder",
    ),
    "no audit": (lambda run: (run / "audit.json").unlink(), "not a run folder (no audit.json)", "`mixguard audit`"),
    "no folder": (shutil.rmtree, "not a run folder (no audit.json)", "`mixguard audit`"),
    "no annotations": (
        lambda run: shutil.rmtree(run / "annotations"), "annotations: contains 0 of 6 exchanges", "again",
    ),
    "empty annotations": (_empty_annotations, "contains 0 of 6 exchanges", "again"),
    "a missing part": (lambda run: (run / PART).unlink(), "annotations: contains 4 of 6 exchanges", "again"),
    "an extra part": (
        lambda run: shutil.copy(run / PART, run / "annotations" / "part-00009.parquet"), "contains 8 of 6", "again",
    ),
    "a truncated part": (_content(PART, lambda raw: raw[:-100]), f"{PART}: half-written, damaged or not Parquet", "again"),
    "the head of a part": (_content(PART, lambda raw: raw[:100]), f"{PART}: half-written, damaged or not Parquet", "again"),
    "an empty part": (_content(PART, lambda raw: b""), f"{PART}: half-written, damaged or not Parquet", "again"),
    "a text file as a part": (_content(PART, lambda raw: b"a,b\n1,2\n" * 9), f"{PART}: half-written, damaged or not", "again"),
    "a folder as a part": (_folder_for_a_part, f"{PART}: half-written, damaged or not Parquet", "again"),
    "a damaged page": (_content(PART, _flip), f"{PART}: half-written, damaged or not Parquet", "again"),
    "a missing column": (
        _part(lambda rows: rows.drop("proximity")), f"{PART}: column proximity does not match", "again",
    ),
    "a column of another type": (
        _part(lambda rows: rows.with_columns(line=pl.lit("x"))), f"{PART}: column line does not match", "again",
    ),
}  # fmt: skip


@pytest.mark.parametrize("command", ["report", "check"])
@pytest.mark.parametrize("kind", BAD)
def test_a_bad_run_folder_gives_one_sentence_and_exit_code_2(
    run: Path, kind: str, command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    spoil, said, advice = BAD[kind]
    spoil(run)
    monkeypatch.setattr(sys, "argv", ["mixguard", command, str(run)])
    with pytest.raises(SystemExit) as left:
        mixguard.cli.main()
    assert left.value.code == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.startswith(f"mixguard: {run}")
    assert said in told.err
    assert advice in told.err.split(said)[1]
    assert told.err.count("\n") == 1
    assert len(told.err) < 500


@pytest.mark.parametrize("kind", BAD)
def test_a_bad_baseline_stops_a_check_too(whole: Audit, run: Path, kind: str) -> None:
    BAD[kind][0](run)
    with pytest.raises(RunFolderError):
        mixguard.check(whole.folder, config=whole.config.replace(parsed([f"checks.baseline='{run}'"])))


def test_a_valid_run_can_be_read_from_any_path(whole: Audit, run: Path) -> None:
    # The folder name contains glob characters.
    assert Audit.load(run).findings == whole.findings
    assert mixguard.check(run).findings == whole.findings
    assert Audit.load(run).annotations.collect().equals(whole.annotations.collect())


@pytest.mark.parametrize(
    "spoil",
    [
        lambda file: file.unlink(),
        lambda file: file.write_bytes(file.read_bytes()[:-20]),
        lambda file: pl.DataFrame({"check": ["MG103"]}).write_parquet(file),
    ],
)
def test_unreadable_flagged_rows_are_reported(run: Path, spoil: Callable[[Path], object]) -> None:
    spoil(run / run_folder.FLAGGED)
    with pytest.raises(RunFolderError, match=r"flagged\.parquet"):
        Audit.load(run).rows("MG103")


def test_extra_columns_in_a_run_are_ignored(whole: Audit, run: Path) -> None:
    for part in (run / run_folder.ANNOTATIONS).iterdir():
        pl.read_parquet(part, glob=False).with_columns(more=1).write_parquet(part)
    assert mixguard.check(run).findings == whole.findings


def test_a_corpus_without_exchanges_can_be_audited(config: Config, tmp_path: Path) -> None:
    path = tmp_path / "data.jsonl"
    path.write_text(json.dumps({"messages": [{"role": "system", "content": "Be kind."}]}) + "\n")
    result = mixguard.audit(path, config=config)
    assert (result.corpus.samples, result.corpus.exchanges) == (1, 0)
    assert Audit.load(result.folder) == result
    assert mixguard.check(result.folder).findings == result.findings


def _corpus(folder: Path) -> Path:
    path = folder / "again.jsonl"
    path.write_text(json.dumps(chat("Where is parcel 9?", "On its way.")) + "\n")
    return path


def _into(run: Path, whole: Audit) -> Audit:
    return mixguard.audit(_corpus(run.parent), config=whole.config.replace(parsed([f"run.folder='{run}'"])))


def _tree(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (
            lambda run: (run / "notes.md").write_text("mine"),
            "contains files no run wrote: notes.md; move them",
        ),
        (lambda run: (run / "src").mkdir(), "contains files no run wrote: src"),
        (
            BAD["another tool"][0],
            "not a run folder, but contains annotations, audit.json, config.toml and 2 more",
        ),
        (_content("audit.json", lambda raw: b"{" + raw[-40:]), "not a run folder"),
        (BAD["no audit"][0], "not a run folder, but contains annotations, config.toml"),
    ],
)
def test_files_no_run_wrote_are_never_replaced(whole: Audit, run: Path, spoil: Spoil, said: str) -> None:
    spoil(run)
    before = _tree(run)
    with pytest.raises(RunFolderError) as raised:
        _into(run, whole)
    assert said in str(raised.value)
    assert _tree(run) == before


@pytest.mark.parametrize("kind", ["truncated", "newer", "no annotations", "a truncated part"])
def test_a_damaged_or_foreign_version_run_is_replaced_as_a_whole(whole: Audit, run: Path, kind: str) -> None:
    (run / run_folder.MANIFEST).write_text("{}")
    BAD[kind][0](run)
    assert _into(run, whole).corpus.records == 1
    assert Audit.load(run).corpus.records == 1
    assert not (run / run_folder.MANIFEST).exists()


@pytest.mark.parametrize("unset", [("--baseline", ""), ("--set", "checks.baseline=")])
def test_a_missing_baseline_can_be_unset(
    run: Path, unset: tuple[str, str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _audit(lambda tree: tree["config"]["checks"].update(baseline="gone"))(run)  # type: ignore[index]
    for options, code in (((), 2), (unset, 0)):
        monkeypatch.setattr(sys, "argv", ["mixguard", "check", str(run), "--fail-on", "never", *options])
        with pytest.raises(SystemExit) as left:
            mixguard.cli.main()
        assert (left.value.code or 0) == code
        assert ("gone: not a run folder" in capsys.readouterr().err) == bool(code)
