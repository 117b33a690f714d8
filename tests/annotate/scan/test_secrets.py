from __future__ import annotations

import base64
import json
import random
import re
import string

import pytest

from mixguard.annotate.scan.secrets import HINT, find

LETTERS = string.ascii_letters + string.digits


def chance(count: int, letters: str = LETTERS) -> str:
    """Letters as a key has them; the same in each run, and nobody's."""
    drawn = random.Random(11)
    return "".join(drawn.choice(letters) for _ in range(count))


def token(claims: dict[str, object]) -> str:
    parts = [
        base64.urlsafe_b64encode(json.dumps(each).encode()).decode().rstrip("=")
        for each in ({"alg": "HS256"}, claims)
    ]
    return ".".join([*parts, chance(43)])


REAL = {
    "AWS key": "AKIA" + chance(16, string.ascii_uppercase + "234567"),
    "GitHub token": "ghp_" + chance(36),
    "GitLab token": "glpat-" + chance(20),
    "Google key": "AIza" + chance(35),
    "Hugging Face token": "hf_" + chance(34, string.ascii_letters),
    "OpenAI key": "sk-" + chance(48),
    "Stripe key": "sk_live_" + chance(24),
    "SendGrid key": f"SG.{chance(22)}.{chance(43)}",
    "Slack token": f"xoxb-{chance(12, string.digits)}-{chance(12, string.digits)}-{chance(24)}",
    "npm token": "//registry.npmjs.org/:_authToken=npm_" + chance(36),
    "Azure storage key": f"AccountKey={chance(86)}==",
    "signed token": token({"sub": "a8f5c2e1-9d", "role": "cook"}),
    "private key": f"-----BEGIN RSA PRIVATE KEY-----\n{chance(640)}\n-----END RSA PRIVATE KEY-----",
}
PLACEHOLDERS = [
    "AKIAIOSFODNN7EXAMPLE",
    "aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    "sk-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
    "ghp_" + "x" * 36,
    "ghp_" + "ab" * 18,
    "sk_live_1234567890abcdefghijklmn",
    "api_key = 'your-api-key'; password = 'changeme'",
    "-----BEGIN PRIVATE KEY-----\nMIIE...\n-----END PRIVATE KEY-----",
    token({"sub": "1234567890", "name": "John Doe", "iat": 1516239022}),
    "eyJhbGciOiJIUzI1NiJ9.eyJ.x",
]


@pytest.mark.parametrize(("words", "value"), REAL.items())
def test_a_real_looking_secret_is_found_where_it_stands_and_never_told(words: str, value: str) -> None:
    text = f"Set it to {value} and go on."
    assert re.search(HINT, text)
    (secret,) = find(text)
    assert secret.words == words
    assert text[secret.start : secret.end] in value
    assert value not in secret.words


@pytest.mark.parametrize("text", PLACEHOLDERS)
def test_placeholders_are_spared(text: str) -> None:
    assert find(text) == []
