"""The contract of every kind of comparison report: reproducible, no answers, hostile strings inert, valid."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from html.parser import HTMLParser
from pathlib import Path

import pytest
import yaml
from comparing import comparison
from huggingface_hub import ModelCard
from releasing import HOSTILE, SECRET, hostile, hostile_texts, release

from mixguard.checkpoint.comparison import Comparison
from mixguard.errors import UsageError
from mixguard.report.comparisons import KINDS, check_name, write

ENDINGS = [ending for ending, _, _ in KINDS]
CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")
BIDIRECTIONAL = re.compile("[\u200b-\u200f\u202a-\u202e\u2066-\u2069]")


def place(folder: Path, ending: str) -> Path:
    return folder / (f"report{ending}" if ending.startswith(".") else ending)


def written(folder: Path, ending: str, made: Comparison) -> str:
    write(made, place(folder, ending), texts=hostile_texts(made))
    return place(folder, ending).read_bytes().decode()


@pytest.mark.parametrize("ending", ENDINGS)
def test_the_same_comparison_gives_the_same_bytes(ending: str, tmp_path: Path) -> None:
    assert written(tmp_path, ending, release()) == written(tmp_path, ending, release())


@pytest.mark.parametrize("ending", ENDINGS)
def test_no_answer_without_texts_and_in_no_other_file_with_them(ending: str, tmp_path: Path) -> None:
    made = comparison()
    assert (SECRET in written(tmp_path, ending, made)) == (ending == ".html")
    place(tmp_path, ending).unlink()
    write(made, place(tmp_path, ending))
    assert SECRET not in place(tmp_path, ending).read_text()


@pytest.mark.parametrize("ending", [ending for ending in ENDINGS if ending != ".json"])
def test_nothing_can_move_or_hide_text(ending: str, tmp_path: Path) -> None:
    text = written(tmp_path, ending, hostile())
    shown = json.dumps(json.loads(text), ensure_ascii=False) if ending in (".sarif", ".eee.json") else text
    assert not CONTROL.search(shown.replace("\n", ""))
    assert not BIDIRECTIONAL.search(shown)


def test_the_document_is_read_back(tmp_path: Path) -> None:
    write(release(), tmp_path / "comparison.json")
    assert Comparison.load(tmp_path / "comparison.json") == release()


class Tags(HTMLParser):
    """Tags of a page, with their attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def test_a_page_has_only_its_own_tags(tmp_path: Path) -> None:
    found = Tags(written(tmp_path, ".html", hostile())).found
    assert [tag for tag, _ in found].count("script") == 2
    assert not {"img", "iframe", "link", "base", "form"} & {tag for tag, _ in found}
    assert not any(name.startswith("on") for _, attributes in found for name in attributes)


def test_markdown_has_no_live_markup(tmp_path: Path) -> None:
    text = written(tmp_path, ".md", hostile())
    assert not re.search(r"(?<!\\)<(?!/?(details|summary)>)", text)
    assert not re.search(r"(?<!\\)\]\(", text)
    assert "::error" not in [line[:7] for line in text.split("\n")]


def test_xml_is_well_formed_and_holds_hostile_names(tmp_path: Path) -> None:
    suite = ET.fromstring(written(tmp_path, ".xml", hostile())).find("testsuite")
    assert suite is not None
    assert all("<script>" in str(case.get("name")) for case in suite.findall("testcase"))


def test_a_card_keeps_its_yaml_and_its_markers(tmp_path: Path) -> None:
    text = written(tmp_path, "README.md", hostile())
    assert yaml.safe_load(text.split("---")[1]) == {"tags": ["mixguard-probed"]}
    assert text.count("<!-- mixguard:model:end -->") == 1
    assert not re.search(r"(?<!\\)<(?!!--)", text.split("mixguard:model:begin -->")[1])
    assert ModelCard(text).data.to_dict()["tags"] == ["mixguard-probed"]  # type: ignore[no-untyped-call]


@pytest.mark.parametrize("name", ["report.txt", "report", "html"])
def test_a_name_that_selects_nothing_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match=re.escape(".eee.json (Every Eval Ever)")):
        check_name(Path(name))


def test_a_file_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match="cannot write this file"):
        write(release(), tmp_path / "file" / "report.md")


def test_the_attack_is_one() -> None:
    assert CONTROL.search(HOSTILE)
    assert BIDIRECTIONAL.search(HOSTILE)
