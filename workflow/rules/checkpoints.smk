# Takes the corpus, or the user's checkpoint; makes results/checkpoints/<upstream>/manifest.json,
# an ordinary from_pretrained folder each, and results/sentiment/manifest.json.
PRETRAINED_MANIFEST = manifest("checkpoints", upstream.PRETRAINED.id)
CHECKPOINT_CODE = code_digest("checkpoints")
ASKED_OF_TOKENIZER = sorted(
    {plugin for task in TASKS for plugin in measure_plugins(task)}
)


localrules:
    check_tokenizer,


rule prepare_checkpoint:
    input:
        checked=first(
            f"{RESULTS}/data/checked.json",
            PRETRAINED_MANIFEST,
            pretraining_settings(),
            CHECKPOINT_CODE,
            content("model.file.path", "model.hub.id"),
        ),
        corpus=(
            manifest("data/corpus")
            if section("model", "source") == "generated"
            else []
        ),
    output:
        manifest=PRETRAINED_MANIFEST,
    log:
        log_of("checkpoints", "pretrained"),
    conda:
        "../../envs/environment.yaml"
    resources:
        gpu=1,
        checkpoint_seconds=checkpoint_seconds(),
    params:
        settings=pretraining_settings(),
        content=content("model.file.path", "model.hub.id"),
        plugins=[],
        files=files_and_sources("model.file.path", "model.hub.id"),
        code=CHECKPOINT_CODE,
    shell:
        f"{COMMAND} prepare-checkpoint {TOLD} {TRAINING}"


# A tokenizer that cannot score a task's words is refused before anything is fine-tuned; other
# words are checked again, and retrain nothing.
rule check_tokenizer:
    input:
        pretrained=PRETRAINED_MANIFEST,
    output:
        file=f"{RESULTS}/checkpoints/checked.json",
    log:
        log_of("checkpoints", "checked"),
    priority: 10
    conda:
        "../../envs/environment.yaml"
    params:
        # A function, as templates hold braces.
        settings=lambda wildcards: settings(
            tasks={
                task: dict(
                    definition=definition(task),
                    measures=section("tasks", task, "measures"),
                )
                for task in TASKS
            }
        ),
        plugins=ASKED_OF_TOKENIZER,
        files=files,
        code=code_digest("checkpoints", ASKED_OF_TOKENIZER),
    shell:
        f"{COMMAND} check-tokenizer {TOLD}"


rule alter_checkpoint:
    input:
        pretrained=PRETRAINED_MANIFEST,
        corpus=lambda wildcards: (
            manifest("data/corpus")
            if "corpus" in upstream.method(UPSTREAM[wildcards.upstream].kind).needs
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
    params:
        settings=lambda wildcards: settings(
            seed=STUDY.seed,
            variant=vars(UPSTREAM[wildcards.upstream]),
            settings=method_settings(UPSTREAM[wildcards.upstream]),
        ),
        plugins=lambda wildcards: [f"upstream.{UPSTREAM[wildcards.upstream].kind}"],
        files=files,
        code=lambda wildcards: code_digest(
            "checkpoints", [f"upstream.{UPSTREAM[wildcards.upstream].kind}"]
        ),
    shell:
        f"{COMMAND} alter-checkpoint {TOLD}"


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
        gpu=int(SENTIMENT_IS_LEARNED),
        checkpoint_seconds=checkpoint_seconds(),
    params:
        settings=settings(seed=STUDY.seed, **source("sentiment")),
        content=content("sentiment.hub.id"),
        plugins=[],
        files=files_and_sources("sentiment.hub.id"),
        code=code_digest("sentiment"),
    shell:
        f"{COMMAND} prepare-sentiment-classifier {TOLD} {TRAINING}"
