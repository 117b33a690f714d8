"""The language of a text."""

from __future__ import annotations

import polars as pl
import pytest

from mixguard.annotate.spoken import languages


def test_capitals_are_read_as_small_letters() -> None:
    said = "Where is the nearest station, and when does the train leave?"
    german = "Wo ist der nächste Bahnhof, und wann fährt der Zug nach Hause?"
    texts = pl.Series([said, said.upper(), german, german.upper(), "7 + 7", None])
    assert languages(texts).to_list() == ["en", "en", "de", "de", None, None]


TECHNICAL = (
    "UPDATE klienti SET grad = 'Marin Kos' WHERE ime = 'Ana'",
    "SELECT kurs, datum FROM tabell WHERE namn LIKE '%Lund%' ORDER BY datum",
    "Optimize:\nALTER TABLE kunde ADD COLUMN plz VARCHAR(5);",
    "Name: Viborg FF; Club: Sparta Praha; Apps: 31; Gls: 4",
    "Mårten Forslund 6-3, 6-4 Tallinn ; Slavia Sofia 7-5 Mårten Forslund",
    "name, city, points\nTórshavn, Jyväskylä, 12\nLokomotiv Plovdiv, Jyväskylä, 7",
    "Find Millie Stewart’s GPS coordinates.",
)


@pytest.mark.parametrize("text", TECHNICAL)
def test_statements_tables_and_names_are_of_no_foreign_language(text: str) -> None:
    assert languages(pl.Series([text])).to_list()[0] in {None, "en"}


FOREIGN = {
    "Kako mogu promijeniti lozinku ako nemam pristup svojoj e-pošti?": "hr",
    "Napiši SQL upit koji broji sve kupce iz Zagreba": "hr",
    "Skriv en SQL-fråga som räknar alla kunder från Malmö": "sv",
    "Vilket lag vann matchen mellan Hammarby och Djurgården?": "sv",
    "Erstelle eine Tabelle mit Spalten Name, Ort und Umsatz": "de",
    "Kündigungsschreiben Mietvertrag Vorlage": "de",
    "Nenne drei Gründe für diesen Fehler:\nSELECT ort, plz FROM kunde;": "de",
    "Qual è la differenza tra TCP e UDP?": "it",
    "Écris une requête SQL qui compte tous les clients de Lyon": "fr",
    "Kirjoita SQL-kysely, joka laskee kaikki asiakkaat Tampereelta": "fi",
    "Jaka jest różnica między listą a krotką?": "pl",
    "Напиши SQL-запрос, который считает клиентов из Казани": "ru",
    "小包が壊れて届いたのですが、SQLで返品を数えるには？": "ja",
}


@pytest.mark.parametrize(("text", "name"), FOREIGN.items())
def test_technical_prompts_in_other_languages_are_still_told(text: str, name: str) -> None:
    assert languages(pl.Series([text])).to_list() == [name]
