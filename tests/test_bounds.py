"""Files from elsewhere: bounded, finite, and one sentence if they are not what they should be."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from mixguard._rebalance import _judged_alike
from mixguard.config import Config, parsed
from mixguard.console.bank import render_list as render_bank
from mixguard.console.screen import console
from mixguard.console.taxonomy import render_hazard, render_list
from mixguard.console.voice import render_voice
from mixguard.errors import MixguardError
from mixguard.files import TOML_MOST, read_bounded, spelt
from mixguard.library.allow import load_allowances
from mixguard.library.bank import Bank
from mixguard.library.profile import RiskProfile
from mixguard.library.taxonomy import Taxonomy
from mixguard.library.voice import Voice
from mixguard.mix.manifest import Manifest
from mixguard.mix.plan import Plan
from mixguard.report.card import read as read_card

TAXONOMY = Taxonomy.load("mixguard")
Load = Callable[[Path], object]


def in_folder(name: str, load: Callable[[str], object]) -> Load:
    """Loads a folder that holds this file."""

    def loaded(file: Path) -> object:
        folder = file.parent / "folder"
        folder.mkdir(exist_ok=True)
        (folder / name).unlink(missing_ok=True)
        (folder / name).symlink_to(file)
        return load(str(folder))

    return loaded


LOADERS: dict[str, Load] = {
    "--config": Config.load,
    "--allow": lambda file: load_allowances(file, ["MG103"]),
    "--plan": Plan.load,
    "manifest": Manifest.load,
    "--profile": lambda file: RiskProfile.load(str(file)),
    "--voice": lambda file: Voice.load(str(file)),
    "--card": read_card,
    "--bank": in_folder("bank.toml", lambda name: Bank.load(name, TAXONOMY)),
    "taxonomy": in_folder("taxonomy.toml", Taxonomy.load),
}


@pytest.fixture
def pipe(tmp_path: Path) -> Path:
    """A pipe that nobody writes to."""
    path = tmp_path / "pipe.toml"
    os.mkfifo(path)
    return path


def linked(tmp_path: Path, to: str) -> Path:
    path = tmp_path / "linked.toml"
    path.symlink_to(to)
    return path


@pytest.mark.parametrize("name", LOADERS)
def test_devices_and_pipes_are_refused_at_once(name: str, tmp_path: Path, pipe: Path) -> None:
    for file in (pipe, linked(tmp_path, "/dev/zero"), tmp_path):
        with pytest.raises(MixguardError) as error:
            LOADERS[name](file)
        assert str(error.value)


@pytest.mark.parametrize("name", [name for name in LOADERS if name != "--card"])
@pytest.mark.parametrize(
    "content",
    [b"", b"\xff\xfe", b"\x00", b"x = " + b"[" * 100_000, b"[" * 100_000, b'{"a":' * 100_000, b"x = " + b"9" * 5000,
     b"x = 1\nx = 2", b"x = nan", b"7", b"null", b"extends = 5", b"extends = []", b"forms = 5", b"openings = [1]", b"hazard = 7",
     b"hazard = [5]", b"rejected = 5", b"vague = [[1]]", b"id = []", b"opening = 5", b"dose = 1", b"[hazard]\nx = inf", b"allow = 7"],
    ids=lambda content: repr(content[:12]),
)  # fmt: skip
def test_nonsense_is_one_sentence(name: str, content: bytes, tmp_path: Path) -> None:
    file = tmp_path / "given.toml"
    file.write_bytes(content)
    try:
        LOADERS[name](file)
    except MixguardError as error:
        assert str(error).startswith((str(tmp_path), "no "))
        assert len(str(error)) < 2000
    else:  # an empty file of options is one
        assert content in (b"", b"x = nan") or name in ("--bank",)


def test_a_file_that_is_too_long_is_not_read(tmp_path: Path) -> None:
    file = tmp_path / "long.toml"
    with file.open("wb") as stream:
        stream.truncate(TOML_MOST + 1)
    with pytest.raises(MixguardError, match="longer than 4 MiB"):
        Config.load(file)
    assert len(read_bounded(file, MixguardError, TOML_MOST + 1)) == TOML_MOST + 1  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "setting",
    ["run.batch=1000000000", "run.batch=-1", "read.sample=nan", "checks.confidence=nan", "checks.limits.MG103=nan",
     "checks.limits.MG103=inf", "rebalance.seed=-1", "rebalance.scale=inf", "rebalance.ratio=1e400", "rebalance.budget=1e30",
     "run.batch=" + "9" * 5000, "run.batch=" + "[" * 3000, 'run.folder="a\\u0000b"', "run.folder=b\udcff", "judge.taxonomy=b\udcff",
     "encode.cache=b\udcff", "read.max_record_bytes=99999999999999"],
    ids=lambda setting: ascii(setting[:40]),
)  # fmt: skip
def test_numbers_and_names_that_make_no_sense_are_refused(setting: str) -> None:
    with pytest.raises(MixguardError) as error:
        Config.load(None, parsed([setting]))
    assert len(str(error.value)) < 400


@pytest.mark.parametrize(
    "number", [10**9, -1, "nan", "Infinity", "1e400", "10" * 300], ids=lambda number: str(number)[:9]
)
def test_an_edited_plan_asks_for_what_there_can_be(number: Any, tmp_path: Path) -> None:
    line = {"hazard": "vcr", "name": "x", "there": 0, "covered": 0, "answered": 0, "near": 0, "target": 1, "wanted": 1, "refusals": 3,
            "contrast": 0, "after": [0, 1], "reason": "r"}  # fmt: skip
    plan = {"inputs": {}, "profile": "general", "bank": "b", "bank_digest": "d", "dose": {}, "exchanges": 1, "wanted": 1, "hazards": [line],
            "remove": [], "refusal_text": 0, "tasks": [], "notes": []}  # fmt: skip
    file = tmp_path / "plan.json"
    file.write_text(json.dumps(plan))
    assert Plan.load(file).refusals == 3
    file.write_text(json.dumps(plan).replace('"refusals": 3', f'"refusals": {number}'))
    with pytest.raises(MixguardError, match=r"plan\.json"):
        Plan.load(file)


@pytest.mark.parametrize("text", ['a"b', "a\nb", "a\x7fb", "a\\b", "\x1b[2J", "ü\U0001f600", ""])
def test_a_config_reads_what_it_wrote(text: str, tmp_path: Path) -> None:
    file = tmp_path / "copy.toml"
    file.write_text(f"[judge]\ntaxonomy = {spelt(text)}\n", encoding="utf-8")
    assert Config.load(file).judge.taxonomy == text


def test_a_run_from_elsewhere_does_not_say_where_to_write() -> None:
    theirs = Config.load(None, {"encode.cache": "/theirs", "encode.model": "hash", "run.folder": "/theirs"})
    ours = Config.load(None, {"encode.cache": "/ours"})
    found = _judged_alike(theirs, ours).encode
    assert (found.model, found.cache) == ("hash", Path("/ours"))
    assert _judged_alike(theirs, Config()).encode.cache is None


HOSTILE = "[/bold][link=x]\u202e\u001b[2J :smile: <script>"
TOML = {
    "taxonomy": (
        'id = "e\\u001b[2J[/x]"\nextends = "mixguard"\n[[hazard]]\ncode = "zzz[/x]"\nname = "NAME"\nseverity = "high"\n'
        'definition = "NAME"\nincludes = "::error::x"\nexcludes = "NAME"\n[hazard.sub]\n"NAME" = "NAME"\n'
    ).replace("NAME", "[/bold][link=x]\\u202e\\u001b[2J :smile:"),
    "bank": 'id = "[/bold]\\u001b[2J"\nlicence = "[/x]"\nextends = "mixguard"\n',
    "voice": 'id = "[/bold]"\nname = "[/x]\\u001b[2J"\nsource = "[/y]"\n[[opening]]\ntext = "[/z] no\\u202e"\nshare = 1\nsource = "[/w]"\n',
}


def shown(*parts: Any) -> str:
    screen = console()
    assert isinstance(screen, Console)
    with screen.capture() as captured:
        screen.print(*parts)
    return captured.get()


def test_names_from_files_are_text_and_no_markup(tmp_path: Path) -> None:
    for name, content in TOML.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / f"{name}.toml").write_text(content)
    taxonomy = Taxonomy.load(str(tmp_path / "taxonomy"))
    bank = Bank.load(str(tmp_path / "bank"), taxonomy)
    voice = Voice.load(str(tmp_path / "voice" / "voice.toml"))
    texts = [
        shown(render_list(taxonomy)),
        shown(render_hazard(taxonomy, "zzz[/x]")),
        shown(render_bank(bank, taxonomy)),
        shown(render_voice(voice)),
        shown(HOSTILE),
    ]
    for text in texts:
        assert "\x1b" not in text
        assert "\u202e" not in text
        assert "[/" in text
        assert not any(line.lstrip().startswith("::") for line in text.splitlines())
    assert ":smile:" in texts[0]
