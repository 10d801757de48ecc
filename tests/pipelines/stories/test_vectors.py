"""Character n-gram vectors."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pipelines.stories.vectors import EMPTY, Ids, Weights, added, cosine, vectorize


def even(ids: Ids) -> Weights:
    return np.ones(len(ids), np.float32)


def test_same_words_are_one_whatever_the_case() -> None:
    left, right = vectorize("Envoy lands in Tehran", ""), vectorize("ENVOY LANDS in tehran!", "")
    assert cosine(left, right, even) > 0.999


def test_nearer_text_scores_higher() -> None:
    story = vectorize("Russian security chief Patrushev arrives in Tehran", "")
    same = vectorize("Patrushev, Russia's security chief, lands in Tehran for talks", "")
    other = vectorize("Iranian volleyball team beats Russia in Tehran", "")
    assert cosine(story, same, even) > 2 * cosine(story, other, even)


def test_common_words_alone_give_nothing() -> None:
    assert len(vectorize("what the and of it is", "").ids) == 0


@given(st.text(max_size=80), st.text(max_size=80))
def test_any_text_gives_sorted_unique_features_and_a_bounded_cosine(title: str, lead: str) -> None:
    vector = vectorize(title, lead)
    assert np.all(np.diff(vector.ids.astype(np.int64)) > 0)
    assert -1e-6 <= cosine(vector, vector, even) <= 1.0 + 1e-5
    doubled = added(vector, vector)
    assert np.array_equal(doubled.ids, vector.ids)
    assert np.allclose(doubled.weights, 2 * vector.weights)


def test_sum_with_nothing_changes_nothing() -> None:
    vector = vectorize("Grain ships leave Odesa", "")
    assert added(EMPTY, vector) is vector
    assert np.array_equal(added(vector, EMPTY).ids, vector.ids)
