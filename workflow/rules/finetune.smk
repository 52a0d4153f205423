# Takes an upstream checkpoint and tokenised data; makes results/finetune/<task>/<upstream>/
# <data set>/seed<k>/manifest.json, the classifier's folder with its loss curve. Its weights go when
# its scores are there, unless they are to be kept.
FINE_TUNED = "finetune/{task}/{upstream}/{dataset}/seed{seed}"


rule fine_tune:
    input:
        upstream=manifest("checkpoints/{upstream}"),
        training=manifest("tokens/{task}/{dataset}"),
        original=manifest("tokens/{task}/original"),
    output:
        manifest=manifest(FINE_TUNED),
        weights=weights(FINE_TUNED) if STUDY.keep_models else temp(weights(FINE_TUNED)),
    log:
        log_of("finetune", "{task}", "{upstream}", "{dataset}", "seed{seed}"),
    priority: 4
    conda:
        "../../envs/environment.yaml"
    resources:
        gpu=lambda wildcards: gpus_of_training(),
        gpu_share=STUDY.gpu_share,
        checkpoint_seconds=checkpoint_seconds(),
    params:
        settings=lambda wildcards: settings(
            task=wildcards.task,
            model=f"{wildcards.task}/{wildcards.upstream}/{wildcards.dataset}",
            seed=int(wildcards.seed),
            training=section("tasks", wildcards.task, "training"),
        ),
        plugins=[],
        files=files,
        code=code_digest("finetune"),
    shell:
        f"{COMMAND} fine-tune {TOLD} {TRAINING}"
