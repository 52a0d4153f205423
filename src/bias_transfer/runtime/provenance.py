"""What a result depends on in the code: a digest of the modules that a job uses, and the commit."""

import ast
import hashlib
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

PACKAGE = "bias_transfer"
_ROOT = Path(__file__).resolve().parents[1]

# Changing how things are written, reported or recorded changes no number.
_PLUMBING = frozenset(
    f"{PACKAGE}.{name}"
    for name in (
        "errors",
        "models.curves",
        "runtime.artifacts",
        "runtime.job",
        "runtime.lineage",
        "runtime.notices",
        "runtime.progress",
        "runtime.provenance",
    )
)


@dataclass(frozen=True)
class Commit:
    """A git commit.

    Attributes
    ----------
    digest
        40 hexadecimal digits.
    date
        YYYY-MM-DD.
    edited
        Whether the files were edited since.
    """

    digest: str
    date: str
    edited: bool


def last_commit(folder: Path = _ROOT) -> Commit | None:
    """Return the commit that last changed a folder, this package where none is named.

    None where it is no part of a git checkout, or git cannot tell. Later commits that leave the
    folder as it is do not count, nor does a checkout around an installed package that git ignores.
    """
    last = _git(folder, "log", "-1", "--format=%H %cs", "--", ".")
    if not last:
        return None
    digest, date = last.split()
    return Commit(digest, date, bool(_git(folder, "status", "--porcelain", "--", ".")))


def _git(folder: Path, *words: str) -> str:
    try:
        return subprocess.run(
            ["git", "-C", str(folder), *words], capture_output=True, text=True, check=True
        ).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return ""


def code_digest(stage: str, plugins: Iterable[str] = ()) -> str:
    """Return a digest of the code behind a job: a stage of the command line and its plug-ins.

    It covers the module `bias_transfer.commands.<stage>`, the plug-ins, and all that they import
    from this package, however indirectly and wherever the import stands, with the data files of
    each module, in a folder of its name. Plug-ins are imported by name while a job runs, so that
    only those named here count. Comments, docstrings and layout do not: the digest is of the syntax
    tree.

    Parameters
    ----------
    stage
        Such as `scoring`.
    plugins
        Such as `measures.pronoun_ranking`.
    """
    return _digest(stage, tuple(plugins))


# A grid asks for the same digests once a job.
@cache
def _digest(stage: str, plugins: tuple[str, ...]) -> str:
    digest = hashlib.sha256()
    for module in sorted(modules_of(stage, plugins)):
        digest.update(f"{module}\0{_read(module).tree}\0".encode())
        for file in _data_files(module):
            digest.update(f"{file.name}\0".encode() + file.read_bytes())
    return digest.hexdigest()[:16]


def modules_of(stage: str, plugins: Iterable[str] = ()) -> frozenset[str]:
    """Return the modules whose code a job's digest covers."""
    names = [f"commands.{stage}", *plugins]
    return frozenset().union(*(_closure(f"{PACKAGE}.{name}") for name in names)) - _PLUMBING


@cache
def _closure(module: str) -> frozenset[str]:
    found: set[str] = set()
    waiting = [module]
    while waiting:
        current = waiting.pop()
        if current not in found:
            found.add(current)
            waiting += _read(current).imports
    return frozenset(found)


def remember(module: str) -> None:
    """Read what digests of a module ask of it and of all that it imports: a copy asks no more."""
    _closure(module)


@dataclass(frozen=True)
class _Code:
    """What a module imports from this package, and its syntax tree without docstrings, as text."""

    imports: tuple[str, ...]
    tree: str


@cache
def _read(module: str) -> _Code:
    tree = ast.parse(_path(module).read_text("utf-8"))
    imports = tuple(_imported(tree))
    for node in _statements(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
            node.body = [each for each in node.body if not _is_docstring(each)]
    return _Code(imports, ast.dump(tree))


def _is_docstring(statement: ast.stmt) -> bool:
    """Tell whether a statement is nothing but a constant: of a module, a class, an attribute."""
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def _statements(tree: ast.Module) -> Iterator[ast.AST]:
    """Yield all that has or may have a block of statements, and no expression.

    Imports and docstrings stand in none, and most of a tree is expressions.
    """
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        yield node
        for block in ("body", "orelse", "finalbody", "handlers", "cases"):
            waiting += getattr(node, block, ())


def _imported(tree: ast.Module) -> Iterator[str]:
    for node in _statements(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            # `from package import module` names a module too.
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        else:
            continue
        yield from (name for name in names if name.startswith(PACKAGE) and _is_module(name))


def _is_module(name: str) -> bool:
    try:
        return _path(name).is_file()
    except FileNotFoundError:
        return False


def _path(module: str) -> Path:
    base = _ROOT.joinpath(*module.split(".")[1:])
    for candidate in (base.with_suffix(".py"), base / "__init__.py"):
        if candidate.is_file():
            return candidate
    raise FileNotFoundError(module)


def _data_files(module: str) -> list[Path]:
    """Return the files beside the code: in a module's folder of its name, or in a package."""
    path = _path(module)
    folder = path.parent if path.name == "__init__.py" else path.with_suffix("")
    if not folder.is_dir():
        return []
    return sorted(file for file in folder.iterdir() if file.is_file() and file.suffix != ".py")
