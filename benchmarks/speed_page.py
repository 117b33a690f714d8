"""Write docs/speed.md from what the benchmarks of speed have found: `python benchmarks/speed_page.py`.

They are `speed.py`, `encoder.py`, `screening.py`, `map.py`, `read_speed.py` and `reduce.py`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
PAGE = HERE.parent / "docs" / "speed.md"
MOST = 12
"""Annotators that are named."""


def found(name: str) -> Any:
    """What a benchmark wrote; empty if it has not run."""
    file = HERE / "results" / f"{name}.json"
    return json.loads(file.read_text()) if file.is_file() else {}


def main() -> None:
    """Write the page."""
    speed = found("speed")
    rows = [*_ready(speed), *_encoder(found("encoder")), *_whole(speed), *_screening(found("screening"))]
    rows += [*_memory(found("reduce")), *_reading(found("read-speed")), *_engines(speed), *_million(speed)]
    parts = [HEAD.format(machine=speed["ready"]["machine"]), _table(("what", "found", "aim"), rows)]
    parts += [*_peers(speed), *_map(found("map"))]
    PAGE.write_text("\n".join(parts).rstrip() + "\n")


HEAD = """# Speed

Made by `python benchmarks/speed.py`, `encoder.py`, `screening.py`, `read_speed.py`, `reduce.py` and `map.py`, and by `speed_page.py` from what
they found. CPU seconds are user and system time of whole processes, imports and loading included; ratios are of two things measured in one run.
Each entry checks the counts that it must find, so that speed is never bought by wrong answers. Machine: {machine}.
"""


def _ready(speed: Any) -> Iterator[tuple[str, str, str]]:
    ready = speed["ready"]
    yield (
        "first audit of `examples/support.jsonl`, nothing in the cache",
        f"{ready['first_cpu_seconds']} CPU-s; the second {ready['second_cpu_seconds']} ({ready['exchanges']} exchanges, same findings)",
        "10 CPU-s",
    )


def _encoder(encoder: Any) -> Iterator[tuple[str, str, str]]:
    speed, labels = encoder.get("speed", {}), encoder.get("labels", {})
    plain = speed.get("sentence-transformers", {}).get("tokens_per_cpu_second")
    rows = sum(each["rows"] for each in labels.values())
    for name in ("int8", "bfloat16", "float32"):
        if plain and name in speed:
            fast = speed[name]["tokens_per_cpu_second"]
            same = rows if name == "float32" else sum(each[name]["same"] for each in labels.values())
            yield (
                f"encoder in {name}: tokens a CPU second against plain `encode`, same texts",
                f"{fast / plain:.2f}x ({fast:,} and {plain:,}); the labels of float32 in {same:,} of {rows:,} rows",
                "4x, better 6x; 99.5 % of labels",
            )


def _whole(speed: Any) -> Iterator[tuple[str, str, str]]:
    if "whole" in speed:
        whole = speed["whole"]
        yield (
            f"exact audit of {whole['exchanges']:,} rows against its own encoding",
            f"{whole['ratio']}x ({whole['cpu_seconds']} CPU-s, {whole['without_encoding']} without encoding, {whole['start']} to start)",
            "1.15x",
        )
    if "second" in speed:
        again = speed["second"]
        yield (
            f"second audit of {again['exchanges']:,} rows after 1 % changed",
            f"{again['ratio']}x faster ({again['first_cpu_seconds']} and {again['second_cpu_seconds']} CPU-s; same as a fresh run: {_yes(again['same_as_a_fresh_run'])})",
            "30x",
        )


def _screening(screening: Any) -> Iterator[tuple[str, str, str]]:
    if screening:
        yield (
            "`--screen on` against exact: CPU of the map",
            f"{screening['cpu_ratio']}x on {screening['exact']['exchanges']:,} rows, {screening['dismissed']:.1%} dismissed; see a million rows",
            "8x",
        )
        yield (
            "recall of flagged rows, screened",
            f"{screening['recall_of_flagged']} ({screening['flagged_found']} of {screening['flagged']})",
            ".985",
        )


def _memory(reduce: Any) -> Iterator[tuple[str, str, str]]:
    for size, each in reduce.get("sizes", {}).items():
        told = (f"`{name}` {took['megabytes']} MB" for name, took in each["taken"].items())
        yield (
            f"peak memory of check and reports at {int(size):,} exchanges",
            ", ".join(told),
            "1.1x of 50,000; 700 MB",
        )


def _reading(reading: Any) -> Iterator[tuple[str, str, str]]:
    for each in reading.get("corpora", []):
        yield (
            f"reading and parsing alone: {each['corpus']}, {each['records']:,} records",
            f"{each['mb_per_cpu_s']} MB a CPU-s",
            "60 MB/s" if each["corpus"] == "chat" else "",
        )


def _engines(speed: Any) -> Iterator[tuple[str, str, str]]:
    if "engines" in speed:
        same = speed["engines"]["same_as_local"]
        told = ", ".join(f"{name}: {_yes(each)}" for name, each in same.items())
        yield "findings identical to one process", told, "identical"


def _million(speed: Any) -> Iterator[tuple[str, str, str]]:
    if "million" in speed:
        million = speed["million"]
        (small, large), whole = million["wall_seconds"].items(), million["a_million"]
        yield (
            "1,000,000 rows screened, extrapolated",
            f"{whole['wall_seconds'] / 60:.0f} min ({int(small[0]):,} rows take {small[1]} s and {int(large[0]):,} take {large[1]} s;"
            f" the rest by the row, {million['microseconds_of_cpu_a_row']} µs of CPU each; peak {int(max(million['peak_mib'].values())):,} MiB)",
            "",
        )
    if "million" in speed and "peers" in speed:
        plain = speed["peers"]["tools"]["plain encode"]["cpu_seconds"] / speed["peers"]["rows"] * 1e6
        row = speed["million"]["microseconds_of_cpu_a_row"]
        exact = (speed["whole"]["cpu_seconds"] - speed["whole"]["start"]) / speed["whole"]["exchanges"] * 1e6
        yield (
            "one row more of a large screened corpus, against an exact one and against plain `encode`",
            f"{exact / row:.0f}x, {plain / row:.0f}x ({row:,}, {exact:,.0f} and {plain:,.0f} µs of CPU; from separate runs)",
            "8x, 50x",
        )


def _peers(speed: Any) -> Iterator[str]:
    if "peers" not in speed:
        return
    peers = speed["peers"]
    rows = [
        (
            name,
            each.get("does", "hazards, stance, signals, findings"),
            str(each["cpu_seconds"]),
            _counts(each),
        )
        for name, each in peers["tools"].items()
    ]
    yield f"\n## Other tools on the same rows\n\n{peers['rows']:,} rows of GSM8K, CPU seconds of whole processes. None of them does what an audit does.\n"
    yield _table(("tool", "does", "CPU-s", "found"), rows)


def _counts(each: Any) -> str:
    skipped = ("does", "cpu_seconds", "seconds", "missing")
    told = [
        f"{name} {value}"
        for name, value in each.items()
        if name not in skipped and not isinstance(value, dict)
    ]
    return ", ".join([*told, *([f"not installed: {each['missing']}"] if "missing" in each else [])])


def _map(costs: Any) -> Iterator[str]:
    if not costs:
        return
    yield "\n## What a row costs besides encoding\n\nMicroseconds of CPU a row by annotator, vectors stored, the costliest first.\n"
    rows = [
        (name.partition(".")[0], str(each["row_us"]), str(each["batch_ms"]), _dearest(each["annotators_us"]))
        for name, each in costs.items()
    ]
    yield _table(("corpus", "a row, µs", "a part, ms", "of the row"), rows)


def _dearest(costs: dict[str, int]) -> str:
    named = sorted(costs.items(), key=lambda each: -each[1])[:MOST]
    return ", ".join(f"{name} {cost}" for name, cost in named)


def _yes(given: object) -> str:
    return {True: "yes", False: "no"}.get(given, str(given)) if isinstance(given, bool) else str(given)


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


if __name__ == "__main__":
    main()
