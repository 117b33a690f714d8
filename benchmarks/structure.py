"""Figures of the code's structure: `python benchmarks/structure.py [REVISION ...]`, the working tree where none is named.

Writes `benchmarks/results/structure.json` and the table in `docs/structure.md`.
"""

from __future__ import annotations

import ast
import io
import json
import subprocess
import sys
import tarfile
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from statistics import median, quantiles
from typing import Any, NamedTuple

REPOSITORY = Path(__file__).resolve().parent.parent
RESULT = REPOSITORY / "benchmarks" / "results" / "structure.json"
PAGE = REPOSITORY / "docs" / "structure.md"
PACKAGE = "mixguard"
COLUMNS = 110
MOST_SHOWN = 5
HERE = "working tree"


class Module(NamedTuple):
    """One file of the package."""

    name: str
    lines: list[str]
    tree: ast.Module


def main() -> None:
    """Measure each revision, or the working tree."""
    measured = {}
    for revision in sys.argv[1:] or [HERE]:
        with tempfile.TemporaryDirectory() as folder:
            root = REPOSITORY if revision == HERE else _archive(revision, Path(folder))
            measured[revision] = figures(root)
    RESULT.write_text(json.dumps(measured, indent=1) + "\n", encoding="utf-8")
    PAGE.write_text(page(measured), encoding="utf-8")
    sys.stdout.write(page(measured))


def _archive(revision: str, folder: Path) -> Path:
    """The tree of a revision."""
    command = ["git", "-C", str(REPOSITORY), "archive", revision, PACKAGE, "tests"]
    packed = subprocess.run(command, check=True, capture_output=True).stdout
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        archive.extractall(folder, filter="data")
    return folder


def figures(root: Path) -> dict[str, Any]:
    """What is counted of the package in a folder."""
    modules = [_module(path, root) for path in sorted((root / PACKAGE).rglob("*.py"))]
    bodies = sorted(length for module in modules for length in _bodies(module.tree))
    largest = max(modules, key=lambda module: len(module.lines))
    imports = {module.name: set(_imports(module, {other.name for other in modules})) for module in modules}
    importers = Counter(target for targets in imports.values() for target in targets)
    tests = sum(len(path.read_text(encoding="utf-8").splitlines()) for path in (root / "tests").rglob("*.py"))
    lines = sum(len(module.lines) for module in modules)
    return {
        "files": len(modules),
        "lines": lines,
        "functions": len(bodies),
        "body median": median(bodies),
        "body p90": quantiles(bodies, n=10)[-1],
        "body max": bodies[-1],
        "largest file": f"{largest.name} ({len(largest.lines)})",
        "files in cycles": sum(len(cycle) for cycle in cycles(imports)),
        "most imported": ", ".join(f"{name} ({count})" for name, count in importers.most_common(MOST_SHOWN)),
        f"lines over {COLUMNS} columns": sum(len(line) > COLUMNS for m in modules for line in m.lines),
        "tests : source": round(tests / lines, 2),
    }


def _module(path: Path, root: Path) -> Module:
    text = path.read_text(encoding="utf-8")
    name = ".".join(path.relative_to(root).with_suffix("").parts).removesuffix(".__init__")
    return Module(name, text.splitlines(), ast.parse(text))


def _bodies(tree: ast.Module) -> Iterator[int]:
    """Lines of each function's body, its docstring left out."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            body = node.body[1:] if ast.get_docstring(node) is not None else node.body
            yield (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0


def _imports(module: Module, names: set[str]) -> Iterator[str]:
    """Modules of the package that a module imports when it runs."""
    for node in ast.walk(_without_typing(module.tree)):
        if isinstance(node, ast.Import):
            yield from (
                alias.name for alias in node.names if alias.name in names and alias.name != module.name
            )
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                target = inner if inner in names else node.module
                if target in names and target != module.name:
                    yield target


def _without_typing(tree: ast.Module) -> ast.Module:
    kept = [
        node
        for node in tree.body
        if not (
            isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
        )
    ]
    return ast.Module(kept, [])


def cycles(imports: dict[str, set[str]]) -> list[set[str]]:
    """Groups of modules that import one another, by the way of others or not."""
    reach = {name: _reached(name, imports) for name in imports}
    groups = {frozenset(other for other in reach[name] if name in reach[other]) for name in imports}
    return [set(group) for group in groups if len(group) > 1]


def _reached(name: str, imports: dict[str, set[str]]) -> set[str]:
    found: set[str] = set()
    open_ = list(imports[name])
    while open_:
        current = open_.pop()
        if current not in found:
            found.add(current)
            open_ += imports[current]
    return found


def page(measured: dict[str, dict[str, Any]]) -> str:
    """The figures as a table, one column for each revision."""
    rows = next(iter(measured.values()))
    lines = [
        "# Structure",
        "",
        "Figures of the package, by `python benchmarks/structure.py REVISION ...`. A body is a function without its docstring.",
        "",
        f"| | {' | '.join(measured)} |",
        "|---|" + "---|" * len(measured),
        *(f"| {name} | {' | '.join(str(found[name]) for found in measured.values())} |" for name in rows),
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
