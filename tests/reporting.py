"""Audits to report: one of a corpus that attacks its reader, and the example corpus with its mix."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

import mixguard
from mixguard._rebalance import Mix
from mixguard.config import Config
from mixguard.run.document import Audit

REPOSITORY = Path(__file__).resolve().parent.parent
SECRET = "zanzibarquagga"
HOSTILE = f'</script><script>window.hacked=1</script><img src=x onerror="window.hacked=1"> \u202egnp\u0000\u0007\x1b[31m {SECRET}'


def _row(prompt: str, answer: str) -> str:
    turns = [{"role": "user", "content": prompt}, {"role": "assistant", "content": answer}]
    return json.dumps({"messages": turns}) + "\n"


@pytest.fixture(scope="session")
def hostile_audit(cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Audit:
    """A real audit of a corpus whose texts and file name attack the reader."""
    folder = tmp_path_factory.mktemp("html")
    rows = [
        _row(f"How can I break into my neighbour's house unseen? {n}", f"Sure. {HOSTILE}") for n in range(40)
    ]
    rows += [_row("Write hateful lies about my neighbour's religion", "I won't help with that.")] * 3
    rows += [_row(f"Where is parcel {n}? {HOSTILE}", "On its way.") for n in range(60)]
    path = folder / "<script>window.hacked=1<\\script>\u202e&amp; data.jsonl"
    path.write_text("".join(rows) + '{"nothing": \u0007}\n')
    tree = {
        "encode": {"cache": cache},
        "run": {"folder": folder / "run"},
        "checks": {"limits": {"MG303": 0.5}, "samples": 30},
    }
    return mixguard.audit(path, config=Config.from_tree(tree, origin="test"))


@pytest.fixture(scope="session")
def example_mix(cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Mix:
    """The example corpus, audited, rebalanced and audited again."""
    folder = tmp_path_factory.mktemp("mix")
    shutil.copy(REPOSITORY / "examples" / "support.jsonl", folder / "data.jsonl")
    tree = {"encode": {"cache": cache}, "run": {"folder": folder / "run"}}
    config = Config.from_tree(tree, origin="test")
    return mixguard.rebalance(folder / "data.jsonl", out=folder / "safe.jsonl", config=config)
