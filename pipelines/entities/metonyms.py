"""Capitals that stand for their government: what speaks, decides, denies or is spoken with is no city.

The words that decide are data: ``data/actor_words.tsv``.
"""

from __future__ import annotations

from bisect import bisect_left
from functools import lru_cache
from typing import TYPE_CHECKING

from pipelines.entities.lists.read import rows
from pipelines.entities.reading import is_feminine_verb

if TYPE_CHECKING:
    from pipelines.entities.find import Finder, Span

_VERB_LAST = frozenset(("tr", "fa"))
_VERB_FIRST = frozenset(("ar", "he"))
# Where a capital that begins a clause is its subject.
_SUBJECT_FIRST = frozenset("ru uk bg pl cs sl de fr es he fa tr".split())
# Where the case of the name, not its place, would tell what it is to the verb before it.
_OBJECT_NEEDS_TO = frozenset(("ar", "he", "en"))
_ENDS_CLAUSE = frozenset(".!?…。！？\n")
# English forms in -ed that follow a place and are no verb of it.
_NO_DEED = frozenset("based located situated named born called".split())
_VERB_LEAST = 4
_BETWEEN = frozenset("between между між بين בין zwischen entre między mezi med".split())
_LOOK_AHEAD, _LOOK_BACK = 2, 5
_HEBREW_VERB_LEAST, _SHORT_WORD, _STEM_LEAST = 4, 4, 3
_LAST_WORDS = 3
# Subjects of one verb, joined by "and".
_JOINED_LIMIT = 8
_ANY = "*"


@lru_cache(maxsize=1)
def _words() -> dict[tuple[str, str], frozenset[str]]:
    """Give the lists by language and use."""
    return {(language, use): frozenset(words.split()) for language, use, words in rows("actor_words.tsv")}


@lru_cache(maxsize=64)
def _list(language: str, use: str) -> frozenset[str]:
    return _words().get((language, use), frozenset())


@lru_cache(maxsize=16)
def _beginnings(use: str) -> tuple[str, ...]:
    return tuple(_list(_ANY, use))


def mark(finder: Finder) -> None:
    """Mark the capitals of a text that its sentences make actors: kind "metonym", the place's id kept."""
    capitals = [
        place
        for place, span in enumerate(finder.spans)
        if span.sense is not None and span.sense.type == "capital" and span.sense.kind == "place"
    ]
    if not capitals:
        return
    actors: list[int] = []
    for place in capitals:
        reason = _reason(finder, finder.spans[place])
        if reason:
            _take(finder.spans[place], reason)
            actors.append(place)
    # "Moscow and Tehran deny": what is joined to an actor is one.
    for place in actors:
        for beside in (place - 1, place + 1):
            if 0 <= beside < len(finder.spans) and _is_coordinated(finder, place, beside):
                _take(finder.spans[beside], "joined to an actor")
    _mark_objects(finder)


def _mark_objects(finder: Finder) -> None:
    """Whom a government deals with is one too: "Peking verärgert Tokio", unless something is done to the city."""
    language = finder.language or "en"
    sentence_of_an_actor = -1
    for span in finder.spans:
        if span.sense is None:
            continue
        if (span.kind or span.sense.kind) == "metonym":
            if span.last > sentence_of_an_actor:
                sentence_of_an_actor = _last_of_sentence(finder, span.last)
        elif span.sense.type == "capital" and span.sense.kind == "place" and span.last <= sentence_of_an_actor:
            before = finder.tokens.words[span.first - 1]
            is_somewhere = (
                before in _list(language, "locative")
                or before in _list(_ANY, "of")
                or _is_locative_prefix(language, span.start.prefix)
                or before.startswith(_beginnings("done-to-a-city"))
                or language in ("zh", "tr")
            )
            if not is_somewhere and finder.is_joined(span.first - 1, span.first) and before not in _list(_ANY, "and"):
                _take(span, "another actor deals with it")


def _take(span: Span, reason: str) -> None:
    span.kind = "metonym"
    span.reasons += (f"stands for its government: {reason}",)


def _is_coordinated(finder: Finder, place: int, beside: int) -> bool:
    left, right = finder.spans[min(place, beside)], finder.spans[max(place, beside)]
    other = finder.spans[beside]
    if other.kind == "metonym" or other.sense is None or other.sense.type != "capital":
        return False
    between = finder.tokens.words[left.last + 1 : right.first]
    if not between:
        is_between = finder.before(left.first) == "בין"  # "בין ביירות לירושלים": between one and the other
        return right.start.prefix in ("و", "ו") or (right.start.prefix == "ל" and is_between)
    return len(between) == 1 and between[0] in _list(_ANY, "and")


def _reason(finder: Finder, span: Span) -> str:
    """Say why a capital is an actor here; "" where it is the city."""
    tokens, language = finder.tokens, finder.language or "en"
    speech = _list(language, "speech")
    if not speech:
        return ""
    before = tokens.words[span.first - 1] if span.first and finder.is_joined(span.first - 1, span.first) else ""
    if before and _is_party(finder, span, language, before):
        return f"“{finder.written(span.first - 1)}” before it"
    if before in _list(_ANY, "of"):
        of_what = tokens.words[span.first - 2] if span.first > 1 else ""
        return f"“{of_what}” of it" if of_what.startswith(_beginnings("governmental")) else ""
    if before in _list(language, "locative") or _is_locative_prefix(language, span.start.prefix):
        return ""
    if language == "zh":
        return _chinese(finder, span, speech)
    if language == "tr" and tokens.source(span.last)[tokens.ends[span.last] : tokens.ends[span.last] + 1] in ("'", "’"):
        return ""
    if language in _VERB_FIRST and before:
        verb = before.removeprefix("و").removeprefix("ו")
        if is_speech(verb, speech) or is_feminine_verb(before):
            return f"“{finder.written(span.first - 1)}” before it"
    return _verb_behind(finder, span, language, speech)


def _is_party(finder: Finder, span: Span, language: str, before: str) -> bool:
    """Say whether it is spoken with or to: talks with, between, accused, urged."""
    if before in _list(language, "party") and (
        before in _list(_ANY, "direct") or before in _BETWEEN or _talks_near(finder, span)
    ):
        return True
    words, at = finder.tokens.words, span.first - 1
    spoken_to = _beginnings("spoken-to")
    if language == "he" and span.start.prefix in ("מ", "ל") and before.startswith(spoken_to):
        return True
    if before in _list(_ANY, "to") and at and finder.is_joined(at - 1, at):
        return any(words[place].startswith(spoken_to) for place in range(max(0, at - 2), at))
    return before.startswith(spoken_to) and language not in _OBJECT_NEEDS_TO


def _verb_behind(finder: Finder, span: Span, language: str, speech: frozenset[str]) -> str:
    tokens = finder.tokens
    words, after = tokens.words, span.last + 1
    if language == "en" and after + 1 < len(words) and words[after] == "s" and _apostrophe(finder, span.last):
        return f"its “{words[after + 1]}”" if words[after + 1] in _list("en", "owned") else ""
    for number in range(_LOOK_AHEAD):
        at = after + number
        if at >= len(words) or at == tokens.title_count or not _same_clause(finder, span.last, at):
            break
        if is_speech(words[at], speech):
            return f"it “{finder.written(at)}”"
        is_short = language != "en" and number == 0 and len(words[at]) <= _SHORT_WORD
        if words[at] not in _list(_ANY, "passed-over") and not is_short:
            break
    if language in _SUBJECT_FIRST and _begins_clause(finder, span) and _is_verb_like(finder, span, language):
        return "the subject of its clause"
    if after < len(words) and _is_deed(finder, span, language):
        return f"it “{finder.written(after)}”"
    behind = tokens.source(span.last)[tokens.ends[span.last] : tokens.ends[span.last] + 2]
    if language == "tr" and behind == ", " and finder.begins_sentence(span.first):
        return "the subject of its sentence"
    if language in _VERB_LAST and finder.begins_sentence(span.first):
        end = _last_of_sentence(finder, span.last)
        for verb in range(max(span.last + 1, end - _LAST_WORDS), end + 1):
            if is_speech(words[verb], speech):
                return f"it “{finder.written(verb)}”"
    return ""


def _is_deed(finder: Finder, span: Span, language: str) -> bool:
    """Say whether the word behind the first name of a clause is its verb by how it looks."""
    word = finder.tokens.words[span.last + 1]
    if language == "en":
        is_verb = word.endswith("ed") and word not in _NO_DEED and finder.after(span.last)[:1].islower()
        return is_verb and _begins_clause(finder, span)
    if language == "ar":
        is_verb = word.startswith("ت") and len(word) >= _VERB_LEAST
        return is_verb and not span.start.prefix and finder.begins_sentence(span.first)
    return False


def is_speech(word: str, speech: frozenset[str]) -> bool:
    """Say whether a folded word is a verb of saying, deciding, denying: as it is, or by how it begins."""
    return f"={word}" in speech or any(word[:length] in speech for length in range(_STEM_LEAST, len(word) + 1))


def _talks_near(finder: Finder, span: Span) -> bool:
    """Say whether talks, ties or a deal stand in the few words before."""
    words = finder.tokens.words[max(0, span.first - _LOOK_BACK) : span.first]
    return any(word.startswith(_beginnings("talks")) for word in words)


def _is_locative_prefix(language: str, prefix: str) -> bool:
    if language == "ar":
        return prefix in ("ب", "وب", "ل", "ول")
    return language == "he" and prefix in ("ב", "ל", "מ", "וב", "ול", "ומ", "מה", "לה", "בה", "שב")


def _apostrophe(finder: Finder, place: int) -> bool:
    tokens = finder.tokens
    return tokens.source(place)[tokens.ends[place] : tokens.starts[place + 1]] in ("'", "’")


def _same_clause(finder: Finder, first: int, last: int) -> bool:
    tokens = finder.tokens
    gap = tokens.source(first)[tokens.ends[first] : tokens.starts[last]]
    return _ENDS_CLAUSE.isdisjoint(gap) and "," not in gap


def _last_of_sentence(finder: Finder, place: int) -> int:
    tokens = finder.tokens
    source, at = tokens.source(place), place
    behind = tokens.title_count if place < tokens.title_count else len(tokens.words)
    while at + 1 < behind and _ENDS_CLAUSE.isdisjoint(source[tokens.ends[at] : tokens.starts[at + 1]]):
        at += 1
    return at


def _begins_clause(finder: Finder, span: Span) -> bool:
    """Say whether a name is the first of its sentence, or stands behind a comma and at most an "and"."""
    if span.start.prefix:
        return False
    if finder.begins_sentence(span.first):
        return True
    tokens = finder.tokens
    at = span.first - 1
    if tokens.words[at] in _list(_ANY, "clause"):
        return finder.is_joined(at, span.first)
    if at and tokens.words[at] in _list(_ANY, "and"):
        at -= 1
    return tokens.source(span.first)[tokens.ends[at] : tokens.starts[at + 1]].startswith((",", ";", "،"))


def _is_verb_like(finder: Finder, span: Span, language: str) -> bool:
    """Say whether what follows a subject may be its verb, and none of what cities do."""
    tokens = finder.tokens
    for _ in range(_JOINED_LIMIT):
        at = span.last + 1
        if at >= len(tokens.words) or at == tokens.title_count or not _same_clause(finder, span.last, at):
            return False
        if tokens.words[at] not in _list(_ANY, "and"):
            return _is_verb_behind_subject(tokens.words[at], finder.after(span.last), language)
        # "Berlin i Paryż spierają się": the verb stands behind both.
        other = _span_at(finder, at + 1)
        if other is None or other.sense is None or other.sense.type != "capital":
            return False
        span = other
    return False


def _is_verb_behind_subject(word: str, written: str, language: str) -> bool:
    """Say whether a word, folded and as written, may be the verb of the subject right before it."""
    if not written or (written[0].isupper() and language not in ("fa", "he")):
        return False
    if language == "he":
        return word.endswith(("ה", "ת")) and len(word) >= _HEBREW_VERB_LEAST
    if language == "fa":
        return word in ("از", "با")
    if language == "tr":
        return word.startswith(("yonetim", "hukumet"))
    return word not in _list(_ANY, "no-verb") and not word.startswith(_beginnings("city-does"))


def _span_at(finder: Finder, first: int) -> Span | None:
    """Give the span that begins at a word; None where none does."""
    place = bisect_left(finder.spans, first, key=_first)
    found = finder.spans[place] if place < len(finder.spans) else None
    return found if found is not None and found.first == first else None


def _first(span: Span) -> int:
    return span.first


def _chinese(finder: Finder, span: Span, speech: frozenset[str]) -> str:
    tokens = finder.tokens
    source, end, begin = tokens.source(span.last), tokens.ends[span.last], tokens.starts[span.first]
    behind = source[end : end + 4]
    # An adverb of one or two characters may stand between.
    for skip, size in ((0, 2), (0, 1), (1, 2), (2, 2)):
        if behind[skip : skip + size] in speech:
            return f"it “{behind[skip : skip + size]}”"
    for verb in (source[max(0, begin - 2) : begin], source[max(0, begin - 3) : begin - 1]):
        if verb in _list("zh", "spoken-to"):
            return f"“{verb}” before it"
    if behind[:1] == "的" and any(word in source[end + 1 : end + 8] for word in _list("zh", "owned")):
        return f"its “{source[end + 1 : end + 5]}”"
    other = _span_at(finder, span.last + 2)
    is_pair = other is not None and other.sense is not None and other.sense.type == "capital"
    if is_pair and behind[:1] in _list("zh", "party") and finder.begins_sentence(span.first):
        return "the subject of its sentence"
    talks = ("会谈", "谈判", "关系", "协议", "对话", "對話", "谈")
    if source[begin - 1 : begin] in _list("zh", "party") and any(word in source[end : end + 12] for word in talks):
        return "talks with it"
    return ""
