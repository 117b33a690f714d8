"""The HTML report: one self-contained file, for an engineer to search and a manager to read.

It makes no requests, and every value is escaped (`page`). Sizes are bounded, so the file stays under 3 MB for any corpus.
"""

from __future__ import annotations

from functools import partial

from markupsafe import Markup

from mixguard.mix.manifest import Manifest
from mixguard.report.html import charts, rows, summary
from mixguard.report.html.embedded import encoded
from mixguard.report.html.page import asset, assets, environment
from mixguard.report.html.quarantine import quarantined
from mixguard.run.document import Audit
from mixguard.run.risks import risks

SCRIPTS = ("rows.js", "charts.js", "folds.js", "report.js")
"""The page's own, in dependency order."""


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
    scripts = [asset("chart.umd.min.js").partition("//# sourceMappingURL")[0], *map(asset, SCRIPTS)]
    made = environment()
    made.filters["label"] = rows.label
    page = made.get_template("report.html.jinja").render(
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
        **assets(scripts, "report.css"),
    )
    return page.encode("utf-8", "replace")
