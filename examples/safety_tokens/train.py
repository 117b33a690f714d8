"""Fine-tune a chat model on JSON Lines, and keep its safety tokens as probable as they were. Experimental.

python train.py --model FOLDER --data chats.jsonl --tokens safety-tokens/safety_tokens.json --out FOLDER
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import torch
from torch.nn.utils.rnn import pad_sequence
from transformers import AutoModelForCausalLM, AutoTokenizer, Trainer, TrainingArguments

IGNORE = -100
Row = dict[str, torch.Tensor]


class SafetyTokenTrainer(Trainer):  # type: ignore[misc]  # transformers has no types
    """Adds to the loss how far the safety tokens' probabilities at an answer's first positions have moved (KL)."""

    def __init__(self, *, tokens: list[int], positions: int, weight: float = 1.0, **others: Any) -> None:
        super().__init__(**others)
        self.tokens, self.positions, self.weight = tokens, positions, weight
        self.model_accepts_loss_kwargs = False  # so that accumulation divides both terms alike
        self.model.eval()
        for start in range(0, len(self.train_dataset), 8):  # what the untuned model says, once
            rows = self.train_dataset[start : start + 8]
            batch = self._prepare_inputs(collate(rows))
            with torch.no_grad():
                said = self.opening(self.model(**batch).logits, batch["labels"])[0].cpu()
            for row, reference in zip(rows, said, strict=True):
                row["reference"] = reference

    def compute_loss(self, model: Any, inputs: Row, return_outputs: bool = False, **_: Any) -> Any:  # noqa: FBT001, FBT002
        """The task's loss and the divergence from the untuned model, which counts `weight` times."""
        reference = inputs.pop("reference")
        outputs = model(**inputs)
        now, there = self.opening(outputs.logits, inputs["labels"])
        moved = (reference.exp() * (reference - now)).sum(-1)[there].mean()
        loss = outputs.loss + self.weight * moved
        return (loss, outputs) if return_outputs else loss

    def opening(self, logits: torch.Tensor, labels: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Log-probabilities of the tokens and of all others as one, by position; and which positions there are."""
        answer = labels != IGNORE
        place = answer.int().argmax(1, keepdim=True) + torch.arange(self.positions, device=labels.device)
        within = place.clamp(max=labels.shape[1] - 1)
        there = answer.gather(1, within) & (place == within)
        logs = logits[torch.arange(len(labels), device=labels.device)[:, None], within - 1].log_softmax(-1)
        own = logs[..., self.tokens]
        others = logs.index_fill(-1, torch.tensor(self.tokens, device=logs.device), -torch.inf)
        return torch.cat([own, others.logsumexp(-1, keepdim=True)], dim=-1), there


def collate(rows: list[Row]) -> Row:
    """Rows padded on the right."""
    names = [name for name in rows[0] if name != "reference"]
    padding = {"labels": IGNORE}
    batch = {
        name: pad_sequence([row[name] for row in rows], batch_first=True, padding_value=padding.get(name, 0))
        for name in names
    }
    if "reference" in rows[0]:
        batch["reference"] = torch.stack([row["reference"] for row in rows])
    return batch


def read(file: Path, tokenizer: Any) -> list[Row]:
    """The chats of a file; how many are left out is printed."""
    lines = file.read_text(encoding="utf-8").splitlines()
    made = [encoded(json.loads(line)["messages"], tokenizer) for line in lines]
    rows = [row for row in made if row]
    print(f"{file}: {len(rows)} chats to train on, {len(made) - len(rows)} left out")
    return rows


def encoded(chat: list[dict[str, str]], tokenizer: Any, longest: int = 1024) -> Row | None:
    """A chat as token ids, its last answer to be trained; None if it has none, or none within `longest`."""
    if len(chat) < 2 or chat[-1]["role"] != "assistant":
        return None
    asked = tokenizer.apply_chat_template(chat[:-1], tokenize=False, add_generation_prompt=True)
    whole = tokenizer.apply_chat_template(chat, tokenize=False)
    if not whole.startswith(asked):
        return None  # the template rewrites earlier turns
    prompt, answer = (
        tokenizer(text, add_special_tokens=False)["input_ids"] for text in (asked, whole.removeprefix(asked))
    )
    ids, labels = (prompt + answer)[:longest], ([IGNORE] * len(prompt) + answer)[:longest]
    row = {"input_ids": ids, "labels": labels, "attention_mask": [1] * len(ids)}
    return {name: torch.tensor(value) for name, value in row.items()} if labels[-1] != IGNORE else None


def main() -> None:
    """Train and save."""
    options = argparse.ArgumentParser()
    for name in ("model", "data", "tokens", "out"):
        options.add_argument(f"--{name}", type=Path, required=True)
    options.add_argument("--weight", type=float, default=1.0, help="of the KL term; 0 leaves it out")
    options.add_argument("--epochs", type=float, default=2)
    options.add_argument("--learning-rate", type=float, default=1e-4)
    given = options.parse_args()
    tokenizer = AutoTokenizer.from_pretrained(given.model, local_files_only=True)
    found = json.loads(given.tokens.read_bytes())
    tokens = [token["id"] for token in found["tokens"]]
    if [tokenizer.decode([token]) for token in tokens] != [token["text"] for token in found["tokens"]]:
        sys.exit(
            f"{given.tokens}: made with another tokenizer than {given.model}'s; run mixguard tokens on it"
        )
    trainer = SafetyTokenTrainer(
        tokens=tokens,
        positions=found["positions"],
        weight=given.weight,
        model=AutoModelForCausalLM.from_pretrained(given.model, local_files_only=True).float(),
        args=TrainingArguments(
            output_dir=str(given.out),
            num_train_epochs=given.epochs,
            learning_rate=given.learning_rate,
            warmup_steps=10,
            per_device_train_batch_size=8,
            remove_unused_columns=False,
            save_strategy="no",
            report_to=[],
            dataloader_pin_memory=torch.cuda.is_available(),
        ),
        train_dataset=read(given.data, tokenizer),
        data_collator=collate,
    )
    trainer.train()
    trainer.save_model()
    tokenizer.save_pretrained(given.out)


if __name__ == "__main__":
    main()
