# Takes every prediction table and every intrinsic score of a task; makes
# results/extrinsic/<task>/{rates,performance,covariates}.csv and results/observations/<task>.csv.
EXTRINSIC = ("rates", "performance", "covariates")
# Every table has the columns of every alteration, so that tables of several tasks can be stacked.
LEVELS = [name for each in alterations.alterations().values() for name in each.levels]


localrules:
    observe,


def described_by(model):
    """Return the data set whose training part gives a model its covariates."""
    return (
        "original"
        if section("analysis", "covariates_from") == "original"
        else model.dataset.id
    )


def model_row(model):
    """Return what identifies a model in the observation table, its columns by their names."""
    row = dict(
        model=model.id,
        upstream=model.upstream.id,
        dataset=model.dataset.id,
        seed=model.seed,
        upstream_kind=model.upstream.kind,
        upstream_strength=model.upstream.strength,
        trial=model.upstream.trial,
        dataset_kind=model.dataset.kind,
        **{name: model.dataset.levels.get(name) for name in LEVELS},
        covariates_dataset=described_by(model),
    )
    return dict(sorted(row.items()))


rule observe:
    input:
        predictions=lambda wildcards: score_files(wildcards.task, "predictions.parquet"),
        after=lambda wildcards: score_files(wildcards.task, "intrinsic.csv"),
        before=f"{RESULTS}/intrinsic/{{task}}.csv",
        training=lambda wildcards: [
            manifest("data", wildcards.task, dataset)
            for dataset in datasets_of(wildcards.task)
        ],
    output:
        rates=f"{RESULTS}/extrinsic/{{task}}/rates.csv",
        performance=f"{RESULTS}/extrinsic/{{task}}/performance.csv",
        covariates=f"{RESULTS}/extrinsic/{{task}}/covariates.csv",
        observations=f"{RESULTS}/observations/{{task}}.csv",
    log:
        log_of("extrinsic", "{task}"),
    conda:
        "../../envs/environment.yaml"
    params:
        settings=lambda wildcards: settings(
            definition=definition(wildcards.task, "templates"),
            measures=section("tasks", wildcards.task, "measures"),
            models=[model_row(model) for model in models_of(wildcards.task)],
            datasets=datasets_of(wildcards.task),
        ),
        plugins=lambda wildcards: measure_plugins(wildcards.task),
        files=files,
        code=lambda wildcards: code_digest(
            "observation", measure_plugins(wildcards.task)
        ),
    shell:
        COMMAND + "observe" + TOLD
