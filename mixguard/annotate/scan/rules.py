"""Which of ruff's security rules count, and when.

Those that ordinary tutorials trip all the time are left out: `assert` (S101), binding to all interfaces (S104),
passwords in examples (S105 to S107), files in /tmp (S108), swallowed errors (S110, S112), calls without a timeout
(S113), debug servers on one's own machine (S201), URLs opened as they come (S310), random numbers in games (S311),
parsers of XML (S313 to S320), MD5 as a checksum (S324), and subprocesses given as lists (S603, S606, S607).
"""

from __future__ import annotations

import re

RULES = {
    "S102": "runs text as code",
    "S103": "file that everybody may write",
    "S202": "archive unpacked without looking at its paths",
    "S301": "unpickles bytes from elsewhere",
    "S302": "unmarshals bytes from elsewhere",
    "S307": "evaluates text as code",
    "S323": "certificates not checked",
    "S324": "weak hash of a password",
    "S501": "certificates not checked",
    "S502": "outdated encryption",
    "S506": "YAML that may create any object",
    "S507": "host keys not checked",
    "S602": "shell command put together from text",
    "S604": "shell command put together from text",
    "S605": "shell command put together from text",
    "S608": "SQL put together from text",
    "S610": "SQL put together from text",
    "S611": "SQL put together from text",
    "S701": "template that does not escape",
    "S702": "template that does not escape",
    "S704": "markup that does not escape",
}
"""What each rule that counts finds; all are of medium or high severity in bandit."""
_NEEDED = {
    "S103": re.compile(r"0o?[0-7]?[0-7][0-7][2367]\b|IWOTH|IRWXO|\b(?:511|438)\b"),  # 0o755 is no danger
    "S301": re.compile(r"loads\b|request|recv|input|argv"),  # one's own file of a model is no danger
    "S324": re.compile(r"(?i)passw|pwd|secret|token"),
    "S307": re.compile(r"eval\((?!\s*[\"'])"),
}
_HARMLESS = {
    "S608": re.compile(
        r"(?i)[=(,]\s*\?|\.join\(|\{(?:\w*_)?(?:placeholders?|q?marks|params|bind\w*)\}"
    ),  # values are bound; only names are put in
}
_SAFE = re.compile(r"seems safe")


def counts(rule: str, message: str, line: str) -> bool:
    """Whether what ruff found there is insecure beyond the ordinary."""
    harmless = _HARMLESS.get(rule)
    if _SAFE.search(message) or (harmless and harmless.search(line)):
        return False
    needed = _NEEDED.get(rule)
    # Of a mask that the line names by a variable, the message has the value.
    return needed is None or bool(needed.search(line) or needed.search(message))
