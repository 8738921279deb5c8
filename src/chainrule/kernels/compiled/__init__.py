"""Kernels compiled for one network: machine code written with llvmlite, cached on disk.

``emit`` is arithmetic that writes instructions, ``maths`` and ``laws`` the table's functions on it. ``unrolled`` (tiny
networks) and ``blocked`` (all others, with ``last_layer``) write the passes over rows, ``tiles`` and ``transposed`` the
matrix products (``shared`` by all networks), ``epochs`` whole epochs with the solvers' ``updates``. ``target`` makes
machine code of them and ``cache`` keeps it; ``threads`` and
``team`` run it on several cores. ``kernel`` and ``run`` are what the rest of chainrule calls.
"""
