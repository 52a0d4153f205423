# Takes a task's observation table and what the analysis wrote; makes
# results/figures/<task>/<question>.{pdf,png}.
FIGURES = [
    f"{RESULTS}/figures/{task}/{figure}.{suffix}"
    for task in TASKS
    for figure in DRAWN[task]
    for suffix in ("pdf", "png")
]
# The tables that figures draw, observations among them.
DRAWN_TABLES = [field.name for field in fields(Tables)]


localrules:
    draw,


rule draw:
    input:
        **{name: ANALYSED[name] for name in STATISTICS if name in DRAWN_TABLES},
        observations=lambda wildcards: OBSERVATIONS[wildcards.task],
    output:
        pdf=f"{RESULTS}/figures/{{task}}/{{figure}}.pdf",
        png=report(
            f"{RESULTS}/figures/{{task}}/{{figure}}.png",
            caption="../report/figure.rst",
            category="Figures",
            subcategory="{task}",
            labels={"figure": "{figure}"},
        ),
    log:
        log_of("figures", "{task}", "{figure}"),
    wildcard_constraints:
        figure="[a-z][a-z_]*",
    conda:
        "../../envs/environment.yaml"
    params:
        caption=lambda wildcards: drawing(wildcards.figure).caption,
        settings=lambda wildcards: settings(
            figure=wildcards.figure,
            task=DESCRIPTIONS[wildcards.task],
            note=NOTE,
            fewest_test_rows=STUDY.analysis.fewest_test_rows,
        ),
        plugins=lambda wildcards: [f"report.figures.{wildcards.figure}"],
        files=files,
        code=lambda wildcards: code_digest(
            "figures", [f"report.figures.{wildcards.figure}"]
        ),
    shell:
        f"{COMMAND} draw {TOLD}"
