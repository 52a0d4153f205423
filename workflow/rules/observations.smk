# Takes every prediction table and every intrinsic score of a task; makes
# results/extrinsic/<task>/{rates,performance,covariates}.csv and results/observations/<task>.csv.
EXTRINSIC = ("rates", "performance", "covariates")
# Every table has the columns of every alteration, so that tables of several tasks can be stacked.
LEVELS = [name for each in alterations.alterations().values() for name in each.levels]


localrules:
    observe,


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
            measures=STUDY.tasks[wildcards.task].measures,
            models=[model_row(model) for model in models_of(wildcards.task)],
            datasets=datasets_of(wildcards.task),
        ),
        plugins=lambda wildcards: measure_plugins(wildcards.task),
        files=files,
        code=lambda wildcards: code_digest(
            "observation", measure_plugins(wildcards.task)
        ),
    shell:
        f"{COMMAND} observe {TOLD}"
