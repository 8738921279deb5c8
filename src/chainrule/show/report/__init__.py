"""A report on a trained network: one HTML file that shows what was learnt, how well, and what to try next."""
