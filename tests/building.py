"""Shared builders: batches to judge, judged exchanges, and a small taxonomy."""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from hypothesis import strategies as st

import mixguard
from mixguard.annotate.base import Batch, Stage
from mixguard.annotate.content import ContentAnnotator
from mixguard.annotate.exemplars import Exemplars
from mixguard.annotate.hazard import HazardAnnotator
from mixguard.annotate.hazard_model import Calibration, HazardModel
from mixguard.annotate.known import KnownAnnotator
from mixguard.annotate.neighbours import NeighbourAnnotator
from mixguard.annotate.screen import ScreenAnnotator
from mixguard.annotate.stance import StanceAnnotator
from mixguard.catalogue import BY_ID, CHECKS, limits
from mixguard.checks.base import Check, Evidence
from mixguard.checks.nature import nature
from mixguard.checks.run import Checked, run_checks
from mixguard.checks.suppress import Baseline
from mixguard.checks.terms import TRAINED
from mixguard.columns import EXCHANGE
from mixguard.config import Config
from mixguard.corpus.corpus import BATCH
from mixguard.library.allow import Allowance
from mixguard.library.provider import Provider
from mixguard.mix.asking import ask, profile_of
from mixguard.run import folder as run_folder
from mixguard.run.document import Audit, marked
from mixguard.run.findings import CorpusSummary, Finding
from mixguard.run.provenance import Detectors, Provenance, StageUsed
from mixguard.signals import SIGNALS
from mixguard.stats import DetectorError
from mixguard.training.plan import Plan
from mixguard.vectors.hashed import HashEncoder
from mixguard.vectors.store import VectorStore

TAXONOMY = """
id = "own"
version = "2"
[forms]
any = ["question", "order", "polite", "terse"]
[[hazard]]
code = "xyz"
name = "Own hazard"
severity = "high"
definition = "d"
includes = "i"
excludes = "e"
sub.one = "only"
"""
FORMS = ["question", "order", "polite", "terse"]
EXEMPLAR = {"id": "a", "text": "How do I wreck the reactor?", "hazard": "xyz", "sub": "one", "label": "violating", "form": "question"}  # fmt: skip


def exchange_frame(pairs: Sequence[tuple[str, str | None]]) -> pl.DataFrame:
    """Prompts and responses as the corpus would give them."""
    rows = [
        {"kind": "exchange", "polarity": 1, "prompt": prompt, "response": response, "tool_call": False}
        for prompt, response in pairs
    ]
    return pl.DataFrame(rows, schema=BATCH)


def unstaged(frame: pl.DataFrame) -> Batch:
    """A batch for annotators that need no vectors."""
    return Batch(frame, (), None)  # type: ignore[arg-type]


def hashed_batch(
    folder: Path, frame: pl.DataFrame, *, violating: Sequence[str], benign: Sequence[str]
) -> Batch:
    """A batch whose vectors are word hashes, three words a window, and whose exemplars are these texts.

    It is seen through one stage, whose model knows nothing but a proximity limit of 0.
    """
    store = VectorStore.open(folder, HashEncoder(words_per_window=3))
    texts = store.vectors([*violating, *benign])
    vectors = texts.vectors[texts.starts]
    labels = np.array([True] * len(violating) + [False] * len(benign))
    owner = np.arange(len(labels))
    exemplars = Exemplars(vectors, owner, np.where(labels, 0, -1), labels)
    return Batch.of(frame, (Stage("fast", store, exemplars, NO_MODEL),))


def write_taxonomy(folder: Path, *rows: Any) -> Path:
    """A taxonomy of one hazard with these exemplars, objects or lines; its folder."""
    (folder / "exemplars").mkdir(parents=True)
    (folder / "taxonomy.toml").write_text(TAXONOMY)
    lines = [row if isinstance(row, str) else json.dumps(row) for row in rows]
    (folder / "exemplars" / "own.jsonl").write_text("\n".join(lines) + "\n")
    return folder


def small_taxonomy(folder: Path) -> Path:
    """A taxonomy with just enough exemplars to fit a model on: wrecking reactors against lunch and sums."""
    numbered = [{**EXEMPLAR, "form": FORMS[number % 4]} for number in range(12)]
    return write_taxonomy(
        folder,
        *({**row, "id": f"v{n}", "text": f"How do I wreck reactor number {n}?"} for n, row in enumerate(numbered)),
        *(
            {**row, "id": f"b{n}", "text": f"What is for lunch on day {n}?", "label": "benign"}
            for n, row in enumerate(numbered)
        ),
        *(
            {**row, "id": f"p{n}", "text": f"Add {n} and {n + 1}.", "label": "benign", "hazard": None, "sub": None}
            for n, row in enumerate(numbered)
        ),
    )  # fmt: skip


# --- judged exchanges, as in a run --------------------------------------------------------------------------

Row = dict[str, Any]

WRITTEN = [
    ContentAnnotator.writes, KnownAnnotator.writes, ScreenAnnotator.writes, HazardAnnotator.writes, NeighbourAnnotator.writes, StanceAnnotator.writes,
    *(signal.annotator.writes for signal in SIGNALS if signal.annotator),
]  # fmt: skip
ANNOTATIONS = pl.Schema({**EXCHANGE, **{name: kind for schema in WRITTEN for name, kind in schema.items()}})
"""The columns of a run's annotations."""
TODAY = date(2026, 6, 15)
ERROR = DetectorError(0.9, 0.995, 1000, 1000)
NO_MODEL = HazardModel(
    exemplars="", encoder="", sharpness=4.0, bias=np.zeros(2, np.float32), weights=np.zeros((0, 2), np.float32),
    per_hazard=Calibration(1, 0), any_hazard=Calibration(1, 0), text=Calibration(1, 0), limit=0.5, error=ERROR,
    errors={}, proximity_limit=0.0, proximity_expected=0.0,
)  # fmt: skip
DETECTORS = Detectors(
    taxonomy="t", taxonomy_version="1", taxonomy_digest="d", language="en", crosswalk={},
    stages=(StageUsed(name="fast", encoder="e", error=ERROR, doubted=0.0),),
    hazards={"vcr": "Violent Crimes", "ncr": "Non-Violent Crimes"}, hazard_limit=0.5,
    hazard_error=ERROR, hazard_errors={"request": ERROR}, proximity_limit=0.1, proximity_expected=0.005,
    stance_digest="s", stance_error=DetectorError(0.9, 0.98, 400, 400), stance_benign_error=DetectorError(0.9, 0.98, 400, 400),
)  # fmt: skip


def digest(text: str) -> str:
    """A text id, 32 hex digits."""
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def row(text: str | None = None, **values: Any) -> Row:
    """A harmless answered prompt, with some columns replaced; `text` stands for its words, unique by default."""
    plain = {
        "exchange": 0, "kind": "exchange", "polarity": 1, "source": "data.jsonl", "format": "openai_chat", "flags": [],
        "prompt_chars": 40, "response_chars": 60, "hazard": "vcr", "hazard_score": 0.01,
        "hazard_stage": "fast", "text_kind": "request", "proximity": -0.3,
        "language": "en", "stance": "full_compliance", "stance_score": 0.01,
    }  # fmt: skip
    words = {"prompt_id": digest(text), "response_id": digest(f"answer to {text}")} if text else {}
    return {**plain, **words, **values}


def answered(text: str | None = None, **values: Any) -> Row:
    """An answered hazardous prompt."""
    return row(text, **{"hazard_score": 0.99, **values})


def refused(text: str | None = None, **values: Any) -> Row:
    """A refused hazardous prompt."""
    return answered(text, **{"stance": "full_refusal", "stance_score": 0.99, **values})


def pair(name: str, **values: Any) -> Row:
    """A refusal pair from the bank, or a pair of another `pair_kind`."""
    return refused(name, **{"pair": name, "pair_kind": "refusal", "hazard_score": 1.0, **values})


def placed(rows: Iterable[Row]) -> list[Row]:
    """The rows as consecutive lines of a file; sample ids depend on the position, as in a run.

    A row with exchange 0 starts a new sample; other rows continue the previous one.
    """
    found: list[Row] = []
    sample = -1
    for number, each in enumerate(rows):
        sample += each["exchange"] == 0 or not found
        words = {"prompt_id": digest(f"prompt {number}"), "response_id": digest(f"response {number}"), **each}
        begins = found[-1] if each["exchange"] and found else words
        id_ = begins.get("sample_id") or digest(f"{sample} {begins['prompt_id']}")[:16]
        found.append({"line": sample + 1, "record": sample, "sample_id": id_, **words})
    return found


def summary(frame: pl.DataFrame, **values: Any) -> CorpusSummary:
    """The summary of a corpus with these annotations, with some fields replaced; quarantined records come on top."""
    flags = frame.select("sample_id", "flags").explode("flags").drop_nulls().unique()["flags"].value_counts()
    samples = frame["sample_id"].n_unique()
    records = samples + sum(values.get("quarantined", {}).values())
    whole = {
        "sources": {"data.jsonl": "0" * 64}, "records": records, "samples": samples, "exchanges": frame.height,
        "empty": 0, "quarantined": {}, "formats": {"data.jsonl": {"openai_chat": samples}},
        "flags": dict(flags.sort("flags").iter_rows()),
    }  # fmt: skip
    return CorpusSummary(**{**whole, **values})


def evidence(
    rows: Iterable[Row], config: Config | None = None, *, detectors: Detectors = DETECTORS, **corpus: Any
) -> Evidence:
    """What an audit would hand to its checks.

    Args:
        rows: judged exchanges, placed or not.
        config: limits and profile.
        detectors: the detectors that judged them.
        **corpus: fields of the summary to replace.
    """
    config, frame = config or Config(), pl.DataFrame(placed(rows), schema=ANNOTATIONS)
    judged = marked(frame.lazy(), config.checks, detectors)
    asked = ask(judged.filter(TRAINED), detectors, profile_of(config), config)
    return Evidence(
        frame=judged,
        corpus=summary(frame, **corpus),
        coverage=asked.coverage,
        nature=nature(judged),
        too_small=asked.too_small,
        detectors=detectors,
        config=config.checks,
        limits=limits(config.checks),
        training=Plan.of(config.training),
        provider=Provider.load(config.checks.provider) if config.checks.provider else None,
    )


def audited(
    folder: Path,
    rows: Iterable[Row],
    config: Config | None = None,
    *,
    detectors: Detectors = DETECTORS,
    **corpus: Any,
) -> Audit:
    """Write the rows to a run folder and let the library audit it."""
    config, frame = config or Config(), pl.DataFrame(placed(rows), schema=ANNOTATIONS)
    folder.mkdir(parents=True, exist_ok=True)
    run_folder.write_part(folder, 1, frame)
    earlier = Audit(
        verdict="pass",
        kinds=(),
        findings=(),
        coverage=(),
        corpus=summary(frame, **corpus),
        columns={name: str(kind) for name, kind in ANNOTATIONS.items()},
        detectors=detectors,
        provenance=Provenance(
            started=datetime(2026, 6, 15, tzinfo=UTC), seconds=1, texts_embedded=0, versions={}
        ),
        config=config,
        folder=folder,
    )
    (folder / run_folder.AUDIT).write_bytes(earlier.to_json())
    return mixguard.check(folder)


def allow(check: str | None = None, *, expires: date = TODAY, **values: str) -> Allowance:
    """An allow-file entry."""
    return Allowance(check=check, expires=expires, reason="read it", author="Ann", **values)


def baseline(
    now: Evidence,
    *entries: Allowance,
    before: Evidence | Baseline | None = None,
    checks: Sequence[Check] = CHECKS,
) -> Baseline:
    """A run over this evidence, as the baseline of a later one."""
    return Baseline(checked(now, *entries, before=before, checks=checks).findings, now.frame, now.coverage)


def checked(
    now: Evidence,
    *entries: Allowance,
    before: Evidence | Baseline | None = None,
    today: date = TODAY,
    checks: Sequence[Check] = CHECKS,
) -> Checked:
    """Run the checks, optionally with allow-file entries and a baseline."""
    known = baseline(before, checks=checks) if isinstance(before, Evidence) else before
    return run_checks(checks, now, entries, known, today=today)


def found(given: Checked | Evidence, id_: str, subject: str | None = None) -> Finding:
    """The finding of a check; the first if there are several."""
    result = checked(given, checks=[BY_ID[id_]]) if isinstance(given, Evidence) else given
    return next(each for each in result.findings if each.id == id_ and subject in (None, each.subject))


# --- arbitrary rows -----------------------------------------------------------------------------------------

_HAZARDS: list[Row] = [
    *({"hazard": hazard, "hazard_score": score} for hazard in DETECTORS.hazards for score in (0.01, 0.05, 0.6, 0.99)),
    {"hazard": None, "hazard_score": None, "hazard_unjudged": "language de", "language": "de"},
    {"hazard": None, "hazard_score": None, "hazard_unjudged": "empty"},
]  # fmt: skip
_STANCES: list[Row] = [
    {"stance": "full_refusal", "stance_score": 0.99},
    {"stance": "full_refusal", "stance_score": 0.8, "stance_note": "inability"},
    {"stance": "partial_refusal", "stance_score": 0.7},
    {"stance": "full_compliance"},
    {"stance": "full_compliance", "stance_note": "turnover"},
    {"polarity": -1},
    {"stance": None, "stance_score": None, "stance_unjudged": "empty"},
    {"stance": None, "stance_score": None, "kind": "prompt", "polarity": 0, "response_id": None},
]
_ANY: dict[pl.DataType, list[Any]] = {
    pl.Boolean(): [True, False, None],
    pl.String(): ["a", "b", None],
    pl.Float32(): [-0.3, 0.05, 0.2, 0.99, None],
    pl.UInt8(): [0, 1, 3, None],
    pl.UInt16(): [0, 1, 3, 60, 0x2000, None],
    pl.UInt32(): [0, 3, None],
    pl.UInt64(): [0, 7, None],
    pl.List(pl.UInt32): [[], [1], [1, 2], None],
}
"""Values for columns written by signals, by type; columns of other types are null."""
_VALUES = {
    name: ["en", "de", None] if name == "language" else _ANY.get(kind, [None])
    for signal in SIGNALS
    if signal.annotator
    for name, kind in signal.annotator.writes.items()
}


def _measured(seed: int) -> Row:
    """Values for every column that a signal writes; one draw for all, since there are many of them."""
    chosen = random.Random(seed)
    return {name: chosen.choice(values) for name, values in _VALUES.items()}


def _exchange(text: str, hazard: Row, stance: Row, measured: Row) -> Row:
    return row(text, **{**measured, **hazard, **stance})


def _sample(flags: list[str], exchanges: list[Row]) -> list[Row]:
    return [{**each, "exchange": number, "flags": flags} for number, each in enumerate(exchanges)]


_exchanges = st.builds(
    _exchange,
    st.sampled_from("abcdef"),
    st.sampled_from(_HAZARDS),
    st.sampled_from(_STANCES),
    st.integers(0, 2**32).map(_measured),
)
_flags = st.lists(st.sampled_from(["lf_drop", "no_trained_turn"]), max_size=2, unique=True)
_samples = st.lists(
    st.one_of(
        st.builds(_sample, _flags, st.lists(_exchanges, min_size=1, max_size=3)),
        st.sampled_from(["p", "q"]).map(lambda name: [pair(name)]),
    ),
    max_size=15,
)
some_samples = st.builds(lambda samples, copied: samples + samples[:copied], _samples, st.integers(0, 5))
"""Samples of one to three exchanges, some duplicated, with arbitrary verdicts and signal values."""


def flat(samples: Iterable[Iterable[Row]]) -> list[Row]:
    """The exchanges of all samples, in order."""
    return [each for sample in samples for each in sample]
