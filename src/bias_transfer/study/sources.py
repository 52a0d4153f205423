"""Where a study's text and checkpoints come from, as far as the config tells."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bias_transfer.data.sources import is_table
from bias_transfer.measures import measure
from bias_transfer.section import Section
from bias_transfer.study.config import CorpusFile, SentimentFile, Study
from bias_transfer.study.walk import marks, sections
from bias_transfer.upstream import methods


def source_paths(study: Study) -> dict[str, list[str]]:
    """Return the paths that the sources in use name, by config key.

    Those that may be empty and are have no key; a folder may stand in place of a hub's id.
    """
    found = {}
    for section_key, section in sections(study):
        for name, mark in marks(section):
            value = getattr(section, name)
            paths = [path for path in (value if isinstance(value, list) else [value]) if path]
            is_path = mark.what in ("file", "folder") and (paths or not mark.optional)
            if is_path or (mark.what == "hub" and os.path.isdir(value)):
                found[f"{section_key}.{name}"] = paths
    return found


@dataclass(frozen=True)
class Table:
    """A table of the user's that the study reads by the names of its columns.

    Attributes
    ----------
    key
        Of the config, for the path.
    path
        Of the file.
    columns
        The names of the columns by the keys that name them.
    """

    key: str
    path: Path
    columns: dict[str, str]


def tables(study: Study) -> Iterator[Table]:
    """Yield the local tables that some job of the study reads."""
    paths, needed = source_paths(study), _needed(study)
    for section_key, section in sections(study):
        columns = {
            f"{section_key}.{name}": getattr(section, name)
            for name, mark in marks(section)
            if mark.what == "column" and getattr(section, name)
        }
        if not columns or not needed.get(section_key, True):
            continue
        for key, found in paths.items():
            # Its own files, or those of its source; a folder stands in place of a hub's id.
            if key.startswith(f"{section_key}."):
                yield from (
                    Table(key, path, columns)
                    for path in map(Path, found)
                    if not path.is_dir() and _has_columns(section, path)
                )


def _has_columns(section: Section, path: Path) -> bool:
    """Tell whether a file is read by columns, rather than line by line."""
    if isinstance(section, SentimentFile):
        return not section.labels_path
    return not isinstance(section, CorpusFile) or is_table(path)


def _needed(study: Study) -> dict[str, bool]:
    """Return, of the sections that a study may not need, whether it does."""
    return {
        "model.corpus.file": needs_corpus(study),
        "sentiment.file": needs_sentiment(study),
        **{f"tasks.{task}.sentences": "sentences" in needs(study, task) for task in study.tasks},
    }


def is_generated(study: Study) -> bool:
    """Tell whether any text that the study uses was generated, as every figure must then say.

    Generated template sentences do not count: they are equal for all terms.
    """
    return "generated" in _texts(study).values()


def text_note(study: Study) -> str:
    """Say what the study's text is, as stands above whatever is made of it.

    A study of which some is generated says which: the biases of all else are declared nowhere.
    """
    texts = _texts(study)
    generated = [name for name, source in texts.items() if source == "generated"]
    if not generated:
        return "Text and model are the ones that the config names."
    declared = "biases are declared in the config, not found in the world."
    if len(generated) == len(texts) and study.model.source == "generated":
        return f"Generated text: the {declared}"
    return f"Generated text in part ({', '.join(generated)}): its {declared}"


def _texts(study: Study) -> dict[str, str]:
    """Return the sources of the text that the study uses, by what it is."""
    used = {section.title: getattr(section, "source", "") for section in study.tasks.values()}
    if needs_corpus(study):
        used["the pre-training corpus"] = study.model.corpus.source
    # A lexicon is no text, and declares no bias.
    if needs_sentiment(study) and study.sentiment.source != "lexicon":
        used["that of the sentiment classifier"] = study.sentiment.source
    return used


def needs_corpus(study: Study) -> bool:
    """Tell whether the model is pre-trained here, or a method takes sentences from the corpus."""
    used = {
        name
        for section in study.tasks.values()
        for name in (*section.upstream, *(crossing.upstream for crossing in section.crossed))
    }
    return study.model.source == "generated" or any(
        "corpus" in each.needs for name, each in methods().items() if name in used
    )


def needs_sentiment(study: Study) -> bool:
    """Tell whether a measure of some task scores the sentiment of words."""
    return any("sentiment" in needs(study, task) for task in study.tasks)


def needs(study: Study, task: str) -> frozenset[str]:
    """Return what a task's measures need besides the language model."""
    return frozenset().union(*(measure(name).needs for name in study.tasks[task].measures))
