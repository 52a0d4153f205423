# The workflow, from the root of the checkout: the map is workflow/Snakefile.
include: "workflow/Snakefile"
