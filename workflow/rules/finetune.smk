# Takes an upstream checkpoint and a training set; makes results/finetune/<task>/<upstream>/
# <data set>/seed<k>/manifest.json, the classifier's folder with its loss curve.
rule fine_tune:
    input:
        upstream=manifest("checkpoints/{upstream}"),
        training=manifest("data/{task}/{dataset}"),
        original=manifest("data/{task}/original"),
    output:
        manifest=manifest("finetune/{task}/{upstream}/{dataset}/seed{seed}"),
    log:
        f"{RESULTS}/logs/finetune/{{task}}/{{upstream}}/{{dataset}}/seed{{seed}}.log",
    priority: 4
    conda:
        ENVIRONMENT
    resources:
        gpu=1,
        checkpoint_seconds=checkpoint_seconds(),
    params:
        settings=lambda wildcards: settings(
            task=wildcards.task,
            model=f"{wildcards.task}/{wildcards.upstream}/{wildcards.dataset}",
            seed=int(wildcards.seed),
            training=section(wildcards.task, "training"),
            maximum_length=section(wildcards.task, "maximum_length"),
        ),
        code=code_digest("finetune"),
    shell:
        "bias-transfer fine-tune --log {log:q} --settings {params.settings:q}"
        " --gpus {resources.gpu} --checkpoint-seconds {resources.checkpoint_seconds}"
        " --input upstream {input.upstream:q} --input training {input.training:q}"
        " --input original {input.original:q} --output manifest {output.manifest:q}"
