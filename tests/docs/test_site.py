"""The pages as a site, and as files of the repository: every link leads somewhere, and nothing comes from the network."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from conftest import REPOSITORY

DOCS = REPOSITORY / "docs"
PAGES = sorted([*REPOSITORY.glob("*.md"), *DOCS.glob("*.md")])
LOADED = re.compile(
    r"<(?:script|link|img|iframe|source|object|embed)\b[^>]*?\b(?:src|href|data)=[\"']?([^\"'\s>]+)"
)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built without a warning."""
    folder = tmp_path_factory.mktemp("site")
    build = [sys.executable, "-m", "mkdocs", "build", "--quiet", "--strict", "--site-dir", str(folder)]
    environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    done = subprocess.run(build, cwd=REPOSITORY, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "WARNING" not in done.stderr, done.stderr
    return folder


def test_the_site_loads_nothing_from_elsewhere(site: Path) -> None:
    pages = list(site.rglob("*.html"))
    assert len(pages) > 80
    for page in pages:
        loaded = LOADED.findall(page.read_text(encoding="utf-8"))
        assert [name for name in loaded if "//" in name] == [], page.name
    for sheet in [*site.rglob("*.css"), *site.rglob("*.svg")]:
        assert not re.findall(
            r"(?:url\(|@import)[\s\"']*(?:https?:)?//", sheet.read_text(encoding="utf-8")
        ), sheet.name


def test_tables_and_lists_are_drawn_as_such(site: Path) -> None:
    """What GitHub takes for a table or a list and MkDocs does not stays as it was typed."""
    for page in site.rglob("*.html"):
        text = re.sub(r"<(pre|code)\b.*?</\1>", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
        typed = [
            each
            for each in re.findall(r"<p>(.*?)</p>", text, re.DOTALL)
            if re.search(r"^\s*(- |\|)", each, re.MULTILINE)
        ]
        assert typed == [], page.name
        assert "```" not in text, page.name


def test_files_beside_the_pages_are_pages_too(site: Path) -> None:
    made = (site / "beside" / "examples" / "dvc" / "dvc.yaml.html").read_text(encoding="utf-8")
    assert "stages:" in re.sub(r"<[^>]+>", "", made)
    assert 'href="beside/examples/dvc/dvc.yaml.html"' in (site / "ci.html").read_text(encoding="utf-8")
    readme = (site / "beside" / "index.html").read_text(encoding="utf-8")
    assert 'href="../quickstart.html"' in readme
    assert 'src="../pictures/report.png"' in readme


def test_every_page_is_in_the_index_and_in_the_navigation() -> None:
    names = {page.name for page in DOCS.glob("*.md")} - {"README.md"}
    assert names <= set(_links(DOCS / "README.md"))
    navigation = (REPOSITORY / "mkdocs.yml").read_text(encoding="utf-8").partition("\nnav:")[2]
    told = yaml.safe_load(navigation)
    assert names <= set(re.findall(r"[\w-]+\.md", repr(told)))


def test_every_picture_is_on_a_page() -> None:
    shown = {
        Path(name).name
        for page in PAGES
        for name in re.findall(r"!\[[^\]]*\]\(([^)]+)\)", page.read_text(encoding="utf-8"))
    }
    assert {picture.name for picture in (DOCS / "pictures").iterdir()} <= shown


def test_the_readme_is_short_and_its_pictures_are_there() -> None:
    text = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    assert len(text.splitlines()) < 120
    assert len(re.findall(r"!\[", text)) == 1


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(REPOSITORY)))
def test_links_lead_somewhere(page: Path) -> None:
    for target in _links(page):
        name, _, anchor = target.partition("#")
        other = (page.parent / name).resolve() if name else page
        assert other.exists(), f"{page.name}: {target}"
        if anchor and other.suffix == ".md":
            assert anchor in _anchors(other), f"{page.name}: {target}"


def _prose(page: Path) -> str:
    text = page.read_text(encoding="utf-8")
    return re.sub(r"^```.*?^```$", "", text, flags=re.DOTALL | re.MULTILINE)


def _links(page: Path) -> list[str]:
    found = re.findall(r"\]\(([^)\s]+)\)", _prose(page))
    return [target for target in found if not target.startswith(("http:", "https:"))]


def _anchors(page: Path) -> set[str]:
    """Anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", _prose(page), re.MULTILINE)
    named = re.findall(r'<a id="([^"]+)">', _prose(page))
    return {re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-") for heading in headings} | {
        *named
    }
