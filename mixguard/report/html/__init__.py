"""The HTML report: one self-contained file, for an engineer to search and a manager to read.

It makes no requests, and every value is escaped (`page`). Sizes are bounded, so the file stays under 3 MB for any corpus.
"""

from __future__ import annotations

from functools import partial

from markupsafe import Markup

from mixguard.mix.manifest import Manifest
from mixguard.report.html import advice, charts, found, rows, summary
from mixguard.report.html.covered import covered
from mixguard.report.html.embedded import encoded
from mixguard.report.html.page import asset, assets, environment
from mixguard.report.html.quarantine import quarantined
from mixguard.run.document import Audit

SCRIPTS = ("scrolls.js", "page.js", "rows.js", "charts.js", "folds.js", "report.js")
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
    page = (
        environment()
        .get_template("report.html.jinja")
        .render(
            audit=audit,
            manifest=manifest,
            headline=summary.headline(audit),
            tone=summary.verdict_tone(audit),
            facts=list(summary.facts(audit, manifest)),
            steps=advice.steps(audit, mixed=manifest is not None),
            findings=found.told(audit, listed),
            passed=[finding for finding in audit.findings if finding.severity == "pass"],
            covered=covered(audit, manifest),
            signals=summary.signals(audit),
            languages=summary.languages_shown(audit),
            quarantined=quarantined(audit),
            changed=summary.changed_options(audit.config),
            listed=listed,
            charts=drawn,
            limit_from=partial(summary.limit_from, audit.config),
            document=Markup(
                encoded({"rows": {**listed.columns, "names": audit.detectors.hazards}, **columns})
            ),
            **assets(scripts, "base.css", "report.css"),
        )
    )
    return page.encode("utf-8", "replace")
