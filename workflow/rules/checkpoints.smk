# Takes the corpus, or the user's checkpoint; makes results/checkpoints/<upstream>/manifest.json,
# an ordinary from_pretrained folder each, and results/sentiment/manifest.json.
CHECKPOINT_CODE = code_digest("checkpoints")
PRETRAINED_MANIFEST = manifest("checkpoints", PRETRAINED.id)
ALTERING = dict(
    random="randomise-checkpoint",
    uniform="add-noise",
    gaussian="add-noise",
    sentdebias=dict(word="debias-word-embeddings", hidden="debias-hidden-states")[
        section("upstream", "sentdebias", "level")
    ],
)

# The user's data are read and checked before anything long begins; they do not change the
# checkpoint, hence `ancient`.
CHECKED_DATA = [
    manifest("data/bios/original"),
    manifest("data/wiki/original"),
    manifest("data/identity_templates"),
] + (
    [manifest("data/sentiment")]
    if section("sentiment", "source") in ("generated", "file")
    else []
)


rule prepare_checkpoint:
    input:
        checked=ancient(CHECKED_DATA),
        corpus=(
            manifest("data/corpus")
            if section("model", "source") == "generated"
            else []
        ),
    output:
        manifest=PRETRAINED_MANIFEST,
    log:
        f"{RESULTS}/logs/checkpoints/pretrained.log",
    conda:
        ENVIRONMENT
    resources:
        gpu=1,
        checkpoint_seconds=checkpoint_seconds(),
    params:
        settings=settings(
            seed=config["seed"],
            **{
                key: value
                for key, value in source("model").items()
                if key in ("source", "file", "hub")
                or (
                    section("model", "source") == "generated"
                    and key in ("architecture", "pretraining")
                )
            },
        ),
        content=content("model.file.path", "model.hub.id"),
        code=CHECKPOINT_CODE,
    shell:
        "bias-transfer prepare-checkpoint --log {log:q} --settings {params.settings:q}"
        " --gpus {resources.gpu} --checkpoint-seconds {resources.checkpoint_seconds}"
        " --input corpus {input.corpus:q} --output manifest {output.manifest:q}"


rule alter_checkpoint:
    input:
        pretrained=PRETRAINED_MANIFEST,
        corpus=lambda wildcards: (
            manifest("data/corpus")
            if wildcards.upstream.startswith("sentdebias")
            else []
        ),
    output:
        manifest=manifest("checkpoints/{upstream}"),
    log:
        f"{RESULTS}/logs/checkpoints/{{upstream}}.log",
    priority: 5
    conda:
        ENVIRONMENT
    params:
        command=lambda wildcards: ALTERING[UPSTREAM[wildcards.upstream].kind],
        settings=lambda wildcards: settings(
            seed=config["seed"],
            upstream=dict(id=wildcards.upstream, **vars(UPSTREAM[wildcards.upstream])),
            **(
                dict(
                    sentdebias={
                        key: section("upstream", "sentdebias", key)
                        for key in ("components", "maximum_pairs")
                    }
                )
                if UPSTREAM[wildcards.upstream].kind == "sentdebias"
                else {}
            ),
        ),
        code=CHECKPOINT_CODE,
    shell:
        "bias-transfer {params.command} --log {log:q} --settings {params.settings:q}"
        " --input pretrained {input.pretrained:q} --input corpus {input.corpus:q}"
        " --output manifest {output.manifest:q}"


ruleorder: prepare_checkpoint > alter_checkpoint


rule prepare_sentiment_classifier:
    input:
        data=(
            manifest("data/sentiment")
            if section("sentiment", "source") in ("generated", "file")
            else []
        ),
        checkpoint=(
            PRETRAINED_MANIFEST
            if section("sentiment", "source") in ("generated", "file")
            else []
        ),
    output:
        manifest=manifest("sentiment"),
    log:
        f"{RESULTS}/logs/sentiment.log",
    priority: 6
    conda:
        ENVIRONMENT
    resources:
        gpu=int(section("sentiment", "source") in ("generated", "file")),
        checkpoint_seconds=checkpoint_seconds(),
    params:
        settings=settings(seed=config["seed"], **source("sentiment")),
        content=content("sentiment.hub.id"),
        code=code_digest("sentiment"),
    shell:
        "bias-transfer prepare-sentiment-classifier --log {log:q} --settings {params.settings:q}"
        " --gpus {resources.gpu} --checkpoint-seconds {resources.checkpoint_seconds}"
        " --input data {input.data:q} --input checkpoint {input.checkpoint:q}"
        " --output manifest {output.manifest:q}"
