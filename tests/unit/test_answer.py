"""The answer in a page of text: every number of it stands in a table."""

import re

import numpy as np
import pandas as pd
import pytest

from bias_transfer.report.answer import answer


def observed(task):
    item, rate = {"bios": ("occupation", "tpr_ratio"), "wiki": ("identity_term", "fpr")}[task]
    rows = []
    for model, kind, shift in (("m1", "pretrained", 0.0), ("m2", "random", 5.0)):
        for index, name in enumerate(["a", "b", "c", "d", "e", "gone"]):
            for template in ("x", "y"):
                rows.append(
                    {
                        "model": model,
                        "upstream_kind": kind,
                        "dataset_kind": "original",
                        item: name,
                        "template": template,
                        rate: np.nan if name == "gone" else 0.25 * (index + 1) + shift,
                        "undefined": "no such row" if name == "gone" else "",
                    }
                )
    return pd.DataFrame(rows)


def fitted(task):
    measure, share = {
        "bios": ("pronoun_ranking", "prevalence_she"),
        "wiki": ("negative_sentiment", "toxic_share"),
    }[task]
    shared = {"task": task, "column": "Pre-trained", "models": 1, "observations": 138}
    shared |= {"r_squared": 0.4321, "reason": ""}
    numbers = ["coefficient", "standard_error", "p_value", "p_value_item_clustered"]
    return pd.DataFrame(
        [
            shared
            | {"term": measure}
            | dict(zip(numbers, [-0.0251, 0.0314, 0.42, 0.55], strict=True)),
            shared
            | {"term": share}
            | dict(zip(numbers, [0.5678, 0.0412, 0.0001, 0.031], strict=True)),
            *(
                {"task": task, "column": "Scrubbed", "term": term, "reason": "no such model"}
                for term in (measure, share)
            ),
        ]
    )


@pytest.fixture(scope="module")
def page():
    scores = pd.DataFrame(
        {
            "model": ["m1", "m2"],
            "accuracy": [0.7512, 0.3344],
            "majority_accuracy": [0.21, 0.21],
            "test_rows": [1200, 1200],
        }
    )
    tasks = ("bios", "wiki")
    return answer(
        "All text is made up.",
        {task: observed(task) for task in tasks},
        {task: fitted(task) for task in tasks},
        dict.fromkeys(tasks, scores),
    )


def test_it_says_first_what_the_text_is(page):
    assert page.index("All text is made up.") < page.index("## BIOS") < page.index("## WIKI")


@pytest.mark.parametrize(
    "said",
    [
        # How good the classifiers are.
        "2 models",
        "accuracy is 0.751 on 1200 test rows (majority class 0.210)",
        "from 0.334 to 0.334",
        # The items at both ends, of the unmodified model alone.
        "a 0.25, b 0.50, c 0.75",
        "e 1.25, d 1.00, c 0.75",
        # The estimates: their size, their error, the verdict, and the honest p value.
        "-0.025 ± 0.031 (not significant at 0.01; clustered by item p = 0.55)",
        "+0.568 ± 0.041 (significant at 0.01; clustered by item p = 0.031)",
        "1 model, N = 138, R² = 0.43",
        # What could not be estimated.
        "Scrubbed: not estimated, no such model",
    ],
)
def test_each_task_tells_what_its_tables_say(page, said):
    _, bios, wiki = page.split("## ")
    assert said in bios
    assert said in wiki


def test_an_undefined_cell_counts_once_whatever_the_templates(page):
    # One item of each of two models.
    (line,) = {each for each in page.splitlines() if "ndefined" in each}
    assert re.findall(r"\d+", line) == ["2", "2"]
    assert "no such row" in line


def test_an_item_without_a_rate_is_not_ranked(page):
    assert "gone" not in page
