"""Other tools on the same rows, each in a process of its own: CPU seconds, and the count that it must give.

None of them does what an audit does; they are what people run over such corpora. They are optional:

    pip install semhash==0.5.0 dropoutt==1.4.1
    python benchmarks/peers.py NAME CORPUS     # prints JSON; benchmarks/speed.py calls it
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from time import perf_counter, process_time
from typing import Any, NamedTuple

BATCH = 512
"""Texts that the classifier loop takes at a time."""


class Peer(NamedTuple):
    """One tool."""

    does: str
    run: Callable[[Path], dict[str, Any]]
    """Runs it on a corpus; the counts it gives."""


def texts(corpus: Path) -> list[str]:
    """The question and answer of each row."""
    rows = map(json.loads, corpus.read_text().splitlines())
    return [f"{row['question']} {row['answer']}" for row in rows]


def plain(corpus: Path) -> dict[str, Any]:
    """What an audit embeds, by plain `SentenceTransformer.encode`: prompts, and the openings of answers."""
    from mixguard.annotate.stance_model import opening_texts
    from mixguard.annotate.stance_text import plain_text
    from mixguard.config import ReadConfig
    from mixguard.corpus.corpus import Corpus

    embedded: list[str] = []
    for part in Corpus.open([corpus], ReadConfig(), offline=True).parts(2048):
        embedded += part.frame["prompt"].to_list()
        embedded += opening_texts(plain_text(part.frame["response"].fill_null(""))).to_list()
    return {"texts": len(_model().encode(embedded, show_progress_bar=False))}


def semhash(corpus: Path) -> dict[str, Any]:
    """SemHash with the bundled encoder: embed, and drop near-duplicates."""
    from semhash import SemHash

    class Encoder:
        """What SemHash asks of an encoder."""

        def encode(self, sentences: list[str], **_: Any) -> Any:
            return _model().encode(list(sentences), show_progress_bar=False)

    rows = texts(corpus)
    kept = SemHash.from_records(records=rows, model=Encoder()).self_deduplicate()
    return {"rows": len(rows), "kept": len(kept.selected)}


def dropoutt(corpus: Path) -> dict[str, Any]:
    """A scan by dropoutt: heuristics, duplicates, contamination, languages; nothing is embedded."""
    from dropoutt.cli import app
    from typer.testing import CliRunner

    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / corpus.name).write_bytes(corpus.read_bytes())
        out = Path(folder) / "out"
        done = CliRunner().invoke(
            app, ["scan", folder, "--offline", "--workers", "1", "--quiet", "--no-html", "--out", str(out)]
        )
        if done.exception and not isinstance(done.exception, SystemExit):
            raise done.exception
        return {"findings": len((out / "findings.jsonl").read_text().splitlines())}


def classifier(corpus: Path) -> dict[str, Any]:
    """The loop of a corpus classifier: embed a batch, a linear head, keep the label; the head is fitted on our exemplars."""
    import numpy as np
    from sklearn.linear_model import LogisticRegression

    from mixguard.library.taxonomy import Taxonomy

    model, exemplars = _model(), Taxonomy.load("mixguard").exemplars.sample(1000, seed=0)
    head = LogisticRegression(max_iter=200).fit(
        model.encode(exemplars["text"].to_list(), show_progress_bar=False), exemplars["label"] == "violating"
    )
    rows, flagged = texts(corpus), 0
    for start in range(0, len(rows), BATCH):
        found = head.predict_proba(model.encode(rows[start : start + BATCH], show_progress_bar=False))
        flagged += int(np.sum(found[:, 1] >= 0.5))
    return {"rows": len(rows), "flagged": flagged}


PEERS = {
    "plain encode": Peer("embeds prompts and openings of answers", plain),
    "semhash": Peer("embeds and deduplicates", semhash),
    "dropoutt": Peer("scans by heuristics, embeds nothing", dropoutt),
    "classifier loop": Peer("embeds and classifies, as NeMo Curator's classifiers do", classifier),
}


def _model() -> Any:
    from sentence_transformers import SentenceTransformer

    from mixguard.vectors.bundled import bundled_model

    return SentenceTransformer(str(bundled_model()), device="cpu", local_files_only=True)


def main(name: str, corpus: str) -> None:
    """Run one tool and print what it took."""
    clock, cpu = perf_counter(), process_time()
    try:
        found = PEERS[name].run(Path(corpus))
    except ImportError as error:
        found = {"missing": error.name}
    spent = {"cpu_seconds": round(process_time() - cpu, 2), "seconds": round(perf_counter() - clock, 2)}
    print(json.dumps({**spent, **found}))


if __name__ == "__main__":
    main(*sys.argv[1:])
