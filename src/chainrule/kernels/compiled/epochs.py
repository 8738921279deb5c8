"""Whole epochs in one call: gather, forward, backward, update, with the interpreter's lock released throughout.

The rows of a step are cut into a fixed number of parts, each with a gradient of its own; one thread or several do
them, and every update adds them up in their order.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from llvmlite import ir

from chainrule.kernels.compiled import blocked, team, unrolled
from chainrule.kernels.compiled.emit import Emitter
from chainrule.kernels.compiled.subnormals import write_flushed
from chainrule.kernels.compiled.updates import WEIGHTS_FILLED_UP, write_update
from chainrule.network import Network

CHUNK_ROWS = 4096  # J and the gradient of more rows are added up chunk by chunk
_SOLVER = ["first*", "second*", "free*", "held*", "steps@", "hyper@"]
STEP_NUMBERS = 3  # rate, smallest divisor, shrinkage
# hyper: two decay rates; the scale, and 1 where it is to be divided by the weight of the step's rows; the prior's pull

# g (parts, stride), J (parts,) and weight (parts,) hold what each part contributes
FULL_BATCH = [*unrolled.ROWS, "tail*", "tail_rows", "g*", "chunk*", "stride", "J@", "total@", "weight@", *_SOLVER,
              "epochs", *unrolled.SPACE, "space_size", *team.ARGUMENTS]  # fmt: skip
BATCHES = ["X*", "T*", "s*", "order#", "count", "batch", "epochs", "w*", "g*", "stride", "J@", "total@", "weight@",
           *_SOLVER, "panel*", "panel_size", *unrolled.SPACE, "space_size", *team.ARGUMENTS]  # fmt: skip


class Form(NamedTuple):
    """What a run's machine code is written for, beside the network."""

    bits: int
    width: int
    is_unrolled: bool
    solver: str
    parts: int
    is_plain: bool
    J: bool


def write_full_batch(module: ir.Module, net: Network, form: Form) -> None:
    """``run(rows, ...)``: an update with all rows for each row of ``steps``; total[i] is J before update i."""
    e, gradient = _begin(module, net, form, FULL_BATCH)
    b, members = e.builder, _team(e, form)
    scale, value = _double_slot(e), _double_slot(e)
    _set_scale(e, scale, b.load(e.weight))
    size = e.rounded_up(b.sdiv(e.plus(e.n, form.parts - 1), e.index(form.parts)), form.width)
    with e.loop(e.epochs) as epoch:
        with _my_parts(e, form, members) as part:
            first = e.smaller(e.n, e.times(part, size))
            count = e.smaller(size, e.minus(e.n, first))
            g, J = e.address(e.g, e.times(part, e.stride)), e.address(e.J, part)
            chunk = e.address(e.chunk, e.times(part, e.stride))
            e.zero(g, net.size)
            b.store(ir.Constant(ir.DoubleType(), 0.0), J)

            def add(X: Any, here: Any, rows: Any, g: Any = g, J: Any = J, chunk: Any = chunk) -> None:
                where = (X, e.ldx, e.address(e.T, here), e.ldt, e.address(e.s, here), rows)
                b.call(gradient, [*where, e.w, chunk, value, _space(e)])
                with e.loop(e.stride, e.width) as i:
                    e.store(e.load(g, i) + e.load(chunk, i), g, i)
                if form.J:
                    b.store(b.fadd(b.load(J), b.load(value)), J)

            with e.loop(count, CHUNK_ROWS) as at:
                here = e.plus(first, at)
                X = e.address(e.X, here if form.is_unrolled else e.times(here, e.ldx))
                add(X, here, e.smaller(CHUNK_ROWS, e.minus(count, at)))
            if not form.is_unrolled:  # rows that do not fill a register, copied so that all others need not be
                last = b.icmp_signed("==", part, e.index(form.parts - 1))
                with b.if_then(b.and_(last, b.icmp_signed(">", e.tail_rows, e.index(0)))):
                    add(e.tail, e.n, e.tail_rows)
        _update(e, form, members, scale, epoch, e.address(e.total, epoch))
    _end(e, form, FULL_BATCH)


def write_batches(module: ir.Module, net: Network, form: Form) -> None:
    """``run(X, T, s, order, ...)``: an update for each batch of rows, in the order of each epoch (epochs, count).

    X (N, D), T (N, K) and s (N,) lie row by row; ``panel`` has room for each part of a batch, rounded up to the width.
    J of each batch before its update is added to total[epoch], batch by batch.
    """
    e, gradient = _begin(module, net, form, BATCHES)
    b, members = e.builder, _team(e, form)
    scale = _double_slot(e)
    most = b.sdiv(e.plus(e.batch, form.parts - 1), e.index(form.parts))
    ld = e.rounded_up(most, form.width)
    with e.builder.goto_entry_block():
        step = b.alloca(ir.IntType(64))
        b.store(e.index(0), step)
    with e.loop(e.epochs) as epoch, e.loop(e.count, e.batch) as first:
        size = e.smaller(e.batch, e.minus(e.count, first))
        with _my_parts(e, form, members) as part:
            begin = e.smaller(size, e.times(part, most))
            count = e.smaller(most, e.minus(size, begin))
            X = e.address(e.panel, e.times(part, e.panel_size))
            T = e.address(X, e.times(ld, net.D))
            s = e.address(T, e.times(ld, net.K))
            order = e.address(e.order, e.plus(e.times(epoch, e.count), e.plus(first, begin)))
            padded = _gather(e, net, form, order, count, X, T, s, ld, e.address(e.weight, part))
            g, J = e.address(e.g, e.times(part, e.stride)), e.address(e.J, part)
            where = (X, ld if form.is_unrolled else e.index(net.D), T, ld, s, padded)
            b.call(gradient, [*where, e.w, g, J, _space(e)])
        if members:
            members.wait()
        weight = b.load(e.weight)
        for part in range(1, form.parts):
            weight = b.fadd(weight, b.load(e.address(e.weight, part)))
        _set_scale(e, scale, weight)
        number = b.load(step)
        b.store(b.add(number, e.index(1)), step)
        _update(e, form, members, scale, number, e.address(e.total, epoch), waited=True)
    _end(e, form, BATCHES)


def _begin(module: ir.Module, net: Network, form: Form, arguments: list[str]) -> tuple[Emitter, Any]:
    writer = unrolled if form.is_unrolled else blocked
    gradient = writer.write_gradient(module, net, form.bits, form.width, "chunk", J=form.J, internal=True)
    write_update(module, form.solver, form.bits, min(WEIGHTS_FILLED_UP, form.width), form.parts, form.is_plain)
    e = Emitter(module, "epochs", arguments, form.bits, min(WEIGHTS_FILLED_UP, form.width), internal=True)
    return e, gradient


def _end(e: Emitter, form: Form, arguments: list[str]) -> None:
    """``run``, which is called: the epochs, with subnormal numbers as zero."""
    write_flushed(e.module, "run", arguments, e.end(), form.bits, e.width)


def _team(e: Emitter, form: Form) -> team.Team | None:
    """The others, where there may be any."""
    return None if form.parts == 1 else team.Team(e)


def _my_parts(e: Emitter, form: Form, members: team.Team | None) -> Any:
    """A loop over the parts of this thread."""
    return e.loop(form.parts, members.members if members else e.members, e.rank)


def _space(e: Emitter) -> Any:
    """This thread's working memory."""
    return e.address(e.space, e.times(e.rank, e.space_size))


def _update(
    e: Emitter, form: Form, members: team.Team | None, scale: Any, step: Any, total: Any, waited: bool = False
) -> None:
    """This thread's share of the weights moves; J of the parts is added to ``total`` by the first thread."""
    b = e.builder
    if members and not waited:
        members.wait()
    if form.J:
        with b.if_then(b.icmp_signed("==", e.rank, e.index(0))):
            for part in range(form.parts):
                b.store(b.fadd(b.load(total), b.load(e.address(e.J, part))), total)
    blocks, count = b.sdiv(e.stride, e.index(WEIGHTS_FILLED_UP)), members.members if members else e.members
    share = b.sdiv(e.plus(blocks, e.minus(count, 1)), count)
    first = e.smaller(e.stride, e.times(e.times(e.rank, share), WEIGHTS_FILLED_UP))
    last = e.smaller(e.stride, e.plus(first, e.times(share, WEIGHTS_FILLED_UP)))
    numbers = e.address(e.steps, e.times(step, STEP_NUMBERS))
    vectors = (e.w, e.g, e.first, e.second, e.free, e.held)
    b.call(e.module.globals["update"], [*vectors, numbers, e.hyper, scale, first, last, e.stride])
    if members:
        members.end_step()


def _double_slot(e: Emitter) -> Any:
    with e.builder.goto_entry_block():
        return e.builder.alloca(ir.DoubleType())


def _set_scale(e: Emitter, slot: Any, weight: Any) -> None:
    """scale = hyper[2], divided by the weight of the rows where hyper[3] is not 0."""
    b = e.builder
    scale, divide = (b.load(e.address(e.hyper, at)) for at in (2, 3))
    zero = ir.Constant(ir.DoubleType(), 0.0)
    divided = b.and_(b.fcmp_ordered("!=", divide, zero), b.fcmp_ordered(">", weight, zero))
    b.store(b.select(divided, b.fdiv(scale, weight), scale), slot)


def _gather(
    e: Emitter, net: Network, form: Form, order: Any, count: Any, X: Any, T: Any, s: Any, ld: Any, weight: Any
) -> Any:
    """The rows that ``order`` names, into the panels; their number filled up to the width, and their weight."""
    b = e.builder
    padded = e.rounded_up(count, form.width)
    total = _double_slot(e)
    b.store(ir.Constant(ir.DoubleType(), 0.0), total)
    with e.loop(count) as j:
        row = b.load(e.address(order, j))
        _gather_inputs(e, net, form, row, j, X, ld)
        source = e.times(row, net.K)
        if net.K <= 8:
            for k in range(net.K):
                e.store_one(e.load_one(e.T, e.plus(source, k)), T, e.plus(e.times(ld, k), j))
        else:
            with e.loop(net.K) as k:
                e.store_one(e.load_one(e.T, e.plus(source, k)), T, e.plus(e.times(ld, k), j))
        own = e.load_one(e.s, row)
        e.store_one(own, s, j)
        b.store(b.fadd(b.load(total), e.to_double(own)), total)
    b.store(b.load(total), weight)
    nothing = ir.Constant(e.real, 0.0)
    with e.loop(padded, 1, count) as j:  # what fills up the last register
        with e.loop(net.D) as d:
            e.store_one(nothing, X, e.plus(e.times(ld, d), j) if form.is_unrolled else e.plus(e.times(j, net.D), d))
        with e.loop(net.K) as k:
            e.store_one(nothing, T, e.plus(e.times(ld, k), j))
        e.store_one(nothing, s, j)
    return padded


def _gather_inputs(e: Emitter, net: Network, form: Form, row: Any, j: Any, panel: Any, ld: Any) -> None:
    """One row of X into the panel: a column of it for the unrolled kernel, a row for the blocked one."""
    source = e.times(row, net.D)
    if form.is_unrolled:
        for d in range(net.D):
            e.store_one(e.load_one(e.X, e.plus(source, d)), panel, e.plus(e.times(ld, d), j))
        return
    to = e.times(j, net.D)
    if net.D >= e.width:
        with e.loop(net.D - net.D % e.width, e.width) as d:
            e.store(e.load(e.X, e.plus(source, d)), panel, e.plus(to, d))
        if net.D % e.width:
            last = net.D - e.width
            e.store(e.load(e.X, e.plus(source, last)), panel, e.plus(to, last))
    else:
        with e.loop(net.D) as d:
            e.store_one(e.load_one(e.X, e.plus(source, d)), panel, e.plus(to, d))
