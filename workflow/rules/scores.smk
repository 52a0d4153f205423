# Takes checkpoints and fine-tuned models; makes results/intrinsic/<task>.csv and
# results/scores/<task>/<upstream>/<data set>/seed<k>/{predictions.parquet,intrinsic.csv}.
SCORES = f"{RESULTS}/scores/{{task}}/{{upstream}}/{{dataset}}/seed{{seed}}"


def measure_settings(task):
    """Return what the scores of upstream bias depend on, for a task's own measures."""
    wanted = dict(
        definition=definition(task),
        measures={
            name: section("measures", name)
            for name in section("tasks", task, "measures")
        },
        batch_size=section("scoring", "batch_size"),
    )
    if "sentiment" in needed(task):
        wanted["sentiment_length"] = section("sentiment", "maximum_length")
    return wanted


def sentiment_of(task):
    """Return the sentiment classifier, for a task whose measures need it."""
    return manifest("sentiment") if "sentiment" in needed(task) else []


def sentences_of(task):
    """Return a task's template sentences, if its measures need them."""
    return manifest("data", task, "sentences") if "sentences" in needed(task) else []


rule score_upstream:
    input:
        upstream=lambda wildcards: [
            manifest("checkpoints", each) for each in upstream_of(wildcards.task)
        ],
        sentiment=lambda wildcards: sentiment_of(wildcards.task),
        sentences=lambda wildcards: sentences_of(wildcards.task),
    output:
        scores=f"{RESULTS}/intrinsic/{{task}}.csv",
    log:
        log_of("intrinsic", "{task}"),
    conda:
        "../../envs/environment.yaml"
    resources:
        gpu=section("scoring", "gpus"),
    params:
        settings=lambda wildcards: settings(
            upstream=upstream_of(wildcards.task), **measure_settings(wildcards.task)
        ),
        plugins=lambda wildcards: measure_plugins(wildcards.task),
        files=files,
        code=lambda wildcards: code_digest("scoring", measure_plugins(wildcards.task)),
    shell:
        COMMAND + "score-upstream" + TOLD + ON_GPU


rule score_fine_tuned:
    input:
        model=manifest("finetune/{task}/{upstream}/{dataset}/seed{seed}"),
        upstream=manifest("checkpoints/{upstream}"),
        data=manifest("data/{task}/original"),
        sentiment=lambda wildcards: sentiment_of(wildcards.task),
        sentences=lambda wildcards: sentences_of(wildcards.task),
    output:
        predictions=f"{SCORES}/predictions.parquet",
        intrinsic=f"{SCORES}/intrinsic.csv",
    log:
        log_of("scores", "{task}", "{upstream}", "{dataset}", "seed{seed}"),
    priority: 3
    conda:
        "../../envs/environment.yaml"
    resources:
        gpu=section("scoring", "gpus"),
    params:
        settings=lambda wildcards: settings(
            task=wildcards.task,
            maximum_length=section("tasks", wildcards.task, "maximum_length"),
            **measure_settings(wildcards.task),
        ),
        plugins=lambda wildcards: measure_plugins(wildcards.task),
        files=files,
        code=lambda wildcards: code_digest("scoring", measure_plugins(wildcards.task)),
    shell:
        COMMAND + "score-fine-tuned" + TOLD + ON_GPU
