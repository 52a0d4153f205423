"""Names that a shell would run, places to leave alone, and texts that stay in the data."""

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

from tests.workflow.conftest import Study, new_study

# Whatever ran in it would make a file "pwned".
AWKWARD = """it's "x" $(touch pwned) `touch pwned`; touch pwned & | > pwned * é -y #"""

# A text that is quoted anywhere is quoted with this many of its first characters.
QUOTED = 40


def files(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_a_study_writes_into_its_results_folder_and_nowhere_else(study: Study) -> None:
    # `overlay.yaml` and `data` are the tests' own; `.snakemake` is Snakemake's record of what ran.
    allowed = {"results", ".snakemake", "data", "overlay.yaml"}
    assert {path.name for path in study.folder.iterdir()} <= allowed
    # The two caches of a user that the README names.
    assert {"/".join(name.split("/")[:2]) for name in files(study.home)} <= {
        ".cache/matplotlib",
        ".cache/snakemake",
    }
    assert files(study.scratch) == set()


def texts(study: Study) -> Iterator[str]:
    for path in (study.folder / "results/data").rglob("*.parquet"):
        yield from pd.read_parquet(path)["text"]
    yield from pd.read_csv(study.folder / "data/bios.csv")["text"]


def quoting(folder: Path, beginnings: set[str]) -> set[str]:
    """Return the files below a folder that hold the beginning of one of the texts."""
    found = set()
    for name in files(folder):
        content = (folder / name).read_bytes().decode("utf-8", errors="replace")
        windows = (content[start : start + QUOTED] for start in range(len(content)))
        if not beginnings.isdisjoint(windows):
            found.add(name)
    return found


def test_no_text_of_a_data_set_stands_in_a_log_a_table_or_a_release(study: Study) -> None:
    beginnings = {text[:QUOTED] for text in texts(study) if len(text) >= QUOTED}
    assert len(beginnings) > 500
    # The search finds what is there.
    assert quoting(study.folder / "data", beginnings) == {"bios.csv"}
    results = study.folder / "results"
    folders = {path.name for path in results.iterdir() if path.is_dir()}
    assert {
        "logs",
        "analysis",
        "paper",
        "release",
        "observations",
        "scores",
        "checkpoints",
    } < folders
    for name in sorted(folders - {"data"}):
        assert quoting(results / name, beginnings) == set(), name
    assert quoting(study.folder / ".snakemake/log", beginnings) == set()


def test_the_report_of_snakemake_has_a_caption_for_each_result_and_no_text(study: Study) -> None:
    report = study.scratch / "report.html"
    made = study.snakemake("--report", str(report))
    assert made.returncode == 0, made.stdout + made.stderr
    content = report.read_text()
    for caption in (
        "A table as it is printed.",
        "The whole report in one page",
        "One of the tables that everything else is drawn and said from",
        "bios, item_scatter: ",
    ):
        assert caption in content
    beginnings = {text[:QUOTED] for text in texts(study) if len(text) >= QUOTED}
    assert quoting(study.scratch, beginnings) == set()
    report.unlink()


@pytest.fixture(scope="module")
def awkward(tmp_path_factory: pytest.TempPathFactory, root: Path) -> Study:
    """Return a study whose folder, source file and results are named to do harm."""
    study = new_study(tmp_path_factory.mktemp("awkward") / AWKWARD.replace(">", ""), root)
    (study.folder / "data/bios.csv").rename(study.folder / f"{AWKWARD}.csv")
    return study


def overlay(**sections: object) -> str:
    return json.dumps({"results": AWKWARD, **sections}, ensure_ascii=False)


def without_harm(study: Study, result: subprocess.CompletedProcess[str]) -> None:
    assert result.returncode == 0, result.stdout + result.stderr
    assert not list(study.folder.parent.rglob("pwned"))


def test_text_and_checkpoints_of_awkward_names_are_prepared(awkward: Study) -> None:
    bios = {"file": {"path": f"{AWKWARD}.csv"}}
    made = [f"{AWKWARD}/{name}/manifest.json" for name in ("data/bios/balance-a1-b0", "sentiment")]
    made.append(f"{AWKWARD}/checkpoints/random-t1/manifest.json")
    result = awkward.snakemake(*made, "--cores", "2", overlay=overlay(tasks={"bios": bios}))
    without_harm(awkward, result)
    for name in made:
        assert (awkward.folder / name).is_file()


def test_a_release_of_an_awkward_name_is_analysed(awkward: Study, study: Study) -> None:
    release = awkward.folder / f"{AWKWARD} release"
    release.symlink_to(study.folder / "results/release")
    made = [f"{AWKWARD}/analysis/transfer.csv", f"{AWKWARD}/figures/bios/item_scatter.png"]
    result = awkward.snakemake(*made, "--cores", "2", overlay=overlay(release=release.name))
    without_harm(awkward, result)
    for name in made:
        original = study.folder / "results" / Path(*Path(name).parts[1:])
        assert (awkward.folder / name).read_bytes() == original.read_bytes()


def test_every_rule_quotes_what_it_hands_to_the_shell(root: Path) -> None:
    rules = sorted((root / "workflow/rules").glob("*.smk"))
    whole = "".join(rule.read_text() for rule in rules)
    assert len(re.findall(r"^ +shell:$", whole, re.MULTILINE)) > 12
    # Every command is one of ours, with what `common.smk` hands over.
    commands = re.findall(r"^ +shell:\n +(.*)$", whole, re.MULTILINE)
    assert {re.sub(" [a-z][a-z-]+ ", " NAME ", command) for command in commands} <= {
        'f"{COMMAND} NAME {TOLD}"',
        'f"{COMMAND} NAME {TOLD} --checks {{params.checks:q}}"',
        'f"{COMMAND} NAME {TOLD} {SCORING}"',
        'f"{COMMAND} NAME {TOLD} {TRAINING}"',
        'f"{COMMAND} NAME {TOLD} {TRAINING} --checks {{params.checks:q}}"',
    }
    places = re.findall(r"^(?:TOLD|ON_GPU|SCORING|NOTING|TRAINING) = .*$", whole, re.MULTILINE)
    handed = {each for line in places for each in re.findall(r"\{([^{}]*)\}", line)}
    # Resources are numbers, and the folder of curves is quoted where it is made.
    assert "CURVES = shlex.quote(" in whole
    assert {each for each in handed if not each.endswith(":q")} == {
        "ON_GPU",
        "CURVES",
        "NOTING",
        "resources.gpu",
        "resources.gpu_share",
        "resources.batch_size",
        "resources.checkpoint_seconds",
        "resources.tensorboard",
    }


@pytest.mark.parametrize(
    ("results", "said"),
    [
        ("out{n}", "the path 'out{n}' holds '{'"),
        ("a\nb", r"the path 'a\nb' holds '\n'"),
        ("-rf", "the path '-rf' starts with '-'"),
    ],
)
def test_a_name_that_cannot_work_is_refused_at_once(study: Study, results: str, said: str) -> None:
    result = study.snakemake("-n", overlay=json.dumps({"results": results}))
    assert result.returncode != 0
    assert f"error: config key results: {said}" in result.stdout + result.stderr
    assert "Traceback" not in result.stdout + result.stderr
