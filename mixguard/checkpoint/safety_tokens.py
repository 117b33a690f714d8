"""Find the few tokens that a model's refusals hang on, so that a trainer can hold them in place. Experimental.

Safety alignment lives in the first tokens of an answer (arXiv 2406.05946). PACT (arXiv 2603.07445) holds the tokens that
mark a refusal to what they were before tuning, which needs no added data. `docs/safety-tokens.md` says how sure this is.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import orjson
import polars as pl
from pydantic import ValidationError

from mixguard.checkpoint.network import answered, contrast, load_network, load_tokenizer
from mixguard.errors import UsageError
from mixguard.files import read_bounded, write_atomically
from mixguard.library.bank import Bank
from mixguard.model import Model
from mixguard.progress import Progress, silent

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

FILE, DIRECTION = "safety_tokens.json", "safe_direction.json"
POSITIONS = 8
PROMPTS = 64
"""Harmful prompts, and as many look-alikes."""
TOP = 32
AT_LEAST = 0.04
"""Positive shifts of a token over all positions, for it to be kept. Judgement: on an aligned SmolLM2-135M the tokens above
it were those of "I'm sorry, but I can't" and its variants; below came "The", " of" and "As"."""


class SafetyToken(Model):
    """A token that a model says to harmful prompts rather than to their look-alikes."""

    id: int
    text: str
    shift: tuple[float, ...]
    """By position: how much more probable it is."""
    mean: float
    """Mean over positions of the shift, where it is positive; tokens are ranked by it."""


class SafetyTokens(Model):
    """A model's safety tokens, and what they were measured on."""

    version: Literal["mixguard-safety-tokens/1"] = "mixguard-safety-tokens/1"
    model: str
    """Name of its folder."""
    base: str | None
    """Name of the folder of the model it was compared with; None if it was looked at alone."""
    tokenizer: str
    """SHA-256 of the vocabulary, sorted by token: ids mean nothing to another one."""
    positions: int
    """First positions of the response that were looked at."""
    harmful: int
    """Number of harmful prompts."""
    look_alike: int
    """Number of benign prompts that look like them."""
    tokens: tuple[SafetyToken, ...]

    @classmethod
    def load(cls, file: Path) -> SafetyTokens:
        """Read a `safety_tokens.json`.

        Raises:
            UsageError: it cannot be read, or is something else or of another version.
        """
        try:
            return cls.model_validate_json(read_bounded(file, UsageError))
        except ValidationError as error:
            where = ".".join(map(str, error.errors()[0]["loc"]))
            what = error.errors()[0]["msg"]
            raise UsageError(
                f"{file}: {where or 'content'}: {what}; write it with `mixguard tokens`"
            ) from None

    def save(self, file: Path) -> None:
        """Write it as JSON."""
        write_atomically(file, orjson.dumps(self.model_dump(), option=orjson.OPT_INDENT_2) + b"\n")


class Prompts(NamedTuple):
    """What the model is asked."""

    harmful: Sequence[str]
    look_alike: Sequence[str]


def choose_prompts(bank: Bank, hazards: Sequence[str] = (), seed: int = 0, count: int = PROMPTS) -> Prompts:
    """Prompts of a bank, evenly spread over hazards, the same for the same seed.

    Raises:
        UsageError: the bank has no such hazard or prompts.
    """
    known = bank.pairs["hazard"].drop_nulls().unique().sort().to_list()
    strange = sorted(set(hazards) - set(known))
    if strange:
        raise UsageError(f"--hazard {strange[0]}: unknown hazard; {bank.id} has: {', '.join(known)}")
    kinds = {kind: _spread(bank, kind, hazards, seed)["prompt"].to_list() for kind in ("refusal", "contrast")}
    for kind, found in kinds.items():
        if not found:
            about = f" for {', '.join(hazards)}" if hazards else ""
            raise UsageError(f"{bank.folder}: no {kind} prompts of a single turn{about}; name another --bank")
    return Prompts(*(found[:count] for found in kinds.values()))


def write_direction(file: Path, bank: Bank, hazards: Sequence[str] = (), seed: int = 0) -> int:
    """Write the bank's refusals as PACT's `safe_direction.json`, and return how many.

    Read in github.com/Glresearch1/PACT, commit 530c1c1: a list of objects of which `input` and `output` are read, the
    first K in order, hence the spread. Its own file also has `guard_decision`, which nothing there reads; no guard
    model has judged these, so they have none. PACT's code was read, not run, on such a file.
    """
    rows = _spread(bank, "refusal", hazards, seed).select(input="prompt", output="response").to_dicts()
    write_atomically(file, orjson.dumps(rows, option=orjson.OPT_INDENT_2) + b"\n")
    return len(rows)


def find_tokens(
    model: Path,
    prompts: Prompts,
    *,
    base: Path | None = None,
    positions: int = POSITIONS,
    top: int = TOP,
    progress: Progress = silent,
) -> SafetyTokens:
    """Find the tokens whose probability at the first positions tells harmful prompts from look-alikes most.

    A position beyond the first is reached along the model's own greedy answer; `base` is scored on the same text. A
    token's shift is its mean probability on harmful prompts less that on look-alikes, of the model less of `base`.
    Tokens are ranked, and weak ones left out, by all positions together: the first alone also yields junk such as "1".

    Args:
        model: folder of the aligned model.
        prompts: what to ask it.
        base: folder of the model before alignment, or after tuning; its vocabulary must be the same.
        positions: first positions of the response to look at.
        top: number of tokens to keep at most.
        progress: called after each batch.

    Raises:
        UsageError: a folder holds no model, the vocabularies differ, or no token shifts.
    """
    tokenizer = load_tokenizer(model)
    if base is not None and load_tokenizer(base).get_vocab() != tokenizer.get_vocab():
        raise UsageError(f"{base}: its vocabulary differs from that of {model}; compare models of one family")
    network = load_network(model, len(tokenizer))
    asked = [(text, True) for text in prompts.harmful] + [(text, False) for text in prompts.look_alike]
    texts = list(answered(network, tokenizer, asked, positions, progress))
    shift = contrast(network, texts, positions, len(tokenizer), progress)
    del network  # two models at once may not fit into memory
    if base is not None:
        shift -= contrast(load_network(base, len(tokenizer)), texts, positions, len(tokenizer), progress)
    found = tuple(_ranked(shift, tokenizer, top))
    if not found:
        raise UsageError(
            f"{model}: no token's probability shifts by {AT_LEAST}: it answers harmful prompts as it answers"
            " look-alikes, so there are no refusals to keep; give a model that refuses"
        )
    return SafetyTokens(
        model=model.resolve().name,
        base=base.resolve().name if base else None,
        tokenizer=_digest(tokenizer),
        positions=positions,
        harmful=len(prompts.harmful),
        look_alike=len(prompts.look_alike),
        tokens=found,
    )


def _spread(bank: Bank, kind: str, hazards: Sequence[str], seed: int) -> pl.DataFrame:
    """Single-turn pairs without a system prompt in random order, each hazard's first, then each one's second."""
    plain = pl.col("system").is_null() & (pl.col("history").list.len() == 0)
    pairs = bank.of(kind).filter(plain)
    if hazards:
        pairs = pairs.filter(pl.col("hazard").is_in(list(hazards)))
    mixed = pairs[Random(seed).sample(range(pairs.height), pairs.height)]
    turn = pl.int_range(pl.len()).over("hazard")
    return mixed.with_columns(turn=turn).sort("turn", "hazard", maintain_order=True)


def _ranked(shift: npt.NDArray[np.float32], tokenizer: Any, top: int) -> Iterator[SafetyToken]:
    means = shift.clip(min=0).mean(axis=0)
    # A stable sort, so that equals keep the order of their ids.
    for token in (-means).argsort(kind="stable")[:top].tolist():
        if means[token] * len(shift) < AT_LEAST:
            return
        by_position = tuple(round(float(value), 4) + 0.0 for value in shift[:, token])  # -0.0 is 0.0
        yield SafetyToken(
            id=token, text=tokenizer.decode([token]), shift=by_position, mean=round(float(means[token]), 4)
        )


def _digest(tokenizer: Any) -> str:
    return hashlib.sha256(orjson.dumps(sorted(tokenizer.get_vocab().items()))).hexdigest()
