"""Draw the pictures of the README and the docs: `python docs/pictures.py`."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console, RenderableType

import mixguard
from mixguard.console.audit import render
from mixguard.console.plan import render_mix, render_plan
from mixguard.report import html
from mixguard.report.html import comparison

HERE = Path(__file__).resolve().parent


def main() -> None:
    """Audit and rebalance the example corpus, and draw what the terminal shows."""
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(HERE.parent / "examples", Path(folder, "examples"))
        os.chdir(folder)  # so that names are short and reveal no folder
        result = mixguard.audit("examples/support.jsonl")
        draw("audit", "mixguard audit examples/support.jsonl", render(result))
        mix = mixguard.rebalance("examples/support.jsonl", out=Path("support.safe.jsonl"))
        command = "mixguard rebalance examples/support.jsonl -o support.safe.jsonl"
        draw("rebalance", command, render_plan(mix.plan), "", render_mix(mix, Path("support.safe.jsonl")))
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
    console = Console(record=True, width=104, file=io.StringIO(), highlight=False)
    for part in shown:
        console.print(part)
    console.save_svg(str(HERE / "pictures" / f"{name}.svg"), title=command)


def photograph(name: str, page: bytes, height: int = 1752) -> None:
    """Take a picture of the top of a page with Chromium, so many pixels high."""
    chromium = shutil.which("chromium")
    if chromium is None:
        raise SystemExit("the picture of the HTML report needs chromium")
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "report.html")
        file.write_bytes(page)
        switches = (
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--no-first-run",
            "--disable-background-networking",
        )
        subprocess.run(
            [
                chromium,
                *switches,
                "--hide-scrollbars",
                f"--window-size=1180,{height}",
                "--virtual-time-budget=3000",
                f"--user-data-dir={folder}/profile",
                f"--screenshot={HERE / 'pictures' / f'{name}.png'}",
                file.as_uri(),
            ],
            check=True,
            capture_output=True,
        )


if __name__ == "__main__":
    main()
