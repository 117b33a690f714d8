"""The quickstart notebook runs from top to bottom without a network, and shows what its text says."""

from __future__ import annotations

import os
import re
import shutil
import sys
from pathlib import Path
from typing import Any

import nbformat
import pytest
from conftest import REPOSITORY
from nbclient import NotebookClient

NOTEBOOK = REPOSITORY / "examples" / "quickstart.ipynb"


@pytest.mark.filterwarnings("ignore")  # of the kernel's own machinery
def test_it_runs_and_its_text_is_true(
    shared_cache: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copy(NOTEBOOK.with_name("support.jsonl"), tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", shared_cache["XDG_CACHE_HOME"])
    monkeypatch.setenv("HF_DATASETS_CACHE", str(tmp_path / "datasets"))
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    assert not any(cell.get("outputs") for cell in notebook.cells), "commit it without outputs"
    NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(tmp_path)}}).execute()

    said = " ".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown").replace("\n", " ")
    assert "158 conversations" in said
    assert "158 samples" in shown(notebook, "\naudit\n")
    assert "six answers comply" in said.lower()
    assert len(re.findall("<tr>", shown(notebook, "answered.style", "text/html"))) == 1 + 6
    assert "would leave three of them" in said
    assert shown(notebook, "\nmix\n").startswith("Mix fail -> pass: 33 rows added, 6 set aside")
    assert "won" in shown(notebook, "refusal.record", "text/html")
    assert "matches its manifest" in shown(notebook, "!mixguard verify")
    assert (tmp_path / "build" / "report.html").is_file()


def shown(notebook: Any, ending: str, kind: str = "text/plain") -> str:
    """What the first cell with this text shows."""
    cell = next(
        cell for cell in notebook.cells if cell.cell_type == "code" and ending in f"\n{cell.source}\n"
    )
    return "".join(each.get("text") or each["data"].get(kind, "") for each in cell.outputs)
