"""Tables as they are printed: what stands where, in LaTeX and in HTML."""
