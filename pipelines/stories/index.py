"""The index that an item asks for its story: single pass, at arrival, one centroid a language. Pure.

An item joins the story whose centroid in the item's language is nearest by character n-gram TF-IDF,
above a threshold and inside a time window; in a language the story has not yet been told in, the
story that shares names and countries with it. The index is a function of the reports of the active
stories alone, so it is rebuilt from the store after a restart and decides as it did before.
Source: Yang et al. 1998 (single-pass detection); thresholds in docs/decisions/0004-story-join.md.
"""

from __future__ import annotations

import heapq
from array import array
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np

from pipelines.stories.limits import JoinLimits
from pipelines.stories.names import name_skeletons
from pipelines.stories.vectors import EMPTY, FEATURE_BITS, Ids, Vector, Weights, added, cosine, vectorize

# Reports that a story learns from; the store gives as many back to a rebuild.
LEARNED_REPORTS = 50
# Reports of one language that shape its centroid; later ones would only drift it.
_CENTROID_REPORTS = 6
# One feature in eight looks for candidates: enough of what two texts of one story share, an eighth of the memory.
_PROBE_MASK = np.uint32(7)
# Rarest of them that are asked, and stories that one may open: commoner ones find nothing that these do not.
_PROBES = 24
_PROBE_STORIES = 200
_CANDIDATES = 12
# A shorter skeleton is shared by chance between scripts.
_TELLING_NAME = 4
_LEAST_COUNTRIES = 2


@dataclass(frozen=True, slots=True)
class Words:
    """What joining needs of a text, computed once."""

    language: str
    vector: Vector
    names: frozenset[str]
    countries: frozenset[str]


def words_of(title: str, lead: str, language: str, countries: Iterable[str]) -> Words:
    """Prepare a headline and lead for the index."""
    return Words(language, vectorize(title, lead), name_skeletons(title, lead), frozenset(countries))


@dataclass(slots=True)
class _Active:
    number: int
    last_at: datetime
    centroids: dict[str, Vector] = field(default_factory=dict)
    told: Counter[str] = field(default_factory=Counter)
    names: set[str] = field(default_factory=set)
    countries: set[str] = field(default_factory=set)


class StoryIndex:
    """Active stories, searchable. Holds no clock: every call says when it is."""

    def __init__(self, limits: JoinLimits) -> None:
        self.limits = limits
        self._stories: dict[str, _Active] = {}
        # (last report, story id); stale pairs are skipped when they come up.
        self._by_age: list[tuple[datetime, str]] = []
        # Feature -> numbers of the stories that have it, once for each language: four bytes where a set takes sixty.
        self._by_feature: dict[int, array[int]] = {}
        self._numbered: list[str] = []
        self._free_numbers: list[int] = []
        self._by_name: dict[str, set[str]] = {}
        self._frequency = np.zeros(1 << FEATURE_BITS, np.int32)

    def __len__(self) -> int:
        return len(self._stories)

    def __contains__(self, story_id: str) -> bool:
        return story_id in self._stories

    def add(self, story_id: str, words: Words, at: datetime) -> None:
        """Learn one report of a story, new or known. Late news does not make a story older."""
        story = self._stories.get(story_id)
        if story is None:
            story = self._stories[story_id] = _Active(self._number(story_id), at)
            heapq.heappush(self._by_age, (at, story_id))
        self.touch(story_id, at)
        if story.told.total() >= LEARNED_REPORTS:
            return
        story.countries |= words.countries
        for name in words.names - story.names:
            self._by_name.setdefault(name, set()).add(story_id)
        story.names |= words.names
        if story.told[words.language] < _CENTROID_REPORTS:
            before = story.centroids.get(words.language, EMPTY)
            after = story.centroids[words.language] = added(before, words.vector)
            fresh = np.setdiff1d(after.ids, before.ids, assume_unique=True)
            self._frequency[fresh] += 1
            for feature in _probes(fresh):
                members = self._by_feature.get(feature)
                if members is None:
                    members = self._by_feature[feature] = array("I")
                members.append(story.number)
        story.told[words.language] += 1

    def _number(self, story_id: str) -> int:
        """Give a story a number that no other open story has."""
        if self._free_numbers:
            number = self._free_numbers.pop()
            self._numbered[number] = story_id
            return number
        self._numbered.append(story_id)
        return len(self._numbered) - 1

    def touch(self, story_id: str, at: datetime) -> None:
        """Note that a story was told on."""
        story = self._stories[story_id]
        if at > story.last_at:
            story.last_at = at
            heapq.heappush(self._by_age, (at, story_id))

    def close_silent(self, now: datetime) -> list[str]:
        """Forget the stories that are over or too many; their ids, longest silent first."""
        closed = []
        while self._by_age:
            last_at, story_id = self._by_age[0]
            story = self._stories.get(story_id)
            if story is not None and story.last_at == last_at:
                if len(self._stories) <= self.limits.max_stories and now - last_at <= self.limits.memory:
                    break
                closed.append(story_id)
                del self._stories[story_id]
                for vector in story.centroids.values():
                    self._forget(story.number, vector)
                self._free_numbers.append(story.number)
                for name in story.names:
                    self._by_name[name].discard(story_id)
                    if not self._by_name[name]:
                        del self._by_name[name]
            heapq.heappop(self._by_age)
        return closed

    def _forget(self, number: int, vector: Vector) -> None:
        self._frequency[vector.ids] -= 1
        for feature in _probes(vector.ids):
            members = self._by_feature[feature]
            members.remove(number)
            if not members:
                del self._by_feature[feature]

    def find(self, words: Words) -> str:
        """Id of the active story that a text belongs to, "" for a new one."""
        return self._nearest_told(words) or self._nearest_named(words)

    def _importance(self, ids: Ids) -> Weights:
        weights: Weights = np.log(1.0 + (len(self._stories) + 1.0) / (self._frequency[ids] + 0.5)).astype(np.float32)
        return weights

    def _nearest_told(self, words: Words) -> str:
        """Nearest story among those told in the text's language."""
        found: Counter[int] = Counter()
        known = (self._by_feature.get(feature) for feature in _probes(words.vector.ids))
        # Sorting keeps equals in the order of their features.
        for numbers in sorted(filter(None, known), key=len)[:_PROBES]:
            if len(numbers) <= _PROBE_STORIES:
                found.update(numbers)
        # Ties are broken by id, never by a number: those differ after a rebuild.
        ranked = ((-count, self._numbered[number]) for number, count in found.items())
        best, best_score = "", self.limits.threshold
        for _, story_id in heapq.nsmallest(_CANDIDATES, ranked):
            story = self._stories[story_id]
            if words.countries and story.countries and words.countries.isdisjoint(story.countries):
                continue  # the same phrase about other countries
            centroid = story.centroids.get(words.language)
            score = cosine(words.vector, centroid, self._importance) if centroid is not None else 0.0
            if score > best_score:
                best, best_score = story_id, score
        return best

    def _nearest_named(self, words: Words) -> str:
        """Story not yet told in the text's language that names the same countries and the same people."""
        if len(words.countries) < _LEAST_COUNTRIES:
            return ""
        found: defaultdict[str, float] = defaultdict(float)
        total = len(self._stories) + 1.0
        alone = np.log(1.0 + total / 1.5)
        for name in sorted(words.names):
            stories = self._by_name.get(name, ())
            weight = float(np.log(1.0 + total / (len(stories) + 0.5)) / alone)
            for story_id in stories:
                found[story_id] += weight if len(name) >= _TELLING_NAME else weight / 2
        best, best_score = "", self.limits.names_threshold
        for story_id, score in sorted(found.items()):
            story = self._stories[story_id]
            if words.language in story.told or len(story.countries) < _LEAST_COUNTRIES:
                continue
            smaller, larger = sorted((words.countries, story.countries), key=len)
            if smaller <= larger and score > best_score:
                best, best_score = story_id, score
        return best


def _probes(ids: Ids) -> list[int]:
    """Features of a vector that look for candidates."""
    chosen: list[int] = ids[(ids & _PROBE_MASK) == 0].tolist()
    return chosen
