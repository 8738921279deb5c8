"""An ONNX graph in the making, and formulas of the table of functions as nodes of it."""

from __future__ import annotations

import ast
from typing import Any

import numpy as np
import numpy.typing as npt

from chainrule.errors import SettingError
from chainrule.functions import Activation

# Operators of ONNX that are an activation of the table as they stand; all others are built from their formula.
_WHOLE: dict[str, tuple[str, dict[str, Any]]] = {
    "relu": ("Relu", {}),
    "leaky_relu": ("LeakyRelu", {"alpha": 0.01}),
    "elu": ("Elu", {"alpha": 1.0}),
    "selu": ("Selu", {"alpha": 1.6732632423543772, "gamma": 1.0507009873554805}),
    "sigmoid": ("Sigmoid", {}),
    "tanh": ("Tanh", {}),
    "softplus": ("Softplus", {}),
}
_IN_FLOAT64 = ("relu", "leaky_relu", "sigmoid", "tanh")  # the others have kernels for float32 alone in onnxruntime
_ONE_ARGUMENT = {
    "exp": "Exp", "log": "Log", "sqrt": "Sqrt", "abs": "Abs", "sign": "Sign", "tanh": "Tanh", "sin": "Sin",
    "cos": "Cos", "erf": "Erf", "sigmoid": "Sigmoid", "softplus": "Softplus",
}  # fmt: skip
_TWO_ARGUMENTS = {"maximum": "Max", "minimum": "Min"}
_OPERATORS: dict[type, str] = {ast.Add: "Add", ast.Sub: "Sub", ast.Mult: "Mul", ast.Div: "Div", ast.Pow: "Pow"}
_RELATIONS: dict[type, str] = {
    ast.Gt: "Greater",
    ast.GtE: "GreaterOrEqual",
    ast.Lt: "Less",
    ast.LtE: "LessOrEqual",
    ast.Eq: "Equal",
}


class Graph:
    """Nodes, constants, inputs and outputs; every method gives back the name of the value it made.

    Parameters
    ----------
    real : {"float32", "float64"}
        What the network computes in.
    """

    def __init__(self, real: str = "float32") -> None:
        self.real = real
        self._nodes: list[Any] = []
        self._constants: list[Any] = []
        self._known: dict[tuple[str, str, tuple[int, ...], bytes], str] = {}
        self._inputs: list[Any] = []
        self._outputs: list[Any] = []
        self._taken: set[str] = set()

    def _fresh(self, stem: str) -> str:
        """A name that no value has, not even a column of the table."""
        at = len(self._taken)
        while (name := f"_{stem}_{at}") in self._taken:
            at += 1
        self._taken.add(name)
        return name

    def input(self, name: str, kind: str, shape: list[int | None]) -> str:
        """An input under its own name."""
        self._taken.add(name)
        self._inputs.append(_value(name, kind, shape))
        return name

    def output(self, name: str, value: str, kind: str, shape: list[int | None]) -> None:
        """An output under its own name."""
        import onnx

        self._taken.add(name)
        self._nodes.append(onnx.helper.make_node("Identity", [value], [name], name=self._fresh("node")))
        self._outputs.append(_value(name, kind, shape))

    def node(self, operator: str, *values: str, domain: str = "", **attributes: Any) -> str:
        """The result of one operator."""
        import onnx

        name = self._fresh(operator.lower())
        made = onnx.helper.make_node(operator, list(values), [name], name=f"{name}_node", domain=domain, **attributes)
        self._nodes.append(made)
        return name

    def constant(self, numbers: npt.ArrayLike, kind: str) -> str:
        """Numbers or text; the same ones are kept once."""
        import onnx

        array = np.asarray(numbers)
        if kind != "string":
            array = np.ascontiguousarray(array.astype(kind)).reshape(array.shape)
        content = repr(array.tolist()).encode() if kind == "string" else array.tobytes()
        key = (kind, "", array.shape, content)
        if key not in self._known:
            name = self._fresh("constant")
            if kind == "string":
                held = [text.encode() for text in array.tolist()]
                tensor = onnx.helper.make_tensor(name, onnx.TensorProto.STRING, array.shape, held)
            else:
                tensor = onnx.numpy_helper.from_array(array, name)
            self._constants.append(tensor)
            self._known[key] = name
        return self._known[key]

    def cast(self, value: str, kind: str) -> str:
        """The value as another type."""
        return self.node("Cast", value, to=_kind(kind))

    def activation(self, row: Activation, A: str) -> str:
        """g(A): by one operator where ONNX has it, else built from the formula as it is computed."""
        if row.name in _WHOLE and (self.real == "float32" or row.name in _IN_FLOAT64):
            operator, attributes = _WHOLE[row.name]
            return self.node(operator, A, **attributes)
        return _Formula(self, row, A).built(ast.parse(row.value, mode="eval").body)

    def made(self) -> Any:
        """The graph as ONNX has it."""
        import onnx

        return onnx.helper.make_graph(self._nodes, "chainrule", self._inputs, self._outputs, self._constants)


class _Formula:
    """The numeric form of one activation, node by node."""

    def __init__(self, graph: Graph, row: Activation, A: str) -> None:
        self.graph, self.row, self.A = graph, row, A

    def built(self, node: ast.expr) -> str:
        graph = self.graph
        match node:
            case ast.Constant(value=int() | float() as value):
                return self.number(float(value))
            case ast.Name("a"):
                return self.A
            case ast.Name("pi"):
                return self.number(float(np.pi))
            case ast.UnaryOp(ast.USub(), ast.Constant(value=int() | float() as value)):
                return self.number(-float(value))
            case ast.UnaryOp(ast.USub(), inside):
                return graph.node("Neg", self.built(inside))
            case ast.UnaryOp(ast.UAdd(), inside):
                return self.built(inside)
            case ast.BinOp(left, operation, right) if type(operation) in _OPERATORS:
                return graph.node(_OPERATORS[type(operation)], self.built(left), self.built(right))
            case ast.Compare(left, [relation], [right]) if type(relation) in _RELATIONS:
                return graph.node(_RELATIONS[type(relation)], self.built(left), self.built(right))
            case ast.Call(ast.Name(name), arguments):
                return self.called(name, [self.built(argument) for argument in arguments])
        raise self.refusal(ast.unparse(node))

    def called(self, name: str, values: list[str]) -> str:
        graph = self.graph
        if name == "softplus" and graph.real == "float64":
            small = graph.node("Exp", graph.node("Neg", graph.node("Abs", *values)))
            return graph.node("Add", graph.node("Max", values[0], self.number(0.0)), self.called("log1p", [small]))
        if name == "erf" and graph.real == "float64":
            return graph.cast(graph.node("Erf", graph.cast(values[0], "float32")), "float64")
        if name in _ONE_ARGUMENT:
            return graph.node(_ONE_ARGUMENT[name], *values)
        if name in _TWO_ARGUMENTS:
            return graph.node(_TWO_ARGUMENTS[name], *values)
        one = self.number(1.0)
        match name:
            case "where":
                return graph.node("Where", *values)
            case "expm1":  # (exp(u) - 1) by way of tanh: no digits are lost near 0
                half = graph.node("Tanh", graph.node("Mul", values[0], self.number(0.5)))
                near = graph.node("Div", graph.node("Add", half, half), graph.node("Sub", one, half))
                small = graph.node("Less", graph.node("Abs", values[0]), one)
                return graph.node("Where", small, near, graph.node("Sub", graph.node("Exp", values[0]), one))
            case "log1p":
                return graph.node("Log", graph.node("Add", one, values[0]))
            case "erfc":
                return graph.node("Sub", one, self.called("erf", values))
            case "log_sigmoid":
                return graph.node("Neg", self.called("softplus", [graph.node("Neg", values[0])]))
        raise self.refusal(f"{name}(...)")

    def number(self, value: float) -> str:
        return self.graph.constant(value, self.graph.real)

    def refusal(self, part: str) -> SettingError:
        return SettingError(
            f"The activation {self.row.name!r} cannot be written as ONNX: {part} has no operator there.",
            f"Its formula is {self.row.formula}.",
            "Train with another activation, or save the model with cr.save.",
        )


def _kind(kind: str) -> int:
    import onnx

    kinds = onnx.TensorProto
    return int(
        {"float32": kinds.FLOAT, "float64": kinds.DOUBLE, "int64": kinds.INT64, "bool": kinds.BOOL,
         "string": kinds.STRING}[kind]
    )  # fmt: skip


def _value(name: str, kind: str, shape: list[int | None]) -> Any:
    import onnx

    return onnx.helper.make_tensor_value_info(name, _kind(kind), ["N" if size is None else size for size in shape])
