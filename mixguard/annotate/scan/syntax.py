"""What the scanner of web code asks of a syntax tree."""

from __future__ import annotations

import ast
import re
from collections import deque
from collections.abc import Iterator

CLEANS = re.compile(
    r"(?i)escape|clean|saniti|secure_filename|basename|quote|encode|validate|strip_tags|is_valid|jsonify|dumps"
)
"""Calls that make harmless what they are given."""


def walk(tree: ast.AST) -> Iterator[ast.AST]:
    """As `ast.walk`, in half the time, without the contexts of names."""
    todo = deque([tree])
    while todo:
        node = todo.popleft()
        yield node
        for name in node._fields:
            value = getattr(node, name, None)
            if isinstance(value, list):
                todo.extend(each for each in value if isinstance(each, ast.AST))
            elif isinstance(value, ast.AST) and name != "ctx":
                todo.append(value)


def cleans(node: ast.AST) -> bool:
    """Whether it is a call that makes what it is given harmless."""
    match node:
        case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)):
            return name != "encode" and bool(CLEANS.search(name))
    return False


def mentioned(node: ast.AST) -> Iterator[str]:
    """The names in the arguments of a call."""
    return (
        each.id for part in getattr(node, "args", ()) for each in ast.walk(part) if isinstance(each, ast.Name)
    )


def routes(node: ast.expr) -> bool:
    """Whether a decorator makes a function answer requests."""
    called = node.func if isinstance(node, ast.Call) else node
    return isinstance(called, ast.Attribute) and called.attr in ("route", "get", "post", "put")


def off(word: ast.keyword) -> bool:
    """Whether an argument turns escaping off."""
    return word.arg == "autoescape" and isinstance(word.value, ast.Constant) and word.value.value is False


def names(node: ast.AST) -> Iterator[str]:
    """The names that an assignment writes to."""
    match node:
        case ast.Name(id=name):
            yield name
        case ast.Tuple(elts=parts) | ast.List(elts=parts):
            for part in parts:
                yield from names(part)
        case ast.Subscript(value=ast.Name(id=name)):
            yield name


def literals(node: ast.AST) -> Iterator[str]:
    """The pieces of text in an expression."""
    for each in ast.walk(node):
        if isinstance(each, ast.Constant) and isinstance(each.value, str):
            yield each.value
