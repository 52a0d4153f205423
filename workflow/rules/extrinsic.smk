# Takes every prediction table and every intrinsic score of a task; makes
# results/extrinsic/<task>/{rates,performance,covariates}.csv and results/observations/<task>.csv.
localrules:
    observe,


def described_by(model):
    """Return the data set whose training part gives a model its covariates."""
    return "original" if section("analysis", "covariates_from") == "original" else model.dataset.id


def score_files(task, name):
    """Return one score file of every model of a task."""
    return [f"{RESULTS}/scores/{model.path}/{name}" for model in models_of(task)]


def model_rows(task):
    """Return what identifies each model in the observation table."""
    return [
        dict(
            model=model.id,
            upstream=model.upstream.id,
            dataset=model.dataset.id,
            seed=model.seed,
            upstream_kind=model.upstream.kind,
            upstream_strength=model.upstream.strength,
            trial=model.upstream.trial,
            dataset_kind=model.dataset.kind,
            oversample=model.dataset.oversample,
            undersample=model.dataset.undersample,
            scrubbed_fraction=model.dataset.fraction,
            covariates_dataset=described_by(model),
        )
        for model in models_of(task)
    ]


rule observe:
    input:
        predictions=lambda wildcards: score_files(wildcards.task, "predictions.parquet"),
        after=lambda wildcards: score_files(wildcards.task, "intrinsic.csv"),
        before=lambda wildcards: [
            f"{RESULTS}/intrinsic/{model.upstream.id}/{wildcards.task}.csv"
            for model in models_of(wildcards.task)
        ],
        training=lambda wildcards: [
            manifest("data", wildcards.task, dataset) for dataset in datasets_of(wildcards.task)
        ],
    output:
        rates=f"{RESULTS}/extrinsic/{{task}}/rates.csv",
        performance=f"{RESULTS}/extrinsic/{{task}}/performance.csv",
        covariates=f"{RESULTS}/extrinsic/{{task}}/covariates.csv",
        observations=f"{RESULTS}/observations/{{task}}.csv",
    params:
        settings=lambda wildcards: settings(
            models=model_rows(wildcards.task), datasets=datasets_of(wildcards.task)
        ),
        code=code_digest("extrinsic"),
    log:
        f"{RESULTS}/logs/extrinsic/{{task}}.log",
    conda:
        ENVIRONMENT
    shell:
        "bias-transfer observe-{wildcards.task} --log {log:q} --settings {params.settings:q}"
        " --input predictions {input.predictions:q} --input after {input.after:q}"
        " --input before {input.before:q} --input training {input.training:q}"
        " --output rates {output.rates:q} --output performance {output.performance:q}"
        " --output covariates {output.covariates:q} --output observations {output.observations:q}"
