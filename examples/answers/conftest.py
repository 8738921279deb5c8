"""These answers hold mistakes on purpose: none is imported as a test."""

collect_ignore_glob = ["*.py"]
