"""Personal data and secrets in answers: what a tuned model may recite."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import polars as pl

from mixguard.annotate.base import Batch
from mixguard.annotate.phrases import READ, Span
from mixguard.annotate.scan import personal, secrets
from mixguard.checks.base import Aside, Case, Check, Evidence, Judged, Limit, Rate
from mixguard.checks.terms import TRAINED
from mixguard.signals.base import Examples, Page, Row, Signal

WARN_FROM = 3
"""Exchanges below which a share of personal data decides nothing."""
_COLUMNS = {kind: f"private_{kind}" for kind in personal.KINDS}
_ANY = pl.sum_horizontal(pl.col(name).fill_null(0).cast(pl.UInt16) for name in _COLUMNS.values())


class PrivateAnnotator:
    """Counts what looks like personal data and like secrets in each answer; never keeps it."""

    reads = ("response",)
    writes = pl.Schema({**dict.fromkeys(_COLUMNS.values(), pl.UInt8), "private_secrets": pl.UInt8})

    def __call__(self, batch: Batch) -> pl.DataFrame:
        """Columns `private_KIND`: how many pieces of personal data of that kind; `private_secrets`: keys and tokens."""
        answers = batch.frame.get_column("response").fill_null("").str.slice(0, READ)
        found = {name: pl.zeros(len(answers), dtype=pl.UInt8, eager=True).alias(name) for name in self.writes}
        hinted = answers.str.contains(personal.HINT)
        kinds = [[piece.kind for piece in personal.find(text)] for text in answers.filter(hinted)]
        for kind, name in _COLUMNS.items():
            _fill(found, name, hinted, [each.count(kind) for each in kinds])
        keyed = answers.str.contains(secrets.HINT)
        _fill(found, "private_secrets", keyed, [len(secrets.find(text)) for text in answers.filter(keyed)])
        return pl.DataFrame(list(found.values()))


def _fill(found: dict[str, pl.Series], name: str, mask: pl.Series, counts: Sequence[int]) -> None:
    if any(counts):
        values = pl.Series([min(count, 255) for count in counts], dtype=pl.UInt8)
        found[name] = found[name].scatter(mask.arg_true(), values)


def _judge_personal(rate: Rate, evidence: Evidence) -> Judged:
    if not rate.count:
        return Judged("pass", "no response holds what looks like personal data")
    sums = evidence.frame.filter(TRAINED).select(
        (pl.col(name) > 0).sum().alias(kind) for kind, name in _COLUMNS.items()
    )
    counted = sorted(sums.collect().row(0, named=True).items(), key=lambda each: (-each[1], each[0]))
    listed = ", ".join(f"{personal.WORDS[kind]} {count:,}" for kind, count in counted if count)
    holds = "exchange teaches" if rate.count == 1 else "exchanges teach"
    message = f"personal data: {rate.count:,} of {rate.total:,} {holds} what looks like it ({listed})"
    grave = rate.count >= WARN_FROM and rate.count >= rate.limit * rate.total
    return Judged("warn" if grave else "note", message)


def _judge_secrets(rate: Rate, _: Evidence) -> Judged:
    if not rate.count:
        return Judged("pass", "no response holds what looks like a key or a token")
    holds = "exchange teaches" if rate.count == 1 else "exchanges teach"
    message = f"secrets: {rate.count:,} of {rate.total:,} {holds} a key or token that looks real"
    return Judged("fail" if rate.count >= rate.limit else "warn", message)


def _spans(
    find: Callable[[str], Sequence[Any]], words: Callable[[Any], str]
) -> Callable[[Row], Sequence[Span]]:
    def spans(row: Row) -> Sequence[Span]:
        text = (row.get("response") or "")[:READ]
        return [Span("response", each.start, each.end, words(each)) for each in find(text)]

    return spans


PERSONAL = Signal(
    name="personal data",
    about="teaches what looks like personal data",
    annotator=PrivateAnnotator(),
    spans=_spans(personal.find, lambda piece: personal.WORDS[piece.kind]),
    page=Page(
        measures="Share of exchanges whose response holds an e-mail address, a phone number, a card number (Luhn), a bank account number (mod 97), a public IP address, or a French or Brazilian identity number (checksums). Those kept for examples and fiction, of offices and of well-known servers do not count. Only counts are kept.",
        blind="Names, postal addresses, dates of birth, records told in words. Whether an invented number belongs to somebody.",
        cost="Patterns over responses, together with MG215.",
        examples=Examples(
            shows=(
                {
                    "prompt": "How do I reach the gardener?",
                    "response": "Write to t.hargreave@lindenhof-garten.de.",
                },
            ),
            spares=(
                {"prompt": "How do I reach the gardener?", "response": "Write to gardener@example.com."},
                {"prompt": "How do I reach the shop?", "response": "Call 555-0123, or ping 192.168.0.12."},
            ),
        ),
    ),
    check=Check(
        id="MG214",
        name="personal-data",
        kind="quality",
        severities=("note", "warn"),
        cases=(Case(among=TRAINED, flags=_ANY > 0, judge=_judge_personal),),
        limit=Limit(
            0.01, "Share of exchanges with personal data that triggers a warning, from 3 on. Judgement."
        ),
        why="A tuned model can recite what its answers held, to anybody who asks.",
        source="judgement",
        remedy="Replace it by reserved examples (example.com, 555-0100, 192.0.2.1), or make sure that its owner agreed.",
        mechanisms=("M52",),
    ),
)
SECRETS = Signal(
    name="secrets",
    about="teaches a key or a token that looks real",
    spans=_spans(secrets.find, lambda secret: str(secret.words)),
    page=Page(
        measures="Number of exchanges whose response holds a key or token of a known format (AWS, Azure, GitHub, GitLab, Google, Hugging Face, OpenAI, Slack, Stripe and others), a private key, or a signed token, unless it looks like a placeholder. Nothing is verified, sent or kept.",
        blind="Passwords and keys without a format of their own.",
        cost="None beyond MG214; scanners where a response holds a hint.",
        examples=Examples(
            shows=(
                {
                    "prompt": "How do I log in from a script?",
                    # Put together so that no scanner takes this file for a leak; it is nobody's.
                    "response": "Set the variable TOKEN to "
                    + "gh"
                    + "p_"
                    + "k3Vb9ZqLw7RtYx2NcMd5HsJf8GpTa1EuWo6i.",
                },
            ),
            spares=(
                {
                    "prompt": "How do I log in?",
                    "response": "Set the variable to AKIAIOSFODNN7EXAMPLE, or sk-xxxx, or your-api-key.",
                },
            ),
        ),
    ),
    check=Check(
        id="MG215",
        name="secrets",
        kind="quality",
        severities=("warn", "fail"),
        cases=(Case(among=TRAINED, flags=pl.col("private_secrets") > 0, judge=_judge_secrets),),
        limit=Limit(1.0, "Exchanges with a secret that fail the gate. Judgement.", 1, 1e9),
        aside=Aside("secrets", "it holds a key or a token"),
        why="A tuned model can recite a key that its answers held; a key that was in a corpus is no longer secret.",
        source="judgement",
        remedy="Revoke the key, then redact it in the corpus.",
        mechanisms=("M52",),
    ),
)
