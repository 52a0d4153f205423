# Takes an upstream checkpoint and tokenised data; makes results/finetune/<task>/<upstream>/
# <data set>/<adaptation>/seed<k>/manifest.json, the classifier's folder with its loss curve. Its weights go when
# its scores are there, unless they are to be kept.
FINE_TUNED = "finetune/{task}/{upstream}/{dataset}/{adaptation}/seed{seed}"


rule fine_tune:
    input:
        upstream=manifest("checkpoints/{upstream}"),
        training=manifest("tokens/{task}/{dataset}"),
        original=manifest("tokens/{task}/original"),
    output:
        manifest=manifest(FINE_TUNED),
        weights=weights(FINE_TUNED) if STUDY.keep_models else temp(weights(FINE_TUNED)),
    log:
        log_of(FINE_TUNED),
    priority: 4
    conda:
        "../../envs/environment.yaml"
    resources:
        **OF_TRAINING,
        gpu=lambda wildcards: gpus_of_training(),
    params:
        settings=lambda wildcards: settings(
            task=wildcards.task,
            model=f"{wildcards.task}/{wildcards.upstream}/{wildcards.dataset}/{wildcards.adaptation}",
            seed=int(wildcards.seed),
            training=training(wildcards.task, wildcards.adaptation),
            adaptation=dict(
                name=wildcards.adaptation,
                settings=CONFIG["adaptations"][wildcards.adaptation],
            ),
        ),
        plugins=lambda wildcards: [f"adaptations.{wildcards.adaptation}"],
        files=files,
        code=lambda wildcards: code_digest(
            "finetune", [f"adaptations.{wildcards.adaptation}"]
        ),
    shell:
        f"{COMMAND} fine-tune {TOLD} {TRAINING}"
