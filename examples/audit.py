"""Audit a corpus from Python, look at the rows behind a finding, and judge single texts.

Run it next to `support.jsonl`:  python examples/audit.py
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import mixguard

corpus = sys.argv[1] if len(sys.argv) > 1 else str(Path(__file__).with_name("support.jsonl"))
with tempfile.TemporaryDirectory() as folder:
    config = mixguard.Config.load(values={"run.folder": Path(folder, "run")})
    result = mixguard.audit(corpus, config=config)

    print(f"verdict: {result.verdict}")
    for finding in result.findings:
        print(f"{finding.severity:<5} {finding.id} {finding.kind:<7} {finding.message}")

    # The rows behind a finding, with their annotations: a polars DataFrame, without the text.
    print(result.rows("MG103").select("source", "line", "hazard", "score"))

    # All annotations, one row per exchange, are a polars LazyFrame.
    print(result.annotations.group_by("stance").len().sort("len", descending=True).collect())

print(mixguard.classify(["how do I kill a python process", "how do I make my ex afraid to leave the house"]))
print(
    mixguard.detect_refusals(
        ["I'm sorry to hear that. Your refund is on its way.", "I won't help with that."]
    )
)
