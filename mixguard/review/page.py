"""The review page: it holds no row, and asks for each with the token in its own address."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from mixguard.report.html.page import assets, environment

HERE = Path(__file__).parent
SCRIPTS = ("ask.js", "row.js", "words.js", "choose.js", "finish.js", "review.js")


class Page(NamedTuple):
    """What a browser is given."""

    content: bytes
    policy: str
    """Its Content-Security-Policy, as a header."""


def page() -> Page:
    """The page, whose own scripts may run, and ask nobody but the server that it came from."""
    scripts = [(HERE / name).read_text(encoding="utf-8") for name in SCRIPTS]
    made = assets(scripts, "base.css", str(HERE / "review.css"))
    policy = f"{made['policy']}; connect-src 'self'"
    template = environment().from_string((HERE / "review.html.jinja").read_text(encoding="utf-8"))
    content = template.render({**made, "policy": policy}).encode()
    return Page(content, f"{policy}; frame-ancestors 'none'")
