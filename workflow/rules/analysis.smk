# Takes the observation tables; makes results/analysis/table{2..8}.{csv,tex,html}, transfer.csv,
# diagnostics.csv and answer.md.
ANALYSIS_CODE = code_digest("analysis")
OUTCOMES = dict(bios="log_tpr_ratio", wiki=section("wiki", "outcome"))
OBSERVATIONS = {task: f"{STUDY}/observations/{task}.csv" for task in TASKS}
# Every table three times: for programs, for papers, for browsers.
PRINTED_TABLES = {
    number: {
        f"table{number}": f"{RESULTS}/analysis/table{number}.csv",
        f"table{number}_tex": f"{RESULTS}/analysis/table{number}.tex",
        f"table{number}_html": report(
            f"{RESULTS}/analysis/table{number}.html",
            caption=f"../report/table{number}.rst",
            category="Tables",
        ),
    }
    for number in range(2, 9)
}
REGRESSION_TABLES = {
    name: path
    for number in range(3, 9)
    for name, path in PRINTED_TABLES[number].items()
}
ANALYSIS = [
    f"{RESULTS}/analysis/{name}"
    for name in ("answer.md", "transfer.csv", "diagnostics.csv")
] + [str(path) for table in PRINTED_TABLES.values() for path in table.values()]


localrules:
    correlate,
    regress,


rule correlate:
    input:
        **OBSERVATIONS,
    output:
        **PRINTED_TABLES[2],
        transfer=f"{RESULTS}/analysis/transfer.csv",
    log:
        f"{RESULTS}/logs/analysis/correlate.log",
    conda:
        ENVIRONMENT
    params:
        settings=settings(note=NOTE),
        code=ANALYSIS_CODE,
    shell:
        "bias-transfer correlate --log {log:q} --settings {params.settings:q}"
        " --input bios {input.bios:q} --input wiki {input.wiki:q}"
        " --output table2 {output.table2:q} --output table2_tex {output.table2_tex:q}"
        " --output table2_html {output.table2_html:q} --output transfer {output.transfer:q}"


rule regress:
    input:
        **OBSERVATIONS,
        performance_bios=f"{STUDY}/extrinsic/bios/performance.csv",
        performance_wiki=f"{STUDY}/extrinsic/wiki/performance.csv",
    output:
        **REGRESSION_TABLES,
        diagnostics=f"{RESULTS}/analysis/diagnostics.csv",
        answer=f"{RESULTS}/analysis/answer.md",
    log:
        f"{RESULTS}/logs/analysis/regress.log",
    conda:
        ENVIRONMENT
    params:
        settings=settings(outcomes=OUTCOMES, hc3=section("analysis", "hc3"), note=NOTE),
        tables=lambda wildcards, output: [
            word
            for name in REGRESSION_TABLES
            for word in ("--output", name, output[name])
        ],
        code=ANALYSIS_CODE,
    shell:
        "bias-transfer regress --log {log:q} --settings {params.settings:q}"
        " --input bios {input.bios:q} --input wiki {input.wiki:q}"
        " --input performance_bios {input.performance_bios:q}"
        " --input performance_wiki {input.performance_wiki:q}"
        " {params.tables:q}"
        " --output diagnostics {output.diagnostics:q} --output answer {output.answer:q}"
