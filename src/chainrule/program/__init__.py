"""The program of a network: its derivation as array operations, and those as a script."""

import sys
import types
from typing import Any

from chainrule.program.operations import Operation, Program, run
from chainrule.program.script import program

__all__ = ["Operation", "Program", "program", "run"]


class _Callable(types.ModuleType):
    """``cr.program`` names this package and is called like its main function: both are meant."""

    def __call__(self, *args: Any, **options: Any) -> str:
        """The script: see `chainrule.program.program`."""
        return program(*args, **options)


sys.modules[__name__].__class__ = _Callable
