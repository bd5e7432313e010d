"""How true the probabilities are, on simulated floors whose outcome is known."""
