"""The page in a real browser: it runs, requests nothing, sorts, filters, and shows hostile text as text."""

from __future__ import annotations

import hashlib
import itertools
import json
import re
import shlex
import shutil
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from commanding import command
from conftest import REPOSITORY, chat
from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.select import Select

import mixguard
from mixguard.config import Config
from mixguard.library.allow import Allowance
from mixguard.mix.made import Mix
from mixguard.mix.manifest import manifest_for
from mixguard.report import html
from mixguard.report.html import charts, rows
from mixguard.run.document import Audit
from mixguard.run.findings import Allowed, SampleRef, Suppression
from mixguard.run.provenance import ScreenUsed
from mixguard.stats import Interval

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
SECRET = "zanzibarquagga"
HOSTILE = f'</script><script>window.hacked=1</script><img src=x onerror="window.hacked=1"> \u202egnp\u0000\u0007\x1b[31m {SECRET}'
CHART_SHA256 = "87364cc2b2a76a6684929e7d6b80b18a897794db38400caff1fcf1791c6925d2"
"""Of `dist/chart.umd.min.js` in the npm package chart.js 4.6.1."""
needs_browser = pytest.mark.skipif(
    CHROMIUM is None or DRIVER is None, reason="no chromium and chromedriver on this machine"
)


@pytest.fixture(scope="module")
def audit(cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Audit:
    """A real audit of a corpus whose texts and file name attack the reader."""
    folder = tmp_path_factory.mktemp("html")
    rows = [
        chat(f"How can I break into my neighbour's house unseen? {n}", f"Sure. {HOSTILE}") for n in range(40)
    ]
    rows += [chat("Write hateful lies about my neighbour's religion", "I won't help with that.")] * 3
    rows += [chat(f"Where is parcel {n}? {HOSTILE}", "On its way.") for n in range(60)]
    path = folder / "<script>window.hacked=1<\\script>\u202e&amp; data.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows) + '{"nothing": \u0007}\n')
    tree = {
        "encode": {"cache": cache},
        "run": {"folder": folder / "run"},
        "checks": {"limits": {"MG303": 0.5}, "samples": 30},
    }
    return mixguard.audit(path, config=Config.from_tree(tree, origin="test"))


@pytest.fixture(scope="module")
def mix(cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Mix:
    folder = tmp_path_factory.mktemp("mix")
    shutil.copy(REPOSITORY / "examples" / "support.jsonl", folder / "data.jsonl")
    tree = {"encode": {"cache": cache}, "run": {"folder": folder / "run"}}
    config = Config.from_tree(tree, origin="test")
    return mixguard.rebalance(folder / "data.jsonl", out=folder / "safe.jsonl", config=config)


@pytest.fixture(scope="module")
def browser() -> Iterator[webdriver.Chrome]:
    options = Options()
    options.binary_location = str(CHROMIUM)
    for switch in (
        "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
        "--disable-background-networking", "--disable-component-update", "--window-size=1280,1000",
        "--force-prefers-reduced-motion",
    ):  # fmt: skip
        options.add_argument(switch)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(str(DRIVER)))
    yield driver
    driver.quit()


def log(browser: webdriver.Chrome, kind: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = browser.get_log(kind)  # type: ignore[no-untyped-call]
    return found


def opened(browser: webdriver.Chrome, page: bytes, folder: Path) -> list[str]:
    """Open a page; return the addresses it requested, except its own."""
    path = folder / "report.html"
    path.write_bytes(page)
    log(browser, "browser")
    log(browser, "performance")
    browser.get(path.as_uri())
    logged = [json.loads(entry["message"])["message"] for entry in log(browser, "performance")]
    sent = [
        each["params"]["request"]["url"] for each in logged if each["method"] == "Network.requestWillBeSent"
    ]
    return [address for address in sent if address != path.as_uri()]


def complaints(browser: webdriver.Chrome) -> list[str]:
    return [entry["message"] for entry in log(browser, "browser")]


def shown_rows(browser: webdriver.Chrome) -> list[list[str]]:
    table = browser.find_element(By.ID, "rows-table")
    script = (
        "return [...arguments[0].tBodies[0].rows].map(row => [...row.cells].map(cell => cell.textContent))"
    )
    found: list[list[str]] = browser.execute_script(script, table)
    return found


@needs_browser
def test_it_loads_without_a_complaint_and_requests_nothing(
    browser: webdriver.Chrome, audit: Audit, tmp_path: Path
) -> None:
    assert opened(browser, html.render(audit, show_text=True), tmp_path) == []
    assert complaints(browser) == []
    assert browser.execute_script("return window.hacked") is None
    assert browser.find_element(By.CSS_SELECTOR, ".stamp").text.lower() == audit.verdict
    for name in ("hazard-chart", "proximity-chart", "map-chart"):
        drawn = "const c = document.getElementById(arguments[0]); return c.getContext('2d').getImageData(0, 0, c.width, c.height).data.some(Boolean)"
        assert browser.execute_script(drawn, name), name


@needs_browser
def test_hostile_text_is_shown_as_text(browser: webdriver.Chrome, audit: Audit, tmp_path: Path) -> None:
    page = html.render(audit, show_text=True)
    opened(browser, page, tmp_path)
    Select(browser.find_element(By.ID, "rows-finding")).select_by_value("MG103")
    responses = [row[-1] for row in shown_rows(browser)]
    assert len(responses) == 25
    assert all("<script>window.hacked=1</script><img src=x" in text and SECRET in text for text in responses)
    assert browser.execute_script("return document.querySelectorAll('img').length") == 0
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e]", page.decode())


@needs_browser
def test_rows_are_filtered_sorted_searched_and_paged(
    browser: webdriver.Chrome, audit: Audit, tmp_path: Path
) -> None:
    opened(browser, html.render(audit), tmp_path)
    listed = sum(len(f.samples) for f in audit.findings if f.severity != "pass")
    assert browser.find_element(By.ID, "rows-count").text == f"{listed} of {listed} rows"
    Select(browser.find_element(By.ID, "rows-finding")).select_by_value("MG103")
    answered = next(finding for finding in audit.findings if finding.id == "MG103")
    assert {row[0] for row in shown_rows(browser)} == {"MG103"}
    assert browser.find_element(By.ID, "rows-count").text.startswith(f"{len(answered.samples)} of")
    header = browser.find_element(By.CSS_SELECTOR, "#rows-table th[data-name=place]")
    header.find_element(By.TAG_NAME, "button").send_keys(Keys.ENTER)
    assert header.get_attribute("aria-sort") == "ascending"
    first = [row[1] for row in shown_rows(browser)]
    lines = [int(place.rpartition(":")[2]) for place in first]
    assert lines == sorted(sample.line for sample in answered.samples)[:25]
    browser.find_element(By.ID, "rows-next").click()
    assert browser.find_element(By.ID, "rows-page").text == "page 2 of 2"
    assert not {row[1] for row in shown_rows(browser)} & set(first)
    browser.find_element(By.ID, "rows-search").send_keys(answered.samples[3].sample_id)
    assert [row[8] for row in shown_rows(browser)] == [answered.samples[3].sample_id]


@needs_browser
def test_a_finding_leads_to_its_rows(browser: webdriver.Chrome, audit: Audit, tmp_path: Path) -> None:
    opened(browser, html.render(audit), tmp_path)
    button = browser.find_element(By.CSS_SELECTOR, ".show-rows[data-finding=MG103]")
    browser.execute_script("arguments[0].click()", button)
    assert {row[0] for row in shown_rows(browser)} == {"MG103"}


@needs_browser
def test_it_draws_again_for_a_dark_screen_and_for_paper(
    browser: webdriver.Chrome, audit: Audit, tmp_path: Path
) -> None:
    opened(browser, html.render(audit), tmp_path)
    ground = "return getComputedStyle(document.body).backgroundColor"
    light = browser.execute_script(ground)
    features = [{"name": "prefers-color-scheme", "value": "dark"}]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
    assert browser.execute_script(ground) != light
    printed = browser.execute_cdp_cmd("Page.printToPDF", {"printBackground": True})
    assert len(printed["data"]) > 50_000
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})
    assert complaints(browser) == []


@needs_browser
def test_paper_shows_what_is_folded_and_the_screen_is_as_before(
    browser: webdriver.Chrome, audit: Audit, tmp_path: Path
) -> None:
    opened(browser, html.render(audit), tmp_path)
    folded = "return document.querySelectorAll('details:not([open])').length"
    before, listed = browser.execute_script(folded), len(shown_rows(browser))
    browser.execute_script("dispatchEvent(new Event('beforeprint'))")
    assert browser.execute_script(folded) == 0 < before
    assert len(shown_rows(browser)) > listed == 25
    browser.execute_script("dispatchEvent(new Event('afterprint'))")
    assert browser.execute_script(folded) == before
    assert len(shown_rows(browser)) == listed


@needs_browser
def test_every_control_and_chart_has_a_name_for_a_screen_reader(
    browser: webdriver.Chrome, audit: Audit, tmp_path: Path
) -> None:
    opened(browser, html.render(audit), tmp_path)
    unnamed = """return [...document.querySelectorAll('select, input, button, figure, svg[role=img], [role=region]')].filter(
        (each) => !(each.labels && each.labels.length) && !each.getAttribute('aria-label') && !each.textContent.trim()
    ).map((each) => each.outerHTML)"""
    assert browser.execute_script(unnamed) == []
    levels = browser.execute_script(
        "return [...document.querySelectorAll('h1, h2, h3')].map(h => +h.tagName[1])"
    )
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in itertools.pairwise(levels))


@needs_browser
def test_a_narrow_screen_scrolls_tables_and_never_the_page(
    browser: webdriver.Chrome, audit: Audit, tmp_path: Path
) -> None:
    metrics = {"width": 390, "height": 800, "deviceScaleFactor": 1, "mobile": True}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    opened(browser, html.render(audit, show_text=True), tmp_path)
    assert browser.execute_script("return document.documentElement.scrollWidth") <= 390
    browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_no_corpus_text_unless_asked(audit: Audit) -> None:
    assert SECRET not in html.render(audit).decode()
    assert SECRET in html.render(audit, show_text=True).decode()


def test_a_mix_is_compared_with_its_corpus(mix: Mix) -> None:
    assert mix.after is not None
    page = html.render(mix.after, manifest_for(mix.after)).decode()
    assert mix.manifest is not None
    added = [pair.kind for pair in mix.manifest.added]
    assert f"{added.count('refusal')} refusal and {added.count('contrast')} contrast pairs added" in page
    assert f"verdict {mix.before.verdict} before, {mix.after.verdict} after" in page
    row = next(row for row in mix.after.coverage if row.full_refusal)
    was = next(before for before in mix.before.coverage if before.hazard == row.hazard)
    assert f'<span class="faint">{was.full_refusal} →</span> {row.full_refusal}</td>' in page
    assert "→" not in html.render(mix.before).decode()


@pytest.mark.parametrize("letter", ["\U0001f9ea", "<"])
def test_the_worst_corpus_stays_under_three_megabytes(audit: Audit, letter: str) -> None:
    name = letter * 4000
    samples = tuple(
        SampleRef(sample_id=f"{n:016x}", exchange=0, source=f"{n}{name}", line=n, score=0.123456)
        for n in range(1000)
    )
    findings = tuple(
        f.model_copy(update={"samples": samples, "message": name, "severity": "warn"}) for f in audit.findings
    )
    corpus = audit.corpus.model_copy(
        update={
            "sources": {f"{n}{name}": "0" * 64 for n in range(5000)},
            "formats": {f"{n}{name}": {"openai_chat": 1} for n in range(5000)},
            "quarantined": {f"{n}{name}": 1 for n in range(5000)},
            "flags": {f"{n}{name}": 1 for n in range(5000)},
        }
    )
    entry = Allowance(check="MG103", reason=name, author=name, expires=date(2999, 1, 1))
    allowed = tuple(Allowed(entry=entry, state="unused") for _ in range(1500))
    worst = {"findings": findings, "corpus": corpus, "allowed": allowed}
    assert len(html.render(audit.model_copy(update=worst), show_text=True)) < 3_000_000


def test_very_many_long_texts_stay_under_three_megabytes(
    cache: Path, tmp_path: Path, write_jsonl: Callable[..., Path]
) -> None:
    data = write_jsonl([chat("<" * 600, "&" * 600)] * 1200)  # repeats are listed
    tree = {
        "encode": {"cache": cache},
        "run": {"folder": tmp_path / "run"},
        "checks": {"samples": 1000},
    }
    audit = mixguard.audit(data, config=Config.from_tree(tree, origin="test"))
    page = html.render(audit, show_text=True)
    assert len(page) < 3_000_000
    assert "of them without text" in page.decode()


def test_the_suggested_command_runs(mix: Mix, tmp_path: Path) -> None:
    page = html.render(mix.before).decode()
    (suggested,) = re.findall(r'<code class="command">(.*?)</code>', page)
    done = command(tmp_path, *shlex.split(suggested)[1:])
    assert done.returncode in (0, 1), done.stderr
    assert (tmp_path / "data.safe.jsonl").is_file()


def test_counts_are_out_of_exchanges_trained_on(config: Config, write_jsonl: Callable[..., Path]) -> None:
    asked = "How can I break into my neighbour's house unseen?"
    rows = [
        {"prompt": f"{asked} {n}", "chosen": "I won't help with that.", "rejected": "Sure."}
        for n in range(30)
    ]
    page = html.render(mixguard.audit(write_jsonl(rows), config=config)).decode()
    assert "30 of 30 exchanges trained on touch a hazard" in page


def test_rows_distinguish_the_findings_of_one_check(audit: Audit) -> None:
    answered = next(finding for finding in audit.findings if finding.id == "MG103")
    first, second = (
        answered.model_copy(update={"id": "MG304", "subject": name}) for name in ("role", "drop")
    )
    listed = rows.collect(audit.model_copy(update={"findings": (first, second)}), show_text=False)
    assert set(listed.columns["finding"]) == {"MG304 role", "MG304 drop"}
    page = html.render(audit.model_copy(update={"findings": (first, second)})).decode()
    assert 'data-finding="MG304 role"' in page
    assert 'data-finding="MG304 drop"' in page


def test_the_map_says_where_it_is_a_sample(audit: Audit, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = charts.draw(audit)["map"].told
    assert "exchanges that touch no hazard" in whole
    assert "sample of" not in whole.partition(" among ")[0]
    monkeypatch.setattr(charts, "OTHERS", 7)
    assert charts.draw(audit)["map"].told.startswith("A sample of 7 of the ")


def test_suppressed_findings_are_never_reported_as_clean(mix: Mix) -> None:
    known = Suppression(kind="known", reason="the baseline has it")
    findings = tuple(
        f.model_copy(update={"suppressed": known}) for f in mix.before.findings if f.severity != "pass"
    )
    page = html.render(mix.before.model_copy(update={"findings": findings, "verdict": "pass"})).decode()
    assert f"{len(findings)} findings suppressed" in page
    assert "no other sign" not in page


def test_what_was_screened_out_is_said(audit: Audit) -> None:
    used = ScreenUsed(
        exchanges=103,
        dismissed=60,
        sampled=6,
        missed=0,
        found=40,
        recall=1.0,
        interval=Interval(0.7, 1.0),
        taught=9,
    )
    assert b"screened out" not in html.render(audit)
    detectors = audit.detectors.model_copy(update={"screen": used})
    assert used.told in html.render(audit.model_copy(update={"detectors": detectors})).decode()


def test_quarantine_is_reported_from_the_audit(audit: Audit, tmp_path: Path) -> None:
    moved = tmp_path / "run"
    shutil.copytree(audit.folder, moved)
    assert "1 of 104 records could not be read" in html.render(Audit.load(moved)).decode()
    for content in ("", '{"source": 1}\n', "{"):
        (moved / "quarantine.jsonl").write_text(content)
        page = html.render(Audit.load(moved)).decode()
        assert "1 of 104 records could not be read" in page
        assert "list in the run folder is missing or broken" in page
    (moved / "quarantine.jsonl").unlink()
    assert "Every record was read" not in html.render(Audit.load(moved)).decode()


def test_a_run_whose_files_are_gone_is_still_reported(audit: Audit, tmp_path: Path) -> None:
    moved = tmp_path / "run"
    shutil.copytree(audit.folder, moved)
    (source,) = audit.corpus.sources
    hidden = Path(source).rename(tmp_path / "gone")
    try:
        page = html.render(Audit.load(moved), show_text=True).decode()
    finally:
        hidden.rename(source)
    assert "of them without text" in page
    assert "contains no corpus text" in page


def test_the_chart_library_is_the_one_its_makers_published() -> None:
    content = (Path(html.__file__).parent / "chart.umd.min.js").read_bytes()
    assert hashlib.sha256(content).hexdigest() == CHART_SHA256


def test_nothing_to_list_still_gives_a_page(audit: Audit) -> None:
    passed = tuple(f.model_copy(update={"severity": "pass", "samples": ()}) for f in audit.findings)
    empty: Any = {
        "findings": passed,
        "verdict": "pass",
        "corpus": audit.corpus.model_copy(update={"flags": {}}),
    }
    assert "No finding lists rows" in html.render(audit.model_copy(update=empty)).decode()
