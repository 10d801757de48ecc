"""The ladder of who says so, as the table in the design has it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.records import AlertState
from pipelines.stories.ladder import counts, standing

IR_RU = ("IR", "RU")


@pytest.mark.parametrize(
    ("interests", "state", "flags", "independent"),
    [
        pytest.param((), "single-source", (), 0, id="unlabelled outlets count nowhere"),
        pytest.param(("state:IR",), "single-source", (), 0, id="a party's own voice"),
        pytest.param(("private:cnn",), "single-source", (), 1, id="one newsroom alone"),
        pytest.param(("state:IR", "state:TR"), "single-source", (), 0, id="a state that is no party"),
        pytest.param(("state:IR", "state:RU"), "party-confirmed", (), 0, id="the other party says so too"),
        pytest.param(("state:IR", "private:cnn"), "independent", (), 1, id="a newsroom beside a party"),
        pytest.param(
            ("state:IR", "state:RU", "public:bbc"), "independent", ("party-confirmed",), 1, id="both, and a newsroom"
        ),
        pytest.param(("private:cnn", "private:nyt"), "independent", (), 2, id="two newsrooms"),
        pytest.param(("state:IR", "group:x"), "single-source", (), 0, id="an actor that is neither"),
    ],
)
def test_state_of_a_story_about_iran_and_russia(
    interests: tuple[str, ...], state: str, flags: tuple[str, ...], independent: int
) -> None:
    first = interests[0] if interests else "unknown:someone"
    place = standing(first, interests, IR_RU)
    assert (place.state, place.flags, place.independent) == (AlertState(state), flags, independent)


def test_first_reporter_does_not_confirm_itself() -> None:
    assert standing("state:IR", ("state:IR",), IR_RU).state is AlertState.SINGLE_SOURCE


def test_party_confirms_what_an_unlabelled_outlet_said_first() -> None:
    assert standing("unknown:blog", ("state:RU",), IR_RU).state is AlertState.PARTY_CONFIRMED


def test_unlabelled_interests_do_not_count() -> None:
    assert not counts("unknown:blog")
    assert not counts("")
    assert counts("state:IR")


@given(st.lists(st.sampled_from(["state:IR", "state:RU", "private:a", "public:b", "group:c"]), unique=True))
def test_another_interest_never_takes_a_confirmation_away(interests: list[str]) -> None:
    order = [AlertState.SINGLE_SOURCE, AlertState.PARTY_CONFIRMED, AlertState.INDEPENDENT]
    ranks = [
        order.index(standing(interests[0], interests[:count], IR_RU).state) for count in range(1, len(interests) + 1)
    ]
    assert ranks == sorted(ranks)
