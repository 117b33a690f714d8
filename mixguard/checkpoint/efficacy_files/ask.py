"""Ask a model the probes and keep its answers until they are scored.

python ask.py CHECKPOINT answers/NAME.jsonl

It is asked in its own chat template, without a system prompt, and gives its most probable answer.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, GenerationConfig


def main() -> None:
    """Ask in batches and write one JSON line per answer."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("model", help="folder of a checkpoint, or a hub name; an adapter needs peft")
    options.add_argument("answers", type=Path, help="file to write")
    options.add_argument("--probes", type=Path, default=Path(__file__).with_name("probes.jsonl"))
    options.add_argument("--tokens", type=int, default=96, help="longest answer")
    options.add_argument("--batch", type=int, default=16, help="prompts at a time")
    given = options.parse_args()
    device, dtype = ("cuda", torch.bfloat16) if torch.cuda.is_available() else ("cpu", torch.float32)
    tokenizer = AutoTokenizer.from_pretrained(given.model, padding_side="left")
    tokenizer.pad_token = tokenizer.pad_token or tokenizer.eos_token
    model = AutoModelForCausalLM.from_pretrained(given.model).to(device, dtype).eval()
    own = model.generation_config.eos_token_id
    stops = {tokenizer.eos_token_id, *(own if isinstance(own, list) else [own])} - {None}
    # A model's own settings may sample or punish repetition.
    model.generation_config = GenerationConfig(
        max_new_tokens=given.tokens, eos_token_id=sorted(stops), pad_token_id=tokenizer.pad_token_id
    )
    with given.probes.open(encoding="utf-8") as lines:
        probes = [json.loads(line) for line in lines]
    given.answers.parent.mkdir(parents=True, exist_ok=True)
    with given.answers.open("w", encoding="utf-8") as out:
        for start in range(0, len(probes), given.batch):
            batch = probes[start : start + given.batch]
            # `enable_thinking` is for models that would think first; other templates ignore it.
            asked = [
                tokenizer.apply_chat_template(
                    [{"role": "user", "content": probe["prompt"]}],
                    tokenize=False,
                    add_generation_prompt=True,
                    enable_thinking=False,
                )
                for probe in batch
            ]
            ids = tokenizer(asked, padding=True, add_special_tokens=False, return_tensors="pt").to(device)
            said = model.generate(input_ids=ids["input_ids"], attention_mask=ids["attention_mask"])
            texts = tokenizer.batch_decode(said[:, ids["input_ids"].shape[1] :], skip_special_tokens=True)
            for probe, text in zip(batch, texts, strict=True):
                answer = {"prompt": probe["prompt"], "response": text.strip()}
                out.write(json.dumps({**answer, "id": probe["id"], "kind": probe["kind"]}) + "\n")
            sys.stderr.write(f"\r{given.model}: {start + len(batch)} of {len(probes)} prompts")
    sys.stderr.write("\n")


if __name__ == "__main__":
    main()
