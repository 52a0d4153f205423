"""The command that puts a study's numbers into one folder, without text and without models."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import yaml

from bias_transfer.runtime.artifacts import (
    atomic_folder,
    describe_folder,
    read_table,
    write_json,
    write_table,
)
from bias_transfer.runtime.job import Job
from bias_transfer.runtime.lineage import BUNDLE, as_record, bundle, start_run
from bias_transfer.runtime.provenance import code_digest

_ABOUT = """# Results release

Every number of one study of whether bias in a pre-trained language model survives fine-tuning: what
each model was, its bias before and after fine-tuning, its predictions without their text, and the
table that everything is estimated from. {note}

- `observations/`: one row a model × item × template; all tables and figures come from here.
- `intrinsic/`: each checkpoint's scores before fine-tuning.
- `intrinsic_after/`: each model's scores after it.
- `extrinsic/`: rates, performance and covariates.
- `predictions/`: each model's prediction of each test row, by the row's id.
- `config.yaml`: the whole configuration; `manifest.json`: content hashes and library versions.
- `lineage.json`: how all of it was made, from the sources on; `bias-transfer lineage FILE` tells.

The analysis again, from this folder alone, in a checkout of the project:

    snakemake --cores 1 --configfile FOLDER/config.yaml --config release=FOLDER results=redone

The columns, in the words of the study's data dictionary:

"""


def release(job: Job) -> None:
    """Copy the tables, join every model's scores, and say what they are."""
    settings = job.settings
    with atomic_folder(job.output("manifest").parent) as folder:
        for task in settings["models"]:
            for kind in ("observations", "intrinsic"):
                _copy(job.input(f"{kind}_{task}"), folder / kind / f"{task}.csv")
            for path in job.inputs[f"extrinsic_{task}"]:
                _copy(path, folder / "extrinsic" / task / path.name)
            names = settings["models"][task]
            after = _joined(names, job.inputs[f"after_{task}"])
            write_table(folder / "intrinsic_after" / f"{task}.csv", after)
            predictions = _joined(names, job.inputs[f"predictions_{task}"])
            write_table(folder / "predictions" / f"{task}.parquet", predictions)
        (folder / "config.yaml").write_text(
            yaml.safe_dump(settings["config"], sort_keys=False, allow_unicode=True)
        )
        dictionary = job.input("dictionary").read_text()
        (folder / "README.md").write_text(_ABOUT.format(note=settings["note"]) + dictionary)
        # The study stays behind; its records come along.
        paths = [path for given in job.inputs.values() for path in given]
        own = start_run("release", code_digest("release"), settings, paths)
        target = job.output("manifest").parent
        write_json(folder / BUNDLE, bundle(as_record(own, target), target))
        describe_folder(folder, {"kind": "results release"})


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)


def _joined(names: list[str], paths: list[Path]) -> pd.DataFrame:
    def parts() -> Iterator[pd.DataFrame]:
        for name, path in zip(names, paths, strict=True):
            table = read_table(path)
            table.insert(0, "model", name)
            yield table

    return pd.concat(parts(), ignore_index=True)
