"""Read a model that lies in a folder: what it answers, and how probable it finds each token."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from mixguard.errors import UsageError
from mixguard.progress import Progress

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import torch

BATCH = 8
"""Prompts at a time."""


class Text(NamedTuple):
    """A prompt and the model's answer."""

    ids: list[int]
    start: int
    """Index of the answer's first token."""
    harmful: bool


def load_tokenizer(folder: Path) -> Any:
    """The tokenizer of a model that lies in a folder.

    Raises:
        UsageError: there is none that can be loaded.
    """
    return _loaded(folder, "AutoTokenizer", "tokenizer")


def load_network(folder: Path, tokens: int) -> Any:
    """The model that lies in a folder, in float32.

    Raises:
        UsageError: there is none that can be loaded, or it knows fewer than `tokens` tokens.
    """
    network = _loaded(folder, "AutoModelForCausalLM", "model").float().eval()
    rows = len(network.get_input_embeddings().weight)
    if rows < tokens:
        raise UsageError(f"{folder}: its vocabulary differs: {rows} embeddings for {tokens} tokens")
    return network


def _loaded(folder: Path, loader: str, what: str) -> Any:
    """A part of a model that lies in a folder; nothing is downloaded, and no code in it is run."""
    try:
        import torch  # noqa: F401 - without it transformers can be imported but loads nothing
        import transformers
        from safetensors import SafetensorError
    except ImportError as error:
        raise UsageError(f"reading a model needs {error.name}; pip install transformers torch") from None
    if not folder.is_dir():
        raise UsageError(f"{folder}: no such folder; download the model first")
    if not (folder / "config.json").is_file():
        raise UsageError(
            f"{folder}: no config.json, so no model; give what save_pretrained wrote, adapters merged"
        )
    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    try:
        return getattr(transformers, loader).from_pretrained(
            str(folder), local_files_only=True, trust_remote_code=False
        )
    except (OSError, ValueError, SafetensorError) as error:
        raise UsageError(f"{folder}: cannot load its {what}: {error}") from None


def answered(
    network: Any, tokenizer: Any, asked: Sequence[tuple[str, bool]], positions: int, progress: Progress
) -> Iterator[Text]:
    """Each prompt with the first tokens of the model's most probable answer."""
    import torch
    from transformers import GenerationConfig

    stop = network.generation_config.eos_token_id
    stops = stop if isinstance(stop, list) else [stop]
    # Nothing but the most probable token: a model's own settings may sample or punish repetition.
    network.generation_config = GenerationConfig(eos_token_id=stop)
    for start in range(0, len(asked), BATCH):
        batch = asked[start : start + BATCH]
        known = [prompt_ids(tokenizer, text) for text, _ in batch]
        width = max(map(len, known))
        ids = torch.tensor([[0] * (width - len(each)) + each for each in known])
        mask = torch.tensor([[0] * (width - len(each)) + [1] * len(each) for each in known])
        with torch.inference_mode():
            said = network.generate(
                ids,
                attention_mask=mask,
                do_sample=False,
                max_new_tokens=positions,
                pad_token_id=stops[0] or 0,
            )
        for (_, harmful), own, row in zip(batch, known, said[:, width:].tolist(), strict=True):
            ends = [index + 1 for index, token in enumerate(row) if token in stops]
            yield Text(own + row[: min(ends, default=len(row))], len(own), harmful)
        progress("answering", start + len(batch), len(asked), "prompts")


def prompt_ids(tokenizer: Any, prompt: str) -> list[int]:
    """The prompt as the model is asked it: in its chat template, if it has one."""
    if tokenizer.chat_template is None:
        return list(tokenizer(f"{prompt}\n")["input_ids"])
    turn = [{"role": "user", "content": prompt}]
    text = tokenizer.apply_chat_template(turn, tokenize=False, add_generation_prompt=True)
    return list(tokenizer(text, add_special_tokens=False)["input_ids"])


def contrast(
    network: Any, texts: Sequence[Text], positions: int, width: int, progress: Progress
) -> npt.NDArray[np.float32]:
    """Positions by tokens: mean probability after harmful prompts less that after look-alikes.

    An answer that has ended says nothing there: probability 0.
    """
    import torch
    from torch.nn.utils.rnn import pad_sequence

    total = torch.zeros(2, positions, width)
    for start in range(0, len(texts), BATCH):
        batch = texts[start : start + BATCH]
        # Padding on the right changes nothing to its left.
        ids = pad_sequence([torch.tensor(text.ids) for text in batch], batch_first=True)
        mask = pad_sequence(
            [torch.ones(len(text.ids), dtype=torch.int64) for text in batch], batch_first=True
        )
        with torch.inference_mode():
            logits = network(input_ids=ids, attention_mask=mask).logits
        for text, row in zip(batch, logits, strict=True):
            seen: torch.Tensor = row[text.start - 1 : len(text.ids) - 1].softmax(dim=-1)[:, :width]
            total[int(text.harmful), : len(seen)] += seen
        progress("scoring", start + len(batch), len(texts), "answers")
    harmful = sum(text.harmful for text in texts)
    return (total[1] / harmful - total[0] / (len(texts) - harmful)).numpy()
