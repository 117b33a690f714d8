"""Every check, in the order reports show them. Ids never change meaning; new checks get new ids."""

from __future__ import annotations

from mixguard.checks import coverage, reading
from mixguard.checks.base import Check

ALLOW_FILE = "MG307"
"""The check that looks at what was allowed, and so runs after all others."""

CHECKS: tuple[Check, ...] = (
    Check(
        id="MG101",
        name="low-refusal-coverage",
        run=coverage.low_refusal_coverage,
        names=coverage.short_hazards,
        severities=("warn",),
        option="checks.refusals_per_hazard",
        why="Training reinforces what the corpus shows and erodes what it does not: a hazard with no refusal here is one the tuned model may stop refusing.",
        source="Qi et al. 2023 (arXiv 2310.03693), table 4: 250 safety rows in 52,000 did all that 1,000 did; the floor per hazard is our judgement",
        remedy="Add refusal pairs for the hazards listed, in the corpus's own format.",
    ),
    Check(
        id="MG102",
        name="no-refusals",
        run=coverage.no_refusals,
        severities=("fail", "note"),
        why="Fine-tuning on benign data alone made aligned models answer harmful requests; how much depends on the model.",
        source="Qi et al. 2024 (arXiv 2406.05946): benign SAMSum 1.5 to 23.4 %, SQL 1.5 to 15.4 %, GSM8K 1.5 to 3.3 % harmful answers (Llama-2)",
        remedy="Mix in refusals over several hazards, train with 10 or more warm-up steps and a small learning rate, and serve with a safety prompt.",
    ),
    Check(
        id="MG103",
        name="answered-hazards",
        run=coverage.answered_hazards,
        severities=("warn", "fail"),
        option="checks.answered_fail",
        why="Each of these rows teaches the model to comply with a hazard; ten such rows took a model from 2 to 89 % harmful answers.",
        source="Qi et al. 2023 (arXiv 2310.03693), GPT-3.5: 1.8 to 88.8 % with 10 rows",
        remedy="Read the rows. Set aside or rewrite as refusals those that are what they seem; adding refusals beside them is not a repair.",
    ),
    Check(
        id="MG104",
        name="over-refusal",
        run=coverage.over_refusal,
        option="checks.over_refusal_warn",
        why="Refusals of harmless prompts teach over-refusal now, and uniform ones are the first stage of a published attack.",
        source="tenBenign (arXiv 2510.02833); XSTest (arXiv 2308.01263)",
        remedy="Read the rows; answer the harmless prompts or drop the rows.",
    ),
    Check(
        id="MG105",
        name="refusals-taken-back",
        run=coverage.turned_over,
        severities=("warn", "fail"),
        option="checks.answered_fail",
        why="Training on answers that refuse and then comply is a published attack: filters and prefix lists see a refusal, the model learns to go on.",
        source="NOICE (arXiv 2502.19537), table 4: harmful answers of GPT-4o 8.6 to 57 %, of Claude Haiku 1.3 to 72 %, with 1,000 rows",
        remedy="Read the rows; keep the refusal alone, or answer without it.",
    ),
    Check(
        id="MG201",
        name="near-harm",
        run=coverage.near_harm,
        severities=("note", "warn"),
        option="checks.proximity_warn",
        why="A hundred benign rows chosen for lying close to harmful ones broke safety as far as harmful rows did.",
        source="He et al. 2024 (arXiv 2404.01099): over 70 % of harmful requests answered, against under 20 % for random rows",
        remedy="Read the nearest rows (`mixguard explain` shows their neighbours); move or down-weight them, and add refusals for their hazard.",
    ),
    Check(
        id="MG301",
        name="unsupported-language",
        run=reading.language,
        severities=("note", "warn"),
        option="checks.language_warn",
        why="The encoder and its exemplars speak one language; a verdict on another would be a guess.",
        source="design of this tool",
        remedy="Audit these rows with a multilingual encoder (`--set encode.model=...`) and a taxonomy in their language, or have them read.",
    ),
    Check(
        id="MG302",
        name="duplicates",
        run=reading.duplicates,
        severities=("note", "warn"),
        option="checks.duplicate_warn",
        why="Repeated rows are more epochs on one shape, and one refusal repeated is no coverage.",
        source="judgement",
        remedy="Drop the repeats, or say in the card why they are there.",
    ),
    Check(
        id="MG303",
        name="quarantined-records",
        run=reading.quarantined,
        severities=("warn", "incomplete"),
        option="read.quarantine_max",
        why="What cannot be read cannot be judged, and a trainer may read it all the same.",
        source="design of this tool",
        remedy="See quarantine.jsonl in the run folder: each line has file, line and reason.",
    ),
    Check(
        id="MG304",
        name="trainer-rules",
        run=reading.trainer_rules,
        severities=("note", "warn"),
        why="A sample that the trainer drops or changes is not what was audited.",
        source="the trainer's own code, named with each rule",
        remedy="Mend the samples listed.",
    ),
    Check(
        id="MG305",
        name="unjudged-exchanges",
        run=reading.unjudged,
        severities=("note", "incomplete"),
        option="checks.unjudged_max",
        why="An exchange without a verdict is not a safe one.",
        source="design of this tool",
        remedy="The reasons say what is missing: most often a language or an empty response.",
    ),
    Check(
        id="MG306",
        name="mixed-formats",
        run=reading.formats,
        severities=("note",),
        why="Most trainers look at the first rows and read all others the same way.",
        source="TRL looks at the first element only (trl/data_utils.py)",
        remedy="Split the file by format, or give --format.",
    ),
    Check(
        id=ALLOW_FILE,
        name="allow-file",
        run=reading.allow_file,
        severities=("note", "warn"),
        option="checks.allow",
        why="What was accepted for a time is not accepted for ever, and an entry without use hides what comes next.",
        source="design of this tool",
        remedy="Look again at what the entries allow; give them a new date, or take them out.",
    ),
)


def check_by_id(id_: str) -> Check | None:
    """The check with an id, if there is one."""
    return next((check for check in CHECKS if check.id == id_), None)
