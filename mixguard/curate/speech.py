"""In whose words a mix refuses: the model's own where it can be asked, else in its voice."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import polars as pl

from mixguard import remote
from mixguard.checks.terms import REFUSES, TRAINED
from mixguard.config import Config
from mixguard.corpus.corpus import Corpus, CorpusLike
from mixguard.curate.bank_fill import fill
from mixguard.curate.voice_learn import Said, voice_of
from mixguard.errors import UsageError
from mixguard.library.bank import Bank
from mixguard.library.taxonomy import Taxonomy
from mixguard.library.voice import Voice, fitting
from mixguard.mix.plan import Plan
from mixguard.progress import Progress
from mixguard.run.document import Audit
from mixguard.served.endpoint import Endpoint

OWN_WORDS, VOICE = ".own-words", ".voice.toml"
"""What is appended to the name of a mix: the folder of the model's answers, and the voice that was learned."""
LENT_LEAST = 20
"""Refusals that a corpus must hold to lend its voice. Judgement."""
LENT_MOST = 2000
"""Refusals that are read to learn it."""


class Speech(NamedTuple):
    """The bank and the voice that a mix is made with."""

    config: Config
    """Names both, so that the audit of the mix knows them."""
    bank: Bank
    voice: Voice | None

    def kept(self, out: Path) -> Speech:
        """The same, with a voice that was learned kept beside the mix, so that later audits can name it."""
        if self.voice is None or self.config.rebalance.voice is not None:
            return self
        file = out.with_name(out.name + VOICE)
        self.voice.save(file)
        return self._replace(config=self.config.replace({"rebalance.voice": remote.named(file)}))


def chosen_voice(before: Audit, corpora: Sequence[CorpusLike], config: Config) -> tuple[Voice | None, bool]:
    """The voice that was named, or else that of the corpus's own refusals; and whether it is the corpus's."""
    if config.rebalance.voice is not None:
        return Voice.load(config.rebalance.voice), False
    own = before.annotations.filter(TRAINED & REFUSES & pl.col("pair").is_null())
    rows = own.select("sample_id", "exchange").head(LENT_MOST).collect()
    if rows.height < LENT_LEAST:
        return None, False
    corpus = Corpus.open(corpora, config.read, offline=config.encode.offline)
    said = [pl.DataFrame(schema={"prompt": pl.String, "response": pl.String})]
    for part in corpus.parts(config.run.batch):
        mine = part.frame.join(rows, on=["sample_id", "exchange"], how="semi")
        said = [*said, mine.select("prompt", "response")]
    refusals = [Said(*row) for row in pl.concat(said).iter_rows()]
    source = f"learned from the {len(refusals):,} refusals that the corpus holds"
    try:
        return voice_of(refusals, "the corpus", source), True
    except UsageError:  # its refusals share no opening
        return None, False


def own_words(plan: Plan, out: Path, endpoint: Endpoint, speech: Speech, progress: Progress) -> Speech:
    """Ask the model for what a plan needs; what it does not give is told in its voice.

    Args:
        plan: how many pairs are needed.
        out: the mix; the model's answers are kept beside it, so that a stopped run resumes.
        endpoint: the model.
        speech: what the mix would be made with otherwise.
        progress: called after each batch.
    """
    wanted = {("refusal", line.hazard): line.refusals for line in plan.hazards if line.refusals}
    wanted |= {("contrast", line.hazard): line.contrast for line in plan.hazards if line.contrast}
    folder = out.with_name(out.name + OWN_WORDS)
    fill(folder, endpoint, speech.config, progress, wanted=wanted)
    bank = Bank.load(str(folder), Taxonomy.load(speech.config.judge.taxonomy))
    config = speech.config.replace({"rebalance.bank": str(folder)})
    voice = (
        speech.voice if config.rebalance.voice is not None else _learned(bank, endpoint.model, speech.voice)
    )
    return Speech(config, bank, voice)


def _learned(bank: Bank, model: str, otherwise: Voice | None) -> Voice | None:
    """The voice of a model's kept refusals; where there are too few, a bundled one that fits its name."""
    own = bank.of("refusal").filter(pl.col("model") == model).select("prompt", "response")
    with suppress(UsageError):
        return voice_of([Said(*row) for row in own.iter_rows()], model, f"learned from {model}'s answers")
    name = fitting(model)
    return otherwise or (Voice.load(name) if name else None)
