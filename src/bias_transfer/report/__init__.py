"""What readers see: printed tables in LaTeX and HTML, figures, the answer, and the whole report."""
