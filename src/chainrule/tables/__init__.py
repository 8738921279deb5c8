"""Tables: files and frames to columns, columns to inputs and targets, and the model of a table."""
