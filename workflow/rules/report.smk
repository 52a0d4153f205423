# Takes the observation tables and Tables 3 and 4; makes results/figures/figure{2,3,4,9}.{pdf,png}.
FIGURE_CODE = code_digest("figures")
COMMANDS = {
    "2": "draw-distributions",
    "3": "draw-sweep",
    "4": "draw-coefficients",
    "9": "draw-transfer",
}
FIGURES = [
    f"{RESULTS}/figures/figure{n}.{kind}" for n in COMMANDS for kind in ("pdf", "png")
]


localrules:
    draw,


rule draw:
    input:
        **OBSERVATIONS,
        table_bios=f"{RESULTS}/analysis/table3.csv",
        table_wiki=f"{RESULTS}/analysis/table4.csv",
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
        number="|".join(COMMANDS),
    conda:
        ENVIRONMENT
    params:
        command=lambda wildcards: COMMANDS[wildcards.number],
        settings=settings(outcomes=OUTCOMES, note=NOTE),
        code=FIGURE_CODE,
    shell:
        "bias-transfer {params.command} --log {log:q} --settings {params.settings:q}"
        " --input bios {input.bios:q} --input wiki {input.wiki:q}"
        " --input table_bios {input.table_bios:q} --input table_wiki {input.table_wiki:q}"
        " --output pdf {output.pdf:q} --output png {output.png:q}"
