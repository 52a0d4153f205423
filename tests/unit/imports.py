"""The modules of the package and what each imports, wherever the import stands."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import bias_transfer

NAME = "bias_transfer"
PACKAGE = Path(bias_transfer.__file__).parent


def modules() -> dict[str, Path]:
    """Return the file of every module of the package, by the module's name."""
    return {
        ".".join([NAME, *_parts(path.relative_to(PACKAGE))]): path for path in PACKAGE.rglob("*.py")
    }


@cache
def imported_by(path: Path) -> frozenset[str]:
    """Return what a file imports; of `from a import b` both `a` and `a.b`."""
    return frozenset(_imported(ast.walk(ast.parse(path.read_text()))))


def loaded_with(path: Path) -> Iterator[str]:
    """Yield what a file imports as soon as it is imported itself: at its top, not for types."""
    return _imported(iter(ast.parse(path.read_text()).body))


def _imported(nodes: Iterator[ast.AST]) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, ast.ImportFrom):
            assert node.module and not node.level, "a relative import"
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def _parts(path: Path) -> tuple[str, ...]:
    return path.parent.parts if path.name == "__init__.py" else path.with_suffix("").parts
