"""Someone's own backpropagation: read, run apart, compared with the truth, and its mistake named."""
