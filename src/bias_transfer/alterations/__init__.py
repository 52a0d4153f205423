"""What is done to the rows of a training set, one alteration a file."""
