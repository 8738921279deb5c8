"""The rules a derivation is made with: calculus, sums, algebra."""
