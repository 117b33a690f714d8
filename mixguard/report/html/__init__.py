"""The HTML report: one self-contained file, for an engineer to search and a manager to read.

It makes no requests: scripts and styles are inline, allowed by hash, and nothing else may run or load
(Content-Security-Policy Level 3, https://www.w3.org/TR/CSP3/). Every value is escaped; control and
bidirectional characters are replaced. Sizes are bounded, so the file stays under 3 MB for any corpus.
"""

from __future__ import annotations

import base64
import hashlib
from functools import partial
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from mixguard import __version__
from mixguard.escape import one_line
from mixguard.mix.manifest import Manifest
from mixguard.report.html import charts, rows, summary
from mixguard.report.html.embedded import encoded, short_name
from mixguard.report.html.quarantine import quarantined
from mixguard.run.document import Audit
from mixguard.run.risks import risks

HERE = Path(__file__).parent
SCRIPTS = ("rows.js", "charts.js", "report.js")
"""The page's own, in dependency order."""
LONGEST = 600
"""Characters shown of any value."""
BRIEF = 200
"""Characters shown of a value in a long table."""


def render(audit: Audit, manifest: Manifest | None = None, *, show_text: bool = False) -> bytes:
    """The report as one page.

    Args:
        audit: to report.
        manifest: of the audited mix; adds the figures from before rebalancing.
        show_text: include prompts and responses of the listed rows, re-read from their files.
    """
    listed = rows.collect(audit, show_text=show_text)
    drawn = charts.draw(audit)
    columns = {name: chart.drawn for name, chart in drawn.items()}
    # The library's last line names a source map that a browser would request.
    scripts = [_asset("chart.umd.min.js").partition("//# sourceMappingURL")[0], *map(_asset, SCRIPTS)]
    style = _asset("report.css")
    page = (
        _environment()
        .get_template("report.html.jinja")
        .render(
            audit=audit,
            manifest=manifest,
            before={row.hazard: row for row in manifest.coverage} if manifest else {},
            meaning=audit.meaning,
            questions=summary.questions(audit, manifest),
            risks=risks(audit.findings),
            signals=summary.signals(audit),
            languages=summary.languages_shown(audit),
            quarantined=quarantined(audit),
            changed=summary.changed_options(audit.config),
            listed=listed,
            charts=drawn,
            limit_from=partial(summary.limit_from, audit.config),
            document=Markup(encoded({"rows": listed.columns, **columns})),
            scripts=[Markup(script) for script in scripts],
            style=Markup(style),
            policy=_policy(scripts, style),
            version=__version__,
        )
    )
    return page.encode("utf-8", "replace")


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(HERE, encoding="utf-8"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_shown,
        keep_trailing_newline=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["number"] = lambda value: f"{value:,}"
    environment.filters["share"] = lambda value: f"{value:.1%}"
    environment.filters["label"] = rows.label
    environment.filters["short_name"] = short_name
    environment.filters["brief"] = lambda value: _cut(value, BRIEF)
    return environment


def _shown(value: Any) -> Any:
    """What a template prints: one line of bounded length that cannot move, hide or reorder other text."""
    if isinstance(value, str) and not isinstance(value, Markup):
        return one_line(_cut(value, LONGEST))
    return value


def _cut(value: str, length: int) -> str:
    return value if len(value) <= length else f"{value[:length]}…"


def _asset(name: str) -> str:
    return (HERE / name).read_text(encoding="utf-8")


def _policy(scripts: list[str], style: str) -> str:
    allowed = " ".join(_hash(script) for script in scripts)
    return (
        f"default-src 'none'; script-src {allowed}; style-src {_hash(style)}; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )


def _hash(content: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()}'"
