"""Kernels compiled for one network: machine code written with llvmlite, cached on disk.

``emit`` is arithmetic that writes instructions, ``maths`` and ``laws`` the table's functions on it. ``unrolled`` (tiny
networks) and ``blocked`` (all others, with ``hidden`` and ``last_layer``) write the passes over rows, ``tiles`` and
``transposed`` the matrix products (``shared`` by all networks), ``epochs`` whole epochs with the solvers' ``updates``,
``chunks`` and ``columns`` sums and Hessians over many rows. ``target`` makes machine code of them, ``cache`` keeps it,
``threads`` and ``team`` run it on several cores. ``kernel`` and ``run`` are what the rest of chainrule calls.
"""
