"""The report of made-up observations, written by the commands that write a study's."""

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import pandas as pd

from bias_transfer.analysis.description import TaskDescription
from bias_transfer.commands.analysis import analyse
from bias_transfer.commands.page import report
from bias_transfer.report.html import html
from bias_transfer.report.page import template
from bias_transfer.report.sheet import Cell, Head, Row, Sheet
from bias_transfer.runtime.artifacts import write_table
from bias_transfer.runtime.job import Job
from bias_transfer.runtime.lineage import record_outputs, start_run
from tests.unit import transfer_data
from tests.unit.transfer_data import TASK

NOTE = "Generated text: all of it is made up."
STATISTICS = (
    *("remaining", "correlations", "transfer", "regressions", "diagnostics"),
    *("item_means", "contents"),
    *("slopes", "reliability", "explained", "changes", "verdicts", "specification_curve"),
)
# Vega's code takes a second to put together, and is the same in every page.
VEGA = cache(template.javascript_bundle)
# A name that means harm where it is not escaped.
HOSTILE = "</script><script>alert(1)</script>"
PRINTED = Sheet(
    name="table3",
    number=3,
    title="Beside the paper",
    columns=1,
    heads=((Head("Pre-trained"),),),
    blocks=((Row(Cell("Upstream bias"), (Cell("0.1"),)),),),
    footnotes=(),
    notes=(NOTE,),
)


def task(**changes: Any) -> TaskDescription:
    """Return a task of labels by group with a dial, whose items have titles."""
    titles = {item: item.replace("occupation", "craft") for item in transfer_data.ITEMS}
    return TASK.model_copy(update={"item_titles": titles, **changes})


def observations(**changes: Any) -> pd.DataFrame:
    """Return its observations: the dial moves upstream bias, the data move downstream bias."""
    rows = transfer_data.observed(**changes)
    rows["training_rows"] = 40 + 10 * rows["occupation"].str.split().str[1].astype(int)
    return rows.assign(test_she=30, test_he=20)


def with_gaps(rows: pd.DataFrame) -> pd.DataFrame:
    """Return observations in which the last item is never recognised."""
    gone = rows["occupation"] == transfer_data.ITEMS[-1]
    return rows.assign(
        log_tpr_ratio=rows["log_tpr_ratio"].mask(gone),
        log_tpr_ratio_variance=rows["log_tpr_ratio_variance"].mask(gone),
        undefined=np.where(gone, "no row of group male recognised", ""),
    )


def performance(rows: pd.DataFrame) -> pd.DataFrame:
    """Return how well the models predict."""
    return transfer_data.performance(rows).assign(macro_f1=0.7)


def made(
    folder: Path,
    tasks: Mapping[str, tuple[TaskDescription, pd.DataFrame]],
    paper: bool = True,
    generated: bool = True,
    config: Mapping[str, Any] | None = None,
    warnings: Sequence[str] = (),
) -> Path:
    """Analyse observations and return the report on them.

    Parameters
    ----------
    folder
        Where all is written.
    tasks
        Each with its observations, by name.
    paper, generated
        Whether a paper is laid over the study, and whether the text is made up.
    config
        What the page shows as the config.
    warnings
        What was warned of when the observations were made.
    """
    described = [description.model_dump(mode="json") for description, _ in tasks.values()]
    read: dict[str, list[Path]] = {}
    for name, (_, rows) in tasks.items():
        for kind, table in (("observations", rows), ("performance", performance(rows))):
            read[f"{kind}_{name}"] = [folder / kind / f"{name}.csv"]
            write_table(read[f"{kind}_{name}"][0], table)
            run = start_run("observe", "", {}, [])
            record_outputs(run, read[f"{kind}_{name}"], warnings)
    printed = [
        f"{table}_{name}_{kind}"
        for name in tasks
        for table in ("remaining", "regressions", "correlations")
        for kind in ("tex", "html")
    ]
    outputs = {name: folder / "analysis" / f"{name}.csv" for name in STATISTICS}
    outputs |= {name: folder / "analysis" / name for name in printed}
    outputs |= {"answer": folder / "analysis/answer.md", "words": folder / "analysis/answer.json"}
    settings = {
        **{"hc3": "lsdv", "smallest_effect": 0.2, "fewest_test_rows": 10},
        **{"seed": 1, "note": NOTE},
    }
    analyse(Job(settings | {"tasks": described}, read, outputs))
    sheets = {
        f"sheets_{name}": [outputs[f"{table}_{name}_html"] for table in ("regressions",)]
        for name in tasks
    }
    (folder / "table3.html").write_text(html(PRINTED))
    job = Job(
        {
            **{"tasks": described, "generated": generated},
            **{"fewest_test_rows": 10, "config": dict(config or {"seed": 1})},
        },
        {name: [outputs[name]] for name in (*STATISTICS, "words")}
        | read
        | sheets
        | {"paper": [folder / "table3.html"] if paper else []},
        {"page": folder / "report.html"},
        command="report",
        stage="page",
    )
    with patch.object(template, "javascript_bundle", VEGA):
        report(job)
    return folder / "report.html"
