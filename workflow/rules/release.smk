# Takes every number of the study; makes results/release, one folder of tables without text.
# A release has its own numbers.
NUMBERS = (
    []
    if STUDY.release
    else [
        manifest("release"),
        *OBSERVATIONS.values(),
        *(
            path
            for task in TASKS
            for name in ("predictions.parquet", "intrinsic.csv")
            for path in score_files(task, name)
        ),
    ]
)

# The map, and the rules that it includes.
MAP = of_the_project("workflow/Snakefile")
INCLUDED = [
    line.split('"')[1]
    for line in Path(MAP).read_text("utf-8").splitlines()
    if line.startswith("include: ")
]
WORKFLOW = [MAP, *(of_the_project(f"workflow/{each}") for each in INCLUDED)]


localrules:
    release,


rule release:
    input:
        **{
            f"{table}_{task}": f"{RESULTS}/{table}/{task}.csv"
            for table in ("observations", "intrinsic")
            for task in TASKS
        },
        **{
            f"extrinsic_{task}": [
                f"{RESULTS}/extrinsic/{task}/{name}.csv" for name in EXTRINSIC
            ]
            for task in TASKS
        },
        **{f"after_{task}": score_files(task, "intrinsic.csv") for task in TASKS},
        **{
            f"predictions_{task}": score_files(task, "predictions.parquet")
            for task in TASKS
        },
        dictionary=of_the_project("docs/data-dictionary.md"),
        citation=of_the_project("CITATION.cff"),
        workflow=WORKFLOW,
    output:
        manifest=manifest("release"),
    log:
        log_of("release"),
    conda:
        "../../envs/environment.yaml"
    params:
        settings=lambda wildcards: settings(
            config=CONFIG_OF_NUMBERS,
            note=NOTE,
            models={task: [each.id for each in models_of(task)] for task in TASKS},
            items={task: STUDY.tasks[task].item for task in TASKS},
        ),
        plugins=[],
        files=files,
        code=code_digest("release"),
    shell:
        f"{COMMAND} release {TOLD}"
