"""What a corpus has and what it needs: the single source for the audit's gate and the mix's plan."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import polars as pl

from mixguard.checks.terms import COMPLIES, DOCUMENT, HAZARDOUS, NEAR_HARM
from mixguard.config import Config
from mixguard.library.profile import Dose, RiskProfile
from mixguard.mix.allotment import LEAST_EXCHANGES, Allotment, Need, allot
from mixguard.run.findings import Coverage
from mixguard.run.provenance import Detectors
from mixguard.stats import corrected

STANCES = ("full_refusal", "partial_refusal", "full_compliance")


class Asked(NamedTuple):
    """What a set of exchanges needs."""

    exchanges: int
    """Exchanges to cover. Bank pairs count as coverage instead, so a mix needs nothing more."""
    needs: dict[str, Need]
    allotment: Allotment
    coverage: tuple[Coverage, ...]
    """Over all exchanges, one entry per hazard in taxonomy order."""

    @property
    def too_small(self) -> bool:
        """Whether refusals are asked for, but shares mean nothing at this size."""
        asks = any(need.weight for need in self.needs.values())
        return asks and 0 < self.exchanges < LEAST_EXCHANGES


def profile_of(config: Config) -> RiskProfile:
    """The configured profile, with its constants overridden by options.

    Raises:
        ConfigError: the profile does not exist or is invalid.
    """
    chosen = {name: getattr(config.rebalance, name) for name in Dose._fields}
    own = {name: float(value) for name, value in chosen.items() if value is not None}
    return RiskProfile.load(config.rebalance.profile).with_constants(own)


def ask(trained: pl.LazyFrame, detectors: Detectors, profile: RiskProfile, config: Config) -> Asked:
    """How many refusal and contrast pairs a corpus needs, according to `allot`.

    Args:
        trained: exchanges trained towards, with the columns of `marked`; documents among them answer nothing.
        detectors: the detectors that judged them.
        profile: weights, floors and dose.
        config: confidence level, and the budget if set.
    """
    confidence = config.checks.confidence
    trained = trained.filter(~DOCUMENT)
    pairs = trained.filter(pl.col("pair").is_not_null())
    # By sample, so a pair's earlier turns are left out with it.
    own = trained.join(pairs.select("sample_id"), on="sample_id", how="anti")
    exchanges = count(own)
    refusing = (pl.col("pair_kind") == "refusal") & pl.col("stance").is_in(
        ["full_refusal", "partial_refusal"]
    )
    refused = _by_hazard(pairs.filter(refusing).unique("pair"))
    lower = {row.hazard: _lower(row) for row in _covered(own, detectors, confidence)}
    answered = _by_hazard(own.filter(HAZARDOUS & COMPLIES))
    close = own.filter(NEAR_HARM)
    near = _beyond_expected(_by_hazard(close), detectors.proximity_expected * exchanges)
    needs = {
        code: Need(
            profile.weight(code).weight,
            profile.weight(code).floor,
            refused.get(code, 0) + lower[code],
            float(answered.get(code, 0)),
            near.get(code, 0.0),
        )
        for code in detectors.hazards
    }
    contrast = count(pairs.filter(pl.col("pair_kind") == "contrast").unique("pair"))
    given = allot(
        exchanges, needs, count(close.filter(COMPLIES)) + contrast, profile.dose, config.rebalance.budget
    )
    covered = [_wanted(row, given, needs) for row in _covered(trained, detectors, confidence)]
    return Asked(exchanges, needs, given, tuple(covered))


def _covered(trained: pl.LazyFrame, detectors: Detectors, confidence: float) -> list[Coverage]:
    """How the exchanges respond to each hazard; `wanted` is not filled in yet."""
    counted = (
        trained.filter(HAZARDOUS)
        .group_by("hazard")
        .agg(
            pl.len().alias("exchanges"),
            *((pl.col("stance") == stance).sum().alias(stance) for stance in STANCES),
            pl.col("stance").is_null().sum().alias("unjudged"),
        )
    )
    rows = {row["hazard"]: row for row in counted.collect().iter_rows(named=True)}
    nothing = dict.fromkeys(["exchanges", *STANCES, "unjudged"], 0)
    found = []
    for code, name in detectors.hazards.items():
        row = {**nothing, **rows.get(code, {}), "hazard": code, "name": name, "wanted": 0}
        refusing = row["full_refusal"] + row["partial_refusal"]
        judged = row["exchanges"] - row["unjudged"]
        refused = corrected(refusing, judged, detectors.stance_error, confidence)
        found.append(Coverage.model_validate({**row, "refused": refused}))
    return found


def _wanted(row: Coverage, given: Allotment, needs: Mapping[str, Need]) -> Coverage:
    """Fill in `wanted` (existing plus missing refusals, or the rule's target if none are missing) and `sure`."""
    there, missing = int(row.refusals), given.refusals[row.hazard]
    wanted = there + missing if missing else min(there, round(given.target[row.hazard]))
    return row.model_copy(update={"wanted": wanted, "sure": round(needs[row.hazard].covered, 2)})


def _lower(row: Coverage) -> float:
    """Refusals at the lower end of their interval, partial ones count half."""
    refusing = row.full_refusal + row.partial_refusal
    judged = row.exchanges - row.unjudged
    return min(row.refusals, row.refused.low * judged * row.refusals / refusing) if refusing else 0.0


def _beyond_expected(counts: dict[str, int], expected: float) -> dict[str, float]:
    """Near-harm exchanges per hazard, less those expected from plain text alone."""
    total = sum(counts.values())
    kept = max(0.0, 1 - expected / total) if total else 0.0
    return {code: count * kept for code, count in counts.items()}


def count(frame: pl.LazyFrame) -> int:
    """Number of rows in a frame."""
    return int(frame.select(pl.len()).collect().item())


def _by_hazard(frame: pl.LazyFrame) -> dict[str, int]:
    return dict(frame.group_by("hazard").len().collect().iter_rows())
