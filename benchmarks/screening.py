"""How much the stage `screen` saves and what it misses, beside an exact audit of the same rows.

The corpus is gsm8k, code and role-play with one row in a hundred replaced by a planted hazard: a hazardous prompt of an
evaluation set with a neutral answer that complies or refuses. Prints and writes JSON: the share dismissed, recall of the rows
that the exact audit flags, equality of the rows that both judged, and CPU seconds of each step. Each side runs in a process
of its own, with an empty store of vectors.

    python benchmarks/screening.py [--stages fast+careful] [--every 3] [--cache FOLDER]

    python benchmarks/screening.py --prompts

The second form audits nothing: it fits the screen with and without rows of the corpora, and counts what it keeps of the other
rows, and of the prompts of evaluation sets that the exact stages flag. `--every` takes one row in so many; `--cache` is a cache folder whose converted encoders and models are used, not its vectors.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from time import process_time
from typing import Any

HERE = Path(__file__).resolve().parent
EVALDATA = HERE.parent.parent / "shared" / "evaldata"
CORPORA = ("gsm8k_train.jsonl", "gpteacher_codegen.json", "gpteacher_roleplay.json")
HAZARDOUS = ("catqa_dev.jsonl", "ailuminate_dev.jsonl")
PROMPTS = ("catqa_dev.jsonl", "ailuminate_dev.jsonl", "openai_moderation_dev.jsonl")
PLANTED = 0.01
ANSWERS = (
    "Here is a way to do that, step by step. First gather what you need, then follow the plan.",
    "I'm sorry, but I can't help with that.",
)
CLOSE = 1e-3
SCREENED = ("screen", "screen_score")
RESULT = HERE / "results" / "screening.json"
WORDS = HERE / "results" / "screening-words.json"


def corpus(folder: Path, taken: int) -> Path:
    """Write one row in `taken` of the corpora with planted rows, evenly spread."""
    rows = [row for name in CORPORA for row in _rows(EVALDATA / "corpora" / name)][::taken]
    hazards = [str(row["prompt"]) for name in HAZARDOUS for row in _objects(EVALDATA / "prompts" / name)]
    every = round(1 / PLANTED)
    places = range(0, len(rows), every)
    step = max(len(hazards) // len(places), 1)
    for number, place in enumerate(places):
        rows[place] = {
            "prompt": hazards[number * step % len(hazards)],
            "response": ANSWERS[number % len(ANSWERS)],
        }
    file = folder / "corpus.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return file


def _rows(file: Path) -> list[dict[str, str]]:
    from mixguard.config import ReadConfig
    from mixguard.corpus.corpus import Corpus

    parts = Corpus.open([str(file)], ReadConfig(), offline=True).parts(4096)
    return [
        {"prompt": row["prompt"], "response": row["response"] or ""}
        for part in parts
        for row in part.frame.select("prompt", "response").iter_rows(named=True)
    ]


def _objects(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def by_words(stages: str, taught: int = 1500) -> list[dict[str, Any]]:
    """What a screen keeps, taught by the exemplars alone and by rows of the corpora, too."""
    import polars as pl

    import mixguard
    from mixguard.annotate.screen import Share
    from mixguard.config import Config
    from mixguard.corpus.corpus import Corpus
    from mixguard.fit.screening import fit
    from mixguard.library.taxonomy import Taxonomy

    config = Config().replace({"judge.stages": stages})
    rows = pl.concat([
        part.frame.select("prompt", "prompt_id", "kind", corpus=pl.lit(name))
        for name in CORPORA
        for part in Corpus.open([str(EVALDATA / "corpora" / name)], config.read, offline=True).parts(4096)
    ])  # fmt: skip
    prompts = pl.concat([
        pl.DataFrame({"prompt": [str(row["prompt"]) for row in _objects(EVALDATA / "prompts" / name)]})
        .with_columns(kind=pl.lit("exchange"), corpus=pl.lit(name))
        for name in PROMPTS
    ])  # fmt: skip
    flagged = prompts.filter(mixguard.classify(prompts["prompt"].to_list(), config=config)["flagged"])
    told = []
    for number in (0, taught):
        share = Share(0.0, number / rows.height)
        own = rows.filter(share.holds()).unique("prompt_id", keep="first", maintain_order=True)
        clock = process_time()
        screen = fit(Taxonomy.load("mixguard"), own["prompt"].to_list(), Share(0.0, 0.0))
        seconds = process_time() - clock
        kept, found = (
            each.with_columns(kept=pl.Series(screen.score(each) >= screen.limit))
            for each in (rows.filter(~share.holds()), flagged)
        )
        told.append(
            {
                "taught": own.height,
                "fit_cpu_seconds": round(seconds, 2),
                "kept": round(float(kept["kept"].sum()) / kept.height, 4),
                "kept_of": _by(kept, pl.col("kept").mean().round(4)),
                "flagged": _by(found, pl.len()),
                "flagged_kept": _by(found, pl.col("kept").sum()),
            }
        )
    return told


def _by(rows: Any, value: Any) -> dict[str, float]:
    return dict(rows.group_by("corpus").agg(value.alias("value")).sort("corpus").iter_rows())


def measure(file: str, screen: str, stages: str, folder: str) -> dict[str, Any]:
    """CPU seconds of one side, by step, and what it made; setting up is timed apart."""
    import mixguard
    from mixguard.config import Config

    tree = {
        "encode": {"cache": f"{folder}/cache", "device": "cpu"},
        "run": {"folder": f"{folder}/run-{screen}"},
        "judge": {"stages": stages, "screen": screen},
    }
    config = Config.from_tree(tree, origin="benchmark")
    clock = process_time()
    mixguard.classify(["warm up"], config=config)  # converts the encoders
    spent = {"setting up": process_time() - clock}
    clock = process_time()

    def progress(stage: str, done: int, total: int | None, unit: str = "") -> None:
        # It is called when a part of the stage is done.
        nonlocal clock
        now = process_time()
        spent[stage] = spent.get(stage, 0.0) + now - clock
        clock = now

    result = mixguard.audit(file, config=config, progress=progress)
    progress("rest", 0, None)
    used = result.detectors.screen
    return {
        "cpu_seconds": {name: round(seconds, 2) for name, seconds in spent.items()},
        "cpu": round(sum(spent.values()) - spent["setting up"], 2),
        "exchanges": result.corpus.exchanges,
        "screen": used.model_dump() if used else None,
        "limit": result.hazard_limit,
    }


def compared(exact: Path, screened: Path, limit: float) -> dict[str, Any]:
    """What the screened run has of the rows that the exact one flags."""
    import polars as pl

    from mixguard.run import folder as run_folder

    rows, fewer = (run_folder.scan_annotations(each).collect() for each in (exact, screened))
    kept = (fewer["hazard_stage"] != "screen").fill_null(value=True)
    flagged = (rows["hazard_score"] >= limit).fill_null(value=False)
    refuses = rows["stance"].is_in(["full_refusal", "partial_refusal"]).fill_null(value=False)
    drawn = fewer["screen"].is_not_null()
    return {
        "dismissed": round(int((~kept).sum()) / len(kept), 4),
        "flagged": int(flagged.sum()),
        "flagged_found": int((flagged & kept).sum()),
        "recall_of_flagged": round(int((flagged & kept).sum()) / max(int(flagged.sum()), 1), 4),
        "recall_without_sample": round(int((flagged & ~drawn).sum()) / max(int(flagged.sum()), 1), 4),
        "refusals": int(refuses.sum()),
        "refusals_found": int((refuses & kept).sum()),
        "stances_equal": round(int(rows["stance"].eq_missing(fewer["stance"]).sum()) / rows.height, 5),
        "kept_rows_differ": _differing(rows.filter(kept), fewer.filter(kept)),
        "kept_by_thousand": _by_thousand(
            rows.with_columns(kept=kept).select(pl.col("record") // 1000, "kept")
        ),
    }


def _differing(rows: Any, others: Any) -> dict[str, int]:
    """Rows that differ by column: numbers by more than `CLOSE`, for vectors depend a little on what is embedded with them."""
    told = {}
    for name, kind in rows.schema.items():
        mine, other = rows[name], others[name]
        if kind.is_float():
            same = ((mine - other).abs() <= CLOSE).fill_null(mine.is_null() & other.is_null())
        elif name == "hazards":
            same = _hazards(mine).eq_missing(_hazards(other))
        else:
            same = mine.eq_missing(other)
        told[name] = int((~same).sum())
    return {name: number for name, number in told.items() if number and name not in SCREENED}


def _hazards(listed: Any) -> Any:
    import polars as pl

    return listed.list.eval(pl.element().struct.field("hazard"))


def _by_thousand(rows: Any) -> list[float]:
    """Share kept of each thousand rows: the corpora follow one another."""
    return [round(share, 3) for share in rows.group_by("record").mean().sort("record")["kept"]]


def main(stages: str, taken: int, cache: Path | None) -> None:
    """Run both sides and write the result."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        file = corpus(folder, taken)
        sides = {}
        for screen in ("off", "on"):
            (own := folder / screen).mkdir()
            if cache:
                shutil.copytree(cache, own / "cache", ignore=shutil.ignore_patterns("vectors"))
            sides[screen] = _apart(file, screen, stages, own)
        found = compared(folder / "off" / "run-off", folder / "on" / "run-on", sides["off"]["limit"])
    tree = {
        "stages": stages,
        "rows_taken": f"1 in {taken}",
        **found,
        "cpu_ratio": round(sides["off"]["cpu"] / sides["on"]["cpu"], 2),
        "exact": sides["off"],
        "screened": sides["on"],
    }
    RESULT.write_text(json.dumps(tree, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(tree, indent=1))


def _apart(file: Path, screen: str, stages: str, folder: Path) -> dict[str, Any]:
    command = [sys.executable, __file__, "--side", str(file), screen, stages, str(folder)]
    out = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return dict(json.loads(out.splitlines()[-1]))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--side"]:
        print(json.dumps(measure(*sys.argv[2:])))
    else:
        parser = argparse.ArgumentParser()
        parser.add_argument("--stages", default="fast")
        parser.add_argument("--every", type=int, default=1)
        parser.add_argument("--cache", type=Path)
        parser.add_argument("--prompts", action="store_true")
        given = parser.parse_args()
        if given.prompts:
            figures = json.dumps(by_words(given.stages), indent=1)
            WORDS.write_text(figures + "\n", encoding="utf-8")
            print(figures)
            sys.exit()
        main(given.stages, given.every, given.cache)
