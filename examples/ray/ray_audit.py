"""Audit a corpus on a Ray cluster: `python ray_audit.py RUN PATH...`; exits with the verdict's code.

The cluster is the one at RAY_ADDRESS, which a Ray job has set; without it, one is started on this machine.
"""

from __future__ import annotations

import sys

import mixguard
from mixguard.run.gate import exit_code


def main() -> int:
    """Audit, and print what was found."""
    run, *paths = sys.argv[1:]
    config = mixguard.Config.load(values={"run.engine": "ray", "run.folder": run})
    result = mixguard.audit(*paths, config=config)
    print(f"{run}: {result.verdict}, {result.corpus.exchanges:,} exchanges")
    for finding in result.findings:
        if finding.counts and finding.severity != "pass":
            print(f"{finding.id} {finding.severity}: {finding.message}")
    return exit_code(result, "fail")


if __name__ == "__main__":
    sys.exit(main())
