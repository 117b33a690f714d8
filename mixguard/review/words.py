"""The words that decided a hazard, measured for one row when a reader asks."""

from __future__ import annotations

from threading import Lock

from mixguard.config import Config
from mixguard.detectors import Worker
from mixguard.explain import deciding_words, judge_again
from mixguard.marks import Mark


class Words:
    """What was measured in this review; the encoder is loaded for the first row, and judges one row at a time."""

    def __init__(self, config: Config) -> None:
        """Load nothing yet; `config` is the run's own."""
        self.known: dict[str, list[Mark]] = {}
        """By text id."""
        self._config = config
        self._worker: Worker | None = None
        self._lock = Lock()

    def of(self, text_id: str, prompt: str) -> list[Mark]:
        """The deciding words of a prompt, measured unless they are known; whoever else asks waits.

        Raises:
            UsageError: the encoder cannot be loaded; the next one who asks tries again.
        """
        with self._lock:
            if text_id not in self.known:
                self._worker = self._worker or judge_again(self._config)
                self.known[text_id] = deciding_words(self._worker, prompt)
            return self.known[text_id]
