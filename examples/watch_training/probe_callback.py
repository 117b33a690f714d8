"""Probes a model while it is tuned, compares it with what it was, and stops when it forgets too much."""

from __future__ import annotations

import hashlib
import logging
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import torch
from accelerate.utils import broadcast_object_list
from jinja2 import TemplateError
from torch.nn.utils.rnn import pad_sequence
from transformers import LogitsProcessor, LogitsProcessorList, TrainerCallback
from transformers.integrations import is_deepspeed_zero3_enabled

import mixguard
from mixguard.checkpoint.answers import read_answers
from mixguard.checkpoint.budget import settle
from mixguard.library.budget import load_budget
from mixguard.served.chat import CANDIDATES_MOST, Answer

Messages = Sequence[dict[str, str]]
logger = logging.getLogger(__name__)


def regressed(comparison: mixguard.Comparison) -> str | None:
    """Why to stop: a regression was found."""
    return comparison.sentence if comparison.verdict == "regression" else None


def overspent(file: Path) -> Callable[[mixguard.Comparison], str | None]:
    """Why to stop: a limit of this budget is overspent. What cannot be told yet stops nothing."""
    today = datetime.now(UTC).date()
    budget = load_budget(file, today)  # now, so that a mistake in it costs no training

    def stop(comparison: mixguard.Comparison) -> str | None:
        entries = settle(comparison, budget, today).entries
        return (
            "; ".join(f"{each.name}: {each.sentence}" for each in entries if each.state == "overspent")
            or None
        )

    return stop


class ProbeCallback(TrainerCallback):  # type: ignore[misc]  # transformers has no types
    """Asks the probes of a suite before training, at each evaluation or every few steps, and after it."""

    def __init__(
        self,
        out: Path,
        suite: str = "smoke",
        *,
        steps: int | None = None,
        stop: Callable[[mixguard.Comparison], str | None] = regressed,
        log: Callable[[dict[str, Any]], None] = lambda told: logger.warning("probes: %s", told),
        config: mixguard.Config | None = None,
        **asked: Any,
    ) -> None:
        """Say how to ask.

        Args:
            out: folder of the probe files and comparisons; a run that goes on from a checkpoint finds its base there.
            suite: `smoke`, `standard` or a folder.
            steps: ask every so many steps; at each evaluation by default.
            stop: why to stop training, if it must.
            log: called with the figures of each comparison, e.g. `wandb.log`.
            config: taxonomy, encoder and cache of mixguard.
            **asked: options of `mixguard.probe`, e.g. `batch`, `max_tokens`, `limit`, `corpus`.
        """
        self.out, self.suite, self.steps, self.stop, self.log = Path(out), suite, steps, stop, log
        self.config = config
        self.asked = {"batch": 16, "max_tokens": 128, **asked, "temperature": 0}
        self.looked: dict[str, Path] = {}
        self.is_watching = False

    def on_train_begin(self, args: Any, state: Any, control: Any, model: Any = None, **more: Any) -> None:
        """Ask the untuned model."""
        if args.fsdp or is_deepspeed_zero3_enabled():
            raise RuntimeError("weights are split over processes; probe saved checkpoints instead")
        self.is_watching = True
        if not state.is_world_process_zero:
            return
        base = self.out / "base.probe"
        if not state.global_step:
            self.probe(model, base, more["processing_class"])
        elif not base.exists():
            raise RuntimeError(f"{base}: is missing, and training goes on from step {state.global_step}")
        if missing := read_answers(base).missing:
            raise RuntimeError(f"{base}: {missing} answers are missing; each line says why")

    def on_evaluate(self, args: Any, state: Any, control: Any, **more: Any) -> None:
        """Ask the model as it is, unless steps are counted."""
        if self.is_watching and not self.steps:
            self.look(state, control, f"step-{state.global_step}", more)

    def on_step_end(self, args: Any, state: Any, control: Any, **more: Any) -> None:
        """Ask the model as it is, every so many steps."""
        if self.steps and state.global_step % self.steps == 0:
            self.look(state, control, f"step-{state.global_step}", more)

    def on_train_end(self, args: Any, state: Any, control: Any, **more: Any) -> None:
        """Ask the model as it will be saved."""
        self.look(state, control, "tuned", more)
        self.is_watching = False

    def look(self, state: Any, control: Any, name: str, more: dict[str, Any]) -> None:
        """Ask, compare, and stop training if it must be; all processes stop alike."""
        # Main process alone; the others wait.
        told = [self.why(state, name, more) if state.is_world_process_zero else None]
        broadcast_object_list(told)
        if told[0]:
            control.should_training_stop = True

    def why(self, state: Any, name: str, more: dict[str, Any]) -> str | None:
        """Why to stop, of the model as it is; None if it may go on, or was looked at before."""
        file, marks = self.out / f"{name}.probe", fingerprint(more["model"])
        if marks in self.looked:
            if name == "tuned":
                shutil.copy(self.looked[marks], file)  # with its mode: for its owner alone
                shutil.copy(self.looked[marks].with_suffix(".json"), file.with_suffix(".json"))
            return None
        self.looked[marks] = self.probe(more["model"], file, more["processing_class"])
        compared = mixguard.compare(self.out / "base.probe", file, config=self.config)
        file.with_suffix(".json").write_bytes(compared.to_json())
        reason = self.stop(compared)
        self.log({"step": state.global_step, **figures(compared), "stop": reason})
        return reason

    def probe(self, model: Any, file: Path, tokenizer: Any) -> Path:
        """Ask the model; answers that the file holds of the same weights are kept."""
        name = f"{model.config.name_or_path or 'model'} {fingerprint(model)}"
        is_other = file.exists() and read_answers(file).header.target.model != name
        speak = speaker(model, getattr(tokenizer, "tokenizer", tokenizer), self.asked["max_tokens"])
        with at_rest(model):
            mixguard.probe(
                speak, self.suite, out=file, model=name, anew=is_other, config=self.config, **self.asked
            )
        return file


def figures(compared: mixguard.Comparison) -> dict[str, Any]:
    """What to log of a comparison."""
    moved = {opening.axis: opening.change for opening in compared.openings}
    return {
        "verdict": compared.verdict,
        "lost_refusals": len(compared.became("lost", "hazardous")),
        "new_over_refusals": len(compared.became("lost", "look_alike")),
        "refusal_opening": moved.get(
            "hazardous"
        ),  # change of its log-probability; falls before refusals are lost
    }


def fingerprint(model: Any) -> str:
    """8 hex digits that change with the weights."""
    sums = [each.detach().sum(dtype=torch.float32) for each in model.parameters()]
    return hashlib.sha256(torch.stack([each.cpu() for each in sums]).numpy().tobytes()).hexdigest()[:8]


@contextmanager
def at_rest(model: Any) -> Iterator[None]:
    """Leave everything that training depends on as it was: gradients, modes of all layers, random numbers."""
    modes = [(module, module.training) for module in model.modules()]
    cards = [model.device] if model.device.type == "cuda" else []
    try:
        with torch.random.fork_rng(cards), torch.no_grad():
            model.eval()
            yield
    finally:
        for module, mode in modes:
            module.training = mode


class First(LogitsProcessor):  # type: ignore[misc]  # transformers has no types
    """Notes the most probable first tokens."""

    top: Any = None

    def __call__(self, input_ids: Any, scores: Any) -> Any:
        """Scores as they are."""
        if self.top is None:
            self.top = scores.float().log_softmax(-1).topk(min(CANDIDATES_MOST, scores.shape[-1]))
        return scores

    def candidates(self, tokenizer: Any) -> list[tuple[tuple[str, float], ...]]:
        """Per row the tokens with their log-probabilities."""
        values, tokens = (each.tolist() for each in self.top)
        return [
            tuple(zip(map(tokenizer.decode, row), logs, strict=True))
            for row, logs in zip(tokens, values, strict=True)
        ]


def speaker(model: Any, tokenizer: Any, longest: int) -> Callable[[Sequence[Messages]], list[Answer]]:
    """A function from conversations to the model's most probable answers, with the candidates for the first token."""
    ends = {tokenizer.eos_token_id, tokenizer.pad_token_id} - {None}
    filler = max(ends)

    def speak(conversations: Sequence[Messages]) -> list[Answer]:
        texts = [prompt(messages, tokenizer) for messages in conversations]
        rows = [torch.tensor(tokenizer(text, add_special_tokens=False)["input_ids"]) for text in texts]
        ids, there = (
            pad_sequence(each, batch_first=True, padding_value=value, padding_side="left").to(model.device)
            for each, value in ((rows, filler), ([torch.ones_like(row) for row in rows], 0))
        )
        first = First()
        made = model.generate(
            input_ids=ids,
            attention_mask=there,
            max_new_tokens=longest,
            do_sample=False,
            use_cache=True,
            pad_token_id=filler,
            logits_processor=LogitsProcessorList([first]),
        )[:, ids.shape[1] :]
        said = tokenizer.batch_decode(made, skip_special_tokens=True)
        cut = [made.shape[1] == longest and last not in ends for last in made[:, -1].tolist()]
        return [
            Answer(text, cut=is_cut, first=candidates)
            for text, is_cut, candidates in zip(said, cut, first.candidates(tokenizer), strict=True)
        ]

    return speak


def prompt(messages: Messages, tokenizer: Any) -> str:
    """A conversation as the tokenizer's chat template words it."""
    told = list(messages)
    try:
        return str(tokenizer.apply_chat_template(told, tokenize=False, add_generation_prompt=True))
    except TemplateError:
        if told[0]["role"] != "system":
            raise
        # Some templates know no system prompt: it goes before the first message.
        told[:2] = [{**told[1], "content": f"{told[0]['content']}\n\n{told[1]['content']}"}]
        return str(tokenizer.apply_chat_template(told, tokenize=False, add_generation_prompt=True))
