"""Tables 2 to 8 of the paper, on a study's tasks "bios" and "wiki", beside what it prints.

A column of your own goes last: what the paper prints stands beside the first columns by their
number. A term that no task tells of gets its name in `_BIOS_TERMS` or `_WIKI_TERMS`.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from bias_transfer.analysis.correlation import correlations
from bias_transfer.analysis.description import Quantity, TaskDescription
from bias_transfer.analysis.diagnostics import diagnostics
from bias_transfer.analysis.means import unmodified
from bias_transfer.analysis.regression import HC3
from bias_transfer.analysis.tables import (
    Column,
    Table,
    all_but,
    altered,
    beside_unmodified,
    coefficient_table,
    fit,
    upstream,
)
from bias_transfer.paper.printed import beside, of_table, of_table2
from bias_transfer.report.correlations import correlation_sheet
from bias_transfer.report.interventions import dataset_doses
from bias_transfer.report.regressions import regression_sheet
from bias_transfer.report.sheet import Sheet

# What the paper does to a checkpoint: the models of any other method are left out.
_CHECKPOINTS = ("pretrained", "random", "uniform", "gaussian", "sentdebias")
_NOISE = beside_unmodified(upstream("uniform", "gaussian"))
_MITIGATED = beside_unmodified(upstream("sentdebias"))
_RANDOM = upstream("random")
_BALANCED = altered("balance")
_SCRUBBED = altered("scrub-toxic", "scrub-all")
# "All pre-trained" leaves the randomly initialised models out: only so do the paper's 43 and 40
# models add up. Table 8's 61 need the scrubbed random ones too.
_ALL_BUT_RANDOM = all_but("random")


def _all_but_random_on_original(rows: pd.DataFrame) -> pd.Series:
    return (rows["upstream_kind"] != "random") | (rows["dataset_kind"] != "original")


_BIOS = ("pronoun_ranking", "prevalence_she")
_WIKI = ("negative_sentiment", "toxic_share", "prevalence")
_RANKING = ("identity_ranking", "toxic_share", "prevalence")


def _term(column: str, label: str, missing: str = "") -> Quantity:
    return Quantity(column=column, title=label, label=label, axis=label, missing=missing)


_BIOS_TERMS = (
    _term("prevalence_she", "Prevalence of she/her", "the occupation is not in the training part"),
    _term("they_change", "Change of they/them"),
    _term("pronoun_ranking_after", "Pronoun ranking after fine-tuning"),
)
_WIKI_TERMS = (
    _term("identity_ranking", "Identity ranking (upstream)", "no template sentence holds the term"),
    _term(
        "toxic_length",
        "Length of toxic mentions",
        "no toxic training comment mentions the term",
    ),
    _term(
        "negative_sentiment_after",
        "Negative sentiment after fine-tuning",
        "every likely token is an identity term after fine-tuning",
    ),
)


def _table(number: int, title: str, terms: tuple[Quantity, ...], *columns: Column) -> Table:
    return Table(f"table{number}", title, columns, number, terms)


TABLES: Mapping[str, tuple[Table, ...]] = {
    "bios": (
        _table(
            3,
            "Effect of upstream on downstream bias, BIOS",
            _BIOS_TERMS,
            Column("Pre-trained", unmodified, _BIOS),
            Column("Mitigated", _MITIGATED, _BIOS),
            Column("Random", _RANDOM, _BIOS),
            Column("Noise added", _NOISE, _BIOS),
            Column("Balanced", _BALANCED, _BIOS),
            Column("All pre-trained", _ALL_BUT_RANDOM, _BIOS),
        ),
        _table(
            5,
            "Additional specifications for the unmodified model, BIOS",
            _BIOS_TERMS,
            Column("Upstream", unmodified, _BIOS[:1]),
            Column("With data", unmodified, _BIOS),
            Column("Upstream, panel", unmodified, _BIOS[:1], "effects"),
            Column("With data, panel", unmodified, _BIOS, "effects"),
            Column(
                "After fine-tuning",
                unmodified,
                (*_BIOS, "they_change"),
                "effects",
                "pronoun_ranking_after",
            ),
        ),
    ),
    "wiki": (
        _table(
            4,
            "Effect of upstream on downstream bias, WIKI",
            _WIKI_TERMS,
            Column("Pre-trained", unmodified, _WIKI),
            Column("Noise added", _NOISE, _WIKI),
            Column("Random", _RANDOM, _WIKI),
            Column("Scrubbed", _SCRUBBED, _WIKI),
            Column("All pre-trained", _ALL_BUT_RANDOM, _WIKI),
        ),
        _table(
            6,
            "Additional specifications for the unmodified model, WIKI",
            _WIKI_TERMS,
            Column("Upstream", unmodified, _WIKI[:1]),
            Column("With toxicity", unmodified, _WIKI[:2]),
            Column("With data", unmodified, (*_WIKI, "toxic_length")),
            Column("Upstream, panel", unmodified, _WIKI[:1], "effects"),
            Column("With data, panel", unmodified, _WIKI, "effects"),
            Column("After fine-tuning", unmodified, _WIKI, "effects", "negative_sentiment_after"),
        ),
        _table(
            7,
            "Identity ranking, unmodified model, WIKI",
            _WIKI_TERMS,
            Column("Upstream", unmodified, _RANKING[:1], "averaged"),
            Column("With toxicity", unmodified, _RANKING[:2], "averaged"),
            Column("With length", unmodified, (*_RANKING[:2], "toxic_length"), "averaged"),
        ),
        _table(
            8,
            "Identity ranking, WIKI",
            _WIKI_TERMS,
            Column("Pre-trained", unmodified, _RANKING[:2], "averaged"),
            Column("Noise added", _NOISE, _RANKING, "averaged"),
            Column("Random", _RANDOM, _RANKING[:2], "averaged"),
            Column("Scrubbed", _SCRUBBED, _RANKING, "averaged"),
            Column(
                "All pre-trained, and scrubbed random",
                _all_but_random_on_original,
                _RANKING,
                "averaged",
            ),
        ),
    ),
}

_PRINTED_NOTE = "Small grey italics: the paper's own numbers"


@dataclass(frozen=True, eq=False)
class PaperTables:
    """What a study finds where the paper has a table.

    Attributes
    ----------
    tables
        By name, `table2` to `table8`: for programs, our numbers beside the paper's.
    sheets
        The same to be printed.
    diagnostics
        What is tested about each column.
    """

    tables: Mapping[str, pd.DataFrame]
    sheets: Mapping[str, Sheet]
    diagnostics: pd.DataFrame


def paper_tables(
    tasks: Sequence[TaskDescription],
    observations: Mapping[str, pd.DataFrame],
    hc3: HC3,
    note: str,
) -> PaperTables:
    """Make the paper's tables of those of a study's tasks that are the paper's.

    Parameters
    ----------
    tasks
        The study's tasks; at least one is called "bios" or "wiki".
    observations
        Their observation tables, by name.
    hc3
        Whose standard errors the tables print.
    note
        What the text is that the study was made on.
    """
    known = {task.name: task for task in tasks if task.name in TABLES}
    found = {
        name: rows[rows["upstream_kind"].isin(_CHECKPOINTS)]
        for name, rows in observations.items()
        if name in known
    }
    table2 = pd.concat(
        [correlations(found[name], task) for name, task in known.items()],
        ignore_index=True,
    )
    tables = {"table2": table2}
    sheets = {
        "table2": correlation_sheet(
            table2,
            list(known.values()),
            note,
            name="table2",
            number=2,
            printed=of_table2(),
            printed_note=f"{_PRINTED_NOTE}; downstream on BIOS, those of the TPR ratio itself.",
            doses={
                data_set: dose
                for name, task in known.items()
                for data_set, dose in dataset_doses(task, found[name]).items()
            },
        )
    }
    tests = []
    for name, table in _in_order(known):
        fits = list(fit(known[name], table, found[name]))
        estimates = coefficient_table(fits, hc3).drop(columns="covariate_sd")
        tables[table.name] = beside(estimates)
        sheets[table.name] = regression_sheet(
            fits, hc3, note, of_table(table.number or 0), f"{_PRINTED_NOTE}."
        )
        tests += [diagnostics(fitted) for fitted in fits]
    return PaperTables(tables, sheets, pd.concat(tests, ignore_index=True))


def _in_order(tasks: Collection[str]) -> list[tuple[str, Table]]:
    """Return the regressions of these tasks in the order of the paper, each with its task."""
    found = [(name, table) for name, tables in TABLES.items() if name in tasks for table in tables]
    return sorted(found, key=lambda each: each[1].number or 0)
