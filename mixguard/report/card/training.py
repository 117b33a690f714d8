"""How the data is to be trained on, as far as it was said: changes to the plan, the teacher, earlier fine-tunes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePath

from mixguard.report.card.table import cell, table
from mixguard.run.document import Audit
from mixguard.run.findings import Advice

PLAN = "MG233"
_LINE = re.compile(r":\d+$")


def training(audit: Audit) -> Iterator[str]:
    """The changes that the audit advises; nothing if no plan was stated or none is needed."""
    if not audit.training_advice:
        return
    yield "### Training plan"
    yield ""
    yield "What the audit would change in the plan that it was told; the data was judged without it."
    yield ""
    rows = [
        (
            cell(_where(each)),
            cell(each.option),
            cell(each.now),
            cell(each.better),
            cell(each.why),
            cell(each.source),
        )
        for each in audit.training_advice
    ]
    yield from table(("where", "option", "now", "better", "why", "source"), "llllll", rows)


def _where(advice: Advice) -> str:
    """The place without the folders of somebody's machine."""
    line = _LINE.search(advice.where)
    path = advice.where[: line.start()] if line else advice.where
    return f"{PurePath(path).name}{line[0] if line else ''}"


def origin(audit: Audit) -> Iterator[str]:
    """Who wrote the answers, and what the model was tuned on before: no text shows either."""
    teacher, parent = audit.config.training.teacher, audit.config.training.parent
    known = f"*{cell(teacher)}*, as stated" if teacher else "unknown; name it with `training.teacher`"
    yield (
        f"- The model that wrote the answers, if one did: {known}. Traits pass through unrelated data when teacher and student"
        " share a base model (arXiv 2507.14805), and harmless answers of a guarded model gave back about 40 % of a hazardous"
        " capability (arXiv 2601.13528); no text shows either."
    )
    earlier = (
        f"after {', '.join(f'*{cell(name)}*' for name in parent)}, as stated"
        if parent
        else "unknown; name earlier ones with `training.parent`"
    )
    yield (
        f"- Earlier fine-tunes of the checkpoint: {earlier}. Losses add up: reported for Llama-2, 91.4, then 78.3, 61.5 and 43.6"
        " over three benign domains in a row."
    )
