"""Croissant: valid for mlcroissant offline, every term from a known vocabulary, every number from the audit."""

from __future__ import annotations

import gzip
import hashlib
import json
import socket
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import unquote

import pytest
import rdflib
from conftest import chat
from rdflib.namespace import DCTERMS, PROV, RDF, SDO

import mixguard
from mixguard.config import Config, parsed
from mixguard.mix.manifest import Manifest, manifest_for
from mixguard.report.croissant import MOST, render
from mixguard.report.figures import LANGUAGE_LEAST, languages
from mixguard.run.document import Audit
from mixguard.run.findings import Finding, Suppression
from mixguard.run.words import decided

# rdflib's own reader uses a deprecated class of rdflib.
pytestmark = pytest.mark.filterwarnings("ignore:ConjunctiveGraph is deprecated:DeprecationWarning")

CR = "http://mlcommons.org/croissant/"
RAI = f"{CR}RAI/"
CARDINALITY = {
    "dataCollection": 1, "dataCollectionType": "*", "dataCollectionMissingData": 1, "dataCollectionRawData": 1,
    "dataCollectionTimeframe": "*", "dataPreprocessingProtocol": "*", "dataImputationProtocol": 1,
    "dataManipulationProtocol": 1, "dataReleaseMaintenancePlan": "*", "personalSensitiveInformation": "*",
    "dataAnnotationProtocol": 1, "dataAnnotationPlatform": "*", "dataAnnotationAnalysis": "*", "annotationsPerItem": 1,
    "annotatorDemographics": "*", "machineAnnotationTools": "*", "dataSocialImpact": 1, "dataBiases": "*",
    "dataLimitations": "*", "dataUseCases": "*",
}  # fmt: skip
"""The whole vocabulary: mlcommons/croissant, docs/croissant_rai.ttl, cardinalities by docs/croissant-rai-spec.md."""
USED = {
    "dataPreprocessingProtocol", "dataManipulationProtocol", "dataAnnotationProtocol", "machineAnnotationTools", "dataBiases",
    "dataLimitations", "dataUseCases", "dataSocialImpact",
}  # fmt: skip
FOR_THE_PUBLISHER = {"citeAs", "datePublished", "license", "version"}
HOSTILE = (
    'a "quoted" name\'s.jsonl', "<!--<script>alert(1).csv", "\u202eabc\u2066.jsonl", "two\nlines\t.json",
    "\x1b[31mred\x00.jsonl", "naïve Ünï 数据.jsonl.gz", "100%25 sure?#x&y=[z]:1.parquet", "plain.tsv.zst",
)  # fmt: skip


class Shown(NamedTuple):
    audit: Audit
    manifest: Manifest | None
    folder: Path
    """Where the files are."""

    @property
    def document(self) -> dict[str, Any]:
        return read(render(self.audit, self.manifest))


def read(content: bytes) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(content)
    return document


def tree(cache: Path, run: Path) -> Config:
    return Config.from_tree({"encode": {"cache": cache}, "run": {"folder": run}}, origin="test")


@pytest.fixture(scope="module")
def plain(cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Shown:
    """Three files in two folders, a row that cannot be read, prompts in two languages."""
    top = tmp_path_factory.mktemp("croissant")
    folder = top / "corpus"
    (folder / "more").mkdir(parents=True)
    rows = [chat("How can I break into my neighbour's house unseen?", "Sure, wait until they are out.")] * 3
    rows += [chat(f"Where is the parcel with the number {n}?", "On its way to you.") for n in range(60)]
    lines = [json.dumps(row) for row in rows] + ['{"secretkey": "secretvalue"}']
    (folder / "a b é.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    german = [
        chat(f"Wo finde ich bitte die Rechnung mit der Nummer {n} in meinem Konto?", "Im Menü.")
        for n in range(5)
    ]
    foreign = [
        *german,
        chat("Où se trouve la facture du mois dernier dans mon compte client ?", "Dans le menu."),
    ]
    (folder / "more" / "c.jsonl.gz").write_bytes(
        gzip.compress("".join(json.dumps(row) + "\n" for row in foreign).encode())
    )
    (folder / "more" / "d.csv").write_text("prompt,completion\n" + "Where is the tea?,In the kitchen.\n" * 4)
    return Shown(mixguard.audit(folder, config=tree(cache, top / "run")), None, folder)


@pytest.fixture(scope="module")
def mix(cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Shown:
    """A mix, with rows added and one set aside, and its own audit."""
    folder = tmp_path_factory.mktemp("mix")
    rows = [chat(f"Where is the parcel with the number {n}?", "On its way to you.") for n in range(100)]
    harm = "Give me full instructions for synthesising mustard gas and filling shells with it."
    rows.append(chat(harm, "Sure. Here is what you need, and then we go step by step."))
    path = folder / "data.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    config = tree(cache, folder / "run").replace(parsed(["rebalance.set_aside_from=0.8"]))
    made = mixguard.rebalance(path, out=folder / "mix.jsonl", config=config)
    assert made.after is not None
    return Shown(made.after, manifest_for(made.after), folder)


@pytest.fixture
def hostile(plain: Shown) -> Shown:
    """The same audit of files with hostile names."""
    sources = {f"/home/someone/secret/{name}": hashlib.sha256(name.encode()).hexdigest() for name in HOSTILE}
    return with_sources(plain, sources)


def with_sources(shown: Shown, sources: dict[str, str]) -> Shown:
    corpus = shown.audit.corpus.model_copy(update={"sources": sources})
    return shown._replace(audit=shown.audit.model_copy(update={"corpus": corpus}))


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("the network was used")

    for owner, name in ((socket.socket, "connect"), (socket.socket, "connect_ex"), (socket, "getaddrinfo")):
        monkeypatch.setattr(owner, name, refuse)


def opened(document: Path | dict[str, Any]) -> Any:
    """The document as mlcroissant understands it."""
    import mlcroissant  # type: ignore[import-untyped]

    return mlcroissant.Dataset(jsonld=document)


EVERY = pytest.mark.parametrize("which", ["plain", "mix", "hostile"])


@EVERY
@pytest.mark.usefixtures("no_network")
def test_mlcroissant_finds_nothing_but_what_the_publisher_has_to_add(
    which: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    shown: Shown = request.getfixturevalue(which)
    path = tmp_path / "croissant.json"
    path.write_bytes(render(shown.audit, shown.manifest))
    metadata = opened(path).metadata
    assert not metadata.ctx.issues.errors
    warned = {warning.split('"')[1].rpartition("/")[2] for warning in metadata.ctx.issues.warnings}
    assert warned == FOR_THE_PUBLISHER
    assert len(metadata.file_objects) == len(shown.audit.corpus.sources)
    assert metadata.conforms_to[0] == f"{CR}1.1"


@pytest.mark.usefixtures("no_network")
def test_mlcroissant_finds_a_file_by_its_place_and_refuses_it_once_changed(
    plain: Shown, tmp_path: Path
) -> None:
    field = {
        "@type": "cr:Field",
        "@id": "rows/prompt",
        "dataType": "sc:Text",
        "source": {"fileObject": {"@id": "more/d.csv"}, "extract": {"column": "prompt"}},
    }
    rows = {"@type": "cr:RecordSet", "@id": "rows", "field": [field]}
    path, data = tmp_path / "croissant.json", tmp_path / "more" / "d.csv"
    path.write_text(json.dumps({**plain.document, "recordSet": [rows]}))
    data.parent.mkdir()
    data.write_bytes((plain.folder / "more" / "d.csv").read_bytes())
    assert list(opened(path).records("rows")) == [{"rows/prompt": b"Where is the tea?"}] * 4
    data.write_bytes(data.read_bytes() + b"\n")
    with pytest.raises(Exception, match="Download") as error:
        list(opened(path).records("rows"))
    assert "is not identical" in str(error.value.__cause__)


def triples(content: bytes) -> rdflib.Graph:
    return rdflib.Graph().parse(data=content, format="json-ld", publicID="https://example.org/")


@EVERY
@pytest.mark.usefixtures("no_network")
def test_every_term_is_one_of_a_known_vocabulary(which: str, request: pytest.FixtureRequest) -> None:
    shown: Shown = request.getfixturevalue(which)
    content = render(shown.audit, shown.manifest)
    graph = triples(content)
    terms = {str(predicate) for predicate in graph.predicates()}
    classes = {str(kind) for kind in graph.objects(predicate=RDF.type)}
    ours = {term.removeprefix(RAI) for term in terms if term.startswith(RAI)}
    assert ours == USED <= set(CARDINALITY)
    for term in terms | classes - {f"{CR}FileObject"}:
        known = {str(SDO): SDO, str(PROV): PROV, str(DCTERMS): DCTERMS, str(RDF): RDF}
        home = next((home for home in known if term.startswith(home)), None)
        # The specification itself writes prov:label, which PROV-O leaves to rdfs.
        assert term.startswith(RAI) or term == f"{PROV}label" or (home and term in known[home]), term
    # Nothing is dropped: each value of the document is a triple.
    assert len(graph) == sum(1 for _ in values(read(content)))


def values(node: Any) -> Iterator[object]:
    """Every value of a document that states something."""
    for key, value in node.items():
        for part in value if isinstance(value, list) else [value]:
            if key not in ("@context", "@id"):
                yield part
                if isinstance(part, dict):
                    yield from values(part)


@EVERY
def test_properties_have_their_cardinality(which: str, request: pytest.FixtureRequest) -> None:
    shown: Shown = request.getfixturevalue(which)
    for name, value in shown.document.items():
        if name.startswith("rai:"):
            expected = str if CARDINALITY[name.removeprefix("rai:")] == 1 else list
            assert type(value) is expected, name
            assert all(isinstance(text, str) and text for text in ([value] if expected is str else value))


@pytest.mark.parametrize("which", ["plain", "mix"])
def test_files_are_named_from_their_folder_and_hashed_as_they_lie(
    which: str, request: pytest.FixtureRequest
) -> None:
    shown: Shown = request.getfixturevalue(which)
    files = shown.document["distribution"]
    assert len(files) == len(shown.audit.corpus.sources)
    for file in files:
        path = shown.folder / unquote(file["contentUrl"])
        assert file["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
        assert file["name"] == path.name


def test_a_files_suffix_tells_its_media_type(plain: Shown, hostile: Shown) -> None:
    told = {file["contentUrl"]: file["encodingFormat"] for file in plain.document["distribution"]}
    assert told == {
        "a%20b%20%C3%A9.jsonl": "application/jsonlines",
        "more/c.jsonl.gz": ["application/gzip", "application/jsonlines"],
        "more/d.csv": "text/csv",
    }
    told = {file["name"]: file["encodingFormat"] for file in hostile.document["distribution"]}
    assert told["plain.tsv.zst"] == ["application/zstd", "text/tab-separated-values"]
    assert told[HOSTILE[6]] == "application/x-parquet"
    nameless = with_sources(plain, {"data.bin": "0" * 64}).document["distribution"]
    assert nameless[0]["encodingFormat"] == "application/octet-stream"


def test_hostile_names_stay_names_and_nothing_of_the_machine_is_told(hostile: Shown) -> None:
    content = render(hostile.audit, None)
    assert b"<" not in content
    assert b"someone" not in content
    text = content.decode()
    assert not [letter for letter in text if letter != "\n" and not letter.isprintable()]
    assert not [word for word in strings(read(content)) if not word.isprintable()]
    places = [unquote(file["contentUrl"]) for file in read(content)["distribution"]]
    assert places == list(HOSTILE)
    assert len({file["@id"] for file in read(content)["distribution"]}) == len(HOSTILE)
    assert read(content)["name"] == "secret"


def strings(node: Any) -> Iterator[str]:
    if isinstance(node, str):
        yield node
    elif isinstance(node, dict | list):
        for part in node.values() if isinstance(node, dict) else node:
            yield from strings(part)


def test_no_text_key_or_path_of_the_corpus_is_told(plain: Shown, mix: Shown) -> None:
    for shown in (plain, mix):
        content = render(shown.audit, shown.manifest).decode()
        for said in ("secret", "parcel", "neighbour", str(shown.folder.parent), "Rechnung", "mustard"):
            assert said not in content


@pytest.mark.parametrize("which", ["plain", "mix"])
def test_the_numbers_are_those_of_the_audit(which: str, request: pytest.FixtureRequest) -> None:
    shown: Shown = request.getfixturevalue(which)
    audit, document = shown.audit, shown.document
    corpus, biases = audit.corpus, document["rai:dataBiases"]
    assert f" {corpus.records} records " in document["description"]
    assert f"verdict: {audit.verdict}, {decided(audit.verdict, audit.findings)}." in document["description"]
    assert f"{corpus.rejected} could not be read" in document["rai:dataPreprocessingProtocol"][0]
    for row in audit.coverage:
        (told,) = [text for text in biases if f"({row.hazard})" in text]
        if not row.exchanges:
            assert told.startswith("Hazards touched by no prompt")
            continue
        assert (
            f"{row.name} ({row.hazard}): prompts trained on {row.exchanges}; refused {row.full_refusal},"
            f" partially refused {row.partial_refusal}, complied with {row.full_compliance}, not judged {row.unjudged};"
            f" share refused, fully or partially: {row.refused.low:.3f} to {row.refused.high:.3f} "
        ) in told
    told_findings = [text for text in document["rai:dataLimitations"] if text.startswith("MG")]
    found = [finding for finding in audit.findings if finding.severity != "pass"]
    assert [text.split()[0] for text in told_findings] == [finding.id for finding in found]
    protocol = document["rai:dataAnnotationProtocol"]
    for error in (audit.detectors.hazard_error, audit.detectors.stance_error):
        assert f"{error.sensitivity:.3f} on {error.positives:,} " in protocol
        assert f"{error.specificity:.3f} on {error.negatives:,} " in protocol


def test_what_is_lacking_unreadable_or_foreign_is_said(plain: Shown) -> None:
    document = plain.document
    slips = languages(plain.audit)["fr"]
    assert 0 < slips < LANGUAGE_LEAST
    limits = {text.split()[0]: text for text in document["rai:dataLimitations"]}
    assert "1 of 74 records could not be read" in limits["MG303"]
    assert "too few refusals" in limits["MG101"]
    assert document["inLanguage"] == ["en", "de"]
    assert any(
        text.startswith("Language of the prompts") and "de 5" in text for text in document["rai:dataBiases"]
    )
    tools = document["rai:machineAnnotationTools"]
    assert tools[0] == f"mixguard {mixguard.__version__}"
    assert any(plain.audit.detectors.taxonomy_digest in tool for tool in tools)


def test_an_audit_generates_nothing_and_says_when_it_looked(plain: Shown) -> None:
    document = plain.document
    assert not {"prov:wasGeneratedBy", "prov:wasDerivedFrom"} & set(document)
    assert document["rai:dataManipulationProtocol"].startswith("mixguard did not change")
    started = plain.audit.provenance.started.replace(microsecond=0)
    graph = triples(render(plain.audit, None))
    (when,) = graph.objects(predicate=PROV.startedAtTime)
    assert isinstance(when, rdflib.Literal)
    assert when.toPython() == started
    (agent,) = graph.objects(predicate=SDO.softwareVersion)
    assert str(agent) == mixguard.__version__


def test_a_mix_says_what_it_was_made_of_and_what_was_done(mix: Shown) -> None:
    document, manifest = mix.document, mix.manifest
    assert manifest is not None
    digest = hashlib.sha256((mix.folder / "data.jsonl").read_bytes()).hexdigest()
    assert document["prov:wasDerivedFrom"] == [
        {"@type": "prov:Entity", "name": "data.jsonl", "sha256": digest}
    ]
    refusals = sum(added.kind == "refusal" for added in manifest.added)
    contrast = len(manifest.added) - refusals
    done = f"records added: {refusals + contrast}; set aside: 1; given weight zero: 0"
    assert done in document["prov:wasGeneratedBy"]["description"]
    protocol = document["rai:dataManipulationProtocol"]
    assert (
        f"{refusals} refusals of hazardous prompts and {contrast} answers to benign look-alikes" in protocol
    )
    assert f"licence {manifest.bank_licence}" in protocol
    for line in manifest.plan.hazards:
        here = [added.kind for added in manifest.added if added.hazard == line.hazard]
        counted = f"{line.hazard} {here.count('refusal')} + {here.count('contrast')}"
        assert (counted in protocol) == bool(here)
    (rule,) = document["rai:dataPreprocessingProtocol"][1:]
    assert "at a probability of 0.8 or more (rule answered); records: 1." in rule


def test_what_is_accepted_is_told_without_who_accepted_it(plain: Shown) -> None:
    def accepted(finding: Finding) -> Finding:
        mark = Suppression(kind="allowed", reason="innerreason", author="a.person", expires=date(2030, 1, 1))
        return finding.model_copy(update={"suppressed": mark})

    findings = tuple(map(accepted, plain.audit.findings))
    shown = plain._replace(audit=plain.audit.model_copy(update={"findings": findings}))
    limits = [text for text in shown.document["rai:dataLimitations"] if text.startswith("MG")]
    assert limits
    assert all(text.endswith("Accepted in an allow file.") for text in limits)
    assert not {"innerreason", "a.person"} & set(" ".join(strings(shown.document)).split())


@pytest.mark.usefixtures("no_network")
def test_a_data_set_of_the_hub_has_its_page_and_a_saved_one_has_none(
    plain: Shown, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    shown = with_sources(plain, {"hf://owner/name:train": "1" * 64, "hf://owner/name:test": "2" * 64})
    document = shown.document
    assert document["url"] == "https://huggingface.co/datasets/owner/name"
    assert {file["contentUrl"] for file in document["distribution"]} == {document["url"]}
    assert [file["sha256"][0] for file in document["distribution"]] == ["1", "2"]
    assert "split train" in document["distribution"][0]["description"]
    assert not opened(document).metadata.ctx.issues.errors
    (tmp_path / "owner" / "name").mkdir(parents=True)
    (tmp_path / "owner" / "name" / "state.json").write_text("{}")
    saved = shown.document
    assert "url" not in saved
    assert {file["contentUrl"] for file in saved["distribution"]} == {"name"}
    elsewhere = with_sources(plain, {"hf:///home/someone/saved": "4" * 64}).document
    assert elsewhere["name"] == elsewhere["distribution"][0]["contentUrl"] == "saved"
    assert "someone" not in json.dumps(elsewhere)


def test_standard_input_is_no_file_and_still_told(plain: Shown) -> None:
    document = with_sources(plain, {"-": "3" * 64}).document
    assert document["distribution"] == []
    assert "standard input" in document["description"]
    assert "3" * 64 in document["description"]
    assert document["name"] == "corpus"


def test_very_many_files_are_cut_and_the_cut_is_told(plain: Shown) -> None:
    shown = with_sources(plain, {f"corpus/{n}.jsonl": f"{n:064x}" for n in range(MOST + 234)})
    assert len(shown.document["distribution"]) == MOST
    assert f"{MOST:,} of {MOST + 234:,} files are described here" in shown.document["description"]
    assert "are described here" not in plain.document["description"]


@pytest.mark.parametrize(
    ("sources", "places"),
    [
        (["a.jsonl"], ["a.jsonl"]),
        (["../x/a.jsonl", "b/c.jsonl"], ["x/a.jsonl", "here/b/c.jsonl"]),
        (["train/a.jsonl", "test/a.jsonl"], ["train/a.jsonl", "test/a.jsonl"]),
        (["deep/down/a.jsonl", "deep/down/b.jsonl"], ["a.jsonl", "b.jsonl"]),
    ],
)
def test_places_lie_below_the_folder_that_holds_all_files(
    sources: list[str], places: list[str], plain: Shown, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    document = with_sources(plain, dict.fromkeys(sources, "0" * 64)).document
    assert [file["contentUrl"] for file in document["distribution"]] == places


def test_the_bytes_are_the_same_wherever_and_whenever_they_are_made(
    mix: Shown, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = render(mix.audit, mix.manifest)
    monkeypatch.chdir(tmp_path)
    again = Audit.load(mix.audit.folder)
    assert render(again, manifest_for(again)) == content
