"""The disk that the paper's grid takes at its peak, at the size of roberta-base.

    python -m benchmarks.disk FOLDER

FOLDER is that of `benchmarks.preparation`, whose data sets stand for the paper's. Checkpoints of
roberta-base's size are made there as the study makes them, and measured. Then the plan of
config/paper.yaml is walked: which checkpoints, data sets and models it has. Nothing ever goes but
the weights of fine-tuned models, which go when they are scored, and the training checkpoints of the
models that train; so the peak is all that stays and what the models in flight hold. The last line
is the peak over the bound, 25 GB.
"""

import argparse
import shutil
from pathlib import Path

import numpy as np
import torch
from transformers import (
    PreTrainedTokenizerBase,
    RobertaConfig,
    RobertaForMaskedLM,
    RobertaForSequenceClassification,
)

from bias_transfer.data.prepare import alter
from bias_transfer.models.checkpoints import load_tokenizer, save_checkpoint, save_masked_lm
from bias_transfer.runtime.artifacts import read_table, write_table
from bias_transfer.study.config import Study
from bias_transfer.study.grid import altered_by, models
from bias_transfer.study.overlays import read_config
from bias_transfer.study.parsing import parse

ROOT = Path(__file__).resolve().parents[1]
# Models that train at the same time, as on one machine with one GPU, and with as many as here.
AT_ONCE = (1, 4)
BOUND = 25.0  # GB

# A training checkpoint holds the weights and AdamW's two moments of each.
STATE = 3
# The new training checkpoint is written before the old one goes.
KEPT = 2


def papers_study() -> Study:
    """Return the config of the paper's grid."""
    return parse(read_config([ROOT / "config.yaml", ROOT / "config/paper.yaml"]))


def own_bytes(folder: Path) -> int:
    """Return the bytes of a folder's files, less those of files that another folder shares."""
    found = [path.stat() for path in folder.rglob("*") if path.is_file()]
    return sum(each.st_size for each in found if each.st_nlink == 1)


def checkpoints(folder: Path, tokenizer: PreTrainedTokenizerBase) -> dict[str, int]:
    """Make a checkpoint of each kind, as the study does; return the bytes that each adds."""
    config = RobertaConfig(
        vocab_size=50265, max_position_embeddings=514, type_vocab_size=1, num_labels=28
    )
    source = folder / "pretrained"
    model = RobertaForMaskedLM(config)
    save_masked_lm(model, tokenizer, source)
    found = {"pretrained": own_bytes(source)}
    with torch.no_grad():
        model.get_input_embeddings().weight.add_(1)
        save_masked_lm(model, tokenizer, folder / "noise", source)
        for weight in model.parameters():
            weight.add_(1)
        save_masked_lm(model, tokenizer, folder / "random", source)
    found |= {name: own_bytes(folder / name) for name in ("noise", "random")}
    save_checkpoint(RobertaForSequenceClassification(config), tokenizer, folder / "classifier")
    weights = (folder / "classifier/model.safetensors").stat().st_size
    return found | {
        "weights of a classifier": weights,
        "classifier": own_bytes(folder / "classifier") - weights,
    }


def data(folder: Path, study: Study) -> dict[str, int]:
    """Return the bytes of each data set and its tokens; altered ones by their number of rows."""
    found = {}
    for task in study.tasks:
        places = [folder / f"{stage}-{task}" for stage in ("data", "tokens")]
        training = read_table(places[0] / "train.parquet").drop(columns="text")
        size = sum((each / "train.parquet").stat().st_size for each in places)
        found[f"{task}/original"] = sum(map(own_bytes, places))
        for dataset in {each.dataset.id for each in models(study) if each.task == task}:
            if dataset != "original":
                name, entry = altered_by(study, task, dataset)
                made = alter(training, study.definition(task), name, entry.model_dump(), study.seed)
                rows = len(made.tables["train"])
                found[f"{task}/{dataset}"] = size * rows // len(training)
    return found


def predictions(folder: Path, task: str) -> int:
    """Return the bytes of a model's table of predictions."""
    test = read_table(folder / f"data-{task}" / "test.parquet")
    scores = np.random.default_rng(1).random(len(test))
    made = test[["id", "label"]].assign(prediction=test["label"], score=scores, group=test["group"])
    write_table(folder / "predictions.parquet", made)
    return (folder / "predictions.parquet").stat().st_size


def main() -> None:
    """Measure, walk the plan, print what takes how much, and fail where the peak is too high."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder.resolve()
    study = papers_study()
    grid = models(study)
    place = folder / "disk"
    sizes = checkpoints(place, load_tokenizer(str(folder / "checkpoint")))
    shutil.rmtree(place)
    kinds = [each.kind for each in {each.upstream for each in grid}]
    tables = {task: predictions(folder, task) for task in study.tasks}
    stays = {
        "upstream checkpoints": sum(
            sizes[kind if kind in ("pretrained", "random") else "noise"] for kind in kinds
        ),
        "data sets and tokens": sum(data(folder, study).values()),
        # Comments and judgements: two files of about this size.
        "downloads": 2 * (folder / "wiki.csv").stat().st_size,
        "fine-tuned models without weights": len(grid) * sizes["classifier"],
        # Each model's, and all once more in the release.
        "predictions": 2 * sum(tables[each.task] for each in grid),
    }
    one = sizes["weights of a classifier"] * (1 + KEPT * STATE)
    peaks = {count: sum(stays.values()) + count * one for count in AT_ONCE}
    whole = sizes["pretrained"]
    unshared = len(kinds) * whole - stays["upstream checkpoints"]
    kept = len(grid) * sizes["weights of a classifier"]
    rows = {
        **{f"a checkpoint: {name}": size for name, size in sizes.items()},
        **stays,
        "a model that trains: its weights and training checkpoints": one,
        **{f"peak, models at once: {count}": peak for count, peak in peaks.items()},
        "peak without links": peaks[1] + unshared,
        "peak with keep_models": peaks[1] + kept,
    }
    print("| what | GB |\n|---|---|")
    for name, size in rows.items():
        print(f"| {name} | {size / 1e9:.2f} |")
    peak = peaks[1] / 1e9
    print(f"peak / {BOUND:g} GB: {peak / BOUND:.2f}")
    if peak > BOUND:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
