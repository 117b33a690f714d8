"""Refusals taken back: answers that refuse first and then do as asked."""

from __future__ import annotations

from mixguard.signals.base import Signal

TURNOVER = Signal("turnover", "refuses first, then does as asked")
