"""For MkDocs: what pages link to outside `docs/` (examples, cards, CONTRIBUTING) becomes pages of the site, and the links lead there."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

REPOSITORY = Path(__file__).resolve().parent.parent
LINK = re.compile(r"(\]\()([^)\s#]+)(#[^)\s]*)?(\))")
CODE = re.compile(r"^(`{3,}|~{3,})[^\n]*\n.*?^\1$", re.DOTALL | re.MULTILINE)
BINARY, LONGEST = (".safetensors", ".png"), 64 << 10
"""Files of a folder that are named and not shown: these kinds, and those of more bytes."""
LANGUAGES = {".yml": "yaml", ".jsonl": "json", ".sbatch": "bash", ".sh": "bash", "": "make"}


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add a page for each file or folder outside `docs/` that a page links to, and for what those link to."""
    waiting = [(f"docs/{each.src_uri}", each.content_string) for each in files.documentation_pages()]
    while waiting:
        place, text = waiting.pop()
        for target in sorted(_outside(place, text)):
            if files.get_file_from_path(_page(target)) is None:
                told = _told(REPOSITORY / target)
                files.append(File.generated(config, _page(target), content=told))
                waiting.append((_source(_page(target)), told))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Lead links that leave `docs/` to the pages made of what they name."""
    here = page.file.src_uri
    place = _source(here)

    def led(link: re.Match[str]) -> str:
        target = _target(place, link[2])
        if target is None:
            return link[0]
        name = target.removeprefix("docs/") if target.startswith("docs/") else _page(target)
        return f"{link[1]}{posixpath.relpath(name, posixpath.dirname(here) or '.')}{link[3] or ''}{link[4]}"

    return "".join(part if code else LINK.sub(led, part) for code, part in _parts(markdown))


def _parts(markdown: str) -> Iterator[tuple[bool, str]]:
    """Blocks of code and what stands between them."""
    end = 0
    for block in CODE.finditer(markdown):
        yield False, markdown[end : block.start()]
        yield True, block[0]
        end = block.end()
    yield False, markdown[end:]


def _outside(place: str, text: str) -> set[str]:
    links = (link[2] for code, part in _parts(text) if not code for link in LINK.finditer(part))
    found = {target for link in links if (target := _target(place, link))}
    return {target for target in found if not target.startswith("docs/")}


def _target(place: str, link: str) -> str | None:
    """What a link of this file names, from the top of the repository; None for a link to elsewhere, or within `docs/`."""
    if ":" in link:
        return None
    target = posixpath.normpath(posixpath.join(posixpath.dirname(place), link))
    within = place.startswith("docs/") and target.startswith("docs/")
    return target if not within and (REPOSITORY / target).exists() else None


def _page(target: str) -> str:
    """The page made of a file or folder: a folder's is that of its README."""
    path = REPOSITORY / target
    if path.is_dir():
        return f"beside/{target}/README.md"
    return f"beside/{target}" if path.suffix == ".md" else f"beside/{target}.md"


def _source(page: str) -> str:
    """What a page was made of, from the top of the repository."""
    if not page.startswith("beside/"):
        return f"docs/{page}"
    name = page.removeprefix("beside/")
    return name if (REPOSITORY / name).exists() else name.removesuffix(".md")


def _listed(path: Path) -> str:
    """A line of a folder's list: with a link where people would read the file."""
    short = path.suffix not in BINARY and path.stat().st_size <= LONGEST
    return f"- [{path.name}]({path.name})" if short else f"- `{path.name}`"


def _told(path: Path) -> str:
    """A file as a page: Markdown as it is, with the other files of its folder below; anything else as code."""
    name = path.relative_to(REPOSITORY).as_posix()
    if path.suffix == ".md" and path.name != "README.md":
        return path.read_text(encoding="utf-8")
    if path.suffix == ".md":
        path = path.parent
    if path.is_dir():
        readme = path / "README.md"
        head = readme.read_text(encoding="utf-8") if readme.is_file() else f"# {name}\n"
        if path == REPOSITORY:
            return head
        rest = [each for each in sorted(path.iterdir()) if each.is_file() and each != readme]
        return "\n".join([head, "## Files", "", *map(_listed, rest), ""])
    language = LANGUAGES.get(path.suffix, path.suffix[1:])
    text = path.read_text(encoding="utf-8").rstrip("\n")
    return f"# {path.name}\n\n`{name}`\n\n``````{language}\n{text}\n``````\n"
