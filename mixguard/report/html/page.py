"""What every page is made with: the template's environment, its assets, and the policy that lets nothing else in.

A page makes no requests: scripts and styles are inline, allowed by hash, and nothing else may run or load
(Content-Security-Policy Level 3, https://www.w3.org/TR/CSP3/). Every value is escaped; control and
bidirectional characters are replaced.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from mixguard import __version__
from mixguard.escape import one_line
from mixguard.report.html.embedded import short_name
from mixguard.stats import rate, span

HERE = Path(__file__).parent
LONGEST = 600
"""Characters shown of any value."""
TAG = 80
"""Characters shown of an id or a word, in tables of many rows."""
BRIEF = 200
"""Characters shown of a value in a long table."""


def environment() -> Environment:
    """Templates that escape every value and bound its length."""
    made = Environment(
        loader=FileSystemLoader(HERE, encoding="utf-8"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_shown,
        keep_trailing_newline=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["number"] = lambda value: f"{value:,}"
    made.filters["rate"] = rate
    made.filters["span"] = span
    made.filters["coded"] = _coded
    made.filters["begun"] = lambda value: value[:1].upper() + value[1:]
    made.filters["short_name"] = short_name
    made.filters["tag"] = lambda value: _cut(value, TAG)
    made.filters["brief"] = lambda value: _cut(value, BRIEF)
    return made


def assets(scripts: Sequence[str], *styles: str) -> dict[str, Any]:
    """Scripts and styles as a template takes them, with the policy that allows them alone.

    Args:
        scripts: contents of the scripts, in the order they run.
        styles: file names of the styles, joined in this order.
    """
    style = "".join(map(asset, styles))
    return {
        "scripts": [Markup(script) for script in scripts],
        "style": Markup(style),
        "policy": _policy(scripts, style),
        "version": __version__,
    }


def asset(name: str) -> str:
    """The content of a file beside this one."""
    return (HERE / name).read_text(encoding="utf-8")


def _shown(value: Any) -> Any:
    """What a template prints: one line of bounded length that cannot move, hide or reorder other text."""
    if isinstance(value, str) and not isinstance(value, Markup):
        return one_line(_cut(value, LONGEST))
    return value


def _coded(value: str) -> Markup:
    """A sentence whose words in backticks are code."""
    parts = one_line(_cut(value, LONGEST)).split("`")
    if len(parts) % 2 == 0:  # one that is not closed
        return escape("`".join(parts))
    shown = (
        Markup("<code>{}</code>").format(part) if number % 2 else escape(part)
        for number, part in enumerate(parts)
    )
    return Markup("").join(shown)


def _cut(value: str, length: int) -> str:
    return value if len(value) <= length else f"{value[:length]}…"


def _policy(scripts: Sequence[str], style: str) -> str:
    allowed = " ".join(map(_hash, scripts)) or "'none'"
    return (
        f"default-src 'none'; script-src {allowed}; style-src {_hash(style)}; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )


def _hash(content: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()}'"
