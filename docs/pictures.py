"""Make the pictures of the README: `python docs/pictures.py`."""

from __future__ import annotations

import io
import os
import tempfile
from pathlib import Path

from rich.console import Console

import mixguard
from mixguard.report.terminal import render

HERE = Path(__file__).resolve().parent


def main() -> None:
    """Audit the example corpus and draw the terminal report."""
    os.chdir(HERE.parent)
    with tempfile.TemporaryDirectory() as folder:
        result = mixguard.audit(
            "examples/support.jsonl",
            config=mixguard.Config.load(overrides=[f"run.folder={folder}/mixguard-run"]),
        )
    shown = result.model_copy(update={"folder": Path("mixguard-run")})
    console = Console(record=True, width=104, file=io.StringIO(), highlight=False)
    console.print(render(shown))
    console.save_svg(str(HERE / "pictures" / "audit.svg"), title="mixguard audit examples/support.jsonl")


if __name__ == "__main__":
    main()
