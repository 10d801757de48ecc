"""Which waiting alert goes next."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from connectors.sinks.lanes import Lanes, Waiting
from connectors.sinks.retry import Tries

NOW = datetime(2022, 11, 8, 12, 0, tzinfo=UTC)


def taken(lanes: Lanes, now: datetime = NOW) -> Waiting:
    waiting = lanes.take(now)
    assert waiting is not None
    return waiting


def later(minutes: int) -> Tries:
    return Tries(1, NOW, NOW + timedelta(minutes=minutes))


def test_alerts_go_in_the_order_of_arrival() -> None:
    lanes = Lanes()
    for entry_id in ("1-0", "2-0", "3-0"):
        lanes.add(entry_id, f"lane {entry_id}")
    assert [taken(lanes).entry_id for _ in range(3)] == ["1-0", "2-0", "3-0"]
    assert lanes.take(NOW) is None


def test_a_revision_under_way_holds_its_successor_back_and_nobody_else() -> None:
    lanes = Lanes()
    lanes.add("1-0", "a")
    lanes.add("2-0", "a")
    lanes.add("3-0", "b")
    first = taken(lanes)
    assert taken(lanes).entry_id == "3-0"
    assert lanes.take(NOW) is None
    lanes.finish(first)
    assert taken(lanes).entry_id == "2-0"


def test_a_revision_that_waits_for_its_next_try_holds_its_successor_back() -> None:
    lanes = Lanes()
    lanes.add("1-0", "a")
    lanes.add("2-0", "a")
    lanes.again(taken(lanes), later(5))
    assert lanes.take(NOW) is None
    assert lanes.next_due_at() == NOW + timedelta(minutes=5)
    assert taken(lanes, NOW + timedelta(minutes=5)).entry_id == "1-0"


def test_the_oldest_can_leave_from_anywhere_but_under_way() -> None:
    lanes = Lanes()
    lanes.add("1-0", "a")
    lanes.add("2-0", "a")
    lanes.add("3-0", "b")
    first = taken(lanes)
    oldest = next(lanes.oldest())
    assert oldest.entry_id == "2-0"
    lanes.finish(oldest)
    lanes.finish(first)
    assert taken(lanes).entry_id == "3-0"
    assert len(lanes) == 1


def test_the_same_entry_twice_is_one() -> None:
    lanes = Lanes()
    lanes.add("1-0", "a")
    lanes.add("1-0", "a")
    assert len(lanes) == 1


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 3)), max_size=40), st.integers(1, 4))
def test_whatever_fails_each_lane_ends_in_order_and_nothing_is_left(plan: list[tuple[str, int]], places: int) -> None:
    """``plan``: lane and number of failures of each arrival; ``places``: how many go at a time."""
    lanes, failures = Lanes(), {}
    for place, (lane, fails) in enumerate(plan):
        lanes.add(f"{place}-0", lane)
        failures[f"{place}-0"] = fails
    done: list[Waiting] = []
    under_way: list[Waiting] = []
    now = NOW
    while len(lanes):
        while len(under_way) < places and (waiting := lanes.take(now)) is not None:
            under_way.append(waiting)
        if not under_way:
            due_at = lanes.next_due_at()
            assert due_at is not None
            assert due_at > now
            now = due_at
            continue
        assert len({waiting.lane for waiting in under_way}) == len(under_way)
        waiting = under_way.pop()
        if failures[waiting.entry_id]:
            failures[waiting.entry_id] -= 1
            lanes.again(waiting, Tries(1, now, now + timedelta(minutes=1)))
        else:
            lanes.finish(waiting)
            done.append(waiting)
    assert len(done) == len(plan)
    for lane in "abc":
        orders = [waiting.order for waiting in done if waiting.lane == lane]
        assert orders == sorted(orders)
