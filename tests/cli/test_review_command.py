"""`mixguard review` as a process: the address, Ctrl-C, and what is left."""

from __future__ import annotations

import getpass
import json
import os
import signal
import subprocess
import sys
import tomllib
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

import pytest
from commanding import command
from reviewing import audited_texts, harmful

from mixguard.review import opening
from mixguard.run.document import Audit


@pytest.fixture(scope="module")
def audit(tmp_path_factory: pytest.TempPathFactory) -> Audit:
    return audited_texts(tmp_path_factory.mktemp("review command"), harmful(3))


def asked(address: str, path: str, body: dict[str, object]) -> dict[str, object]:
    parts = urlsplit(address)
    origin = f"http://{parts.netloc}"
    headers = {
        "Origin": origin,
        "Authorization": f"Bearer {parts.query.removeprefix('token=')}",
        "Content-Type": "application/json",
    }
    with urlopen(Request(f"{origin}{path}", json.dumps(body).encode(), headers), timeout=20) as reply:
        found: dict[str, object] = json.load(reply)
        return found


def test_ctrl_c_ends_a_review_and_says_what_is_left(audit: Audit, tmp_path: Path) -> None:
    command_line = [
        sys.executable,
        "-c",
        "from mixguard.cli import main; main()",
        "review",
        str(audit.folder),
        "--author",
        "ada",
    ]
    with subprocess.Popen(
        command_line, cwd=tmp_path, text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        env={**os.environ, "COLUMNS": "80"},
    ) as process:  # fmt: skip
        assert process.stdout is not None
        address = process.stdout.readline().removeprefix("Open ").strip()
        token = urlsplit(address).query.removeprefix("token=")
        if Path("/proc/self/cmdline").exists():
            assert token not in Path(f"/proc/{process.pid}/cmdline").read_text()
        row = asked(address, "/row", {})["row"]
        assert isinstance(row, dict)
        asked(address, "/decide", {"id": row["id"], "ruling": "set-aside", "reason": "a plan"})
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=20)
    assert (process.returncode, err) == (0, "")
    assert "Rows    1 of 3 decided: 1 set aside; 2 not read yet" in out
    assert f"Next    mixguard check '{audit.folder}' --aside mixguard.aside.toml" in out
    assert f"mixguard rebalance '{audit.folder}' -o data.safe.jsonl --aside mixguard.aside.toml" in out
    (entry,) = tomllib.loads((tmp_path / "mixguard.aside.toml").read_text())["aside"]
    assert (entry["reason"], entry["author"]) == ("a plan", "ada")
    summary = command(tmp_path, "review", audit.folder, "--author", "ada", "--summary")
    assert "Rows    1 of 3 decided: 1 set aside; 2 not read yet\nAll     1 of 7 decided" in summary.stdout


@pytest.mark.parametrize(
    ("options", "why"),
    [(("--hazard", "nope"), "--hazard: 'nope' is not a hazard; hazards: "), (("--check", "MG999"), "no row is flagged by 'MG999'"),
     (("--expires", "soon"), "--expires: 'soon' is not a date; write it as 2027-01-31"), (("--part", "half"), "--part: 'half' is not I/N, such as 1/2"),
     (("--expires", "2020-01-31"), "--expires: 2020-01-31 is in the past"), (("--author", ""), "the reviewer has no name"),
     (("--with", "nobody.jsonl"), "nobody.jsonl: no such journal")],
)  # fmt: skip
def test_what_cannot_be_reviewed_is_said(
    audit: Audit, tmp_path: Path, options: tuple[str, ...], why: str
) -> None:
    done = command(tmp_path, "review", audit.folder, "--summary", *options)
    assert done.returncode == 2
    assert why in done.stderr


@pytest.mark.parametrize(
    ("options", "why"),
    [(("--allow", "own.toml", "--aside", "./own.toml"), "own.toml: cannot be both the allow file and the set-aside file"),
     (("--allow", "broken.toml"), "broken.toml: not valid TOML"), (("--teach", "broken.toml"), "broken.toml: is not a folder")],
)  # fmt: skip
def test_files_that_cannot_be_written_are_said_before_the_page_is_served(
    audit: Audit, tmp_path: Path, options: tuple[str, ...], why: str
) -> None:
    (tmp_path / "broken.toml").write_text("[[allow]\n")
    done = command(tmp_path, "review", audit.folder, "--author", "cy", *options)
    assert (done.returncode, done.stdout) == (2, "")
    assert why in done.stderr


def test_a_filter_narrows_what_is_counted(audit: Audit, tmp_path: Path) -> None:
    done = command(tmp_path, "review", audit.folder, "--summary", "--author", "bo", "--least", "0.915")
    assert "Rows    0 of 1 decided; 1 not read yet\nAll     0 of 7 decided; 7 not read yet" in done.stdout
    assert not list(tmp_path.iterdir())  # it only says


def test_the_author_is_whom_git_knows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = tmp_path / "gitconfig"
    config.write_text("[user]\n\temail = ada@example.org\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(config))
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert opening.whoami() == "ada@example.org"
    monkeypatch.setenv("PATH", str(tmp_path))  # no git
    assert opening.whoami() == getpass.getuser()
