"""Insecure Python that ruff has no rule for: what a web request holds, put unescaped into HTML, a template or a path.

Flow-insensitive: a name counts as coming from a request if anything assigned to it does.
"""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Collection, Iterable, Iterator
from typing import Literal

from mixguard.annotate.scan.ruff import RuffFinding
from mixguard.annotate.scan.syntax import CLEANS, cleans, literals, mentioned, names, off, routes, walk

FIELDS = frozenset(
    [
        "args",
        "form",
        "values",
        "json",
        "data",
        "cookies",
        "headers",
        "files",
        "body",
        "params",
        "query_params",
        "query_string",
        "GET",
        "POST",
        "FILES",
        "get_json",
    ]
)
"""Of a request, what the sender writes."""
PASSES = frozenset(
    [
        "str",
        "get",
        "strip",
        "lower",
        "upper",
        "title",
        "format",
        "join",
        "replace",
        "getlist",
        "to_dict",
        "items",
        "values",
        "pop",
        "Markup",
        "encode",
        "decode",
        "split",
    ]
)
"""Calls that hand on what they are given; others, e.g. a look-up in a database, are not followed."""
_TAG = re.compile(r"<\s*/?\s*[a-zA-Z][a-zA-Z0-9]*[^<>]*>")
_TAKES = ("format", "join", "replace", "Markup")
"""Those of them that take what they hand on as arguments."""
_ASSIGNED = re.compile(
    r"(?m)^[ \t]*(\w+)\s*=\s*(?:flask\.)?request\.(?:args|form|values|json|GET|POST|get_json)\b"
)
_SENT = re.compile(r"request|autoescape|\.\s*(?:route|get|post|put)\b")
"""What code needs one of, unless a name is known from elsewhere: parsing and following names takes a millisecond."""
_CHECKS_PATHS = re.compile(
    r"secure_filename|realpath|abspath|safe_join|startswith|resolve\(|is_relative_to|commonpath|basename"
)
_RENDERS = ("render_template_string", "from_string", "Template")
_OPENS = ("open", "send_file", "save", "remove", "unlink")
Checked = Literal["checked", "unchecked"]
"""Whether anything in the code looks at paths before they are used."""
ROUNDS, DEEP = 4, 60


def scan(code: str, asked: str = "") -> list[RuffFinding]:
    """The findings in a snippet; none in one that is not Python.

    Args:
        code: the snippet.
        asked: the prompt; names that a template in it takes from a request count in the snippet, too.
    """
    known = _ASSIGNED.findall(asked)
    if code.isascii() and not known and not _SENT.search(code):
        return []
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about escapes in strings
            tree = ast.parse(code)
        paths: Checked = "checked" if _CHECKS_PATHS.search(code) else "unchecked"
        return list(_Web(tree, known).findings(paths))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []


_SEEN = (
    ast.Assign,
    ast.AnnAssign,
    ast.AugAssign,
    ast.For,
    ast.Call,
    ast.JoinedStr,
    ast.BinOp,
    ast.FunctionDef,
)
_WHOLES = (ast.BinOp, ast.JoinedStr, ast.Dict, ast.Tuple, ast.List, ast.BoolOp, ast.IfExp)
"""Expressions that hold what their parts do."""


class _Web:
    def __init__(self, tree: ast.Module, known: Collection[str]) -> None:
        self.nodes = [node for node in walk(tree) if isinstance(node, _SEEN)]
        self.functions = {node.name: node for node in self.nodes if isinstance(node, ast.FunctionDef)}
        self.cleaned = {name for node in self.nodes if cleans(node) for name in mentioned(node)}
        self.known: set[str] = set()
        self._add(known)
        for each in self.functions.values():
            if any(routes(decorator) for decorator in each.decorator_list):
                self._add(own.arg for own in each.args.args if own.arg not in ("self", "request"))
        for _ in range(ROUNDS):
            before = len(self.known)
            for node in self.nodes:
                self._follow(node)
            if len(self.known) == before:
                break

    def findings(self, paths: Checked) -> Iterator[RuffFinding]:
        """The findings, one a line."""
        spared = {id(part) for node in self.nodes for part in self._spared(node)}
        lines: set[int] = set()
        for node in self.nodes:
            if id(node) in spared:
                continue
            words = self._html(node) or self._call(node, paths)
            if words and node.lineno not in lines:
                lines.add(node.lineno)
                yield RuffFinding(node.lineno - 1, words)

    def _add(self, names: Iterable[str]) -> None:
        self.known |= set(names) - self.cleaned

    def _spared(self, node: ast.stmt | ast.expr) -> Iterator[ast.AST]:
        """What is not looked at itself: the parts of a longer sum, and what is cleaned as a whole."""
        match node:
            case ast.BinOp(left=ast.BinOp() as left):
                yield left
            case ast.Assign(targets=[ast.Name(id=name)], value=value) if name in self.cleaned:
                yield value

    def _follow(self, node: ast.AST) -> None:
        """Note the names that something from a request is assigned to."""
        match node:
            case ast.Assign(targets=targets, value=value) if self._sent(value):
                self._add(name for each in targets for name in names(each))
            case (
                ast.AnnAssign(target=target, value=ast.expr() as value)
                | ast.AugAssign(target=target, value=value)
                | ast.For(target=target, iter=value)
            ) if self._sent(value):
                self._add(names(target))
            case ast.Call(func=ast.Name(id=name), args=args) if name in self.functions:
                owned = self.functions[name].args.args
                self._add(own.arg for own, each in zip(owned, args, strict=False) if self._sent(each))

    def _sent(self, node: ast.AST, deep: int = 0) -> bool:
        """Whether an expression holds what a request does."""
        found = False
        match node:
            case _ if deep > DEEP:
                pass
            case ast.Name(id=name):
                found = name in self.known
            case ast.Attribute(value=ast.Name(id="request") | ast.Attribute(attr="request"), attr=field):
                found = field in FIELDS
            case ast.Call():
                found = self._passed(node, deep)
            case ast.Attribute(value=inner) | ast.Subscript(value=inner) | ast.FormattedValue(value=inner):
                found = self._sent(inner, deep + 1)
            case ast.ListComp(elt=inner) | ast.GeneratorExp(elt=inner):
                found = self._sent(inner, deep + 1)
            case ast.expr() if isinstance(node, _WHOLES):
                found = self._any(ast.iter_child_nodes(node), deep)
        return found

    def _passed(self, node: ast.Call, deep: int) -> bool:
        """Whether a call hands on what a request holds."""
        match node.func:
            case ast.Attribute(value=inner, attr=name) if name in PASSES or name in FIELDS:
                taken = self._sent(inner, deep + 1) or self._sent(node.func, deep + 1)
                return taken or (name in _TAKES and self._any(node.args, deep))
            case ast.Name(id=name) if name in PASSES or (name in self.functions and not CLEANS.search(name)):
                return self._any(node.args, deep)
        return False

    def _any(self, nodes: Iterable[ast.AST], deep: int = 0) -> bool:
        return any(self._sent(each, deep + 1) for each in nodes)

    def _html(self, node: ast.AST) -> str | None:
        """HTML put together with something from a request."""
        parts: list[ast.AST] = [node]
        match node:
            case ast.JoinedStr() | ast.BinOp(op=ast.Add() | ast.Mod()):
                pass
            case ast.Call(
                func=ast.Attribute(value=ast.Constant() as text, attr="format"), args=args, keywords=named
            ):
                parts = [text, *args, *(each.value for each in named)]
            case _:
                return None
        tagged = any(_TAG.search(text) for part in parts for text in literals(part))
        return "request put into HTML unescaped" if tagged and self._any(parts) else None

    def _call(self, node: ast.AST, paths: Checked) -> str | None:
        match node:
            case ast.Call(keywords=named) if any(off(each) for each in named):
                return "template that does not escape"
            case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name), args=[first, *_]) if self._sent(
                first
            ):
                if name in _RENDERS:
                    return "request rendered as a template"
                if paths == "unchecked" and name in _OPENS:
                    return "path taken from a request"
        return None
