from __future__ import annotations

import polars as pl
import pytest
from building import evidence, found, row, unstaged

from mixguard.signals.private import PERSONAL, SECRETS, PrivateAnnotator

KEY = "ghp_" + "k3Vb9ZqLw7RtYx2NcMd5HsJf8GpTa1EuWo6i"


def counts(response: str | None) -> dict[str, int]:
    frame = pl.DataFrame({"response": [response]}, schema={"response": pl.String})
    named = PrivateAnnotator()(unstaged(frame)).row(0, named=True)
    return {name: count for name, count in named.items() if count}


def test_each_kind_is_counted() -> None:
    assert counts(
        "Write to t.hargreave@lindenhof-garten.de or m.kuehn@lindenhof-garten.de, (212) 664-7665."
    ) == {
        "private_email": 2,
        "private_phone": 1,
    }
    assert counts(f"export TOKEN={KEY}") == {"private_secrets": 1}
    assert counts("Nothing here.") == counts(None) == {}
    assert counts("t.hargreave@lindenhof-garten.de " * 400) == {"private_email": 255}


def test_spans_never_tell_what_they_hold() -> None:
    text = f"t.hargreave@lindenhof-garten.de {KEY}"
    for signal, words in ((PERSONAL, "e-mail address"), (SECRETS, "GitHub token")):
        assert signal.spans is not None
        assert [span.words for span in signal.spans({"response": text})] == [words]


@pytest.mark.parametrize(
    ("holding", "rows", "severity"), [(0, 5, "pass"), (2, 5, "note"), (3, 300, "warn"), (3, 301, "note")]
)
def test_the_share_of_personal_data_decides(holding: int, rows: int, severity: str) -> None:
    frame = [row(private_email=int(number < holding)) for number in range(rows)]
    finding = found(evidence(frame), PERSONAL.check.id)
    assert (finding.severity, finding.count) == (severity, holding)
    assert (f"e-mail address {holding}" in finding.message) is bool(holding)


def test_one_secret_fails() -> None:
    assert found(evidence([row(private_secrets=1), row()]), SECRETS.check.id).severity == "fail"
    assert found(evidence([row(private_secrets=0)]), SECRETS.check.id).severity == "pass"
