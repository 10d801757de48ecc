"""Character n-gram vectors of a headline and lead. Pure, and the same in every process.

Features are hashed, so that a story's centroid is two small arrays; common words are removed first,
because a young index has no document frequencies that could tell them from names.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources

import numpy as np
import numpy.typing as npt

# Long enough for a headline and its first sentence; more text adds topic, not the happening.
_TEXT_LIMIT = 220
FEATURE_BITS = 20
_MASK = np.uint32((1 << FEATURE_BITS) - 1)
_FACTORS = (np.uint32(0x9E3779B1), np.uint32(0x85EBCA6B), np.uint32(0xC2B2AE35), np.uint32(0x27D4EB2F))

Ids = npt.NDArray[np.uint32]
Weights = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Vector:
    """Sparse vector: sorted feature ids, and a weight (1 + log count) for each."""

    ids: Ids
    weights: Weights


EMPTY = Vector(np.empty(0, np.uint32), np.empty(0, np.float32))


@lru_cache(maxsize=1)
def common_words() -> frozenset[str]:
    """Words too common in their language to say anything about a happening."""
    listed = resources.files("pipelines.stories").joinpath("data/common_words.txt").read_text("utf-8")
    return frozenset(word for line in listed.splitlines() if not line.startswith("#") for word in line.split())


def vectorize(title: str, lead: str) -> Vector:
    """Vector of the character 3- to 5-grams of the words of a title and the start of its lead."""
    common = common_words()
    folded = f"{title} {lead}"[:_TEXT_LIMIT].casefold()
    words = "".join(letter if letter.isalnum() else " " for letter in folded).split()
    kept = [word for word in words if word not in common]
    if not kept:
        return EMPTY
    text = f" {' '.join(kept)} "
    letters = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)
    if len(letters) < 5:
        return EMPTY
    # Rolling sums of products: gram n extends gram n-1 by one letter.
    grams = [letters[:-2] * _FACTORS[0] + letters[1:-1] * _FACTORS[1] + letters[2:] * _FACTORS[2]]
    for length in (4, 5):
        grams.append(grams[-1][:-1] * _FACTORS[3] + letters[length - 1 :] * _FACTORS[length - 4])
    hashed = np.concatenate(grams)
    hashed ^= hashed >> np.uint32(15)
    ids, counts = np.unique(hashed & _MASK, return_counts=True)
    return Vector(ids.astype(np.uint32), (1.0 + np.log(counts)).astype(np.float32))


def added(left: Vector, right: Vector) -> Vector:
    """Sum of two vectors."""
    if not len(left.ids):
        return right
    ids, places = np.unique(np.concatenate([left.ids, right.ids]), return_inverse=True)
    weights = np.bincount(places, np.concatenate([left.weights, right.weights])).astype(np.float32)
    return Vector(ids, weights)


def cosine(left: Vector, right: Vector, importance: Callable[[Ids], Weights]) -> float:
    """Cosine of two vectors under a weight for each feature id; 0 where either is empty."""
    if not len(left.ids) or not len(right.ids):
        return 0.0
    left_weights = left.weights * importance(left.ids)
    right_weights = right.weights * importance(right.ids)
    places = np.searchsorted(right.ids, left.ids)
    places[places == len(right.ids)] = 0
    shared = right.ids[places] == left.ids
    dot = float(left_weights[shared] @ right_weights[places[shared]])
    norm = float(np.sqrt((left_weights @ left_weights) * (right_weights @ right_weights)))
    return dot / norm if norm else 0.0
