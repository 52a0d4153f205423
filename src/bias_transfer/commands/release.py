"""The command that puts a study's numbers into one folder, without text and without models."""

import shutil
from collections.abc import Collection, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet
import yaml

from bias_transfer.report.crate import METADATA, crate
from bias_transfer.report.croissant import croissant
from bias_transfer.report.dictionary import meaning, meanings
from bias_transfer.report.released import File, Software, Table
from bias_transfer.runtime.artifacts import (
    MANIFEST,
    atomic_folder,
    describe_folder,
    read_table,
    sha256,
    write_json,
    write_table,
)
from bias_transfer.runtime.job import Job
from bias_transfer.runtime.lineage import BUNDLE, as_record, bundle
from bias_transfer.runtime.provenance import last_commit

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
- `croissant.json`: every table and column, for data set loaders.
- `ro-crate-metadata.json`: the files as a Workflow Run RO-Crate; `workflow/` made them. Its date,
  and Croissant's, is that of the software: a release that is made again is the same bytes.

The analysis again, from this folder alone, in a checkout of the project:

    snakemake --cores 1 --configfile FOLDER/config.yaml --config release=FOLDER results=redone

The columns, in the words of the study's data dictionary:

"""

_TABLES = {
    "observations": "One row a model × item × template: what everything is estimated from.",
    "intrinsic": "Scores of each checkpoint before fine-tuning, one row an item × template.",
    "intrinsic_after": "Scores of each model after fine-tuning, one row an item × template.",
    "extrinsic": "Downstream bias, performance, or what the training part holds of each item.",
    "predictions": "Each model's prediction of each test row, by the row's id.",
}
_FILES = {
    "README.md": "What the files and their columns are.",
    "config.yaml": "The whole configuration of the study.",
    "lineage.json": "How every file was made, from the sources on.",
    "croissant.json": "The tables and their columns, for data set loaders.",
    MANIFEST: "Content hashes of the files, and library versions.",
}
_MEDIA_TYPES = {
    ".csv": "text/csv",
    ".json": "application/json",
    ".md": "text/markdown",
    ".parquet": "application/x-parquet",
    ".yaml": "application/yaml",
}
# Where the data dictionary has the columns of each folder, in the order to look.
_DICTIONARY = {
    "observations": ("observations", "intrinsic", "extrinsic"),
    "intrinsic": ("intrinsic", "observations"),
    "intrinsic_after": ("intrinsic", "observations"),
    "extrinsic": ("extrinsic", "observations"),
    "predictions": ("scores", "observations"),
}


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
            after = _joined(names, job.inputs[f"after_{task}"], [settings["items"][task]])
            write_table(folder / "intrinsic_after" / f"{task}.csv", after)
            predictions = _joined(names, job.inputs[f"predictions_{task}"])
            write_table(folder / "predictions" / f"{task}.parquet", predictions)
        (folder / "config.yaml").write_text(
            yaml.safe_dump(settings["config"], sort_keys=False, allow_unicode=True), "utf-8"
        )
        dictionary = job.input("dictionary").read_text("utf-8")
        about = _ABOUT.format(note=settings["note"])
        (folder / "README.md").write_text(about + dictionary, "utf-8")
        # The study stays behind; its records come along.
        target = job.output("manifest").parent
        write_json(folder / BUNDLE, bundle(as_record(job.run, target), target))
        for path in job.inputs["workflow"]:
            # The map, and a folder of rules beside it.
            below = path.name if path.suffix != ".smk" else f"rules/{path.name}"
            _copy(path, folder / "workflow" / below)
        _describe(job, folder)
        describe_folder(folder, {"kind": "results release"})


def _describe(job: Job, folder: Path) -> None:
    """Write what machines read of the release: Croissant first, which the crate lists."""
    software, note = _software(job), job.settings["note"]
    known = meanings(job.input("dictionary").read_text("utf-8"))
    found = []
    for kind in _TABLES:
        for path in sorted((folder / kind).rglob("*.*")):
            columns = _columns(path, job.settings["items"].values())
            told = {column: meaning(known, column, _DICTIONARY[kind]) for column in columns}
            found.append(Table(_file(path, folder), columns, told))
    write_json(folder / "croissant.json", croissant(found, software, note))
    files = [_file(path, folder) for path in sorted(folder.rglob("*")) if path.is_file()]
    files.append(File(MANIFEST, _MEDIA_TYPES[".json"], _FILES[MANIFEST]))
    tables = [table.file.path for table in found]
    write_json(folder / METADATA, crate(files, tables, software, note))


def _file(path: Path, folder: Path) -> File:
    name = path.relative_to(folder).as_posix()
    top = name.partition("/")[0]
    described = _FILES.get(name) or _TABLES.get(top) or "A part of the workflow."
    return File(
        path=name,
        media_type=_MEDIA_TYPES.get(path.suffix, "text/plain"),
        description=described,
        size=path.stat().st_size,
        sha256=sha256(path),
    )


def _columns(path: Path, items: Collection[str]) -> dict[str, str]:
    """Return the type of each column of a table, in the words of `Table`; items have names."""
    if path.suffix == ".parquet":
        types = pyarrow.parquet.read_schema(path).empty_table().to_pandas().dtypes
    else:
        types = read_table(path, items).dtypes
    return {str(name): _type(each) for name, each in types.items()}


def _type(dtype: Any) -> str:
    if pd.api.types.is_bool_dtype(dtype):
        return "Boolean"
    if pd.api.types.is_integer_dtype(dtype):
        return "Integer"
    return "Float" if pd.api.types.is_float_dtype(dtype) else "Text"


def _software(job: Job) -> Software:
    citation = yaml.safe_load(job.input("citation").read_text("utf-8"))
    commit = last_commit()
    return Software(
        citation=citation,
        commit=commit.digest if commit else "",
        edited=commit.edited if commit else False,
        date=commit.date if commit else str(citation["date-released"]),
        language_version=version("snakemake"),
    )


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)


def _joined(models: list[str], paths: list[Path], items: Collection[str] = ()) -> pd.DataFrame:
    """Stack tables, the model of each in the first column; `items` are columns of names."""

    def parts() -> Iterator[pd.DataFrame]:
        for name, path in zip(models, paths, strict=True):
            table = read_table(path, items)
            table.insert(0, "model", name)
            yield table

    return pd.concat(parts(), ignore_index=True)
