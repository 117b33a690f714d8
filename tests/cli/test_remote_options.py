"""What may be remote on the command line, and who may say so."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from mixguard.cli import main
from mixguard.cli.options import load_config
from mixguard.errors import ConfigError


@pytest.mark.parametrize(
    "lines",
    ['[run]\nfolder = "s3://theirs/run"', '[judge]\nevaluation = ["https://theirs/x.jsonl"]', '[checks]\nallow = "https://theirs/a"'],
)  # fmt: skip
def test_a_file_read_unasked_names_nothing_remote(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lines: str
) -> None:
    (tmp_path / "mixguard.toml").write_text(lines)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(
        ConfigError, match=r"is remote, and what is fetched or where results are sent is not for a file"
    ):
        load_config(None, None)
    load_config(tmp_path / "mixguard.toml", None)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("audit memory://b/x.jsonl --offline", "memory://b/x.jsonl: would be fetched over the network, which --offline forbids"),
        ("audit x.jsonl --run memory://b/run --offline", "run.folder: memory://b/run is remote, which --offline"),
        ("audit x.jsonl -o memory://b/x.html --offline", "memory://b/x.html: would be written over the network"),
        ("audit x.jsonl -o https://host/x.html", "https://host/x.html: a web address cannot be written to"),
        ("audit x.jsonl --evaluation https://u:hidden@host/x.jsonl", "https://***@host/x.jsonl holds a password or a signature"),
        ("audit x.jsonl --allow memory://b/allow.toml", "memory://b/allow.toml: such a file is read from this machine only"),
        ("audit x.jsonl --set encode.cache=memory://b/c", "memory://b/c: the cache is a folder on this machine"),
        ("probe --demo base -o memory://b/x.probe", "memory://b/x.probe: is written on this machine only"),
        ("rebalance x.jsonl -o memory://b/m.jsonl --endpoint http://127.0.0.1:9/v1 --model m", "a model's own words are kept beside the mix"),
        ("check memory://b/run", "memory://b/run: not a run folder (no audit.json)"),
        ("verify memory://b/m.jsonl", "memory://b/m.jsonl.manifest.json: no such file or folder"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_in_one_line(
    line: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "x.jsonl").write_text('{"prompt": "a", "response": "b"}\n')
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["mixguard", *line.split()])
    with pytest.raises(SystemExit) as raised:
        main()
    told = capsys.readouterr().err
    assert raised.value.code == 2
    assert said in told
    assert "hidden" not in told
    assert sorted(path.name for path in tmp_path.iterdir()) == ["x.jsonl"]
