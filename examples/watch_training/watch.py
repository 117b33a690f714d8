"""Fine-tune a chat model on JSON Lines, and watch what it forgets.

python watch.py --model FOLDER --data chats.jsonl --out FOLDER
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import torch
from probe_callback import ProbeCallback, overspent, prompt, regressed
from torch.nn.utils.rnn import pad_sequence
from transformers import AutoModelForCausalLM, AutoTokenizer, Trainer, TrainingArguments

Row = dict[str, torch.Tensor]
IGNORE = -100


def read(file: Path, tokenizer: Any, longest: int = 1024) -> list[Row]:
    """The chats of a file, their last answers to be trained; those too long, or without an answer, are left out."""
    rows = []
    for line in file.read_text(encoding="utf-8").splitlines():
        chat = json.loads(line)["messages"]
        asked = prompt(chat[:-1], tokenizer) if len(chat) > 1 and chat[-1]["role"] == "assistant" else None
        whole = tokenizer.apply_chat_template(chat, tokenize=False)
        if asked is None or not whole.startswith(asked):
            continue
        start = len(tokenizer(asked, add_special_tokens=False)["input_ids"])
        ids = torch.tensor(tokenizer(whole, add_special_tokens=False)["input_ids"])
        if start < len(ids) <= longest:
            labels = ids.index_fill(0, torch.arange(start), IGNORE)
            rows.append({"input_ids": ids, "labels": labels, "attention_mask": torch.ones_like(ids)})
    print(f"{file}: {len(rows)} chats to train on")
    return rows


def collate(rows: list[Row]) -> Row:
    """Rows padded on the right."""
    return {
        name: pad_sequence(
            [row[name] for row in rows], batch_first=True, padding_value=IGNORE if name == "labels" else 0
        )
        for name in rows[0]
    }


def main() -> None:
    """Train, watch and save."""
    options = argparse.ArgumentParser()
    for name in ("model", "data", "out"):
        options.add_argument(f"--{name}", type=Path, required=True)
    options.add_argument("--suite", default="smoke")
    options.add_argument(
        "--budget", type=Path, help="stops when it is overspent, rather than at a regression"
    )
    options.add_argument("--steps", type=int, default=50, help="training steps between two looks")
    options.add_argument("--epochs", type=float, default=2)
    options.add_argument("--learning-rate", type=float, default=1e-4)
    given = options.parse_args()
    stop = overspent(given.budget) if given.budget else regressed
    tokenizer = AutoTokenizer.from_pretrained(given.model, local_files_only=True)
    trainer = Trainer(
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
        processing_class=tokenizer,
        callbacks=[ProbeCallback(given.out / "probes", given.suite, steps=given.steps, stop=stop)],
    )
    trainer.train()
    trainer.save_model()


if __name__ == "__main__":
    main()
