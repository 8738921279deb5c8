from chainrule.kernels.compiled.team_size import MOST_ALONE, TeamSize


def calls(size: TeamSize, holds: bool, count: int) -> list[int]:
    """Threads of so many calls, in which a team holds or does not."""
    taken = []
    for _ in range(count):
        taken.append(size.choose())
        size.note(taken[-1], holds or taken[-1] == 1)
    return taken


def test_a_team_that_holds_is_taken_again():
    assert calls(TeamSize(2), True, 20) == [2] * 20


def test_a_team_that_disbands_is_tried_again_less_and_less_often():
    assert [at for at, members in enumerate(calls(TeamSize(4), False, 40)) if members == 4] == [0, 2, 5, 10, 19, 36]
    late = calls(TeamSize(4), False, 1000)[-10 * MOST_ALONE :]
    assert late.count(4) == 10 or late.count(4) == 9


def test_a_team_that_holds_again_is_trusted_again():
    size = TeamSize(2)
    calls(size, False, 40)
    assert calls(size, True, 60)[-30:] == [2] * 30
    assert calls(size, False, 3) == [2, 1, 2]
