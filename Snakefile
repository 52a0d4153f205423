# The workflow, from the root of the checkout: the map is workflow/Snakefile.
include: "workflow/Snakefile"


# An included file cannot say what is made where no target is named.
rule study:
    default_target: True
    input:
        rules.all.input,
