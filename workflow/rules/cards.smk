# Takes a checkpoint that the study keeps, and its scores; makes README.md in its folder, its model card:
# results/checkpoints/<upstream>/README.md and, with `keep_models`, results/finetune/<model>/README.md.
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
            | CONFIG["adaptations"][wildcards.adaptation],
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
