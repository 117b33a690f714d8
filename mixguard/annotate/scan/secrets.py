"""Keys and tokens in a text: the exact plugins of detect-secrets, and formats that it does not know; nothing is verified."""

from __future__ import annotations

import json
import math
import re
from base64 import urlsafe_b64decode
from collections import Counter
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

HINT = "|".join(
    (
        r"A(?:KIA|SIA|BIA|CCA)[0-9A-Z]{12}|aws_secret|AWS_SECRET|[sS]ecretAccessKey|AccountKey|AIza[0-9A-Za-z_-]{20}",
        r"gh[pousr]_[0-9A-Za-z]{20}|github_pat_|glpat-|hf_[A-Za-z]{20}|npm_[0-9A-Za-z]{20}|_authToken",
        r"xox[abeoprs]-|hooks\.slack|[rs]k_live_|sq0[a-z]|sk-[0-9A-Za-z_-]{40}|SG\.[0-9A-Za-z_-]{10}|[0-9a-f]{32}-us",
        r"PRIVATE KEY|eyJ[0-9A-Za-z_-]{10}|[MNO][0-9A-Za-z_-]{23,25}\.[0-9A-Za-z_-]{6}\.",
    )
)
"""What a text without any of it need not be looked at for."""
_PLUGINS = {
    "AWSKeyDetector": "AWS key",
    "AzureStorageKeyDetector": "Azure storage key",
    "DiscordBotTokenDetector": "Discord token",
    "GitHubTokenDetector": "GitHub token",
    "MailchimpDetector": "Mailchimp key",
    "NpmDetector": "npm token",
    "SendGridDetector": "SendGrid key",
    "SlackDetector": "Slack token",
    "SquareOAuthDetector": "Square token",
    "StripeDetector": "Stripe key",
}
"""The plugins whose formats nothing else has, with words for what they find."""
_OWN = {
    "GitHub token": r"\bgithub_pat_[0-9A-Za-z]{22}_[0-9A-Za-z]{59}\b",
    "GitLab token": r"\bglpat-[0-9A-Za-z_-]{20,}\b",
    "Google key": r"\bAIza[0-9A-Za-z_-]{35}(?![\w-])",
    "Hugging Face token": r"\bhf_[A-Za-z]{34}\b",
    "OpenAI key": r"\bsk-(?:proj-|svcacct-)?(?:[0-9A-Za-z]{48}|[0-9A-Za-z_-]{70,200})(?![\w-])",
    "signed token": r"\beyJ[0-9A-Za-z_-]{8,}\.eyJ[0-9A-Za-z_-]{8,}\.[0-9A-Za-z_-]{20,}",
    "Anthropic key": r"\bsk-ant-[0-9A-Za-z_-]{80,120}(?![\w-])",
}
_PLACEHOLDER = re.compile(
    r"(?i)example|sample|x{4}|\*{3}|\.{3}|your|placeholder|change.?me|dummy|fake|redacted|secret.?key|insert|replace|todo|test|demo|0{5}|1234|abcd|qwerty|<|>|\{|\}|foobar|(.)\1{4}"
)
LEAST = 16
"""Characters of the shortest secret."""
LEAST_BITS = 3.3
"""Bits per character below which a token was typed by hand: random letters and digits have over 4 at their lengths."""
_KEY = re.compile(r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----(.{0,6000}?)(?:-----END|$)", re.DOTALL)
_KEY_CHARS = 200


class Secret(NamedTuple):
    """A place in a text that holds a secret."""

    start: int
    end: int
    words: str


def find(text: str) -> list[Secret]:
    """The secrets of a text that look real, in order."""
    found = {(start, end): words for start, end, words in _candidates(text) if _real(text, start, end, words)}
    return [Secret(*place, words) for place, words in sorted(found.items())]


@cache
def _plugins() -> tuple[tuple[re.Pattern[str], str], ...]:
    """The patterns of the plugins with words for what they find; importing them takes a while."""
    from detect_secrets.core.plugins.util import get_mapping_from_secret_type_to_class

    classes = {each.__name__: each for each in get_mapping_from_secret_type_to_class().values()}
    named = ((classes.get(name), words) for name, words in _PLUGINS.items())
    return tuple((pattern, words) for plugin, words in named for pattern in getattr(plugin, "denylist", ()))


def _candidates(text: str) -> Iterator[Secret]:
    for key in _KEY.finditer(text):
        yield Secret(*key.span(), "private key")  # the plugin for them sees their first line only
    for words, pattern in _OWN.items():
        yield from (Secret(*match.span(), words) for match in re.finditer(pattern, text))
    for compiled, words in _plugins():
        for match in compiled.finditer(text):
            # A plugin may mark the secret within what it matches, or only its kind.
            whole = match.span(1) if match.re.groups and len(match[1] or "") >= LEAST else match.span()
            yield Secret(whole[0], whole[1], words)


def _real(text: str, start: int, end: int, words: str) -> bool:
    """Whether it is no placeholder."""
    value = text[start:end]
    if words == "private key":
        (body,) = _KEY.findall(value) or [""]
        letters = re.sub(r"[^A-Za-z0-9+/=]", "", body)
        return len(letters) >= _KEY_CHARS and "..." not in body and _bits(letters) > LEAST_BITS + 1
    if words == "signed token":
        return _signed(value)
    return not _PLACEHOLDER.search(value) and _bits(value) >= LEAST_BITS


def _signed(token: str) -> bool:
    """Whether a JSON web token has a signature, and is not the sample that all documentation shows."""
    _header, dot, rest = token.partition(".")
    payload, second, signature = rest.partition(".")
    if not dot or not second or len(signature) < 20 or _bits(signature) < LEAST_BITS:
        return False
    try:
        claims = json.loads(urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except ValueError:
        return False
    shown = json.dumps(claims)
    return isinstance(claims, dict) and not re.search(
        r"(?i)john doe|jane doe|1234567890|\"admin\": true|example|test|\"sub\": \"?\w{0,3}\"?[,}]", shown
    )


def _bits(text: str) -> float:
    """Shannon entropy per character."""
    counts = Counter(text)
    return (
        -sum(count / len(text) * math.log2(count / len(text)) for count in counts.values()) if text else 0.0
    )
