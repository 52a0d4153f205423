# Takes the observation tables and Tables 3 and 4; makes results/figures/figure{2..11}.{pdf,png}, and
# from every number of the study the folder results/release.
FIGURE_NUMBERS = range(2, 12)
FIGURES = [
    f"{RESULTS}/figures/figure{n}.{kind}"
    for n in FIGURE_NUMBERS
    for kind in ("pdf", "png")
]
# Every number of the study, the release that holds them all included; a release has its own.
NUMBERS = (
    []
    if config["release"]
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


localrules:
    draw,
    release,


rule draw:
    input:
        **OBSERVATIONS,
        table_bios=lambda wildcards: (
            f"{RESULTS}/analysis/table3.csv" if wildcards.number == "4" else []
        ),
        table_wiki=lambda wildcards: (
            f"{RESULTS}/analysis/table4.csv" if wildcards.number == "4" else []
        ),
    output:
        pdf=f"{RESULTS}/figures/figure{{number}}.pdf",
        png=report(
            f"{RESULTS}/figures/figure{{number}}.png",
            caption="../report/figure{number}.rst",
            category="Figures",
        ),
    log:
        f"{RESULTS}/logs/figures/figure{{number}}.log",
    wildcard_constraints:
        number="|".join(map(str, FIGURE_NUMBERS)),
    conda:
        ENVIRONMENT
    params:
        settings=lambda wildcards: settings(
            figure=int(wildcards.number), outcomes=OUTCOMES, note=NOTE
        ),
        code=code_digest("figures"),
    shell:
        "bias-transfer draw --log {log:q} --settings {params.settings:q}"
        " --input bios {input.bios:q} --input wiki {input.wiki:q}"
        " --input table_bios {input.table_bios:q} --input table_wiki {input.table_wiki:q}"
        " --output pdf {output.pdf:q} --output png {output.png:q}"


rule release:
    input:
        **{
            f"{kind}_{task}": f"{RESULTS}/{kind}/{task}.csv"
            for kind in ("observations", "intrinsic")
            for task in TASKS
        },
        **{f"extrinsic_{task}": extrinsic_files(task) for task in TASKS},
        **{f"after_{task}": score_files(task, "intrinsic.csv") for task in TASKS},
        **{
            f"predictions_{task}": score_files(task, "predictions.parquet")
            for task in TASKS
        },
        dictionary=Path(workflow.basedir) / "results/README.md",
    output:
        manifest=manifest("release"),
    log:
        f"{RESULTS}/logs/release.log",
    conda:
        ENVIRONMENT
    params:
        settings=settings(
            # Without what changes no number: a change of it remakes nothing.
            config={
                key: value
                for key, value in config.items()
                if key != "training_checkpoint_minutes"
            },
            note=NOTE,
            models={task: [each.id for each in models_of(task)] for task in TASKS},
        ),
        inputs=lambda wildcards, input: [
            word
            for name in input.keys()
            for word in ("--input", name, *paths(input[name]))
        ],
        code=code_digest("release"),
    shell:
        "bias-transfer release --log {log:q} --settings {params.settings:q} {params.inputs:q}"
        " --output manifest {output.manifest:q}"
