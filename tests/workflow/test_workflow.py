"""The workflow as its users meet it: what it makes, what it makes again, and what it refuses."""

import json
import os
import re
import shutil
from pathlib import Path

import pandas as pd
import pytest
import torch
from safetensors.torch import load_file

from bias_transfer.runtime.artifacts import read_json, sha256
from bias_transfer.runtime.lineage import record_path
from tests.workflow import copies
from tests.workflow.conftest import Study, new_study, plan_of

FIGURE = "figures/bios/coefficients.pdf"
# One of each kind of file that a study makes and that hangs on the biographies.
MADE = (
    "results/paper/table3.csv",
    "results/paper/table3.tex",
    "results/analysis/answer.md",
    "results/analysis/regressions.csv",
    "results/report.html",
    f"results/{FIGURE}",
    "results/observations/bios.csv",
    "results/extrinsic/bios/rates.csv",
    "results/scores/bios/random-t1/original/full/seed1/predictions.parquet",
    "results/finetune/bios/random-t1/original/full/seed1/manifest.json",
    "results/finetune/bios/random-t1/original/full/seed1/model.safetensors",
    "results/data/bios/balance-a1-b0/train.parquet",
    "results/release/manifest.json",
    "results/release/predictions/bios.parquet",
)
PREDICTIONS = "results/scores/bios/random-t1/original/full/seed1/predictions.parquet"


# What the two slopes, the verdict and what they rest on are written to.
EVIDENCE = ("slopes", "reliability", "explained", "changes", "verdicts", "specification_curve")


def drawn(study: Study) -> int:
    """Return how many figures the study has."""
    return len(list((study.folder / "results/figures").rglob("*.pdf")))


def test_a_run_ends_with_every_table_and_figure(study: Study) -> None:
    made = {
        path.relative_to(study.folder / "results").as_posix()
        for path in (study.folder / "results").rglob("*")
    }
    expected = {
        f"figures/{task}/{figure}.{kind}"
        for task in ("bios", "wiki")
        for figure in (
            *("data_before_after", "coefficients", "item_scatter", "contents"),
            *("adaptation", "changes", "specification_curve"),
        )
        for kind in ("pdf", "png")
    }
    expected |= {f"paper/table{n}.{kind}" for n in range(2, 9) for kind in ("csv", "tex", "html")}
    expected |= {
        f"analysis/{task}/{name}.{kind}"
        for task in ("bios", "wiki")
        for name in ("remaining", "regressions", "correlations")
        for kind in ("tex", "html")
    }
    expected |= {
        f"analysis/{name}.csv"
        for name in (
            *("remaining", "correlations", "transfer", "regressions", "diagnostics"),
            *("item_means", "contents"),
            *EVIDENCE,
        )
    }
    expected |= {"report.html", "analysis/answer.json"}
    expected |= {"analysis/answer.md", "observations/bios.csv", "observations/wiki.csv"}
    expected |= {f"release/{name}" for name in ("README.md", "config.yaml", "manifest.json")}
    assert expected <= made


def test_the_observation_tables_hold_every_model_item_and_template(study: Study) -> None:
    bios = pd.read_csv(study.folder / "results/observations/bios.csv")
    wiki = pd.read_csv(study.folder / "results/observations/wiki.csv")
    assert len(bios) == 4 * 28 * 5
    # The unmodified checkpoint and data are there for each adaptation.
    assert len(wiki) == (2 + 2) * 50 * 7
    assert not bios.duplicated(["model", "occupation", "template"]).any()


def test_adaptations_are_told_apart_and_the_analysis_is_of_the_first(study: Study) -> None:
    wiki = pd.read_csv(study.folder / "results/observations/wiki.csv").drop_duplicates("model")
    assert wiki.set_index("model")["adaptation"].to_dict() == {
        "pretrained/original/full/seed1": "full",
        "pretrained/scrub-toxic-1/full/seed1": "full",
        "pretrained/original/lora/seed1": "lora",
        "pretrained/original/head/seed1": "head",
    }
    means = pd.read_csv(study.folder / "results/analysis/item_means.csv")
    of_wiki = means[(means["task"] == "wiki") & (means["dataset"] == "original")]
    assert (of_wiki["models"] == 1).all()
    answer = (study.folder / "results/analysis/answer.md").read_text()
    assert "2 models; " in answer.partition("## WIKI")[2]


def test_whoever_reads_the_report_alone_knows_what_jobs_warned_of(study: Study) -> None:
    told = (study.folder / "results/logs/data/wiki/original.log").read_text()
    missing = "wiki: no row of 3 of the 50 identity terms: latinx, taoist, millenial"
    assert missing in told
    for page in ("analysis/answer.md", "report.html"):
        assert (study.folder / "results" / page).read_text().count(missing) == 1


def test_each_adaptation_changes_its_own_part_of_the_checkpoint(study: Study) -> None:
    before: dict[str, torch.Tensor] = {}
    for shard in (study.folder / "results/checkpoints/pretrained").glob("*.safetensors"):
        before |= load_file(shard)
    changed = {}
    for adaptation in ("full", "lora", "head"):
        folder = study.folder / f"results/finetune/wiki/pretrained/original/{adaptation}/seed1"
        after = load_file(folder / "model.safetensors")
        changed[adaptation] = {
            name
            for name, weight in after.items()
            if name in before and not torch.equal(weight, before[name])
        }
    attention = "roberta.encoder.layer.0.attention.self"
    assert changed["head"] == set()
    assert changed["lora"] == {f"{attention}.{each}.weight" for each in ("query", "value")}
    assert changed["lora"] < changed["full"]


def test_undefined_cells_are_kept_with_their_reason(study: Study) -> None:
    wiki = pd.read_csv(study.folder / "results/observations/wiki.csv")
    missing = wiki["fpr"].isna()
    assert missing.any()
    assert (wiki.loc[missing, "undefined"].str.len() > 0).all()


def test_predictions_are_a_table_of_the_test_part(study: Study) -> None:
    table = pd.read_parquet(study.folder / PREDICTIONS)
    test = pd.read_parquet(study.folder / "results/data/bios/original/test.parquet")
    assert list(table.columns) == ["id", "label", "prediction", "score", "group"]
    assert table["id"].tolist() == test["id"].tolist()


def test_a_second_run_does_nothing(study: Study) -> None:
    assert study.planned() == {}


def test_a_class_may_have_a_digit_in_its_name(study: Study) -> None:
    forum = study.folder / "data/forum.csv"
    forum.write_text("text,label\nan old man,LABEL_1\na young man,LABEL_0\n")
    overlay = """
      tasks:
        bios: null
        wiki:
          positive: LABEL_1
          negative: LABEL_0
          source: file
          file: {path: data/forum.csv, text: text, label: label}
          covariates: [label1_share]
          alterations: {scrub: [{mentions: LABEL_1, fraction: 0.5}]}
    """
    assert study.planned(overlay=overlay)["alter_data"] == 1
    forum.unlink()


def test_touching_a_source_does_nothing(study: Study) -> None:
    os.utime(study.folder / "data/bios.csv")
    os.utime(study.root / "src/bias_transfer/models/training.py")
    assert study.planned() == {}


def test_deleting_a_prediction_table_remakes_what_hangs_on_it(study: Study) -> None:
    kept = study.folder / PREDICTIONS
    moved = kept.with_suffix(".moved")
    kept.rename(moved)
    try:
        plan = study.planned()
    finally:
        moved.rename(kept)
    # The tiny study keeps its models: nothing is trained.
    assert plan == {
        "score_fine_tuned": 1,
        "observe": 1,
        "analyse": 1,
        "lay_paper_over": 1,
        "draw": drawn(study),
        # The task's models, whose rates are written anew.
        "describe_classifier": 4,
        "report": 1,
        "release": 1,
    }


@pytest.mark.parametrize(
    "overlay",
    [
        *("training_checkpoint_minutes: 0.5", "keep_models: false", "gpu_share: 4"),
        "tensorboard: true",
        *("scoring: {batch_size: 16}", "scoring: {gpus: 1}"),
    ],
)
def test_what_changes_no_number_does_nothing(study: Study, overlay: str) -> None:
    assert study.planned(overlay=overlay) == {}


@pytest.mark.parametrize(
    "overlay",
    [
        "tasks: {bios: {title: Biographies}}",
        "tasks: {bios: {cell_correction: 0.5, outcome: tpr_ratio}}",
        "analysis: {fewest_test_rows: 3}",
    ],
)
def test_what_changes_tables_only_trains_and_scores_nothing(study: Study, overlay: str) -> None:
    plan = study.planned(overlay=overlay)
    assert plan["analyse"] == 1
    assert not {rule for rule in plan if rule.startswith(("prepare", "fine", "score", "alter"))}


@pytest.mark.parametrize(
    "key", ["item: trade", "items: trades", "reference: female, covariates: [prevalence_he]"]
)
def test_a_task_that_is_another_is_made_anew(study: Study, key: str) -> None:
    plan = study.planned(overlay=f"tasks: {{bios: {{{key}}}}}")
    assert (plan["prepare_data"], plan["fine_tune"]) == (1, 4)


def test_weights_go_once_they_are_scored_and_come_back_when_they_are_needed(
    study: Study, tmp_path: Path
) -> None:
    copied = Study(shutil.copytree(study.folder, tmp_path / "study"), study.root)
    predictions, passing = copied.folder / PREDICTIONS, "keep_models: false"
    predictions.unlink()
    result = copied.snakemake(PREDICTIONS, "--cores", "1", overlay=passing)
    assert result.returncode == 0, result.stdout + result.stderr
    assert predictions.read_bytes() == (study.folder / PREDICTIONS).read_bytes()
    manifest = predictions.parents[5] / "finetune/bios/random-t1/original/full/seed1/manifest.json"
    assert not (manifest.parent / "model.safetensors").exists()
    # What was scored stays scored, and leads back to its sources.
    for overlay in (passing, "keep_models: true"):
        assert copied.planned(PREDICTIONS, overlay=overlay) == {}
    told = copied.lineage(PREDICTIONS)
    assert told.returncode == 0, told.stderr
    assert "as it was made, less model.safetensors, which went once used" in told.stdout
    # And whoever wants it scored again waits for it to be trained again.
    predictions.unlink()
    plan = copied.planned(PREDICTIONS, overlay=passing)
    assert plan == {"fine_tune": 1, "score_fine_tuned": 1}


@pytest.mark.parametrize(("devices", "gpus"), [("", "0"), ("0", "1")])
def test_a_training_asks_for_a_gpu_where_the_machine_has_one(
    study: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, devices: str, gpus: str
) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", devices)
    copied = Study(shutil.copytree(study.folder, tmp_path / "study"), study.root)
    target = "results/finetune/bios/random-t1/original/full/seed1/manifest.json"
    shutil.rmtree((copied.folder / target).parent)
    result = copied.snakemake(target, "--cores", "1")
    assert result.returncode == 0, result.stdout + result.stderr
    assert re.findall(r"^ +resources: .*\bgpu=(\d+)", result.stderr, re.MULTILINE) == [gpus]


@pytest.mark.parametrize(("source", "gpus"), [("generated", "1"), ("file", "0")])
def test_a_checkpoint_asks_for_a_gpu_where_it_is_pre_trained_and_not_where_it_is_brought_in(
    study: Study, tmp_path: Path, source: str, gpus: str
) -> None:
    brought = shutil.copytree(study.folder / "results/checkpoints/random-t1", tmp_path / "brought")
    overlay = f"model: {{source: {source}, file: {{path: {brought}}}}}"
    target = "results/checkpoints/pretrained/manifest.json"
    result = study.snakemake("-n", "--force", target, overlay=overlay)
    assert result.returncode == 0, result.stdout + result.stderr
    asked = r"^rule prepare_checkpoint:\n(?: .*\n)*? +resources: .*\bgpu=(\d+)"
    assert re.findall(asked, result.stdout, re.MULTILINE) == [gpus]


def test_another_smallest_effect_weighs_again_and_estimates_nothing_else(study: Study) -> None:
    plan = study.planned(overlay="analysis: {smallest_effect: 0.5}")
    # The report and the release hold the config.
    assert plan == {"analyse": 1, "draw": drawn(study), "report": 1, "release": 1}


def test_another_gamma_adds_one_model(study: Study) -> None:
    plan = study.planned(overlay="upstream: {sentdebias: {gammas: [1, 5]}}")
    models = {
        rule: plan.get(rule, 0)
        for rule in ("prepare_checkpoint", "alter_checkpoint", "fine_tune", "score_fine_tuned")
    }
    assert models == {
        "prepare_checkpoint": 0,
        "alter_checkpoint": 1,
        "fine_tune": 1,
        "score_fine_tuned": 1,
    }


def test_a_changed_figure_module_redraws_and_trains_nothing(study: Study, tmp_path: Path) -> None:
    shutil.copytree(study.root / "src", tmp_path / "src")
    module = tmp_path / "src/bias_transfer/report/figures/item_scatter.py"
    module.write_text(module.read_text() + "\n_UNUSED = 1\n")
    # One a task.
    assert study.planned(source=tmp_path / "src") == {"draw": 2}


def test_a_changed_method_alters_its_checkpoints_again_and_no_other(
    study: Study, tmp_path: Path
) -> None:
    shutil.copytree(study.root / "src", tmp_path / "src")
    module = tmp_path / "src/bias_transfer/upstream/sentdebias.py"
    module.write_text(module.read_text() + "\n_UNUSED = 1\n")
    plan = study.planned(source=tmp_path / "src")
    assert plan["alter_checkpoint"] == 1
    assert "prepare_checkpoint" not in plan


def test_a_changed_adaptation_trains_its_own_models_again_and_no_other(
    study: Study, tmp_path: Path
) -> None:
    shutil.copytree(study.root / "src", tmp_path / "src")
    module = tmp_path / "src/bias_transfer/adaptations/lora.py"
    module.write_text(module.read_text() + "\n_UNUSED = 1\n")
    assert study.planned(source=tmp_path / "src")["fine_tune"] == 1
    assert study.planned(overlay="adaptations: {head: {learning_rate: 0.5}}")["fine_tune"] == 1


DIAL = """
tasks: {bios: {upstream: [random, sentdebias, dropout, counterfactual]}}
upstream: {counterfactual: {shares: [0, 1]}, dropout: {rates: [0.2]}}
"""


def test_the_dial_trains_a_checkpoint_a_share_and_depends_on_the_terms_of_every_task(
    study: Study, tmp_path: Path
) -> None:
    copied = Study(shutil.copytree(study.folder, tmp_path / "study"), study.root)
    targets = [
        f"results/checkpoints/{name}/manifest.json"
        for name in ("random-t1", "sentdebias-g1", "counterfactual-s0", "counterfactual-s1")
    ]
    result = copied.snakemake(*targets, "--cores", "1", overlay=DIAL)
    assert result.returncode == 0, result.stdout + result.stderr
    found = [read_json(copied.folder / target)["counterfactual"] for target in targets[2:]]
    assert [each["swapped"] for each in found] == [0, found[0]["swappable"]]
    assert found[0]["swappable"] > 600
    assert copied.planned(*targets, overlay=DIAL) == {}
    fewer = DIAL.replace("tasks: {", "tasks: {wiki: {terms: [gay, old]}, ")
    assert copied.planned(*targets, overlay=fewer) == {"alter_checkpoint": 2}
    # Dropout, which is trained as well, asks for no terms, and for one more rate for no other.
    dropout = "results/checkpoints/dropout-p0.2/manifest.json"
    result = copied.snakemake(dropout, "--cores", "1", overlay=DIAL)
    assert result.returncode == 0, result.stdout + result.stderr
    assert read_json(copied.folder / dropout)["dropout"]["rate"] == 0.2
    assert copied.planned(dropout, overlay=fewer) == {}
    more, another = DIAL.replace("rates: [0.2]", "rates: [0.2, 0.3]"), dropout.replace("0.2", "0.3")
    assert copied.planned(dropout, another, overlay=more) == {"alter_checkpoint": 1}


def test_a_setting_of_a_measure_scores_its_own_tasks_again_and_no_other(study: Study) -> None:
    plan = study.planned(overlay="measures: {negative_sentiment: {top_tokens: 10}}")
    # The models of the one task only.
    assert (plan["score_upstream"], plan["score_fine_tuned"]) == (1, 4)
    assert "fine_tune" not in plan


ONE_TEMPLATE = "tasks: {bios: {templates: {is: '{word} is {a_label}'}}}"


def test_other_sentences_are_scored_again_and_train_nothing(study: Study) -> None:
    plan = study.planned(overlay=ONE_TEMPLATE)
    assert (plan["score_upstream"], plan["score_fine_tuned"]) == (1, 4)
    assert not {"prepare_checkpoint", "prepare_data", "alter_data", "fine_tune"} & set(plan)


def test_another_task_pre_trains_nothing_again(study: Study) -> None:
    plan = study.planned(overlay="tasks: {wiki: null}\npaper: false")
    assert not {"prepare_checkpoint", "alter_checkpoint", "fine_tune"} & set(plan)


def test_changes_of_data_and_of_training_are_both_seen_in_one_run(study: Study) -> None:
    plan = study.planned(overlay="tasks: {bios: {test_share: 0.25}, wiki: {training: {epochs: 2}}}")
    # Adapters and the head have a number of epochs of their own.
    assert plan["fine_tune"] == 4 + 2
    assert "prepare_checkpoint" not in plan


def test_a_study_starts_over_after_its_results_folder_is_deleted(
    study: Study, tmp_path: Path
) -> None:
    copied = Study(shutil.copytree(study.folder, tmp_path / "study"), study.root)
    shutil.rmtree(copied.folder / "results")
    assert copied.planned()["fine_tune"] == 8


def test_a_changed_training_module_trains_again(study: Study, tmp_path: Path) -> None:
    shutil.copytree(study.root / "src", tmp_path / "src")
    module = tmp_path / "src/bias_transfer/models/classification.py"
    module.write_text(module.read_text() + "\n_UNUSED = 1\n")
    plan = study.planned(source=tmp_path / "src")
    assert plan["fine_tune"] == 8
    assert "prepare_checkpoint" not in plan


def test_changed_text_is_noticed(study: Study, tmp_path: Path) -> None:
    source = study.folder / "data/bios.csv"
    kept = source.read_text()
    source.write_text(kept + "She likes balances,accountant,female\n")
    try:
        plan = study.planned()
    finally:
        source.write_text(kept)
    assert plan["prepare_data"] == 1
    assert "prepare_checkpoint" not in plan


def test_the_analysis_is_redone_from_a_release_alone(
    study: Study, tmp_path: Path, root: Path
) -> None:
    # Elsewhere: no source, no checkpoint, nothing but the folder.
    shutil.copytree(study.folder / "results/release", tmp_path / "given")
    targets = [f"redone/{name}" for name in ("report.html", "paper/table3.csv", FIGURE)]
    command = ["snakemake", *targets, "--cores", "2", "--directory", str(tmp_path)]
    command += ["--snakefile", str(root / "Snakefile"), "--configfile", "given/config.yaml"]
    command += ["--config", "release=given", "results=redone"]
    result = copies.run(command, folder=tmp_path)
    assert result.returncode == 0, result.stdout + result.stderr
    for stage in ("analysis", "paper", Path(FIGURE).parent):
        before, after = (
            {
                path.relative_to(folder).as_posix(): path.read_bytes()
                for path in (folder / stage).rglob("*")
                if path.is_file() and ".lineage" not in path.parts
            }
            for folder in (study.folder / "results", tmp_path / "redone")
        )
        assert after == {name: before[name] for name in after}
        assert set(after) == set(before) or stage == Path(FIGURE).parent
        if stage == "analysis":
            assert {f"analysis/{name}.csv" for name in EVIDENCE} <= set(after)
    assert {path.name for path in (tmp_path / "redone").iterdir()} == {
        ".lineage",
        "analysis",
        "figures",
        "logs",
        "paper",
        "report.html",
    }

    # The chain goes on where the release was made.
    told = Study(tmp_path, root).lineage("redone/paper/table3.csv")
    assert told.returncode == 0, told.stderr
    for part in (
        "(given) ../../data/bios.csv",
        "prepare-data",
        "fine-tune",
        "release",
        "lay-paper",
    ):
        assert part in told.stdout


def test_a_release_of_fewer_tasks_than_the_default_study_s_is_analysed(
    study: Study, tmp_path: Path, root: Path
) -> None:
    copied = Study(shutil.copytree(study.folder, tmp_path / "study"), study.root)
    made = copied.snakemake(
        "results/release/manifest.json", "--cores", "2", overlay="tasks: {wiki: null}"
    )
    assert made.returncode == 0, made.stdout + made.stderr
    (copied.folder / "results/release").rename(tmp_path / "given")
    command = ["snakemake", "-n", "--directory", str(tmp_path)]
    command += ["--snakefile", str(root / "Snakefile"), "--configfile", "given/config.yaml"]
    command += ["--config", "release=given", "results=redone"]
    plan = plan_of(copies.run(command, folder=tmp_path))
    assert plan["analyse"] == 1
    assert "observe" not in plan


@pytest.mark.parametrize("name", MADE)
def test_every_kind_of_result_leads_back_to_the_config_and_the_data(
    study: Study, name: str
) -> None:
    told = study.lineage(name)
    assert told.returncode == 0, told.stderr
    steps = {step["name"]: step for step in json.loads(told.stdout)}
    assert steps["data/bios.csv"]["sha256"] == sha256(study.folder / "data/bios.csv")
    assert name in steps
    for step in steps.values():
        assert not step["changed"]
        assert step["state"] in ("as it was made", "as it was used; no record of how it was made")
        if step["record"]:
            assert len(step["record"]["code"]) == 16
            assert "torch" in step["record"]["libraries"]
    prepared = steps["results/data/bios/original/manifest.json"]["record"]
    assert prepared["settings"]["seed"] == 20220522
    assert list(prepared["inputs"].values()) == [steps["data/bios.csv"]["sha256"]]


def test_every_result_file_has_a_chain(study: Study) -> None:
    results = study.folder / "results"
    without = {
        path.relative_to(results).as_posix()
        for path in results.rglob("*")
        if path.is_file()
        and not {".lineage", "logs"} & set(path.relative_to(results).parts)
        and not record_path(path).is_file()
        # A file of a folder is in the folder's manifest.
        and not any((folder / "manifest.json").is_file() for folder in path.parents)
    }
    assert without == set()


def test_a_release_that_was_tampered_with_is_refused(study: Study, tmp_path: Path) -> None:
    shutil.copytree(study.folder / "results/release", tmp_path / "given")
    with (tmp_path / "given/observations/bios.csv").open("a") as stream:
        stream.write("\n")
    result = study.snakemake("-n", overlay=f"release: {tmp_path / 'given'}")
    assert result.returncode != 0
    assert "observations/bios.csv: the content does not match" in result.stdout + result.stderr


def test_a_release_holds_no_text(study: Study) -> None:
    texts = set()
    for task in ("bios", "wiki"):
        texts |= set(
            pd.read_parquet(study.folder / f"results/data/{task}/original/test.parquet")["text"]
        )
    for path in (study.folder / "results/release").rglob("*.parquet"):
        table = pd.read_parquet(path)
        assert not texts & {str(value) for column in table for value in table[column].unique()}


@pytest.mark.parametrize(
    ("name", "downloads"),
    [("paper", {"fetch_detox": 2, "fetch_sentences": 1}), ("paper-mini", {})],
)
def test_the_papers_grid_is_planned_whole_without_a_network(
    tmp_path: Path, root: Path, name: str, downloads: dict[str, int]
) -> None:
    command = ["snakemake", "-n", "--directory", str(tmp_path)]
    command += ["--snakefile", str(root / "Snakefile")]
    command += ["--configfile", str(root / f"config/{name}.yaml")]
    nowhere = dict.fromkeys(("http_proxy", "https_proxy"), "http://127.0.0.1:9")
    result = copies.run(command, os.environ | nowhere)
    plan = plan_of(result)
    assert plan["fine_tune"] == plan["score_fine_tuned"] == 53 + 71
    # 10 random, 10 uniform, 10 Gaussian, 12 gammas; 10 re-balanced and 20 scrubbed sets.
    assert plan["alter_checkpoint"] == 42
    assert plan["alter_data"] == 30
    # With the two originals.
    assert plan["tokenise"] == 32
    assert {rule: plan[rule] for rule in plan if rule.startswith("fetch")} == downloads


def asked_for(root: Path, folder: Path, attempt: int) -> dict[str, list[dict[str, str]]]:
    """Return what each rule's jobs of the default study ask SLURM for, without a SLURM."""
    command = ["snakemake", "-n", "--directory", str(folder)]
    command += ["--snakefile", str(root / "Snakefile"), "--attempt", str(attempt)]
    command += ["--workflow-profile", str(root / "profiles/slurm")]
    result = copies.run(command)
    assert plan_of(result)["fine_tune"] == 22 + 22
    found = re.findall(r"^rule (\w+):\n(?: .*\n)*? +resources: (.*)$", result.stdout, re.MULTILINE)
    asked: dict[str, list[dict[str, str]]] = {}
    for rule, resources in found:
        job = dict(each.split("=", 1) for each in resources.split(", "))
        asked.setdefault(rule, []).append(job)
    return asked


def test_on_slurm_trainings_ask_for_a_gpu_and_for_more_time_at_each_attempt(
    tmp_path: Path, root: Path
) -> None:
    first, second = (asked_for(root, tmp_path, attempt) for attempt in (1, 2))
    trainings = {"prepare_checkpoint", "prepare_sentiment_classifier", "fine_tune"}
    with_gpu = {
        rule: sum(job.get("gpu") == "1" for job in jobs)
        for rule, jobs in first.items()
        if any(job.get("gpu") == "1" for job in jobs)
    }
    # Of the methods, counterfactual trains, once for each of its three shares.
    assert with_gpu == {rule: len(first[rule]) for rule in trainings} | {"alter_checkpoint": 3}
    for rule in trainings | {"alter_checkpoint", "score_upstream", "score_fine_tuned"}:
        for kind in ("runtime", "mem_mb"):
            assert [int(job[kind]) for job in second[rule]] == [
                2 * int(job[kind]) for job in first[rule]
            ]


def test_without_a_network_a_download_says_what_to_do(study: Study) -> None:
    result = study.snakemake(
        "results/downloads/wiki/comments.tsv",
        "--cores",
        "1",
        overlay="tasks: {wiki: {source: detox, detox: {article: 'http://127.0.0.1:9/articles/1'}}}",
    )
    text = result.stdout + result.stderr
    assert result.returncode != 0
    assert "error: http://127.0.0.1:9/articles/1: cannot be fetched" in text
    assert "give its path as config key tasks.wiki.detox.comments" in text
    assert not (study.folder / "results/downloads/wiki/comments.tsv").exists()


@pytest.mark.parametrize(
    ("overlay", "message"),
    [
        ("sede: 1", "config key sede is unknown; did you mean 'seed'?"),
        ("upstream: {gaussian: {standard_deviations: [-1]}}", "upstream.gaussian.standard_dev"),
        (
            "tasks: {bios: {file: {path: nowhere.csv}}}",
            "tasks.bios.file.path: nowhere.csv does not exist",
        ),
        (
            "tasks: {bios: {file: {label: trade}}}",
            "config key tasks.bios.file.label: data/bios.csv: no column 'trade'; it has ",
        ),
        (
            "tasks: {wiki: {upstream: [mixup]}}",
            "config key tasks.wiki.upstream.0: 'mixup' is not one of",
        ),
    ],
)
def test_a_wrong_config_is_refused_at_once_in_one_line(
    study: Study, overlay: str, message: str
) -> None:
    result = study.snakemake("-n", overlay=overlay)
    assert result.returncode != 0
    assert message in result.stdout + result.stderr
    assert "Traceback" not in result.stderr


BAD_ROWS = {
    "She likes balances,acountant,female": "row 701: 'acountant' in column 'label'",
    " ,accountant,female": "row 701: the text in column 'text' is empty",
    "She likes balances,accountant,woman": "row 701: 'woman' in column 'group'",
}


def told_of(row: str, folder: Path, root: Path, target: str) -> str:
    """Run a study with one more row, which must fail; return what it says."""
    broken = new_study(folder, root)
    with (broken.folder / "data/bios.csv").open("a") as stream:
        stream.write(row + "\n")
    result = broken.snakemake(target, "--cores", "1")
    assert result.returncode != 0
    return result.stdout + result.stderr


@pytest.mark.parametrize("row", BAD_ROWS)
def test_a_bad_row_is_refused(tmp_path: Path, root: Path, row: str) -> None:
    prepared = "results/data/bios/original/manifest.json"
    text = told_of(row, tmp_path / "broken", root, prepared)
    assert f"error: data/bios.csv, {BAD_ROWS[row]}" in text


def test_a_bad_row_is_refused_before_anything_is_trained(tmp_path: Path, root: Path) -> None:
    row, message = next(iter(BAD_ROWS.items()))
    assert f"error: data/bios.csv, {message}" in told_of(row, tmp_path / "broken", root, "all")
    assert not (tmp_path / "broken/results/checkpoints").exists()
