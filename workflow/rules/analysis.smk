# Takes the observation tables; makes results/analysis/: a table of each kind for all tasks, the
# printed tables of each task, and answer.md; and results/paper/, the tables of Steed et al. (2022).
OBSERVATIONS = {task: f"{TABLES}/observations/{task}.csv" for task in TASKS}
STATISTICS = (
    *("remaining", "correlations", "transfer", "regressions", "diagnostics"),
    *("item_means", "contents"),
    *(
        "slopes",
        "reliability",
        "explained",
        "changes",
        "verdicts",
        "specification_curve",
    ),
)
PAPER_TABLES = table_names(TASKS) if STUDY.paper else ()


ANALYSED = {
    **{
        name: report(
            f"{RESULTS}/analysis/{name}.csv",
            caption="../report/statistics.rst",
            category="Tables",
            labels={"table": name.replace("_", " "), "kind": "numbers of all tasks"},
        )
        for name in STATISTICS
    },
    **{
        name: path
        for task in TASKS
        for table in ("remaining", "correlations", "regressions")
        for name, path in printed(
            f"analysis/{task}/{table}", f"{table}_{task}", "Tables"
        ).items()
    },
    "answer": f"{RESULTS}/analysis/answer.md",
    "words": f"{RESULTS}/analysis/answer.json",
}
LAID_OVER = {
    **{name: f"{RESULTS}/paper/{name}.csv" for name in PAPER_TABLES},
    **{
        name: path
        for table in PAPER_TABLES
        for name, path in printed(
            f"paper/{table}", table, "Tables of Steed et al."
        ).items()
    },
    "diagnostics": f"{RESULTS}/paper/diagnostics.csv",
    "figures": f"{RESULTS}/paper/figures.md",
}
ANALYSIS = [str(path) for path in ANALYSED.values()]
PAPER = [str(path) for path in LAID_OVER.values()] if PAPER_TABLES else []


localrules:
    analyse,


rule analyse:
    input:
        **{f"observations_{task}": OBSERVATIONS[task] for task in TASKS},
        **{
            f"performance_{task}": f"{TABLES}/extrinsic/{task}/performance.csv"
            for task in TASKS
        },
    output:
        **ANALYSED,
    log:
        log_of("analysis"),
    conda:
        "../../envs/environment.yaml"
    params:
        settings=lambda wildcards: settings(
            tasks=[DESCRIPTIONS[task] for task in TASKS],
            hc3=STUDY.analysis.hc3,
            smallest_effect=STUDY.analysis.smallest_effect,
            fewest_test_rows=STUDY.analysis.fewest_test_rows,
            seed=STUDY.seed,
            note=NOTE,
        ),
        plugins=[],
        files=files,
        code=code_digest("analysis"),
    shell:
        f"{COMMAND} analyse {TOLD}"


if PAPER_TABLES:

    localrules:
        lay_paper_over,

    rule lay_paper_over:
        input:
            **{f"observations_{task}": OBSERVATIONS[task] for task in TASKS},
        output:
            **LAID_OVER,
        log:
            log_of("paper"),
        conda:
            "../../envs/environment.yaml"
        params:
            settings=lambda wildcards: settings(
                tasks=[DESCRIPTIONS[task] for task in TASKS],
                hc3=STUDY.analysis.hc3,
                note=NOTE,
                figures=DRAWN,
            ),
            plugins=[],
            files=files,
            code=code_digest("paper"),
        shell:
            f"{COMMAND} lay-paper-over {TOLD}"
