# Takes the corpus, or the user's checkpoint; makes results/checkpoints/<upstream>/manifest.json,
# an ordinary from_pretrained folder each, and results/sentiment/manifest.json.
PRETRAINED_MANIFEST = manifest("checkpoints", upstream.PRETRAINED.id)

# Whether the checkpoint is pre-trained here, rather than brought in.
PRETRAINED_HERE = STUDY.model.source == "generated"


rule prepare_checkpoint:
    input:
        corpus=manifest("data/corpus") if PRETRAINED_HERE else [],
    output:
        manifest=PRETRAINED_MANIFEST,
    log:
        log_of("checkpoints", "pretrained"),
    conda:
        "../../envs/environment.yaml"
    resources:
        **OF_TRAINING,
        gpu=lambda wildcards: PRETRAINED_HERE * gpus_of_training(),
    params:
        settings=settings(
            seed=STUDY.seed,
            **{
                key: value
                for key, value in settings_in_use(STUDY.model).items()
                if key in ("source", "file", "hub")
                or (PRETRAINED_HERE and key in ("architecture", "pretraining"))
            },
        ),
        content=content("model.file.path", "model.hub.id"),
        plugins=[],
        files=files_and_sources("model.file.path", "model.hub.id"),
        checks=scored_tasks,
        code=code_digest("checkpoints"),
    shell:
        f"{COMMAND} prepare-checkpoint {TOLD} {TRAINING} --checks {{params.checks:q}}"


rule alter_checkpoint:
    input:
        pretrained=PRETRAINED_MANIFEST,
        corpus=lambda wildcards: (
            manifest("data/corpus")
            if "corpus" in method_needs(UPSTREAM[wildcards.upstream])
            else []
        ),
    output:
        manifest=manifest("checkpoints/{upstream}"),
    log:
        log_of("checkpoints", "{upstream}"),
    wildcard_constraints:
        upstream=f"(?!{upstream.PRETRAINED.id}/)[^/]+",
    priority: 5
    conda:
        "../../envs/environment.yaml"
    resources:
        **OF_TRAINING,
        gpu=lambda wildcards: (
            "training" in method_needs(UPSTREAM[wildcards.upstream])
        )
        * gpus_of_training(),
    params:
        settings=lambda wildcards: settings(
            seed=STUDY.seed,
            variant=vars(UPSTREAM[wildcards.upstream]),
            settings=method_settings(UPSTREAM[wildcards.upstream]),
            **terms_for(UPSTREAM[wildcards.upstream]),
        ),
        plugins=lambda wildcards: [f"upstream.{UPSTREAM[wildcards.upstream].kind}"],
        files=files,
        code=lambda wildcards: code_digest(
            "checkpoints", [f"upstream.{UPSTREAM[wildcards.upstream].kind}"]
        ),
    shell:
        f"{COMMAND} alter-checkpoint {TOLD} {TRAINING}"


rule prepare_sentiment_classifier:
    input:
        data=manifest("data/sentiment") if SENTIMENT_IS_LEARNED else [],
        checkpoint=PRETRAINED_MANIFEST if SENTIMENT_IS_LEARNED else [],
    output:
        manifest=manifest("sentiment"),
    log:
        log_of("sentiment"),
    priority: 6
    conda:
        "../../envs/environment.yaml"
    resources:
        **OF_TRAINING,
        gpu=lambda wildcards: SENTIMENT_IS_LEARNED * gpus_of_training(),
    params:
        settings=settings(seed=STUDY.seed, **settings_in_use(STUDY.sentiment)),
        content=content("sentiment.hub.id"),
        plugins=[],
        files=files_and_sources("sentiment.hub.id"),
        code=code_digest("sentiment"),
    shell:
        f"{COMMAND} prepare-sentiment-classifier {TOLD} {TRAINING}"
