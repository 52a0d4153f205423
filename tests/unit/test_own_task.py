"""The example of one's own tasks: its config is valid, and its files hold what the tasks need."""

import pandas as pd
import pytest
import yaml

from bias_transfer.data.prepare import alter, prepare_task
from bias_transfer.study.config import Study
from bias_transfer.study.grid import models
from bias_transfer.study.parsing import parse
from bias_transfer.tasks import kind
from tests.unit.conftest import ROOT
from tests.unit.test_bad_inputs import laid_over


@pytest.fixture
def study(config, monkeypatch) -> Study:
    monkeypatch.chdir(ROOT)
    return parse(laid_over(config, yaml.safe_load((ROOT / "config/own-task.yaml").read_text())))


def prepared(study: Study, task: str) -> dict[str, pd.DataFrame]:
    settings = study.tasks[task].model_dump() | {"seed": study.seed}
    return prepare_task(task, study.definition(task), settings, {}).tables


def test_it_stands_next_to_the_occupations_with_few_models(study):
    assert list(study.tasks) == ["bios", "trades", "forum"]
    assert len(models(study)) <= 16


@pytest.mark.parametrize("task", ["trades", "forum"])
def test_the_files_define_every_rate_and_covariate(study, task):
    definition = study.definition(task)
    tables = prepared(study, task)
    rates = kind(definition.kind).rates(
        tables["test"].assign(prediction=tables["test"]["label"], score=1.0), definition
    )
    assert (rates["undefined"] == "").all()
    assert rates[definition.item].tolist() == list(kind(definition.kind).items(definition))
    assert not kind(definition.kind).covariates(tables["train"], definition).isna().any(axis=None)


def test_names_and_words_are_scrubbed(study):
    given = pd.read_csv(ROOT / "config/own-task/biographies.csv")
    texts = pd.concat(prepared(study, "trades").values())["text"]
    firsts = given["name"].str.split().str[0].unique()
    words = "|".join([*firsts, *study.definition("trades").scrubbed_words])
    assert given["text"].str.contains(rf"\b(?:{words})\b", case=False).all()
    assert not texts.str.contains(rf"\b(?:{words})\b", case=False).any()


def test_every_altered_training_set_can_be_made(study):
    for task in ("trades", "forum"):
        training = prepared(study, task)["train"]
        for name, entries in study.tasks[task].model_dump()["alterations"].items():
            for entry in entries:
                made = alter(training, study.definition(task), name, entry, study.seed)
                assert len(made.tables["train"]) != len(training)


def test_the_files_are_small():
    files = [path for path in (ROOT / "config/own-task").iterdir() if path.is_file()]
    assert sum(path.stat().st_size for path in files) < 300_000
