"""What a training from the command line gives, whether the table was in memory or read in blocks."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chainrule.cli.compare import Other
    from chainrule.tables.model import TableModel
    from chainrule.tables.plan import Plan
    from chainrule.tables.score import Score
    from chainrule.tables.streamed_plan import StreamedPlan

MOST_SAMPLED = 200_000  # rows, for the other models and the report
_FOR_BOOSTING = 400_000_000  # bytes allowed
_BYTES_A_NUMBER = 150  # of memory, about, in all that is done with a sample


@dataclass(frozen=True)
class Trained:
    """A model and its figures.

    Attributes
    ----------
    plan : Plan or StreamedPlan
    model : TableModel
    score : Score or None
        Over the rows held out.
    unseen : list of str
        What is said of levels in these rows that training did not see.
    """

    plan: Plan | StreamedPlan
    model: TableModel
    score: Score | None
    unseen: list[str]

    @classmethod
    def of(cls, plan: Plan | StreamedPlan, **options: Any) -> Trained:
        """Train; the options are those of `chainrule.tables.fit.fitted`."""
        from chainrule.tables.streamed_plan import StreamedPlan

        if isinstance(plan, StreamedPlan):
            from chainrule.tables.streamed_fit import streamed_fit

            model, score, noticed = streamed_fit(plan, **options)
            return cls(plan, model, score, noticed.not_seen())
        from chainrule.tables.fit import fitted
        from chainrule.training import Outcome

        model = fitted(plan, **options)
        if model.outcome is Outcome.INTERRUPTED:
            return cls(plan, model, None, [])
        test = plan.test_table
        return cls(plan, model, model.score(test) if len(plan.test) else None, plan.contract.apply(test).unseen)

    @cached_property
    def plan_in_memory(self) -> Plan:
        """The plan, or that of a sample of its rows."""
        from chainrule.tables.streamed_plan import StreamedPlan

        plan = self.plan
        if not isinstance(plan, StreamedPlan):
            return plan
        width = len(plan.contract.inputs) + len(plan.contract.names)
        return plan.sample(min(MOST_SAMPLED, max(1000, plan.bound // (_BYTES_A_NUMBER * width))))

    def others(self, time_budget: float | None) -> Iterator[Other]:
        """Other models to compare with; without the one whose library would not fit beside the rest."""
        from chainrule.cli.compare import others

        return islice(others(self.plan_in_memory, time_budget), 1 if self.is_tight else None)

    @property
    def is_tight(self) -> bool:
        """Whether the memory allowed is less than scikit-learn's library and its own copies take."""
        return self.plan.is_streamed and getattr(self.plan, "bound", 0) < _FOR_BOOSTING

    @property
    def sampled(self) -> int:
        """Rows of the sample; 0 where all rows are in memory."""
        return self.plan_in_memory.rows if self.plan.is_streamed else 0
