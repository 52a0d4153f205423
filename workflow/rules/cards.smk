# Takes a checkpoint that the study keeps, and its scores; makes README.md in its folder, its model card:
# results/checkpoints/<upstream>/README.md and, with `keep_models`, results/finetune/<model>/README.md.
def cards():
    """Return the cards of the folders that are there or will be.

    A folder that was deleted after it was scored stays deleted, and needs none.
    """
    kept = {
        f"{RESULTS}/checkpoints/{each}/README.md": (
            manifest("checkpoints", each),
            *(f"{RESULTS}/intrinsic/{task}.csv" for task in tasks_of(each)),
        )
        for each in UPSTREAM
    }
    if STUDY.keep_models:
        kept |= {
            f"{RESULTS}/finetune/{model.path}/README.md": (
                weights("finetune", model.path),
                f"{RESULTS}/scores/{model.path}/predictions.parquet",
            )
            for model in MODELS
        }
    return [
        card
        for card, (made, *scored) in kept.items()
        if Path(made).is_file() or not all(Path(each).is_file() for each in scored)
    ]


def tasks_of(checkpoint):
    """Return the tasks whose models are fine-tuned from a checkpoint."""
    return [task for task in TASKS if checkpoint in upstream_of(task)]


def said_of(checkpoint):
    """Return what the card of a checkpoint, and of what is fine-tuned from it, says of its making."""
    variant = UPSTREAM[checkpoint]
    unmodified = variant == upstream.PRETRAINED
    return dict(
        base=section("model", "source"),
        altered=checkpoint_in_words(variant),
        settings={} if unmodified else method_settings(variant),
        note=NOTE,
        tags=[variant.kind, *(["generated-text"] if is_generated(STUDY) else [])],
    )


def corpus_of(checkpoint):
    """Return what text a checkpoint was made with, in words; empty for none."""
    variant = UPSTREAM[checkpoint]
    unmodified = variant == upstream.PRETRAINED
    trained = section("model", "source") == "generated"
    if not (trained if unmodified else "corpus" in method_needs(variant)):
        return ""
    corpus = section("model", "corpus")
    return {
        "generated": "generated sentences",
        "file": "files of the user's",
        "hub": f"{corpus['hub']['id']} of the hub",
    }[corpus["source"]]


CARDS = [] if STUDY.release else cards()


localrules:
    describe_checkpoint,
    describe_classifier,


rule describe_checkpoint:
    input:
        **{
            f"intrinsic_{task}": lambda wildcards, task=task: (
                f"{RESULTS}/intrinsic/{task}.csv"
                if task in tasks_of(wildcards.upstream)
                else []
            )
            for task in TASKS
        },
        folder=manifest("checkpoints/{upstream}"),
        pretrained=PRETRAINED_MANIFEST,
    output:
        card=f"{RESULTS}/checkpoints/{{upstream}}/README.md",
    log:
        log_of("cards", "{upstream}"),
    conda:
        "../../envs/environment.yaml"
    params:
        settings=lambda wildcards: settings(
            upstream=wildcards.upstream,
            corpus=corpus_of(wildcards.upstream),
            tasks=[DESCRIPTIONS[task] for task in tasks_of(wildcards.upstream)],
            **said_of(wildcards.upstream),
        ),
        plugins=[],
        files=files,
        code=code_digest("cards"),
    shell:
        f"{COMMAND} describe-checkpoint {TOLD}"


rule describe_classifier:
    input:
        folder=manifest(FINE_TUNED),
        weights=weights(FINE_TUNED),
        pretrained=PRETRAINED_MANIFEST,
        performance=f"{RESULTS}/extrinsic/{{task}}/performance.csv",
        rates=f"{RESULTS}/extrinsic/{{task}}/rates.csv",
    output:
        card=f"{RESULTS}/{FINE_TUNED}/README.md",
    log:
        log_of(
            "cards", "{task}", "{upstream}", "{dataset}", "{adaptation}", "seed{seed}"
        ),
    conda:
        "../../envs/environment.yaml"
    params:
        settings=lambda wildcards: settings(
            model=f"{wildcards.upstream}/{wildcards.dataset}/{wildcards.adaptation}/seed{wildcards.seed}",
            dataset=dataset_in_words(
                DATASETS[wildcards.task, wildcards.dataset],
                STUDY.definition(wildcards.task),
            ),
            adaptation=dict(DESCRIBED[wildcards.task].adaptations)[
                wildcards.adaptation
            ],
            training=training(wildcards.task, wildcards.adaptation)
            | section("adaptations", wildcards.adaptation),
            seed=int(wildcards.seed),
            scrubbed=DEFINITIONS[wildcards.task].get("scrubbed_words", []),
            description=DESCRIPTIONS[wildcards.task],
            **said_of(wildcards.upstream),
        ),
        plugins=[],
        files=files,
        code=code_digest("cards"),
    shell:
        f"{COMMAND} describe-classifier {TOLD}"
