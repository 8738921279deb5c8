from chainrule.kernels.compiled.pace import Pace


def calls(pace: Pace, seconds: dict[int, float], count: int) -> list[int]:
    """The ways of so many calls that take those seconds a step."""
    taken = []
    for _ in range(count):
        taken.append(pace.choose())
        pace.note(taken[-1], seconds[taken[-1]] * 10, 10)
    return taken


def test_the_faster_way_is_taken_and_the_other_tried_again():
    taken = calls(Pace(2), {2: 1.2, 1: 1.0}, 40)
    assert taken[:3] == [2, 2, 1]  # the first call is cold and does not count
    assert [at for at, members in enumerate(taken) if members == 2] == [0, 1, 5, 10, 19, 36]
    assert [at for at, members in enumerate(calls(Pace(2), {2: 2.0, 1: 1.0}, 40)) if members == 2] == [0, 1, 5, 14]


def test_a_way_that_became_faster_is_taken_and_one_disturbed_call_changes_nothing():
    pace = Pace(2)
    calls(pace, {2: 2.0, 1: 1.0}, 40)
    calls(pace, {2: 0.5, 1: 1.0}, 33)
    assert pace.choose() == 2
    pace.note(2, 90.0, 10)
    assert pace.choose() == 2
    pace.note(2, 90.0, 10)
    assert pace.choose() == 1
