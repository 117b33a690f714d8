"""Draw the pictures of the README and the docs: `python docs/pictures.py`."""

from __future__ import annotations

import io
import os
import re
import shutil
import subprocess
import sys
import tempfile
from datetime import date
from pathlib import Path

from rich.console import Console, RenderableType

import mixguard
from mixguard.console.audit import render
from mixguard.report import html
from mixguard.report.html import comparison
from mixguard.review.opening import open_review
from mixguard.review.page import page as review_page
from mixguard.review.queue import Filter
from mixguard.review.routes import routes
from mixguard.review.server import Site, serving
from mixguard.review.session import Places

HERE = Path(__file__).resolve().parent


def main() -> None:
    """Audit and rebalance the example corpus, and draw what the terminal shows."""
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(HERE.parent / "examples", Path(folder, "examples"))
        os.chdir(folder)  # so that names are short and reveal no folder
        result = mixguard.audit("examples/support.jsonl")
        draw("audit", "mixguard audit examples/support.jsonl", render(result))
        photograph_review(result)
        mix = mixguard.rebalance("examples/support.jsonl", out=Path("support.safe.jsonl"))
        if mix.after is not None:
            photograph("report", html.render(mix.after, mix.manifest, show_text=True))
        photograph("comparison", comparison.render(compared()), height=1260)
        os.chdir(HERE)


def compared() -> mixguard.Comparison:
    """The two simulated models, compared."""
    for name in ("base", "tuned"):
        command = ("probe", "--demo", name, "-o", f"{name}.probe")
        subprocess.run(
            [sys.executable, "-c", "from mixguard.cli import main; main()", *command],
            check=True,
            capture_output=True,
        )
    return mixguard.compare("base.probe", "tuned.probe")


def draw(name: str, command: str, *shown: RenderableType) -> None:
    """Write what is printed as a picture."""
    console = Console(record=True, width=88, file=io.StringIO(), highlight=False)
    for part in shown:
        console.print(part, crop=False)
    console.print()  # the picture ends within its last line
    drawn = re.sub(r"@font-face \{.*?\}\s*", "", console.export_svg(title=command), flags=re.DOTALL)
    (HERE / "pictures" / f"{name}.svg").write_text(drawn, encoding="utf-8")  # without fonts from the network


def photograph(name: str, page: bytes, height: int = 1752) -> None:
    """Take a picture of the top of a page with Chromium, so many pixels high."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "report.html")
        file.write_bytes(page)
        snap(name, file.as_uri(), height)


def photograph_review(audit: mixguard.Audit) -> None:
    """Take a picture of the page of a review that begins."""
    places = Places(Path("mixguard.allow.toml"), Path("mixguard.aside.toml"), date.max, None)
    opened = open_review(audit, "ada@example.org", places, kept=Filter())
    made = review_page()
    with serving(Site(made.content, made.policy, routes(opened.session, opened.kept))) as address:
        snap("review", address, height=640)


def snap(name: str, address: str, height: int) -> None:
    """Take a picture of what is at an address."""
    chromium = shutil.which("chromium")
    if chromium is None:
        raise SystemExit("pictures of pages need chromium")
    switches = (
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--no-first-run",
        "--disable-background-networking",
    )
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(
            [
                chromium,
                *switches,
                "--hide-scrollbars",
                f"--window-size=1180,{height}",
                "--virtual-time-budget=3000",
                f"--user-data-dir={folder}",
                f"--screenshot={HERE / 'pictures' / f'{name}.png'}",
                address,
            ],
            check=True,
            capture_output=True,
        )


if __name__ == "__main__":
    main()
