"""`mixguard card`: it writes the card and lists what is open; `--check` fails until nothing is."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import Any

import pytest
import typer
from carding import OUR_BLOCK, REQUIRED, answered, failing, mixed
from typer.testing import CliRunner

from mixguard.cli.card import card
from mixguard.errors import UsageError
from mixguard.report.card import merge, outdated
from mixguard.run.document import Audit


@pytest.fixture(scope="module")
def audit(cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Audit:
    return failing(tmp_path_factory.mktemp("card"), cache)


@pytest.fixture(scope="module")
def mix(audit: Audit) -> Audit:
    return mixed(audit)


class Cli:
    """The real command in its own folder."""

    def __init__(self, folder: Path) -> None:
        self.card = folder / "README.md"
        self._app = typer.Typer()
        self._app.command()(card)

    def __call__(self, *arguments: Any) -> tuple[int, str]:
        done = CliRunner().invoke(self._app, [*map(str, arguments), "--card", str(self.card)])
        if done.exception and not isinstance(done.exception, SystemExit):
            raise done.exception
        return done.exit_code, done.stdout


@pytest.fixture
def cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cache: Path) -> Cli:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mixguard.toml").write_text(f'[encode]\ncache = "{cache}"\n')
    return Cli(tmp_path)


def test_the_command_writes_the_card_and_lists_what_is_open(cli: Cli, audit: Audit) -> None:
    code, out = cli(audit.folder)
    assert code == 0
    assert f"wrote {cli.card}" in out
    assert f"{cli.card}: required: licence: " in out
    assert cli.card.read_bytes().decode() == merge(None, audit, None, path=cli.card)
    assert f"{cli.card} is up to date" in cli(audit.folder)[1]


def test_a_check_fails_until_everything_required_is_said(cli: Cli, audit: Audit) -> None:
    code, out = cli(audit.folder, "--check")
    assert (code, out.count("\n")) == (1, 1)
    assert "no card" in out
    assert not cli.card.exists()
    cli(audit.folder)
    code, out = cli(audit.folder, "--check")
    assert code == 1
    assert sorted(re.findall(r": required: ([^:]+):", out)) == REQUIRED
    cli.card.write_text(answered(cli.card.read_text()))
    kept = cli.card.read_bytes()
    assert cli(audit.folder, "--check")[0] == 0
    assert cli.card.read_bytes() == kept


def test_a_check_fails_where_the_audit_is_not_of_this_data(cli: Cli, audit: Audit, mix: Audit) -> None:
    cli(audit.folder)
    good = answered(cli.card.read_text())
    block = OUR_BLOCK.findall(good)[0]
    for text, folder, why in (
        (good, mix.folder, "covers other data"),
        (good.replace(block, ""), audit.folder, "this card has no audit"),
        (good.replace("**Verdict: fail**", "**Verdict: pass**"), audit.folder, "edited by hand"),
    ):
        cli.card.write_text(text)
        code, out = cli(folder, "--check")
        assert code == 1
        assert why in out
        assert ": required: " in out
    crlf = good.replace("\n", "\r\n")
    cli.card.write_bytes(crlf.encode())
    assert cli(audit.folder, "--check")[0] == 0


def test_the_report_a_card_names_is_the_one_in_the_run_folder(audit: Audit) -> None:
    digest = hashlib.sha256((audit.folder / "audit.json").read_bytes()).hexdigest()
    text = merge(None, audit, None)
    assert f"report={digest}" in text
    assert f"SHA-256 `{digest}`" in text


def test_a_run_that_says_otherwise_of_the_same_data_fails_the_check(audit: Audit) -> None:
    text = merge(None, audit, None)
    assert outdated(text, audit) == ()
    again = audit.provenance.model_copy(update={"seconds": 99.0})
    assert outdated(text, audit.model_copy(update={"provenance": again})) == ()
    (gap,) = outdated(text, audit.model_copy(update={"verdict": "pass"}))
    assert gap.required
    assert "says fail" in gap.what


def test_a_corpus_is_audited_first_and_a_check_leaves_nothing_behind(
    cli: Cli, audit: Audit, tmp_path: Path
) -> None:
    corpus = next(iter(audit.corpus.sources))
    cli(audit.folder)
    before = sorted(path.name for path in tmp_path.iterdir())
    code, out = cli(corpus, "--check")
    assert code == 1
    assert "other data" not in out
    assert sorted(path.name for path in tmp_path.iterdir()) == before
    code, out = cli(corpus, "--set", "checks.limits.MG103=3")
    assert code == 0
    assert (tmp_path / "mixguard-run" / "audit.json").is_file()
    assert "checks.limits.MG103 is 3.0" in cli.card.read_text()


def test_the_command_names_the_card_it_cannot_use(cli: Cli, audit: Audit) -> None:
    cli.card.write_bytes(b"\xff\xfe#")
    with pytest.raises(UsageError, match=r"README\.md: not UTF-8"):
        cli(audit.folder)
    cli.card.write_text("---\na: [\n---\n")
    with pytest.raises(UsageError, match=r"README\.md:\d+: broken YAML"):
        cli(audit.folder, "--check")
    with pytest.raises(UsageError, match="a run folder keeps its own options"):
        cli.card.unlink()
        cli(audit.folder, "--set", "checks.samples=1")
