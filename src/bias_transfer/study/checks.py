"""What the types of a config cannot say: names of plug-ins, paths, columns, lengths, the grid."""

import json
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from bias_transfer.adaptations import adaptations
from bias_transfer.alterations import alterations
from bias_transfer.data.sources import check_header, read_header
from bias_transfer.errors import StudyError
from bias_transfer.measures import measures
from bias_transfer.models.families import longest_text
from bias_transfer.models.folder import (
    CLASSIFIER,
    MASKED_LM,
    require_safe_files,
    require_tokenizer_files,
)
from bias_transfer.runtime.artifacts import CARD, MANIFEST
from bias_transfer.runtime.lineage import BUNDLE
from bias_transfer.runtime.lineage import FOLDER as RECORDS
from bias_transfer.section import Section
from bias_transfer.study.config import Study
from bias_transfer.study.grid import models, upstream_variants
from bias_transfer.study.mistakes import not_one_of, shown
from bias_transfer.study.sources import source_paths, tables
from bias_transfer.study.walk import all_sections, marks, sections
from bias_transfer.tasks import NO_ROWS, Definition, Kind
from bias_transfer.upstream import methods

# What the hub itself allows: OWNER/NAME, or the NAME of an old data set.
_HUB_ID = re.compile(r"\w[\w.-]{0,95}(/\w[\w.-]{0,95})?", re.ASCII)

# Snakemake reads braces as wildcards; a control character breaks logs and commands.
_NOT_IN_PATHS = re.compile(r"[{}\x00-\x1f\x7f]")

# Records of how something was made: no folder has them but one that a study has begun to fill, or
# that was unpacked from a release.
_OF_A_STUDY = (RECORDS, f"checkpoints/{RECORDS}", f"data/{RECORDS}", f"data/*/{RECORDS}", BUNDLE)
# The one key of a checkpoint that is no masked language model.
_SENTIMENT = "sentiment.hub.id"


def check(study: Study) -> None:
    """Check a study for what its types cannot say.

    Raises
    ------
    StudyError
        Naming the key, what stands there and what to do about it.
    """
    _check_results(study.results)
    for task in study.tasks:
        _check_names(study, task)
    _check_titles(study)
    if study.release:
        _check_release(study.release)
        # Nothing but the release is read, so the sources may be on another machine.
        return
    _check_tensorboard(study)
    _check_sources(study)
    _check_apart(study)
    _check_folders(study)
    _check_columns(study)
    _check_headers(study)
    _check_architecture(study)
    for task in study.tasks:
        _check_needs(study, task)
        _check_methods(study, task)
        _check_grid(study, task)
    _check_models(study)
    _check_lengths(study)


@contextmanager
def _named(key: str) -> Iterator[None]:
    """Put a key before what the block refuses."""
    try:
        yield
    except StudyError as error:
        raise StudyError(f"config key {key}: {error}") from error


def _check_tensorboard(study: Study) -> None:
    if study.tensorboard and find_spec("tensorboard") is None:
        raise StudyError(
            "config key tensorboard: the package is not installed; pip install "
            "'bias-transfer[tensorboard]', or set the key to false"
        )


# ---- names of plug-ins ------------------------------------------------------------------


def _check_names(study: Study, task: str) -> None:
    """Refuse methods, measures and columns that do not exist, or not for this kind of task."""
    key, section = f"tasks.{task}", study.tasks[task]
    kind, definition = study.kind(task), study.definition(task)
    _check_item(key, definition, kind)
    _check_listed(f"{key}.upstream", section.upstream, methods())
    fitting = [name for name, each in measures().items() if section.kind in each.task_kinds]
    _check_listed(f"{key}.measures", section.measures, fitting)
    _check_listed(f"{key}.covariates", section.covariates, kind.covariate_quantities(definition))
    _check_listed_one(f"{key}.outcome", section.outcome, kind.outcomes(definition))
    _check_listed(f"{key}.adaptation", section.adaptation, adaptations())
    _check_asked(key, "adapted", section.adapted, section.upstream)
    if section.every_seed != "all":
        _check_asked(key, "every_seed", section.every_seed, section.upstream)
    _check_alterations(f"{key}.alterations", definition, section.alterations)
    for place, crossing in enumerate(section.crossed):
        _check_listed_one(f"{key}.crossed.{place}.upstream", crossing.upstream, methods())
        _check_alterations(f"{key}.crossed.{place}.alterations", definition, crossing.alterations)


def _check_item(key: str, definition: Any, kind: Kind) -> None:
    """Refuse a column of items that the task's own tables have already."""
    item = definition.item
    other = definition.model_copy(update={"item": ""})
    made = {str(name) for table in (kind.rates, kind.covariates) for name in table(NO_ROWS, other)}
    made |= {name for each in alterations().values() for name in each.levels}
    # What a measure makes besides, only a language model tells; but it begins or ends so.
    begins, ends = ("score_", *measures()), "_sentences"
    if item in made or item.startswith(begins) or item.endswith(ends):
        raise StudyError(
            f"config key {key}.item: {item!r} is a column of the tables already; give another name"
        )


def _check_titles(study: Study) -> None:
    """Refuse two tasks that tables and figures would call the same."""
    owner: dict[str, str] = {}
    for task, section in study.tasks.items():
        title = section.title.casefold()
        if title in owner:
            raise StudyError(
                f"config key tasks.{task}.title: {shown(section.title)} is the title of "
                f"tasks.{owner[title]} already; give another"
            )
        owner[title] = task


def _check_listed(key: str, values: Sequence[str], known: Iterable[str]) -> None:
    for place, value in enumerate(values):
        _check_listed_one(f"{key}.{place}", value, known)
    if len(set(values)) < len(values):
        raise StudyError(f"config key {key}: {shown(values)} lists a value twice; remove one")


def _check_listed_one(key: str, value: str, known: Iterable[str]) -> None:
    if value not in known:
        raise StudyError(f"config key {key}: {not_one_of(value, list(known))}")


def _check_asked(key: str, name: str, methods: Sequence[str], upstream: Sequence[str]) -> None:
    for place, method in enumerate(methods):
        if method not in upstream:
            raise StudyError(
                f"config key {key}.{name}.{place}: {shown(method)} is not among {key}.upstream; "
                "list it there too or remove it here"
            )


def _check_alterations(key: str, definition: Definition, entries: Section) -> None:
    for name, each in alterations().items():
        if getattr(entries, name) and definition.kind not in each.task_kinds:
            fitting = ", ".join(sorted(each.task_kinds))
            raise StudyError(
                f"config key {key}.{name}: it alters tasks of kind {fitting}, and this one is of "
                f"kind {definition.kind}; remove it"
            )
        for place, entry in enumerate(getattr(entries, name)):
            try:
                each.variant(entry, definition)
            except StudyError as error:
                raise StudyError(f"config key {key}.{name}.{place}.{error}") from error


# ---- paths ------------------------------------------------------------------------------


def _check_results(results: str) -> None:
    _check_path("results", results)
    folder = Path(results)
    if os.path.exists(folder) and not folder.is_dir():
        raise StudyError(f"config key results: {results} is a file; give a folder")
    _refuse_here("results", folder)
    foreign = _foreign_file(folder)
    if foreign is not None:
        raise StudyError(
            f"config key results: {results} holds {foreign.relative_to(folder)}, which no study "
            "wrote and one might overwrite; give an empty folder, or the name of a new one"
        )


def _foreign_file(folder: Path) -> Path | None:
    """Return a file of somebody else's in a folder, if no study has written there.

    A folder may hold those of several studies, and says in a card what it is for. Nothing but logs
    is left by a study that was interrupted in its first jobs.
    """
    if not folder.is_dir() or any(any(folder.glob(mark)) for mark in _OF_A_STUDY):
        return None
    for each in sorted(folder.iterdir()):
        if each.name == CARD or each.name.startswith(".") or each.suffix == ".log":
            continue
        found = _foreign_file(each) if each.is_dir() else each
        if found is not None:
            return found
    return None


def _check_apart(study: Study) -> None:
    """Refuse to read from the folder that is written to.

    What a study reads is hashed to see whether it has changed, a folder with all that is in it.
    """
    results = Path(study.results).resolve()
    for key, paths in source_paths(study).items():
        for path in paths:
            source = Path(path).resolve()
            if source.is_relative_to(results):
                raise StudyError(
                    f"config key results: {study.results} holds {path}, which config key {key} "
                    "names; keep what is read out of the folder that is written to"
                )
            if results.is_relative_to(source):
                raise StudyError(
                    f"config key results: {study.results} lies in {path}, the folder that config "
                    f"key {key} names; give a folder outside it"
                )


def _check_release(release: str) -> None:
    _check_path("release", release)
    if not Path(release, MANIFEST).is_file():
        raise StudyError(
            f"config key release: {release} is no results release; it has no {MANIFEST}"
        )


def _refuse_here(key: str, folder: Path) -> None:
    """Refuse a folder with everything in it where one of its own is meant."""
    if Path.cwd().is_relative_to(folder.resolve()):
        raise StudyError(
            f"config key {key}: {folder} is the folder that Snakemake runs in, or holds it; give a "
            "folder of its own"
        )


def _check_path(key: str, path: str) -> None:
    """Refuse the few paths that Snakemake or a command would read as something else."""
    found = _NOT_IN_PATHS.search(path)
    if found:
        raise StudyError(
            f"config key {key}: the path {path!r} holds {found.group()!r}, which Snakemake cannot "
            "take in a path; rename it or give a link to it"
        )
    if path.startswith(("-", "~")):
        raise StudyError(
            f"config key {key}: the path {path!r} starts with {path[0]!r}, which a command takes "
            "for something else; write the path from the root"
        )


def _check_sources(study: Study) -> None:
    """Check every path and hub id of the sources in use."""
    paths = source_paths(study)
    for section_key, section in sections(study):
        branch = section_key.rpartition(".")[2]
        for name, mark in marks(section):
            key = f"{section_key}.{name}"
            if mark.what == "hub":
                _check_hub_id(key, getattr(section, name))
            if key in paths and not paths[key]:
                raise StudyError(
                    f"config key {key} is empty; give the path, since the source is {branch!r}"
                )
            for path in paths.get(key, ()):
                _check_source(key, path, wants_folder=mark.what != "file")


def _check_source(key: str, path: str, *, wants_folder: bool) -> None:
    _check_path(key, path)
    # Unlike pathlib's, it takes a name that is too long for one that is not there.
    if not os.path.exists(path):
        where = "" if Path(path).is_absolute() else f" in {Path.cwd()}, where Snakemake runs"
        raise StudyError(f"config key {key}: {path} does not exist{where}; correct the path")
    if Path(path).is_dir() != wants_folder:
        found, wanted = ("a file", "folder") if wants_folder else ("a folder", "file")
        raise StudyError(f"config key {key}: {path} is {found}; give a {wanted}")
    if wants_folder:
        _refuse_here(key, Path(path))


def _check_hub_id(key: str, name: str) -> None:
    if not name:
        raise StudyError(f"config key {key} is empty; give the id, since the source is 'hub'")
    if os.path.isdir(name):
        return
    if not _HUB_ID.fullmatch(name) or ".." in name or "--" in name:
        raise StudyError(
            f"config key {key}: {shown(name)} is no folder that exists, nor an id of the form "
            "OWNER/NAME; correct it"
        )


def _check_folders(study: Study) -> None:
    """Refuse the folder of a checkpoint that lacks config, weights or tokenizer."""
    for key, folder in _given_checkpoints(study).items():
        with _named(key):
            require_safe_files(folder, CLASSIFIER if key == _SENTIMENT else MASKED_LM)
            require_tokenizer_files(folder)


def _given_checkpoints(study: Study) -> dict[str, str]:
    """Return the folders and hub ids that checkpoints are taken from, by their keys."""
    model, sentiment = study.model, study.sentiment
    found = {}
    if model.source == "file":
        found["model.file.path"] = model.file.path
    if model.source == "hub":
        found["model.hub.id"] = model.hub.id
    if sentiment.source == "hub":
        found[_SENTIMENT] = sentiment.hub.id
    return found


def _check_columns(study: Study) -> None:
    """Refuse one column for two purposes: a text would be taken for a label, and quoted as one."""
    for section_key, section in all_sections(study):
        used: dict[str, str] = {}
        for name, mark in marks(section):
            column = getattr(section, name)
            if mark.what != "column" or not column:
                continue
            if column in used:
                raise StudyError(
                    f"config key {section_key}.{name}: the column {column!r} is that of "
                    f"{section_key}.{used[column]} already; name another"
                )
            used[column] = name


def _check_headers(study: Study) -> None:
    """Refuse a table that lacks a column.

    Snakemake reads the config once more for each job on a cluster, so no more than headers are
    read; `bias-transfer plan` and the jobs read the rows.
    """
    for table in tables(study):
        with _named(table.key):
            header = read_header(table.path)
        for key, column in table.columns.items():
            with _named(key):
                check_header(header, [column], str(table.path))


# ---- lengths ----------------------------------------------------------------------------


def _check_lengths(study: Study) -> None:
    """Refuse longer texts than the checkpoint has positions for, where that is known already."""
    sentiment = study.sentiment
    limits = {key: _positions(key, Path(name)) for key, name in _given_checkpoints(study).items()}
    of_sentiment = limits.pop(_SENTIMENT, None)
    # The other one is the model's; there is none of a model that is pre-trained here.
    limit = next(iter(limits.values()), study.model.architecture.maximum_length)
    for task, section in study.tasks.items():
        _check_length(f"tasks.{task}.maximum_length", section.maximum_length, limit)
    if sentiment.source in ("generated", "file"):
        # Its classifier is fine-tuned from the same checkpoint.
        _check_length("sentiment.maximum_length", sentiment.maximum_length, limit)
    elif sentiment.source == "hub":
        _check_length("sentiment.maximum_length", sentiment.maximum_length, of_sentiment)


def _check_length(key: str, length: int, limit: int | None) -> None:
    if limit is not None and length > limit:
        raise StudyError(
            f"config key {key}: {length} tokens, but the checkpoint has {limit} positions; lower it"
        )


def _positions(key: str, folder: Path) -> int | None:
    """Return how many tokens the checkpoint in a folder takes; None where it is not known yet."""
    try:
        described = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        with _named(key):
            return longest_text(dict(described), str(folder))
    except (OSError, LookupError, TypeError, ValueError, ArithmeticError, RecursionError):
        # On the hub, or broken: whoever loads it will tell.
        return None


# ---- the grid ---------------------------------------------------------------------------


def _check_architecture(study: Study) -> None:
    size = study.model.architecture
    if size.hidden_size % size.heads:
        raise StudyError(
            f"config key model.architecture.hidden_size: {size.hidden_size} is not a multiple of "
            f"model.architecture.heads ({size.heads})"
        )


def _check_needs(study: Study, task: str) -> None:
    """Refuse a measure whose sentences the task does not have."""
    section: Any = study.tasks[task]
    for name in section.measures:
        if "sentences" in measures()[name].needs and section.sentences.source == "none":
            raise StudyError(
                f"config key tasks.{task}.sentences.source: 'none', but tasks.{task}.measures asks "
                f"for {name}; name a source or drop {name} there"
            )


def _check_methods(study: Study, task: str) -> None:
    """Refuse settings of a method that could not move the bias of the task."""
    section, definition = study.tasks[task], study.definition(task)
    asked = (*section.upstream, *(each.upstream for each in section.crossed))
    for name in dict.fromkeys(asked):
        try:
            methods()[name].check(study.method_settings(name), definition)
        except StudyError as error:
            raise StudyError(
                f"config key upstream.{name}.{error}, or drop {name} from tasks.{task}"
            ) from error


def _check_grid(study: Study, task: str) -> None:
    """Refuse a method that makes no checkpoint, or fewer than are asked for."""
    section = study.tasks[task]
    for method in section.upstream:
        if not upstream_variants(study, method):
            why, remedy = _made_nothing(method, study.method_settings(method))
            raise StudyError(
                f"config key {why}, but tasks.{task}.upstream asks for {method}; {remedy} or drop "
                f"{method} there"
            )
    for place, crossing in enumerate(section.crossed):
        made = len(upstream_variants(study, crossing.upstream))
        if crossing.trials > made:
            raise StudyError(
                f"config key tasks.{task}.crossed.{place}.trials: {crossing.trials}, but "
                f"upstream.{crossing.upstream} makes {made} only; raise the one or lower "
                "the other"
            )


def _made_nothing(method: str, settings: Section) -> tuple[str, str]:
    """Return why a method makes no checkpoint, and what to do about it."""
    for name in type(settings).model_fields:
        value = getattr(settings, name)
        if value == []:
            return f"upstream.{method}.{name} is empty", "list at least one value"
        if value == 0 and isinstance(value, int):
            return f"upstream.{method}.{name} is 0", "set at least 1"
    return f"upstream.{method} makes no checkpoint", "change it"


def _check_models(study: Study) -> None:
    paths = [model.path for model in models(study)]
    repeated = sorted({path for path in paths if paths.count(path) > 1})
    if repeated:
        raise StudyError(
            f"the config asks for {repeated[0]} twice; remove one of the equal interventions"
        )
