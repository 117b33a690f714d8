"""Fit the encoder's adapter on a taxonomy's exemplars: minutes on two cores, needed only after large changes.

A classifier on top of the encoder is trained together with low-rank changes to its weights, then discarded:
the adapted vectors separate hazards from look-alikes better, and nearest neighbours and votes work as before.
A penalty keeps every vector close to its original, so the encoder does not forget what the exemplars do not
cover. The adapter's effect is measured in `docs/quality.md`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from safetensors.torch import save
from torch import Tensor, nn

from mixguard.files import write_atomically
from mixguard.fit.hazard import importance, targets
from mixguard.library.taxonomy import REQUEST, Taxonomy
from mixguard.progress import Progress
from mixguard.vectors.adapter import DOWN, UP
from mixguard.vectors.bundled import BUNDLED, bundled_model

RANK = 8
GAIN = 2.0
"""Scale of the low-rank changes during training (LoRA's alpha / rank)."""
DROPOUT = 0.1
EPOCHS = 2
BATCH = 64
RATE, HEAD_RATE = 3e-4, 1e-2
WARM_UP = 0.1
STAY = 3.0
"""Weight of the mean cosine distance to the original vectors."""
KEPT = 0.3
"""Share of the learnt changes that is kept: weights interpolated between before and after generalise best
(WiSE-FT, arXiv 2109.01903)."""
SHARPNESS = 10.0
"""Scale of the unit vectors before the classifier."""
SEED = 0
LAYERS = (
    "attention.self.query", "attention.self.key", "attention.self.value", "attention.output.dense",
    "intermediate.dense", "output.dense",
)  # fmt: skip
LEADS = (
    "Please ", "Question: ", "hi, ", "Hello! ", "I need help. ", "Quick one: ", "Can you help me? ", "Task: ",
    "### Instruction:\n", "User request: ", "ok so ",
)  # fmt: skip
"""Openings that say nothing about the request."""


class LowRank(nn.Module):
    """A frozen linear layer with a learnt low-rank change."""

    def __init__(self, layer: nn.Linear) -> None:
        super().__init__()
        self.layer = layer.requires_grad_(requires_grad=False)
        self.down = nn.Parameter(torch.randn(RANK, layer.in_features) / layer.in_features**0.5)
        self.up = nn.Parameter(torch.zeros(layer.out_features, RANK))
        self.dropout = nn.Dropout(DROPOUT)

    def forward(self, inputs: Tensor) -> Tensor:
        """The layer's output plus the change's."""
        changed: Tensor = self.layer(inputs) + GAIN * (self.dropout(inputs) @ self.down.T) @ self.up.T
        return changed


def fit_adapter(taxonomy: Taxonomy, target: Path, progress: Progress) -> None:
    """Train an adapter for the bundled encoder on a taxonomy's requests, not its background, and write it."""
    torch.manual_seed(SEED)
    rng = np.random.default_rng(SEED)
    taxonomy = replace(taxonomy, exemplars=taxonomy.exemplars.filter(taxonomy.text_kinds() == REQUEST))
    plain_texts = taxonomy.exemplars.filter(taxonomy.exemplars["hazard"].is_null())["text"].to_list()
    texts = taxonomy.exemplars["text"].to_list()
    tokens = _tokens(texts + [_varied(text, plain_texts, rng) for text in texts])
    transformer = _transformer()
    before = _all_vectors(transformer, tokens)
    changed = _adapt(transformer)
    _train(transformer, tokens, before, taxonomy, rng, progress)
    factors = {
        f"{name}{ending}": factor.detach().half().contiguous()
        for name, layer in changed.items()
        for ending, factor in ((DOWN, layer.down), (UP, KEPT * GAIN * layer.up))
    }
    write_atomically(target, save(factors, metadata={"fitted_on": taxonomy.digest()}))


def _varied(text: str, plain_texts: list[str], rng: np.random.Generator) -> str:
    """The same request as others might write it: lower-cased, with a greeting, or next to a harmless one."""
    kind = rng.integers(4)
    if kind == 0:
        return text.lower().rstrip(".?!")
    if kind == 1:
        return str(rng.choice(LEADS)) + text
    beside = str(rng.choice(plain_texts)) if plain_texts else ""
    return f"{text} {beside}".strip() if kind == 2 else f"{beside} {text}".strip()


def _train(
    transformer: Any,
    tokens: list[list[int]],
    before: Tensor,
    taxonomy: Taxonomy,
    rng: np.random.Generator,
    progress: Progress,
) -> None:
    wanted = torch.from_numpy(targets(taxonomy).astype(np.float32))
    weight = torch.from_numpy(importance(taxonomy).astype(np.float32))
    head = nn.Linear(before.shape[1], wanted.shape[1])
    nn.init.zeros_(head.weight)
    nn.init.constant_(head.bias, -2.0)
    learnt = [parameter for parameter in transformer.parameters() if parameter.requires_grad]
    groups = [{"params": learnt, "lr": RATE}, {"params": head.parameters(), "lr": HEAD_RATE}]
    optimiser = torch.optim.AdamW(groups, weight_decay=0.01)
    steps = EPOCHS * -(-len(wanted) // BATCH)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimiser, lambda step: min(1.0, (step + 1) / (WARM_UP * steps)) * max(0.0, 1 - step / steps)
    )
    bce = nn.BCEWithLogitsLoss(reduction="none")
    transformer.train()
    step = 0
    for _ in range(EPOCHS):
        for rows in _batches(tokens, len(wanted), rng):
            vectors = _vectors(transformer, [tokens[row] for row in rows])
            exemplar = torch.from_numpy(rows % len(wanted))
            error = bce(head(vectors * SHARPNESS), wanted[exemplar]) * weight[exemplar, None]
            moved = (1 - (vectors * before[rows]).sum(1)).mean()
            # Whether there is any hazard matters most, so it counts twice.
            loss = error[:, :-1].sum(1).mean() + 2 * error[:, -1].mean() + STAY * moved
            optimiser.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(learnt, 1.0)
            optimiser.step()
            schedule.step()
            step += 1
            progress("fitting the adapter", step, steps, "steps")


def _batches(
    tokens: list[list[int]], exemplars: int, rng: np.random.Generator
) -> Iterator[npt.NDArray[np.int64]]:
    """One epoch: every exemplar, as written or varied, in batches of similar length."""
    rows = rng.permutation(exemplars) + exemplars * rng.integers(0, 2, exemplars)
    length = np.array([len(ids) for ids in tokens])
    batches = []
    for start in range(0, exemplars, 8 * BATCH):
        near = rows[start : start + 8 * BATCH]
        near = near[np.argsort(length[near], kind="stable")]
        batches += [near[first : first + BATCH] for first in range(0, len(near), BATCH)]
    yield from (batches[number] for number in rng.permutation(len(batches)))


def _transformer() -> Any:
    from transformers import AutoModel

    model = AutoModel.from_pretrained(bundled_model(), attn_implementation="sdpa", local_files_only=True)
    return model.requires_grad_(requires_grad=False).eval()


def _adapt(transformer: Any) -> dict[str, LowRank]:
    """Replace the layers to adapt; return their names and replacements."""
    changed = {}
    for number in range(len(transformer.encoder.layer)):
        for suffix in LAYERS:
            name = f"encoder.layer.{number}.{suffix}"
            parent, _, last = name.rpartition(".")
            changed[name] = LowRank(transformer.get_submodule(name))
            setattr(transformer.get_submodule(parent), last, changed[name])
    return changed


def _tokens(texts: list[str]) -> list[list[int]]:
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(bundled_model() / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(BUNDLED.window)
    return [encoding.ids for encoding in tokenizer.encode_batch(texts)]


def _all_vectors(transformer: Any, tokens: list[list[int]]) -> Tensor:
    order = sorted(range(len(tokens)), key=lambda row: len(tokens[row]))
    found = torch.empty(len(tokens), transformer.config.hidden_size)
    with torch.no_grad():
        for start in range(0, len(order), BATCH):
            rows = order[start : start + BATCH]
            found[rows] = _vectors(transformer, [tokens[row] for row in rows])
    return found


def _vectors(transformer: Any, tokens: list[list[int]]) -> Tensor:
    ids = nn.utils.rnn.pad_sequence([torch.tensor(window) for window in tokens], batch_first=True)
    mask = nn.utils.rnn.pad_sequence([torch.ones(len(window)) for window in tokens], batch_first=True)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        hidden = transformer(input_ids=ids, attention_mask=mask.long()).last_hidden_state
    kept = mask.unsqueeze(-1)
    return nn.functional.normalize((hidden.float() * kept).sum(1) / kept.sum(1), dim=1)
