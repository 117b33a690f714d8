"""Repeated samples: the same words as an earlier one."""

from __future__ import annotations

from mixguard.signals.base import Signal

DUPLICATES = Signal("duplicates", "repeats an earlier sample word for word")
