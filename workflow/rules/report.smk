# Takes what the analysis wrote; makes results/report.html, one page that opens without a network.
PAGE = f"{RESULTS}/report.html"


localrules:
    report,


rule report:
    input:
        **{name: ANALYSED[name] for name in STATISTICS},
        **{f"observations_{task}": OBSERVATIONS[task] for task in TASKS},
        **{
            f"performance_{task}": f"{TABLES}/extrinsic/{task}/performance.csv"
            for task in TASKS
        },
        **{
            f"sheets_{task}": [
                ANALYSED[f"{table}_{task}_html"]
                for table in ("remaining", "regressions", "correlations")
            ]
            for task in TASKS
        },
        words=ANALYSED["words"],
        paper=[LAID_OVER[f"{table}_html"] for table in PAPER_TABLES],
    output:
        page=report(
            PAGE,
            caption="../report/page.rst",
            category="Report",
            labels={"page": "the whole report"},
        ),
    log:
        log_of("report"),
    conda:
        "../../envs/environment.yaml"
    params:
        settings=lambda wildcards: settings(
            tasks=[DESCRIPTIONS[task] for task in TASKS],
            generated=is_generated(STUDY),
            fewest_test_rows=STUDY.analysis.fewest_test_rows,
            config=CONFIG_OF_NUMBERS,
        ),
        plugins=[],
        files=files,
        code=code_digest("page"),
    shell:
        f"{COMMAND} report {TOLD}"
