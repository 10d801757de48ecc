"""What stands around a name: whether it lets the name be a place, and which region it names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipelines.entities.context import UNITS, Context, number_of
from pipelines.entities.lists.beside import Sides
from pipelines.entities.reading import is_feminine_verb
from pipelines.entities.table import Sense

if TYPE_CHECKING:
    from pipelines.entities.find import Finder, Span

# Words after which a name that is a common word too is a place.
PLACE_WORDS = frozenset(
    "in at from to near outside around into across toward towards republic of"
    " в во из на до у к из-за через республика республики республике під до у з із по"
    " v ve w we z ze do na iz k ke in en au aux du de des à a dans vers chez aus nach von bei"
    " في من الي جمهوريه حكومه دوله شمال جنوب وسط در كشور جمهوري دولت از به"
    " ב ל מ ש כ מה וב ול ומ".split()
)
_TOWNLIKE = frozenset(("city", "county", "unit"))
# Powers of ten: of people whose city needs no reason, of a town, of a city that is as good as known.
_WEIGHTY, _TOWN, _METROPOLIS = 5.477, 5.0, 6.5
# Without capitals a name is a word: fewer people need a better reason.
_CASELESS_WEIGHTY, _CASELESS_SHORT, _HAN_WEIGHTY = 6.0, 3, 7.0
# Israel's towns in Hebrew need no reason.
_AT_HOME = 4.5
_STATE_BEFORE = frozenset(
    "state province estado etat bundesstaat штат штате штата штату ولايه ايالت מדינת stan stanie stanu departamento"
    " provincia region departement محافظه استان wojewodztwo eyaleti".split()
)
# Hebrew and Arabic: the last letter of one man's adjective.
_ADJECTIVE_ENDS = ("\u05d9", "\u064a")
# Conjunctions and prepositions that are written together with a given name.
_ATTACHED = frozenset("وفبلكובלמשכ")
# Heads of Arabic names of two words: عبد الرحمن, أبو محمد.
_NAME_BEGINNINGS = frozenset("عبد ابو ابي".split())
# "Of", "with", "between" in Arabic and Hebrew: no name of a person in two words follows.
_OF_STATES = frozenset(("של", "بين", "בין", "עם"))
_WITH = frozenset(("עם", "של"))
# Countries that are given names too, and the "and" that is written together with the next word.
_GIVEN_NAMES = frozenset(("ישראל", "ירדן", "ايران"))
_ATTACHED_AND = ("ו", "و")
_OF = frozenset("of de du d des del della di von der la le los".split())
_COMPASS = frozenset(
    "eastern western northern southern central northwestern northeastern southwestern southeastern".split()
)
_IN = frozenset("in en in dans w в у في در ב".split())
_AND = frozenset(("و", "and", "ve", "ile"))
# Turkish endings of place: behind the apostrophe they make a place of what may be a surname (Ali Yemen'e gitti).
_PLACE_ENDINGS = frozenset("a e ya ye da de ta te dan den tan ten daki deki taki teki".split())
_REGION_GAPS = (", ", " (", "، ")

# Countries and units that are named right behind a name.
Region = tuple[frozenset[str], frozenset[int]]


class Surroundings:
    """The neighbours of one span, looked at once for all that it may mean."""

    __slots__ = ("_context", "_feature", "_finder", "_region", "_span", "_supported", "after", "before")

    def __init__(self, finder: Finder, span: Span, context: Context) -> None:
        self._finder = finder
        self._span = span
        self._context = context
        # Neighbours with only a space between, as written; "" where there is none.
        self.before, self.after = finder.before(span.first), finder.after(span.last)
        # Looked at when first asked for; None until then. Python 3.11's cached_property takes a lock for each.
        self._region: tuple[Region | None] | None = None
        self._supported: bool | None = None
        self._feature: bool | None = None

    @property
    def region(self) -> Region | None:
        """What is named right behind: ", Texas", ", in northern Lebanon", "(Syria)"; None where nothing is."""
        if self._region is None:
            self._region = (self._named_behind(),)
        return self._region[0]

    @property
    def is_supported(self) -> bool:
        """Whether there is a reason to take a common word for a place."""
        if self._supported is None:
            self._supported = self.region is not None or self._stands_as_a_place()
        return self._supported

    @property
    def is_hebrew_adjective(self) -> bool:
        """Say whether a Hebrew word that is something else too is an adjective here: הדני, but not בסיני."""
        prefix = self._span.start.prefix
        return prefix.endswith("ה") or (not prefix and self.is_supported)

    @property
    def _is_feature(self) -> bool:
        if self._feature is None:
            self._feature = self._is_beside(self._context.features)
        return self._feature

    @property
    def is_state_before(self) -> bool:
        """Say whether the word for a state or province stands right before, or one word away ("state of")."""
        first = self._span.first
        return not _STATE_BEFORE.isdisjoint(self._finder.tokens.words[max(0, first - 2) : first])

    @property
    def is_behind_compass(self) -> bool:
        """Say whether "eastern" or its like stands right before, no name's part."""
        return self.before in _COMPASS

    @property
    def is_before_state_word(self) -> bool:
        """Say whether what a state has stands right behind: its government, army, border."""
        words, behind = self._finder.tokens.words, self._span.last + 1
        return behind < len(words) and words[behind] in self._context.of_states.behind and bool(self.after)

    @property
    def must_be_capital(self) -> bool:
        """Say whether a common word would have a capital here too: it begins a sentence, or all words have one."""
        finder, first = self._finder, self._span.first
        return finder.begins_sentence(first) or finder.is_headline(first) or finder.written(first).isupper()

    def is_of_a_thing(self, sense: Sense) -> bool:
        """Say whether a thing's word beside a country's name takes it: "Brazil nuts", a Guinea pig."""
        things = self._context.things
        is_name = sense.kind == "country" or any(other.kind == "country" for other in self._span.senses)
        return self._is_beside(things) or (is_name and self._is_named_after(things))

    def _is_named_after(self, listed: Sides) -> bool:
        """Say whether a street, a river or a person bears a country's name: no adjective stands so."""
        finder, span = self._finder, self._span
        before, after = span.first - 1, span.last + 1
        words = finder.tokens.words
        if before >= 0 and words[before] in listed.before_name:
            return finder.is_joined(before, span.first)
        if after >= len(words) or words[after] not in listed.after_name or not finder.is_joined(span.last, after):
            return False
        # The minister, the ambassador of Israel Katz is nobody.
        return before < 0 or (words[before] not in _OF_STATES and words[before] not in self._context.of_states.before)

    def _is_beside(self, listed: Sides) -> bool:
        """Say whether a word of a list stands right before or behind, "of" perhaps between."""
        finder, span = self._finder, self._span
        tokens, words = finder.tokens, finder.tokens.words
        if listed.written_after:
            source, end = tokens.source(span.last), tokens.ends[span.last]
            written = (listed.written_after.get(source[end : end + size]) for size in (3, 2, 1))
            return next((taken for taken in written if taken is not None), False)
        after, before = span.last + 1, span.first - 1
        if after < len(words) and words[after] in listed.after and finder.is_joined(span.last, after):
            return True
        if before >= 0 and words[before] in listed.before:
            return finder.is_joined(before, span.first)
        is_over = before > 0 and words[before] in _OF and words[before - 1] in listed.before
        return is_over and finder.is_joined(before - 1, span.first)

    def holds(self, sense: Sense) -> bool:
        """Say whether the neighbours let it be this place: no body's part, no person's name, no common word."""
        finder, span, flags = self._finder, self._span, sense.flags
        if "weak" in flags and not self.is_supported:
            return False
        is_named = self._context.names(sense)
        if "support" in flags and not (self.is_supported or is_named or self.is_state_before):
            return False
        if self._is_feature or (not is_named and self._is_common_word()):
            return False
        tokens = finder.tokens
        char = (tokens.title if span.first < tokens.title_count else tokens.text)[tokens.starts[span.first]]
        is_caseless = "\u0590" <= char <= "\u06ff"
        if "curated" in flags and not is_caseless:
            return True
        if sense.type == "capital" and self._is_behind_first_name():
            return False
        if char < "\u0370":
            is_english = finder.language in ("en", "")
            held = self._english_holds(sense) if is_english else self._latin_holds(sense, is_named)
        elif is_caseless:
            held = self._caseless_holds(sense, is_named)
        else:
            least = _HAN_WEIGHTY if self._is_short_han(sense) else _WEIGHTY
            held = sense.weight >= least or self.is_supported or is_named
        if not held or (self.before and self.before in finder.header.person_title_before):
            return False
        return not finder.rejected or self.is_supported or self._surface() not in finder.rejected

    def is_surname(self, sense: Sense) -> bool:
        """Say whether it is a person's: a first name, itself no place, before a country's name (Norbert Ungar)."""
        finder, span = self._finder, self._span
        header, before, after = finder.header, self.before, self.after
        if before and "\u0590" <= before[0] <= "\u06ff":
            if sense.kind == "demonym":
                return self._is_behind_caseless_first_name()
            return self._is_one_of_a_couple()
        if finder.language == "tr" and finder.is_marked_name(span.last):
            ending = finder.tokens.words[span.last + 1 : span.last + 2]
            if not _PLACE_ENDINGS.isdisjoint(ending):
                return False
        if (
            after[:1].isupper()
            and finder.language not in ("de", "en", "")
            and finder.tokens.words[span.first] in header.personish
            and not after.isupper()
            and span.last + 1 not in self._context.by_first
            and not finder.is_headline(span.first)
        ):
            return True
        return (
            before[:1].isupper()
            and before.casefold() in header.first_names
            and not before.isupper()
            and before not in header.not_a_first_name
            and span.first - 1 not in self._context.by_last
            and not finder.is_headline(span.first)
        )

    def _is_one_of_a_couple(self) -> bool:
        """Say whether a country that is a given name too is joined to another given name: שרה וישראל."""
        finder, span = self._finder, self._span
        words, first_names = finder.tokens.words, finder.header.first_names
        name, before = words[span.last].removeprefix(span.start.prefix), words[span.first - 1]
        if span.first != span.last or name not in _GIVEN_NAMES:
            return False
        if before in _ATTACHED_AND:
            return span.first > 1 and words[span.first - 2] in first_names
        return span.start.prefix in _ATTACHED_AND and before in first_names

    def _is_behind_caseless_first_name(self) -> bool:
        """Say whether an adjective of one man stands behind a first name: أحمد المصري, רפי מצרי."""
        finder, span = self._finder, self._span
        words = finder.tokens.words
        own, before = words[span.last], words[span.first - 1]
        # A Hebrew adjective with its article belongs to a noun, a surname in Arabic mostly has one.
        if span.first != span.last or own[-1] not in _ADJECTIVE_ENDS or (span.start.prefix and finder.language != "ar"):
            return False
        if finder.language == "ar" and not own.startswith("ال"):
            return False
        is_servant = span.first > 1 and words[span.first - 2] in _NAME_BEGINNINGS
        first_names = finder.header.first_names
        return is_servant or before in first_names or (before[0] in _ATTACHED and before[1:] in first_names)

    def is_listed(self) -> bool:
        """Say whether it begins a clause, or is joined to what stands before it by "and"."""
        finder, first = self._finder, self._span.first
        begins = finder.begins_sentence(first) or not finder.is_joined(first - 1, first)
        return begins or self._span.start.prefix in _ATTACHED_AND or finder.tokens.words[first - 1] in _AND

    def _surface(self) -> str:
        return self._finder.tokens.surface(self._span.first, self._span.last).casefold()

    def _named_behind(self) -> Region | None:
        finder, last = self._finder, self._span.last
        tokens = finder.tokens
        words, behind = tokens.words, last + 1
        if behind >= len(words) or behind == tokens.title_count or last == tokens.title_count:
            return None
        gap = tokens.source(last)[tokens.ends[last] : tokens.starts[behind]]
        if gap in (" ", ", ") and words[behind] in _IN and behind + 2 < len(words):
            behind += 1 + (words[behind + 1] in _COMPASS)
        elif gap == ", " and words[behind] in _STATE_BEFORE and behind + 1 < len(words):
            behind += 1
        elif gap not in _REGION_GAPS:
            return None
        follower = self._context.by_first.get(behind)
        if follower is not None:
            codes = frozenset(code for one in follower.senses if one.kind == "country" for code in one.countries)
            units = frozenset(number_of(one) for one in follower.senses if one.type in UNITS)
            if codes or units:
                return codes, units
        written = finder.written(behind)
        if len(written) == 1 and behind + 1 < len(words):
            written += finder.written(behind + 1)  # "D.C."
        state = finder.header.states.get(written)
        return (frozenset(("US",)), frozenset((state,))) if state else None

    def _stands_as_a_place(self) -> bool:
        finder, span, context = self._finder, self._span, self._context
        words, of_states = finder.tokens.words, context.of_states
        before = words[span.first - 1] if span.first else ""
        if before in PLACE_WORDS or span.start.prefix in PLACE_WORDS or before in of_states.before:
            return True
        if before in _WITH and span.first > 1 and words[span.first - 2] in of_states.dealing:
            return True
        if span.last + 1 < len(words) and words[span.last + 1] in of_states.deed:
            return True
        # States are feminine, and their verb stands first.
        if finder.language == "ar" and is_feminine_verb(before):
            return True
        if finder.language == "tr" and finder.is_marked_name(span.last):
            return True
        previous = context.by_last.get(span.first - 1)
        if previous is not None and any(sense.kind == "role" for sense in previous.senses):
            return True
        # A country follows with "and" attached: הודו ופקיסטן.
        follower = context.by_first.get(span.last + 1)
        is_joined = follower is not None and follower.start.prefix in _ATTACHED_AND
        return is_joined and follower is not None and any(sense.kind == "country" for sense in follower.senses)

    def _is_common_word(self) -> bool:
        finder, span = self._finder, self._span
        if span.first != span.last or (self.is_supported and finder.language not in ("ar", "fa", "he")):
            return False
        words = finder.header.common_words.get(finder.language)
        return words is not None and finder.tokens.words[span.first].removeprefix(span.start.prefix) in words

    def _is_behind_first_name(self) -> bool:
        finder = self._finder
        is_capital = self.before[:1].isupper()
        return is_capital and finder.tokens.words[self._span.first - 1] in finder.header.first_names

    def _latin_holds(self, sense: Sense, is_named: bool) -> bool:
        if sense.weight < _WEIGHTY and not (self.is_supported or is_named):
            return False
        if sense.type not in _TOWNLIKE and sense.type != "state":
            return True
        if self._is_behind_first_name():
            return False
        is_surname_behind = self.after[:1].isupper() and not self.after.isupper()
        return self.is_supported or not is_surname_behind or self._finder.language == "de"

    def _caseless_holds(self, sense: Sense, is_named: bool) -> bool:
        finder, span = self._finder, self._span
        letters = sum(map(len, finder.tokens.words[span.first : span.last + 1])) - len(span.start.prefix)
        is_big = any(
            other.kind == "place" and (other.weight >= _CASELESS_WEIGHTY or other.type == "capital")
            for other in span.senses
            if other.countries == sense.countries
        )
        is_curated = "curated" in sense.flags
        if letters <= _CASELESS_SHORT and not (is_big or is_named or (is_curated and self.is_supported)):
            return False
        if finder.language == "he" and sense.countries == ("IL",) and sense.weight >= _AT_HOME:
            return True
        return is_curated or is_named or is_big or (self.is_supported and sense.weight >= _TOWN)

    def _is_short_han(self, sense: Sense) -> bool:
        """Say whether a name is two Chinese characters that papers elsewhere do not know: they stand in other words."""
        span = self._span
        return (
            span.last - span.first <= 1
            and "\u3400" <= self._finder.tokens.words[span.first] <= "\u9fff"
            and sense.flags.isdisjoint(("press", "curated"))
            and sense.type != "capital"
        )

    def _english_holds(self, sense: Sense) -> bool:
        finder, span = self._finder, self._span
        header, before, after = finder.header, self.before, self.after
        is_townlike = sense.type in _TOWNLIKE
        if after:
            is_region = sense.type in ("state", "region")
            if after in (header.organisation_follows_country if is_region else header.organisation_follows):
                return False
        if before == "of" and span.first > 1 and finder.before(span.first - 1) in header.organisation_before_of:
            return False
        if not is_townlike:
            return True
        if before[:1].isupper() and before not in header.compass and not finder.is_headline(span.first):
            is_first_name = before.casefold() in header.first_names and before not in header.not_a_first_name
            if is_first_name or before in header.person_title_before:
                finder.rejected.add(self._surface())
                return False
            if not finder.begins_sentence(span.first - 1) and before not in header.may_precede:
                return sense.weight >= _METROPOLIS
        if after[:1].isupper() and not self.is_supported and not after.isupper() and not finder.is_headline(span.first):
            if finder.tokens.words[span.first] in header.first_names:
                finder.rejected.add(self._surface())
                return False
            return sense.weight >= _METROPOLIS
        return True
