# Takes an upstream checkpoint and a training set; makes results/finetune/<task>/<upstream>/
# <data set>/seed<k>/manifest.json, the classifier's folder with its loss curve.
FINE_TUNED = "finetune/{task}/{upstream}/{dataset}/seed{seed}"
FINE_TUNING_CODE = code_digest("finetune")


rule fine_tune:
    input:
        checked=lambda wildcards: first(
            f"{RESULTS}/checkpoints/checked.json",
            manifest(FINE_TUNED.format(**dict(wildcards.items()))),
            fine_tuning_settings(wildcards),
            FINE_TUNING_CODE,
        ),
        upstream=manifest("checkpoints/{upstream}"),
        training=manifest("data/{task}/{dataset}"),
        original=manifest("data/{task}/original"),
    output:
        manifest=manifest(FINE_TUNED),
    log:
        log_of("finetune", "{task}", "{upstream}", "{dataset}", "seed{seed}"),
    priority: 4
    conda:
        "../../envs/environment.yaml"
    resources:
        gpu=1,
        checkpoint_seconds=checkpoint_seconds(),
    params:
        settings=fine_tuning_settings,
        plugins=[],
        files=files,
        code=FINE_TUNING_CODE,
    shell:
        f"{COMMAND} fine-tune {TOLD} {TRAINING}"
