"""The bundled generator: text whose biases are declared parameters, all of it written here."""
