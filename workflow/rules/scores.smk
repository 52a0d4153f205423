# Takes checkpoints, fine-tuned models and tokens; makes results/intrinsic/<task>.csv and
# results/scores/<task>/<upstream>/<data set>/<adaptation>/seed<k>/{predictions.parquet,intrinsic.csv}.
SCORES = (
    f"{RESULTS}/scores/{{task}}/{{upstream}}/{{dataset}}/{{adaptation}}/seed{{seed}}"
)


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
    priority: 10
    conda:
        "../../envs/environment.yaml"
    resources:
        **OF_SCORING,
    params:
        settings=lambda wildcards: settings(
            upstream=upstream_of(wildcards.task), **measure_settings(wildcards.task)
        ),
        plugins=lambda wildcards: measure_plugins(wildcards.task),
        files=files,
        code=lambda wildcards: code_digest("scoring", measure_plugins(wildcards.task)),
    shell:
        f"{COMMAND} score-upstream {TOLD} {SCORING}"


rule score_fine_tuned:
    input:
        model=manifest(FINE_TUNED),
        weights=weights(FINE_TUNED),
        upstream=manifest("checkpoints/{upstream}"),
        tokens=manifest("tokens/{task}/original"),
        sentiment=lambda wildcards: sentiment_of(wildcards.task),
        sentences=lambda wildcards: sentences_of(wildcards.task),
    output:
        predictions=f"{SCORES}/predictions.parquet",
        intrinsic=f"{SCORES}/intrinsic.csv",
    log:
        log_of(
            "scores", "{task}", "{upstream}", "{dataset}", "{adaptation}", "seed{seed}"
        ),
    # Before the next model is trained: this one's weights go.
    priority: 8
    conda:
        "../../envs/environment.yaml"
    resources:
        **OF_SCORING,
    params:
        settings=lambda wildcards: settings(
            task=wildcards.task, **measure_settings(wildcards.task)
        ),
        plugins=lambda wildcards: measure_plugins(wildcards.task),
        files=files,
        code=lambda wildcards: code_digest("scoring", measure_plugins(wildcards.task)),
    shell:
        f"{COMMAND} score-fine-tuned {TOLD} {SCORING}"
