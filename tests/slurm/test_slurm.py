"""A study on a cluster: the same numbers, and what goes wrong costs no more than it must."""

import re
from concurrent.futures import ThreadPoolExecutor
from itertools import combinations
from pathlib import Path

import psutil
import pytest

from tests.slurm.cluster import Job, cancel, jobs, let_time_run_out, wait_for
from tests.slurm.conftest import SMALL, TABLES
from tests.workflow.conftest import Study

pytestmark = pytest.mark.slurm

PRETRAINED = "bios/pretrained/original/full/seed1"
RANDOM = "bios/random-t1/original/full/seed1"
SCORES = ("predictions.parquet", "intrinsic.csv")


def tables(study: Study) -> dict[str, bytes]:
    """Return every table of a study."""
    results = study.folder / "results"
    return {
        path.relative_to(results).as_posix(): path.read_bytes()
        for stage in ("scores", "intrinsic", "extrinsic", "observations", "analysis")
        for path in (results / stage).rglob("*")
        if path.is_file()
    }


def forget(study: Study, model: str) -> None:
    """Remove a fine-tuned model and its scores, so that both are to be made again."""
    results = study.folder / "results"
    (results / "finetune" / model / "manifest.json").unlink()
    for name in SCORES:
        (results / "scores" / model / name).unlink()


def job_of(rule: str, model: str) -> Job | None:
    """Return the running job of a rule and a model."""
    comment = f"rule_{rule}_wildcards_{model.replace('/', '_').replace('seed', '')}"
    found = (job for job in jobs() if job.state == "RUNNING" and job.comment == comment)
    return next(found, None)


def device_of(study: Study, job: Job) -> str:
    """Return what a fine-tuning's log says of its devices."""
    *model, seed = job.comment.removeprefix("rule_fine_tune_wildcards_").split("_")
    log = study.folder / f"results/logs/finetune/{'/'.join(model)}/seed{seed}.log"
    return re.findall(r"CUDA_VISIBLE_DEVICES=(\S+)", log.read_text())[0]


def training_process(study: Study) -> psutil.Process:
    """Return the process that fine-tunes a model of a study."""
    (found,) = (
        process
        for process in psutil.process_iter(["cmdline", "cwd"])
        if process.info["cwd"] == str(study.folder)
        and "fine-tune" in (process.info["cmdline"] or [])
    )
    return found


def test_the_tables_are_those_of_a_run_without_slurm(remote: Study, local: Study) -> None:
    assert tables(remote) == tables(local)


def test_gpu_jobs_at_the_same_time_see_different_devices(remote: Study) -> None:
    tunings = [job for job in jobs() if job.comment.startswith("rule_fine_tune_")]
    together = [
        (first, second)
        for first, second in combinations(tunings, 2)
        if first.start < second.end and second.start < first.end
    ]
    assert together
    for first, second in together:
        assert {device_of(remote, first), device_of(remote, second)} == {"0", "1"}


def test_jobs_of_one_rule_go_as_an_array_where_that_is_asked_for(
    finished: Study, local: Study
) -> None:
    models = [f"results/finetune/{model}" for model in (PRETRAINED, RANDOM)]
    for model in (PRETRAINED, RANDOM):
        forget(finished, model)
    manifests = (f"{model}/manifest.json" for model in models)
    result = finished.snakemake(*manifests, "--slurm-array-jobs", "fine_tune", overlay=SMALL)
    text = result.stdout + result.stderr
    assert result.returncode == 0, text
    assert "The individual task IDs are 1-2." in text
    for model in models:
        made, expected = (each.folder / model / "model.safetensors" for each in (finished, local))
        assert made.read_bytes() == expected.read_bytes()


def test_a_failing_job_is_reported_with_its_logs(finished: Study) -> None:
    forget(finished, PRETRAINED)
    checkpoint = finished.folder / "results/checkpoints/pretrained"
    (checkpoint / "model-00001-of-00002.safetensors").write_bytes(b"")
    log = f"results/logs/finetune/{PRETRAINED}.log"
    result = finished.snakemake(
        f"results/finetune/{PRETRAINED}/manifest.json", "--retries", "0", overlay=SMALL
    )
    text = result.stdout + result.stderr
    assert result.returncode != 0
    assert f"log: {log}, " in text
    assert "model-00001-of-00002.safetensors" in (finished.folder / log).read_text()
    (of_slurm,) = set(re.findall(r"\S+/slurm_logs/rule_fine_tune/\S+\.log", text))
    assert "error: results/checkpoints/pretrained" in Path(of_slurm).read_text()


def test_a_cancelled_job_costs_no_more_than_itself(finished: Study, local: Study) -> None:
    targets = list(TABLES)
    for model in (PRETRAINED, RANDOM):
        forget(finished, model)
        targets += [f"results/scores/{model}/{name}" for name in SCORES]
    with ThreadPoolExecutor() as threads:
        run = threads.submit(finished.snakemake, *targets, "--retries", "0", overlay=SMALL)
        wait_for(lambda: job_of("fine_tune", PRETRAINED), "one model trains")
        cancel(wait_for(lambda: job_of("fine_tune", RANDOM), "another model trains"))
    assert run.result().returncode != 0
    kept = finished.folder / "results/finetune" / PRETRAINED / "manifest.json"
    made_at = kept.stat().st_mtime_ns
    plan = finished.planned(*targets, overlay=SMALL)
    assert plan["fine_tune"] == 1
    assert "prepare_checkpoint" not in plan
    again = finished.snakemake(*targets, overlay=SMALL)
    assert again.returncode == 0, again.stdout + again.stderr
    assert kept.stat().st_mtime_ns == made_at
    assert tables(finished) == tables(local)


def test_a_job_past_its_time_limit_goes_on_where_it_was(finished: Study) -> None:
    before = len(jobs())
    target = f"results/finetune/{PRETRAINED}/manifest.json"
    model = (finished.folder / target).parent
    checkpoints = model.with_name(f".{model.name}.training-checkpoints")
    longer = f"{SMALL}training_checkpoint_minutes: 0.01\n".replace(
        "{balance: []}", "{balance: []}, training: {epochs: 100}"
    )
    with ThreadPoolExecutor() as threads:
        run = threads.submit(finished.snakemake, target, overlay=longer)
        wait_for(lambda: list(checkpoints.glob("step-*")), "a training checkpoint")
        # However fast the machine, it does not end before its time does.
        training_process(finished).suspend()
        first = wait_for(lambda: job_of("fine_tune", PRETRAINED), "it trains")
        let_time_run_out(first)
    result = run.result()
    assert result.returncode == 0, result.stdout + result.stderr
    timed_out, second = jobs()[before:]
    assert (timed_out.number, timed_out.state) == (first.number, "TIMEOUT")
    assert (first.time_limit, second.time_limit) == ("4:00:00", "8:00:00")
    log = (finished.folder / f"results/logs/finetune/{PRETRAINED}.log").read_text()
    (step, steps) = map(int, re.findall(r"resumed from step (\d+) of (\d+)", log)[0])
    assert 0 < step < steps
    assert not checkpoints.exists()
