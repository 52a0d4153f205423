"""A stranger adds a method, a measure, an alteration, an adaptation, a figure, a task, an encoder.

Each is one file, or config and CSV only; an encoder family and a covariate are an edit of one file.
The copies of the package below get just these files, and run a tiny study to its end.
"""

import csv
import json
import random
import shutil
from pathlib import Path

import pandas as pd
import pytest

from tests.workflow.conftest import Study, new_study

METHOD = '''"""Shrink the word embeddings."""

from bias_transfer.section import Section
from bias_transfer.upstream import Method, Variant


class Settings(Section):
    """Word embeddings multiplied by a factor."""

    factors: list[float] = [0.5]
    """What they are multiplied by."""


def _variants(settings):
    return tuple(Variant("shrink", strength=each, letter="f") for each in settings.factors)


def _apply(model, tokenizer, request):
    import torch

    with torch.no_grad():
        model.get_input_embeddings().weight.mul_(request.variant.strength)
    return model


METHOD = Method(
    order=50,
    title="Shrunk embeddings",
    group="Shrunk",
    with_unmodified=True,
    pretrained=True,
    symbol="f",
    axes=frozenset({"factors"}),
    settings=Settings,
    variants=_variants,
    apply=_apply,
)
'''

ADAPTATION = '''"""Train nothing but biases, and the head: BitFit."""

from contextlib import contextmanager

from bias_transfer.adaptations import Adaptation
from bias_transfer.section import Section


class Settings(Section):
    """Biases and the head are trained."""

    learning_rate: float = 0.02
    """At its peak."""


@contextmanager
def _adapting(model, settings):
    for name, parameter in model.named_parameters():
        parameter.requires_grad_(name.endswith("bias") or name.startswith("classifier."))
    yield


ADAPTATION = Adaptation(order=25, title="Biases", settings=Settings, adapting=_adapting)
'''

MEASURE = '''"""How long a label's title is: a measure that needs no model, for a test."""

import pandas as pd

from bias_transfer.analysis.description import Quantity
from bias_transfer.measures import Measure
from bias_transfer.section import Section


class Settings(Section):
    """Letters of a title."""

    per: int = 1
    """Letters of a unit."""


def _score(language_model, definition, settings, resources):
    rows = [(each.name, len(each.title) / settings.per) for each in definition.labels]
    return pd.DataFrame(rows, columns=[definition.item, "title_length"])


def _quantity(definition):
    return Quantity(
        column="title_length", title="length of the title", label="Length of the title",
        axis="length of the title (letters)", unit="letter", per_template=False,
    )


MEASURE = Measure(
    task_kinds=frozenset({"labels_by_group"}),
    settings=Settings,
    score=_score,
    quantity=_quantity,
    kept_after=lambda definition: ("title_length",),
)
'''

ALTERATION = '''"""Keep a share of the training rows."""

from bias_transfer.alterations import Alteration, Kind, Variant
from bias_transfer.section import Section


class Settings(Section):
    """A share of the training rows, kept."""

    share: float = 0.5
    """How many are kept."""


def _variant(entry, definition):
    levels = {"kept_share": entry.share}
    return Variant("thin", f"thin-{entry.share:g}", alteration="thin", levels=levels)


def _apply(training, entry, definition, rng):
    return training.sample(frac=entry.share, random_state=1).sort_index().reset_index(drop=True)


ALTERATION = Alteration(
    order=50,
    group="Thinned",
    task_kinds=frozenset({"labels_by_group", "mentions"}),
    levels=("kept_share",),
    settings=Settings,
    variant=_variant,
    kinds=lambda definition: {"thin": Kind("Fewer rows", {"kept_share": "s"})},
    apply=_apply,
)
'''

FIGURE = '''"""Which template has the highest upstream bias."""

from matplotlib.figure import Figure

from bias_transfer.report.figures import Drawing


def _draw(description, tables, note):
    figure = Figure()
    axes = figure.add_subplot()
    axes.set_title(description.title)
    axes.plot(tables.observations[description.before.column].to_numpy())
    return figure


DRAWING = Drawing(applies=lambda description: True, draw=_draw)
'''

TASK = """
  trades:
    kind: labels_by_group
    title: Trades
    item: trade
    items: trades
    labels: [welder, plumber, baker]
    groups: {women: she, men: he}
    reference: men
    templates: {is: "{word} is {a_label}", works: "{word} works as {a_label}"}
    source: file
    file: {path: data/trades.csv}
    measures: [pronoun_ranking]
    covariates: [prevalence_she]
    outcome: tpr_gap
    maximum_length: 32
    training: {epochs: 1}
"""


def write_trades(path: Path) -> None:
    """Write rows of a task that nobody here knows: three trades, by women and men."""
    draw = random.Random(1)
    words = {"welder": "torch steel seam", "plumber": "pipe valve leak", "baker": "dough oven loaf"}
    with path.open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["text", "label", "group"])
        for _ in range(240):
            trade = draw.choice(list(words))
            text = " ".join(draw.choices(words[trade].split(), k=4))
            writer.writerow([text, trade, draw.choice(["women", "men"])])


def copied_source(study: Study, folder: Path) -> Path:
    return Path(shutil.copytree(study.root / "src", folder / "src"))


@pytest.fixture(scope="module")
def extended(tmp_path_factory: pytest.TempPathFactory, root: Path) -> Study:
    """Run a tiny study with a plug-in of each kind, a figure and a task added."""
    folder = tmp_path_factory.mktemp("extended")
    study = new_study(folder / "study", root)
    source = copied_source(study, folder)
    package = source / "bias_transfer"
    for name, content in (
        ("upstream/shrink", METHOD),
        ("measures/title_length", MEASURE),
        ("alterations/thin", ALTERATION),
        ("adaptations/biases", ADAPTATION),
        ("report/figures/every_row", FIGURE),
    ):
        (package / f"{name}.py").write_text(content)
    # An edit of one file: a covariate more.
    module = package / "tasks/labels_by_group.py"
    module.write_text(module.read_text() + COVARIATE)
    write_trades(study.folder / "data/trades.csv")
    overlay = (
        "paper: false\n"
        "tasks:\n"
        "  wiki: null\n"
        "  bios:\n"
        "    upstream: [shrink]\n"
        "    measures: [pronoun_ranking, title_length]\n"
        "    alterations: {balance: [], thin: [{share: 0.5}]}\n"
        "    adaptation: [full, biases]\n"
        "    covariates: [prevalence_she, training_logarithm]\n" + TASK
    )
    result = study.snakemake("--cores", "2", overlay=overlay, source=source)
    assert result.returncode == 0, result.stdout + result.stderr
    return study


COVARIATE = """

import dataclasses
import math


def _more(training, definition):
    table = KIND.covariates(training, definition)
    return table.assign(
        training_logarithm=[math.log(rows) if rows else math.nan for rows in table["training_rows"]]
    )


def _quantities(definition):
    more = Quantity(
        column="training_logarithm", title="the logarithm of the number of training rows",
        label="Training rows, logarithm", axis="training rows (log)", per_template=False,
    )
    return {**KIND.covariate_quantities(definition), "training_logarithm": more}


ORIGINAL_KIND = KIND
KIND = dataclasses.replace(KIND, covariates=_more, covariate_quantities=_quantities)
""".replace("KIND.covariates(", "ORIGINAL_KIND.covariates(").replace(
    "KIND.covariate_quantities(", "ORIGINAL_KIND.covariate_quantities("
)


def table(study: Study, name: str) -> pd.DataFrame:
    return pd.read_csv(study.folder / "results" / name)


def test_a_method_is_one_file(extended: Study) -> None:
    rows = table(extended, "observations/bios.csv")
    assert "shrink-f0.5" in set(rows["upstream"])
    regressions = table(extended, "analysis/regressions.csv")
    assert "Shrunk" in set(regressions["column"])
    assert "Shrunk" in (extended.folder / "results/analysis/bios/regressions.html").read_text()


def test_a_measure_is_one_file(extended: Study) -> None:
    rows = table(extended, "observations/bios.csv")
    assert (rows["title_length_after"] == rows["title_length"]).all()
    assert rows.loc[rows["occupation"] == "nurse", "title_length"].eq(5).all()


def test_an_alteration_is_one_file(extended: Study) -> None:
    manifest = json.loads(
        (extended.folder / "results/data/bios/thin-0.5/manifest.json").read_text()
    )
    original = json.loads(
        (extended.folder / "results/data/bios/original/manifest.json").read_text()
    )
    assert manifest["rows"] == pytest.approx(original["rows"]["train"] / 2, abs=1)
    rows = table(extended, "observations/bios.csv")
    assert set(rows.loc[rows["dataset"] == "thin-0.5", "kept_share"]) == {0.5}
    assert "Thinned" in set(table(extended, "analysis/regressions.csv")["column"])


def test_an_adaptation_is_one_file(extended: Study) -> None:
    rows = table(extended, "observations/bios.csv")
    assert set(rows["adaptation"]) == {"full", "biases"}
    manifest = "results/finetune/bios/pretrained/original/biases/seed1/manifest.json"
    assert (extended.folder / manifest).is_file()


def test_a_figure_is_one_file(extended: Study) -> None:
    for task in ("bios", "trades"):
        assert (extended.folder / f"results/figures/{task}/every_row.pdf").is_file()


def test_a_task_is_config_and_a_csv_file(extended: Study) -> None:
    rates = table(extended, "extrinsic/trades/rates.csv")
    assert set(rates["trade"]) == {"welder", "plumber", "baker"}
    answer = (extended.folder / "results/analysis/answer.md").read_text()
    assert "## Trades" in answer


def test_a_covariate_is_an_edit_of_one_file(extended: Study) -> None:
    regressions = table(extended, "analysis/regressions.csv")
    terms = regressions.loc[regressions["task"] == "bios", "term"]
    assert "training_logarithm" in set(terms)
