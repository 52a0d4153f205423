# Takes the data sets of a task and the tokenizer that all checkpoints share; makes
# results/tokens/<task>/<data set>/manifest.json with the parts that the data set has.
rule tokenise:
    input:
        data=manifest("data/{task}/{dataset}"),
        checkpoint=PRETRAINED_MANIFEST,
    output:
        manifest=manifest("tokens/{task}/{dataset}"),
    log:
        log_of("tokens", "{task}", "{dataset}"),
    priority: 6
    conda:
        "../../envs/environment.yaml"
    params:
        settings=lambda wildcards: settings(
            maximum_length=STUDY.tasks[wildcards.task].maximum_length
        ),
        plugins=[],
        files=files,
        checks=terms_to_see,
        code=code_digest("tokens"),
    shell:
        f"{COMMAND} tokenise {TOLD} --checks {{params.checks:q}}"
