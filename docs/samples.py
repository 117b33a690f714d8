"""Samples of output on the pages: what is shown beside a command is what it prints.

A page is followed from top to bottom, in a folder with the example corpus as `data.jsonl` and a copy of `examples/`:

- a block ```` ```sh ```` is run; ```` ```console ```` is not, since it needs a server, a bucket, another machine or minutes;
- `<!-- sample: 3, MG103 +2 -->` above a block ```` ```text ```` says which lines of what was printed last it shows: the first three, then
  the first line that holds `MG103` and two more; `all` is everything. `...` stands for what is left out;
- `<!-- sample: varies, 5 -->`: what the machine decides, so that only the command is tried;
- `<!-- file: ours.jsonl -->` above a block: the block is that file; `<!-- before: COMMAND; COMMAND -->` runs commands unseen;
- `# exits 1` after a command: its exit code; without it 0, 1 and 4 will do;
- `<!-- slow: 40 s -->` above a block `sh`: tests leave it out, with its sample.

`python docs/generate.py --samples` writes all of them again; `tests/test_samples.py` finds those that are no longer true.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

DOCS = Path(__file__).resolve().parent
REPOSITORY = DOCS.parent
RUN = ("mixguard", "jq")
SETS_UP = ("pip", "git", "cd", "cp", "mkdir", "python", "source", "make")
"""Programs of a block `sh` that are not run here; any other must be in RUN."""
COLUMNS = "90"
CUT = "..."
PIECE = re.compile(
    r"^<!-- (?P<kind>sample|file|before|slow): (?P<told>.*?) -->$|^```(?P<language>\w+)\n(?P<text>.*?)^```$",
    re.DOTALL | re.MULTILINE,
)
VOLATILE = (
    (r"\d{4}-\d\d-\d\d(T[\d:.]+Z?)?", "DATE"),
    (r"\b(?=\w*\d)(?=\w*[a-f])[0-9a-f]{8,64}\b", "DIGEST"),
    (r"\d+(\.\d+)+", "#"),
    (r"\b\d+ (s|min|bytes|[KMG]i?B)\b", "# \\1"),
    (r"[─━-]{3,}", "---"),
    (r"\s+", " "),
)
"""What a machine, its speed or the day may change."""


class Done(NamedTuple):
    """What a command left, by the names of `subprocess.CompletedProcess`."""

    returncode: int
    stdout: str
    stderr: str


Run = Callable[[list[str]], Done]
"""Runs mixguard or jq, with its arguments."""


class SampleError(Exception):
    """A page cannot be followed: page, what, and what to do."""


class Sample(NamedTuple):
    """A block that shows what was printed."""

    start: int
    end: int
    shown: str
    printed: str
    varies: bool
    wrong: str = ""

    @property
    def true(self) -> bool:
        """Whether the page shows what was printed, but for what may change."""
        return not self.wrong and (self.varies or steady(self.shown) == steady(self.printed))


def pages() -> list[Path]:
    """The pages that are followed: those with a block `sh`."""
    found = [REPOSITORY / "README.md", *sorted(DOCS.glob("*.md")), *sorted((DOCS / "samples").glob("*.md"))]
    return [
        page for page in found if "\n```sh\n" in page.read_text(encoding="utf-8") and page.name != "cli.md"
    ]


def place(folder: Path) -> None:
    """Put what pages start from into a folder."""
    shutil.copytree(
        REPOSITORY / "examples", folder / "examples", ignore=shutil.ignore_patterns("__pycache__")
    )
    shutil.copy(REPOSITORY / "examples" / "support.jsonl", folder / "data.jsonl")


def follow(page: str, folder: Path, run: Run, *, slow: bool = True) -> Iterator[Sample]:
    """Run a page's commands in order, and give its samples with what was printed; its slow ones only if asked for.

    Raises:
        SampleError: a block holds what is not run, or a sample asks for a line that was not printed.
    """
    printed: str | None = None
    for kind, told, piece in _noted(page):
        if kind == "file":
            (folder / told).write_text(piece["text"], encoding="utf-8")
    for kind, told, piece in _noted(page):
        if kind == "before":
            _run(told.split("; "), run)
        elif piece["language"] == "sh":
            left_out = kind == "slow" and not slow
            printed = None if left_out else _run(piece["text"].splitlines(), run)
        elif kind == "sample" and printed is not None:
            yield _sample(piece, told, printed.replace(str(folder), "."))


def _noted(page: str) -> Iterator[tuple[str, str, re.Match[str]]]:
    """Each block with the kind and the text of the comment above it, and each `before` by itself."""
    kind, told = "", ""
    for piece in PIECE.finditer(page):
        if piece["language"] is not None or piece["kind"] == "before":
            yield piece["kind"] or kind, piece["told"] or told, piece
            kind, told = "", ""
        else:
            kind, told = piece["kind"], piece["told"]


def _run(lines: Sequence[str], run: Run) -> str:
    """What the commands among these lines print; what follows `&&` is not ours."""
    printed = ""
    for line in "\n".join(lines).replace("\\\n", " ").splitlines():
        words = shlex.split(line.partition("&&")[0], comments=True)
        if words and words[0] in RUN:
            done = run(words)
            told = re.search(r" # exits (\d)", line)
            if done.returncode not in ((int(told[1]),) if told else (0, 1, 4)):
                raise SampleError(f"{shlex.join(words)}: exit code {done.returncode}\n{done.stderr}")
            printed += done.stdout
        elif words and words[0] not in SETS_UP:
            raise SampleError(f"{line!r} is in a block `sh` and is not run: make it a block `console`")
    return printed


def _sample(piece: re.Match[str], told: str, printed: str) -> Sample:
    varies, start, end = told.startswith("varies, "), piece.start("text"), piece.end("text")
    try:
        lines = cut(printed, told.removeprefix("varies, "))
    except SampleError as error:
        return Sample(start, end, piece["text"], piece["text"], varies, str(error))
    return Sample(start, end, piece["text"], "\n".join(lines) + "\n", varies)


def cut(printed: str, told: str) -> list[str]:
    """The lines of a sample, as its comment says."""
    lines = [line.rstrip() for line in printed.strip("\n").splitlines()]
    if told == "all":
        return lines
    kept: list[str] = []
    place = 0
    for part in told.split(", "):
        start, more = (place, int(part) - 1) if part.isdigit() else _found(lines, place, part)
        end = min(start + more + 1, len(lines))
        kept += [CUT] * (start > place) + lines[start:end]
        place = max(place, end)
    return kept + [CUT] * (place < len(lines))


def _found(lines: list[str], place: int, part: str) -> tuple[int, int]:
    text, _, more = part.partition(" +")
    for number in range(place, len(lines)):
        if text in lines[number]:
            return number, int(more or 0)
    raise SampleError(f"`sample: {part}`: no line holds {text!r}; change the comment above the sample")


def steady(text: str) -> str:
    """Text without what a machine, its speed, the day or the width of its terminal may change."""
    for pattern, instead in VOLATILE:
        text = re.sub(pattern, instead, text)
    return text.strip()


def sections(page: str) -> dict[str, str]:
    """The sections of a page by heading, without the comments that say how samples are made."""
    told = re.sub(r"^<!-- .*? -->\n\n?", "", page, flags=re.MULTILINE)
    parts = (part.partition("\n") for part in told.split("\n## ")[1:])
    return {heading: text.strip() for heading, _, text in parts}


def rewrite(only: Sequence[str] = ()) -> int:
    """Follow the pages, or those of these names, in processes with an empty cache, and write again each sample that is no longer true."""
    code = 0
    with tempfile.TemporaryDirectory() as cache, tempfile.TemporaryDirectory() as first:
        place(Path(first))
        _process(Path(first), Path(cache))(["mixguard", "audit", "data.jsonl"])  # fills the cache
        for page in pages():
            if not only or page.name in only:
                wrong = _rewrite(page, Path(cache))
                sys.stderr.writelines(f"{page.name}: {each}\n" for each in wrong)
                code = code or int(bool(wrong))
    return code


def _rewrite(page: Path, cache: Path) -> list[str]:
    """What is wrong on a page; its other samples are written."""
    text = page.read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory() as name:
        place(Path(name))
        try:
            samples = list(follow(text, Path(name), _process(Path(name), cache)))
        except SampleError as error:
            return [str(error)]
    for sample in reversed(samples):
        if sample.varies or not _as_before(sample):
            text = text[: sample.start] + sample.printed + text[sample.end :]
    page.write_text(text, encoding="utf-8")
    return [sample.wrong for sample in samples if sample.wrong]


def _as_before(sample: Sample) -> bool:
    """Whether nothing but seconds, dates and the like changed, line by line: then the page stays as it is."""
    shown, printed = sample.shown.splitlines(), sample.printed.splitlines()
    return list(map(steady, shown)) == list(map(steady, printed))


def _process(folder: Path, cache: Path) -> Run:
    """Runs commands in processes of their own, in a folder, with that folder for the cache."""
    start = [sys.executable, "-c", "from mixguard.cli import main; main()"]
    environment = {
        **os.environ,
        "COLUMNS": COLUMNS,
        "PYTHONPATH": os.pathsep.join([str(REPOSITORY), os.environ.get("PYTHONPATH", "")]),
        "XDG_CACHE_HOME": str(cache),
    }

    def run(command: list[str]) -> Done:
        full = [*start, *command[1:]] if command[0] == "mixguard" else command
        done = subprocess.run(full, cwd=folder, env=environment, capture_output=True, text=True, check=False)
        return Done(done.returncode, done.stdout.replace(str(cache), "~/.cache"), done.stderr)

    return run
