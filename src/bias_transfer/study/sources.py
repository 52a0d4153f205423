"""Where a study's text and checkpoints come from, as far as the config tells."""

import os

from bias_transfer.measures import Measure, measure
from bias_transfer.study.config import Study
from bias_transfer.study.walk import marks, sections
from bias_transfer.upstream import methods


def source_paths(study: Study) -> dict[str, list[str]]:
    """Return the paths that the sources in use name, by config key.

    Those that may be empty and are have no key; a folder may stand in place of a hub's id.
    """
    found = {}
    for section_key, section in sections(study, unused=False):
        for name, mark in marks(section):
            value = getattr(section, name)
            paths = [path for path in (value if isinstance(value, list) else [value]) if path]
            is_path = mark.what in ("file", "folder") and (paths or not mark.optional)
            if is_path or (mark.what == "hub" and os.path.isdir(value)):
                found[f"{section_key}.{name}"] = paths
    return found


def is_generated(study: Study) -> bool:
    """Tell whether any text that the study uses was generated, as every figure must then say.

    Generated template sentences do not count: they are equal for all terms.
    """
    used = [getattr(section, "source", "") for section in study.tasks.values()]
    if needs_sentiment(study):
        used.append(study.sentiment.source)
    if needs_corpus(study):
        used.append(study.model.corpus.source)
    return "generated" in used


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
    return any("sentiment" in each.needs for each in measures_in_use(study))


def measures_in_use(study: Study) -> list[Measure]:
    """List the measures of all tasks, each once."""
    names = dict.fromkeys(name for section in study.tasks.values() for name in section.measures)
    return [measure(name) for name in names]
