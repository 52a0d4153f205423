# Takes checkpoints and fine-tuned models; makes results/intrinsic/{bios,wiki}.csv and
# results/scores/<task>/<upstream>/<data set>/seed<k>/{predictions.parquet,intrinsic.csv}.
SCORING_CODE = code_digest("scoring")
MEASURE_SETTINGS = dict(
    prior_mask=section("bios", "prior_mask"),
    top_tokens=section("wiki", "top_tokens"),
    sentiment_length=section("sentiment", "maximum_length"),
    batch_size=section("scoring", "batch_size"),
)


rule score_upstream:
    input:
        upstream=[manifest("checkpoints", upstream) for upstream in UPSTREAM_IN_USE],
        sentiment=manifest("sentiment"),
        templates=manifest("data/identity_templates"),
    output:
        bios=f"{RESULTS}/intrinsic/bios.csv",
        wiki=f"{RESULTS}/intrinsic/wiki.csv",
    log:
        f"{RESULTS}/logs/intrinsic.log",
    conda:
        ENVIRONMENT
    resources:
        gpu=section("scoring", "gpus"),
    params:
        settings=settings(upstream=UPSTREAM_IN_USE, **MEASURE_SETTINGS),
        code=SCORING_CODE,
    shell:
        "bias-transfer score-upstream --log {log:q} --settings {params.settings:q}"
        " --gpus {resources.gpu}"
        " --input upstream {input.upstream:q} --input sentiment {input.sentiment:q}"
        " --input templates {input.templates:q}"
        " --output bios {output.bios:q} --output wiki {output.wiki:q}"


rule score_fine_tuned:
    input:
        model=manifest("finetune/{task}/{upstream}/{dataset}/seed{seed}"),
        upstream=manifest("checkpoints/{upstream}"),
        data=manifest("data/{task}/original"),
        sentiment=lambda wildcards: (
            manifest("sentiment") if wildcards.task == "wiki" else []
        ),
        templates=lambda wildcards: (
            manifest("data/identity_templates") if wildcards.task == "wiki" else []
        ),
    output:
        predictions=f"{RESULTS}/scores/{{task}}/{{upstream}}/{{dataset}}/seed{{seed}}/predictions.parquet",
        intrinsic=f"{RESULTS}/scores/{{task}}/{{upstream}}/{{dataset}}/seed{{seed}}/intrinsic.csv",
    log:
        f"{RESULTS}/logs/scores/{{task}}/{{upstream}}/{{dataset}}/seed{{seed}}.log",
    priority: 3
    conda:
        ENVIRONMENT
    resources:
        gpu=section("scoring", "gpus"),
    params:
        settings=lambda wildcards: settings(
            task=wildcards.task,
            maximum_length=section(wildcards.task, "maximum_length"),
            **MEASURE_SETTINGS,
        ),
        code=SCORING_CODE,
    shell:
        "bias-transfer score-fine-tuned --log {log:q} --settings {params.settings:q}"
        " --gpus {resources.gpu}"
        " --input model {input.model:q} --input upstream {input.upstream:q}"
        " --input data {input.data:q} --input sentiment {input.sentiment:q}"
        " --input templates {input.templates:q}"
        " --output predictions {output.predictions:q} --output intrinsic {output.intrinsic:q}"
