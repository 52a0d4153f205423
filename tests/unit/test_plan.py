"""The plan of a study: sizes, operations and disk worked by hand, and what it cannot know."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from transformers import AutoModelForMaskedLM, RobertaConfig

from bias_transfer.adaptations import Operations
from bias_transfer.commands.plan import plan
from bias_transfer.errors import StudyError
from bias_transfer.models.batches import overhead
from bias_transfer.models.checkpoints import load_masked_lm
from bias_transfer.models.shape import PUBLISHED, Shape, fixed_cost, shape_of
from bias_transfer.runtime.artifacts import MANIFEST, describe_folder
from bias_transfer.runtime.lineage import record_outputs, start_run
from bias_transfer.runtime.main import main
from bias_transfer.runtime.products import products_a_second
from bias_transfer.runtime.progress import took
from bias_transfer.study.config import Study
from bias_transfer.study.estimate import known
from bias_transfer.study.overlays import laid_over, read_config
from bias_transfer.study.parsing import parse
from bias_transfer.study.plan import (
    Range,
    Texts,
    checkpoints,
    disk,
    divided,
    fine_tuning,
    pre_training,
    shares,
    steps_of,
    total,
)
from bias_transfer.study.walk import settings_in_use
from bias_transfer.tasks._section import Training

# Two layers of width 4 and feed-forward width 8, ten words, six positions.
SMALL = Shape(2, 4, 8, 10, 6)
# A layer: 4 (16 + 4) for attention, 2 · 32 + 4 + 8 for the feed-forward part, 16 for the norms.
IN_LAYERS = 2 * (80 + 76 + 16)
# What a step costs besides its tokens, on a CPU.
A_STEP = 6 * (90 * IN_LAYERS + 4.5e6 * 2)
TRAINING = Training(epochs=3, batch_size=10)
# How fast this machine is takes a second to find out, and one test is about it.
TIMED = "bias_transfer.study.pace.products_a_second"
TEXTS = Texts(train=25, evaluation=5, test=100, tokens=Range(7, 9), counted=True)


# ---- sizes ------------------------------------------------------------------------------


def test_parameters_worked_by_hand():
    assert SMALL.in_layers == IN_LAYERS == 344
    assert SMALL.word_embeddings == 40
    # Positions and the one type of segment; a head of 4 × 4 with its bias, norm and classes.
    assert SMALL.parameters == 344 + 40 + 7 * 4 + 4 * 4 + 4 * 4


def test_roberta_base_has_124_6_million_parameters():
    assert round(PUBLISHED["FacebookAI/roberta-base"].parameters / 1e6, 1) == 124.6


def test_a_size_is_that_of_the_model(tiny_checkpoint: Path):
    model = load_masked_lm(str(tiny_checkpoint))
    shape = shape_of(model.config.to_dict())
    assert shape is not None
    own = sum(each.numel() for each in model.base_model.encoder.layer.parameters())
    assert shape.in_layers == own
    # But for the biases of the output, one a word, which a classifier lacks.
    without = model.num_parameters() - shape.vocabulary
    assert shape.parameters == pytest.approx(without, rel=0.01)


def test_a_step_costs_what_the_training_loop_counts(tiny_checkpoint: Path):
    encoder = load_masked_lm(str(tiny_checkpoint)).base_model
    parameters = encoder.num_parameters() - encoder.get_input_embeddings().weight.numel()
    assert overhead(encoder) == fixed_cost("cpu", 1, parameters) == 90 + 4.5e6 / parameters


def test_other_families_have_other_names_and_layers_of_the_same_weights():
    common = {"vocab_size": 10, "max_position_embeddings": 6}
    assert shape_of(common | {"n_layers": 2, "dim": 4, "hidden_dim": 8}) == SMALL
    sizes = {"num_hidden_layers": 2, "hidden_size": 4, "intermediate_size": 8}
    albert = shape_of(common | sizes | {"num_hidden_groups": 1})
    assert albert is not None
    assert albert.parameters == SMALL.parameters - IN_LAYERS // 2
    assert shape_of(common) is None


# ---- operations -------------------------------------------------------------------------


def test_a_full_fine_tuning_worked_by_hand():
    # 6 operations in each of 3 epochs; 2 for the evaluation part after each, and for the test part.
    passes = 18 * 25 + 2 * (3 * 5 + 100)
    each = passes * 1.2 * IN_LAYERS
    # 3 steps an epoch.
    found = fine_tuning(TEXTS, TRAINING, SMALL, Operations())
    assert steps_of(25, TRAINING) == 9
    assert found.low == pytest.approx(7 * each + 9 * A_STEP)
    assert found.high == pytest.approx(9 * each + 9 * A_STEP)


def test_a_head_reads_each_text_once():
    found = fine_tuning(TEXTS, TRAINING, SMALL, Operations(once=2, epoch=0))
    assert found.low == pytest.approx(7 * 2 * (25 + 5 + 100) * 1.2 * IN_LAYERS)


def test_a_pre_training_worked_by_hand():
    # The output is computed at a quarter of the tokens: 40 weights, and the head's 16.
    each = 6 * 3 * 25 * 1.2 * (IN_LAYERS + 0.25 * 56)
    found = pre_training(25, Range(7, 9), TRAINING, 0.25, SMALL)
    assert found.low == pytest.approx(7 * each + 9 * A_STEP)


def test_the_paper_s_count_of_operations():
    # benchmarks/README.md: 288,000 texts of 90 tokens, 5 epochs: 5.1 × 10⁸ a token, unpadded.
    texts = Texts(288_000, 0, 0, Range(90, 90), True)
    training = Training(epochs=5, batch_size=16)
    shape = PUBLISHED["roberta-base"]
    found = fine_tuning(texts, training, shape, Operations()).low - 90_000 * 6 * (
        90 * shape.in_layers + 4.5e6 * 12
    )
    assert found / 1.2 == pytest.approx(5 * 288_000 * 90 * 5.1e8, rel=0.01)


def test_rows_are_divided_as_the_study_divides_them():
    texts = divided(17_000, 0.71, 0.1, 24)
    assert (texts.train, texts.evaluation, texts.test) == (4437, 493, 12_070)
    assert texts.tokens == Range(6, 24)


def test_a_sum_with_something_unknown_is_unknown():
    assert total([Range(1, 2), Range(3, 5)]) == Range(4, 7)
    assert total([Range(1, 2), None]) is None


# ---- the grid ---------------------------------------------------------------------------


@pytest.fixture
def study(config: dict[str, Any]) -> Any:
    return parse(config)


def test_models_of_the_default_study(study):
    found = {
        (task, share.adaptation): (len(share.models), share.training.epochs)
        for task in study.tasks
        for share in shares(study, task)
    }
    assert found == {
        (task, name): numbers
        for task, full in (("bios", (12, 4)), ("wiki", (12, 3)))
        for name, numbers in (("full", full), ("lora", (5, 4)), ("head", (5, 12)))
    }
    assert len(checkpoints(study)) == 8


def test_disk_worked_by_hand(study):
    # 3 of Sent-Debias and 1 of Gaussian noise change words alone; random and the dial's 3 change
    # all; and there is the unmodified one.
    whole, words = 4 * SMALL.parameters, 4 * 40
    found = disk(study, SMALL, {"bios": None}, 2)
    assert found.checkpoints == 5 * whole + 4 * words
    # Its weights, and two training checkpoints of three times as much.
    assert found.training == 2 * 7 * whole
    assert found.models == 0
    assert found.tables is None
    keeping = study.model_copy(update={"keep_models": True, "training_checkpoint_minutes": 0})
    found = disk(keeping, SMALL, {"bios": TEXTS}, 1)
    assert (found.models, found.training) == (44 * whole, whole)
    # Two altered training sets; 22 models.
    assert found.tables == (3 * 25 + 5 + 100) * 9 * 7 + 100 * 44 * 22


def test_the_disk_of_the_paper_s_grid_is_that_of_the_benchmark(root):
    paper = parse(read_config([root / "config.yaml", root / "config/paper.yaml"]))
    texts = {
        "bios": Texts(288_000, 32_000, 80_000, Range(90, 90), True),
        "wiki": Texts(115_200, 12_800, 32_000, Range(90, 90), True),
    }
    found = disk(paper, PUBLISHED["roberta-base"], texts, 1)
    # benchmarks/disk.md, in GB.
    assert found.checkpoints / 1e9 == pytest.approx(10.43, rel=0.01)
    assert found.training / 1e9 == pytest.approx(3.49, rel=0.01)


# ---- what is printed --------------------------------------------------------------------


@pytest.fixture
def told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], root: Path
) -> Callable[..., str]:
    """Return what the command prints of a config, in a folder of its own, without a GPU."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hub"))
    monkeypatch.setattr(TIMED, lambda *_: 2e10)

    def run(*words: str) -> str:
        assert main(["plan", "--configfile", str(root / "config.yaml"), *words]) == 0
        return capsys.readouterr().out

    return run


def test_the_default_study(told, monkeypatch):
    monkeypatch.setattr(TIMED, products_a_second)
    printed = told("--cores", "2")
    for said in (
        "bios: 22 models to fine-tune, 0 of them done",
        "texts: 7,200 to train, 800 to evaluate, 12,000 to test; 15 to 19 tokens a text",
        "Full fine-tuning: 12 models over 9 checkpoints, 3 data sets, 2 seeds; 12 left; 4 epochs",
        "Checkpoints: 9, 0 of them there (pretrained, random, gaussian, 3 sentdebias, 3 counterfa",
        "continued pre-training: 3 × ",
        "2 at a time",
        "Disk at its peak, at most: ",
        "products of 64 × 128 were timed: ",
    ):
        assert said in printed, said
    assert "not known" not in printed


def test_every_method_that_trains_counts_as_continued_pre_training(told, tmp_path):
    overlay = tmp_path / "overlay.yaml"
    overlay.write_text(
        "tasks:\n"
        "  bios: {upstream: [sentdebias, dropout, counterfactual]}\n"
        "  wiki: {upstream: [], adapted: []}\n"
        "upstream: {dropout: {rates: [0, 0.1]}}\n"
    )
    both = told(str(overlay))
    assert "3 sentdebias, 2 dropout, 3 counterfactual" in both
    assert "continued pre-training: 5 × " in both


def test_the_paper_s_study_names_what_it_cannot_know(told, root):
    printed = told(str(root / "config/paper.yaml"))
    for said in (
        "124.6 million parameters, 85.05 million of them in 12 layers of width 768, as published",
        "texts: not known before they are fetched (LabHC/bias_in_bios); `--texts bios=N`",
        "Full fine-tuning: 53 models over 43 checkpoints, 11 data sets, 1 seed; 53 left; 5 epochs",
        "a model for 100,000 texts to train",
        "Time left: not known",
        "and the texts, which are not known",
    ):
        assert said in printed, said
    printed = told(str(root / "config/paper.yaml"), "--texts", "bios=400000", "wiki=160000")
    assert "288,000 to train" in printed
    assert "Time left: not known" not in printed


def test_a_model_that_nobody_knows(told):
    printed = told("--config", "model={source: hub, hub: {id: nobody/model}}")
    assert "Model: size not known before it is fetched" in printed
    assert "Disk: not known" in printed
    assert "the size of the model is not known" in printed


def test_what_is_done_is_not_done_again_and_tells_how_long_it_takes(told, study, tmp_path):
    first, *_ = shares(study, "bios")
    (tmp_path / "results/.lineage").mkdir(parents=True)
    for number, model in enumerate(first.models[:2]):
        scores = tmp_path / "results/scores" / model.path
        scores.mkdir(parents=True)
        for name in ("predictions.parquet", "intrinsic.csv"):
            (scores / name).touch()
        log = tmp_path / "results/logs/finetune" / f"{model.path}.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        log.write_text(f"2026 bias_transfer: {took('fine-tune', 60 + 30 * number)}\n")
    printed = told()
    assert "bios: 22 models to fine-tune, 2 of them done" in printed
    assert "10 left; 4 epochs, 900 steps: 1 min to 1 min 30 s a model, as 2 of them took" in printed


TRADES = """
seeds: [1]
model: {architecture: {layers: 1, hidden_size: 16}}
tasks:
  bios: null
  wiki: null
  trades:
    kind: labels_by_group
    title: Trades
    item: trade
    items: trades
    labels: [welder, baker, dj, poet, nurse, pilot, judge]
    groups: {women: she, men: he}
    reference: men
    templates: {is: "{word} is {a_label}"}
    maximum_length: 64
    file: {path: people.csv, label: trade, groups: {w: women, m: men}}
    measures: [pronoun_ranking]
    covariates: [prevalence_she]
    outcome: tpr_gap
"""


FORUM = """
seeds: [1]
tasks:
  bios: null
  wiki: null
  forum:
    kind: mentions
    title: Forum
    item: person
    items: kinds of people
    terms: [tea maker, cyclist]
    positive: rude
    negative: civil
    templates: {one: "{a_term} is {mask}"}
    maximum_length: 64
    source: file
    file: {path: forum.csv, text: text, label: label}
    alterations: {scrub: [{mentions: all, fraction: 1}]}
    measures: [negative_sentiment]
    covariates: [rude_share]
    outcome: fpr
"""
FORUM_ROWS = (("a tea maker rests", "rude"), ("a cyclist rests", "civil"), ("rain", "civil"))


@pytest.fixture
def trades(tmp_path: Path) -> str:
    """Return the config of a study of some trades, and write its table."""
    kinds = [f"{trade},{group}" for trade in ("welder", "baker", "dj") for group in ("w", "m")]
    rows = [f"text {number},{kind}" for number, kind in enumerate(kinds * 10)]
    (tmp_path / "people.csv").write_text("\n".join(["text,trade,group", *rows]) + "\n")
    (tmp_path / "trades.yaml").write_text(TRADES)
    return str(tmp_path / "trades.yaml")


def test_a_table_is_read_and_its_rows_are_divided_as_they_will_be(told, trades):
    printed = told(trades)
    # The corpus was left as it is in the default study.
    assert (
        "\nGenerated text in part (the pre-training corpus): its biases are declared in" in printed
    )
    # Of each trade's 20 rows a fifth is kept for testing, and of the rest a tenth.
    assert "texts: 42 to train, 6 to evaluate, 12 to test; " in printed
    assert "  warning: no row of 4 of the 7 trades: poet, nurse, pilot, judge\n" in printed
    assert "  warning: trades to compare: 3; with fewer than 6 no error is clustered" in printed
    assert "72 to train, 8 to evaluate, 20 to test" in told(trades, "--texts", "trades=100")


def tokenised(folder: Path, study: Study, task: str, **rows: int) -> None:
    """Write what tells how many texts and tokens a task has, as the study's jobs would."""
    told = settings_in_use(study.tasks[task])
    for stage, settings in {
        "data": {"seed": study.seed, "task": task, "source": told["source"]}
        | {key: told[key] for key in (told["source"], "empty", "test_share", "evaluation_share")}
        | {"definition": study.definition(task).model_dump(exclude={"templates"})},
        "tokens": {"maximum_length": told["maximum_length"]},
    }.items():
        made = folder / stage / task / "original"
        made.mkdir(parents=True, exist_ok=True)
        for part, count in rows.items():
            pd.DataFrame({"tokens": [[5, 6, 7]] * count}).to_parquet(made / f"{part}.parquet")
        describe_folder(made, {})
        run = start_run("made", "code", settings, [])
        record_outputs(run, [made / MANIFEST], [])


def test_texts_that_were_counted_for_another_config_are_counted_anew(told, trades, tmp_path):
    study = parse(read_config([tmp_path / "trades.yaml"]))
    tokenised(tmp_path / "results", study, "trades", train=42, evaluation=6, test=12)
    assert "texts: 42 to train, 6 to evaluate, 12 to test; 3 tokens a text (counted)" in told(
        trades
    )
    shares = tmp_path / "shares.yaml"
    shares.write_text("tasks: {trades: {test_share: 0.5}}")
    assert "27 to train, 3 to evaluate, 30 to test; 16 to 64 tokens a text (not counted yet)" in (
        told(trades, str(shares))
    )
    shares.write_text("tasks: {trades: {maximum_length: 32}}")
    assert "12 to test; 8 to 32 tokens a text (not counted yet)" in told(trades, str(shares))
    (tmp_path / "people.csv").write_text(
        "".join((tmp_path / "people.csv").read_text().splitlines(keepends=True)[:-6])
    )
    assert "(not counted yet)" in told(trades)


@pytest.mark.parametrize(("most", "rows"), [(0, 24000), (500, 500), (30000, 24000)])
def test_a_generated_corpus_is_cut_as_the_study_cuts_it(config, tmp_path, monkeypatch, most, rows):
    monkeypatch.chdir(tmp_path)
    cut = {"model": {"corpus": {"maximum_rows": most}}}
    assert known(parse(laid_over(config, cut)), 1, {}, False).corpus == (rows, Range(8, 11))


def test_generated_texts_of_another_config_are_not_taken(told, tmp_path, study):
    tokenised(tmp_path / "results", study, "bios", train=70, evaluation=10, test=20)
    assert "70 to train, 10 to evaluate, 20 to test; 3 tokens a text (counted)" in told()
    assert "7,200 to train, 800 to evaluate" in told("--config", "seed=7")


def test_too_few_test_rows_for_a_verdict_are_told(told, trades, tmp_path):
    table = tmp_path / "people.csv"
    rows = [
        f"text {name} {group} {number},{name},{group}"
        for name in ("welder", "baker", "dj", "poet", "nurse", "pilot", "judge")
        for group in "wm"
        for number in range(30)
    ]
    table.write_text("\n".join(["text,trade,group", *rows]) + "\n")
    fewer = tmp_path / "fewer.yaml"
    for fewest, share, few in ((20, 0.2, True), (20, 0.8, False), (1, 0.2, False)):
        fewer.write_text(
            f"analysis: {{fewest_test_rows: {fewest}}}\ntasks: {{trades: {{test_share: {share}}}}}"
        )
        assert (
            "  warning: only 0 trades have 20 test rows (analysis.fewest_test_rows) in each group "
            "that is compared; a verdict needs 6\n" in told(trades, str(fewer))
        ) is few, fewest


def test_altered_data_that_would_be_refused_are_refused_before(root, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    rows = [f"{name} {number},{label}" for number in range(9) for name, label in FORUM_ROWS]
    Path("forum.csv").write_text("\n".join(["text,label", *rows]) + "\n")
    Path("forum.yaml").write_text(FORUM)
    assert main(["plan", "--configfile", str(root / "config.yaml"), "forum.yaml"]) == 1
    assert capsys.readouterr().err == (
        "error: scrub-all-1 leaves no training row of class 'rude'; lower fraction in the task's "
        "alterations.scrub\n"
    )


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            "text 7,welder,m",
            "text 7,wleder,m",
            "people.csv, row 8: 'wleder' in column 'trade' is not one of welder, baker, dj, poet, "
            "nurse, pilot…; correct it or extend the map in config key tasks.trades.file.labels",
        ),
        (
            "text 7,welder,m",
            "text 7,welder,f",
            "people.csv, row 8: 'f' in column 'group' is not one of w, m; correct it or extend the "
            "map in config key tasks.trades.file.groups",
        ),
        (
            "text,trade,",
            "text,job,",
            "config key tasks.trades.file.label: people.csv: no column 'trade'; it has text, job, "
            "group",
        ),
    ],
)
def test_a_mistake_in_a_table_is_told(root, trades, tmp_path, monkeypatch, capsys, old, new, said):
    monkeypatch.chdir(tmp_path)
    table = tmp_path / "people.csv"
    assert old in table.read_text()
    table.write_text(table.read_text().replace(old, new))
    assert main(["plan", "--configfile", str(root / "config.yaml"), trades]) == 1
    assert capsys.readouterr().err == f"error: {said}\n"


def test_counts_agree_with_their_words(told, trades):
    printed = told(trades)
    assert " of them in 1 layer of width 16" in printed
    assert "trades: 1 model to fine-tune, 0 of them done" in printed
    assert "1 model over 1 checkpoint, 1 data set, 1 seed; 1 left; 2 epochs, 4 steps: " in printed


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--texts", "bios"], "write TASK=N, with bios or wiki"),
        (["--texts", "trades=3"], "write TASK=N, with bios or wiki"),
    ],
)
def test_texts_of_no_task_are_refused(root, words, said):
    with pytest.raises(StudyError, match=said):
        plan([root / "config.yaml"], [], 1, words[1:], False)


def test_it_imports_no_torch_and_no_snakemake(root):
    code = (
        "import sys; from bias_transfer.runtime.main import main; "
        "main(['plan', '--configfile', 'config/paper.yaml']); "
        "print([each for each in ('torch', 'transformers', 'snakemake') if each in sys.modules])"
    )
    run = [sys.executable, "-c", code]
    printed = subprocess.run(run, cwd=root, check=True, capture_output=True, text=True).stdout
    assert printed.splitlines()[-1] == "[]"


def test_steps_are_tried_where_that_is_asked_for(told, monkeypatch):
    monkeypatch.setattr("bias_transfer.models.trial._SECONDS", 0.2)
    printed = told("--measure")
    assert "steps of bios, 32 texts of a model of this size: " in printed
    assert "Time left: not known" not in printed


def test_a_masked_language_model_of_that_size_is_as_large():
    asked = PUBLISHED["roberta-base"]
    config = RobertaConfig(
        vocab_size=200,
        hidden_size=64,
        intermediate_size=96,
        num_hidden_layers=asked.layers,
        num_attention_heads=4,
        max_position_embeddings=30,
        type_vocab_size=1,
    )
    shape = shape_of(config.to_dict())
    assert shape is not None
    made = AutoModelForMaskedLM.from_config(config).num_parameters()
    assert shape.parameters == pytest.approx(made - 200, rel=0.01)
