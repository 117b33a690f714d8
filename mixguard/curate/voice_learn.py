"""Learn a voice from a model's refusals: asked for, made elsewhere, or held by a corpus."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from random import Random
from statistics import median
from typing import NamedTuple

import orjson
import polars as pl

from mixguard.annotate.rest import openings, sentences
from mixguard.checks.terms import REFUSES, TRAINED
from mixguard.config import Config
from mixguard.corpus.corpus import Corpus, CorpusLike
from mixguard.detectors import Recipe, Worker
from mixguard.errors import UsageError
from mixguard.files import write_atomically
from mixguard.judge import annotate_texts
from mixguard.library.bank import Bank
from mixguard.library.taxonomy import Taxonomy
from mixguard.library.voice import OPENING_MOST, Opening, Voice, bundled_voices, fitting, opening_key
from mixguard.progress import Progress, silent
from mixguard.served.chat import Answer, conversation
from mixguard.served.endpoint import Endpoint, ask_all

PROMPTS, SAMPLES = 60, 3
"""Hazardous prompts asked, and answers to each."""
LEAST = 8
"""Refusals below which nothing is learned."""
MOST_OPENINGS = 12
ANSWER_TOKENS = 160
"""Length at which an answer is cut off: only its beginning is looked at."""
_MARKUP = re.compile(r"(?m)^[^\S\n]{0,40}(?:[-*•]|\d{1,9}[.)]|#{1,6})\s{1,40}\S|\*\*[^*\n]+\*\*")
_OFFER = re.compile(
    r"(?i)\b(?:i can|i could|i'd be happy|i would be happy|i'm happy|happy to|let me know|feel free|would you like|if you)\b"
)


class Said(NamedTuple):
    """A prompt and an answer to it."""

    prompt: str
    answer: str


def ask_model(
    endpoint: Endpoint,
    config: Config,
    progress: Progress = silent,
    prompts: int = PROMPTS,
    samples: int = SAMPLES,
) -> list[Said]:
    """A served model's answers to hazardous prompts of the bank, a few for each.

    Raises:
        UsageError: the API rejects the key or model, or most prompts got no answer.
    """
    asked = hazardous_prompts(config, prompts)
    wanted = [pair for pair in asked for _ in range(samples)]
    answers: dict[int, Answer] = {}
    with closing(ask_all([conversation(pair) for pair in wanted], endpoint)) as coming:
        for number, answer in coming:
            answers[number] = answer
            progress("asking", len(answers), len(wanted), "prompts")
    said, failed = [], Counter[str]()
    for number, pair in enumerate(wanted):
        text = answers[number].text
        if text is None:
            failed[answers[number].problem] += 1
        else:
            said.append(Said(str(pair["prompt"]), text))
    if len(said) < len(wanted) / 2:
        problem, count = failed.most_common(1)[0]
        raise UsageError(
            f"{endpoint.shown}: {count} of {len(wanted)} prompts got no answer ({problem}); try again"
        )
    return said


def hazardous_prompts(config: Config, count: int = PROMPTS) -> list[dict[str, object]]:
    """Refusal pairs of the bank without context, spread over its hazards; the same for the same seed."""
    taxonomy = Taxonomy.load(config.judge.taxonomy)
    plain = Bank.load(config.rebalance.bank, taxonomy).of("refusal")
    plain = plain.filter(pl.col("system").is_null() & (pl.col("history").list.len().fill_null(0) == 0))
    rng = Random(config.rebalance.seed)
    groups = [
        rng.sample(group.to_dicts(), group.height)
        for _, group in plain.group_by("hazard", maintain_order=True)
    ]
    longest = max(map(len, groups), default=0)
    return [group[turn] for turn in range(longest) for group in groups if turn < len(group)][:count]


def corpus_refusals(corpora: Sequence[CorpusLike], config: Config, progress: Progress = silent) -> list[Said]:
    """The refusals that a corpus trains towards."""
    worker = Recipe(config, bank=True).worker()
    corpus = Corpus.open(corpora, config.read, offline=config.encode.offline)
    said, done = [], 0
    for part in corpus.parts(config.run.batch):
        done += part.tally.bytes
        progress("judging", done, corpus.size, "bytes")
        judged = worker(part.frame).hstack(part.frame.select("prompt", "response"))
        said += [
            Said(*row) for row in judged.filter(TRAINED & REFUSES).select("prompt", "response").iter_rows()
        ]
    return said


def read_answers(path: str, config: Config) -> list[Said]:
    """Prompts and answers from a file in any supported format.

    Raises:
        UsageError: it holds no answers.
    """
    frames = Corpus.open([path], config.read, offline=config.encode.offline).parts(config.run.batch)
    texts = (part.frame.select("prompt", "response").drop_nulls() for part in frames)
    pairs = [row for frame in texts for row in frame.iter_rows() if row[1].strip()]
    if not pairs:
        raise UsageError(
            f'{path}: holds no prompts with answers; a line may be {{"prompt": ..., "response": ...}}'
        )
    return [Said(*row) for row in pairs]


def write_prompts(path: Path, config: Config, count: int) -> None:
    """Write the hazardous prompts that a voice is learned from, with room for an answer to each."""
    lines = ({"prompt": pair["prompt"], "response": ""} for pair in hazardous_prompts(config, count))
    write_atomically(path, b"".join(orjson.dumps(line) + b"\n" for line in lines))


def voice_of_corpus(refusals: Sequence[Said], name: str) -> Voice:
    """The voice of the refusals that a corpus holds.

    Raises:
        UsageError: there are too few.
    """
    if len(refusals) < LEAST:
        raise UsageError(
            f"the corpus holds {len(refusals)} refusals, and a voice takes {LEAST}; ask the model: --endpoint URL --model NAME"
        )
    return voice_of(refusals, name, f"learned from the {len(refusals):,} refusals that a corpus holds")


def learn(
    said: Sequence[Said], name: str, config: Config, source: str, worker: Worker | None = None
) -> Voice:
    """The voice in which these answers refuse.

    Args:
        said: answers to hazardous prompts, refusals and others.
        name: names the voice.
        config: how they are judged.
        source: where they came from, for the record.
        worker: judges the answers; made from `config` by default.

    Raises:
        UsageError: too few of them refuse.
    """
    worker = worker or Recipe(config).worker()
    judged = annotate_texts(worker, [each.prompt for each in said], [each.answer for each in said])
    sound = judged.select(REFUSES).to_series().fill_null(value=False)
    refusals = [each for each, refuses in zip(said, sound, strict=True) if refuses]
    if len(refusals) < LEAST:
        raise UsageError(
            f"{source}: {len(refusals)} of {len(said)} answers refuse, and a voice takes {LEAST}{_otherwise(name)}"
        )
    return voice_of(refusals, name, source).model_copy(
        update={"refuses": round(len(refusals) / len(said), 4), "asked": len(said)}
    )


def _otherwise(name: str) -> str:
    """What to do without a voice."""
    fits = fitting(name)
    bundled = f"--voice {fits}" if fits else f"one of {', '.join(bundled_voices())}"
    return (
        ". A model that hardly refuses has little to lose; to give it a voice all the same, use a bundled one:"
        f" {bundled}"
    )


def voice_of(refusals: Sequence[Said], name: str, source: str) -> Voice:
    """The voice of these refusals.

    Raises:
        UsageError: too few of them open with a refusal that is about no topic.
    """
    counted = Counter(_openings(refusals)).most_common(MOST_OPENINGS)
    total = sum(count for _, count in counted)
    if total < LEAST:
        raise UsageError(
            f"{source}: {total} of {len(refusals)} refusals refuse at once, and a voice takes {LEAST}{_otherwise(name)}"
        )
    seen = f"seen in {total} of {len(refusals)} refusals"
    answers = [each.answer for each in refusals]
    return Voice(
        id=re.sub(r"[^a-z0-9.]+", "-", name.lower()).strip("-") or "voice",
        name=name,
        words=float(median(len(text.split()) for text in answers)),
        markup=_share(answers, _MARKUP),
        offer=_share([_last_sentence(text) for text in answers], _OFFER),
        source=f"{source}; {seen}",
        opening=tuple(Opening(text=text, share=count / total) for text, count in counted),
    )


def _openings(refusals: Sequence[Said]) -> Iterator[str]:
    """The opening of each refusal; one about its topic is replaced by its like that is about none.

    An opening of the answers to several prompts is about no topic. Others are compared with those and with the bundled
    voices by their first words; what nothing generic begins like is left out.
    """
    found = openings([each.answer for each in refusals])
    first = [(each.prompt, text) for each, text in zip(refusals, found, strict=True) if text]
    prompts: dict[str, set[str]] = {}
    for prompt, text in first:
        prompts.setdefault(text, set()).add(prompt)
    times = Counter(text for _, text in first)
    shared = [text for text in prompts if len(prompts[text]) > 1 and len(text) <= OPENING_MOST]
    shared.sort(key=lambda text: -times[text])
    generic = {opening_key(text): text for text in reversed([*shared, *_bundled_openings()])}
    for _, text in first:
        opening = text if text in shared else generic.get(opening_key(text))
        if opening:
            yield opening


def _bundled_openings() -> list[str]:
    return [each.text for name in bundled_voices() for each in Voice.load(name).opening]


def _last_sentence(text: str) -> str:
    return next(reversed(sentences(text)), "")


def _share(texts: Sequence[str], pattern: re.Pattern[str]) -> float:
    return round(sum(bool(pattern.search(text)) for text in texts) / len(texts), 3)
