# Takes every prediction table and every intrinsic score of a task; makes
# results/extrinsic/<task>/{rates,performance,covariates}.csv and results/observations/<task>.csv.
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
        f"{RESULTS}/logs/extrinsic/{{task}}.log",
    conda:
        ENVIRONMENT
    params:
        settings=lambda wildcards: settings(
            models=model_rows(wildcards.task), datasets=datasets_of(wildcards.task)
        ),
        code=code_digest("extrinsic"),
    shell:
        "bias-transfer observe-{wildcards.task} --log {log:q} --settings {params.settings:q}"
        " --input predictions {input.predictions:q} --input after {input.after:q}"
        " --input before {input.before:q} --input training {input.training:q}"
        " --output rates {output.rates:q} --output performance {output.performance:q}"
        " --output covariates {output.covariates:q} --output observations {output.observations:q}"
