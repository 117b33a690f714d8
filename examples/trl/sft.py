"""Audit a corpus, add what it lacks, and fine-tune with TRL only if the result passes.

python sft.py --model FOLDER --data chats.jsonl --out tuned
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import mixguard

if TYPE_CHECKING:
    from datasets import Dataset


def checked(corpus: str, out: Path, config: mixguard.Config) -> Dataset:
    """The rows to train on: the corpus with the refusals that it lacked. Ends the program if they fail the gate."""
    out.mkdir(parents=True, exist_ok=True)
    try:
        mix = mixguard.rebalance(corpus, out=out / "train.jsonl", config=config)
    except mixguard.MixguardError as error:  # such as a corpus of nothing but answered hazards
        sys.exit(str(error))
    print(mix.before, mix, sep="\n")
    assert mix.after is not None  # it was written
    if mix.after.exit_code:
        print(mix.after, file=sys.stderr)
        print(
            f"Nothing was trained. To see the flagged rows: mixguard report {mix.after.folder} -o report.html --show-text",
            file=sys.stderr,
        )
        sys.exit(mix.after.exit_code)
    return mix.to_dataset()


def main() -> None:
    """Check, then train and save."""
    options = argparse.ArgumentParser()
    for name in ("model", "data", "out"):
        options.add_argument(f"--{name}", required=True)
    options.add_argument("--config", type=Path, help="options of mixguard, as TOML")
    options.add_argument("--epochs", type=float, default=2)
    options.add_argument("--max-steps", type=int, default=-1)
    given = options.parse_args()
    out = Path(given.out)
    config = mixguard.Config.load(given.config).replace({"run.folder": out / "mixguard-run"})
    rows = checked(given.data, out, config)

    import torch  # after the gate: a corpus that fails it costs seconds
    from trl import SFTConfig, SFTTrainer

    trainer = SFTTrainer(
        model=given.model,
        args=SFTConfig(
            output_dir=str(out),
            num_train_epochs=given.epochs,
            max_steps=given.max_steps,
            # Most of what fine-tuning erodes is lost in the first few steps (arXiv 2406.05946): warm up, keep the rate small.
            learning_rate=1e-5,
            warmup_steps=10,
            bf16=torch.cuda.is_available(),
            assistant_only_loss=True,  # refusals are trained like any answer; prompts are not
            report_to="none",
        ),
        train_dataset=rows,
    )
    trainer.train()
    trainer.save_model()


if __name__ == "__main__":
    main()
