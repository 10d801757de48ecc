"""Names of places: GeoNames' cities, states and counties, seas and regions of our own, and the curated list."""

from __future__ import annotations

import gzip
import math
import re
from collections import defaultdict
from collections.abc import Iterator

from msgspec.structs import replace

from pipelines.entities.lists.inflect import Inflector
from pipelines.entities.lists.places import WATERS, CuratedPlaces
from pipelines.entities.lists.read import read_list, rows
from pipelines.entities.lists.spelling import script_of
from pipelines.entities.table import Sense
from pipelines.text.tokens import words_of
from tools.gazetteer.countries import SOURCES, columns_of

# Below this many people a name that is a common word, or very short, needs a reason.
_WEIGHTY = 300_000
# From this many people on, a Cyrillic name of a foreign city is found in its oblique cases too.
_DECLINED = 100_000
_CYRILLIC = {"RU": "ru", "UA": "uk", "BG": "bg", "BY": "ru", "KZ": "ru", "KG": "ru"}
_LATIN = {"PL": "pl", "CZ": "cs", "SI": "sl"}
_CASELESS = frozenset(("arabic", "hebrew", "han", "kana", "hangul", "devanagari"))
# Alternates of cities in scripts without capitals are many people's words too.
_CASELESS_PEOPLE = 300_000
_ZONE_LANGUAGES = "en ru uk ar fa he zh zh_Hant tr de fr es it pt pl cs sl bg ja ko el nl".split()
_SHORT = 4
# The word for the kind is no part of the name; without it a name like Georgia needs support.
_KIND_WORDS = (
    "US-Bundesstaat ", "Bundesstaat ", "штат ", "estado de ", "Estado de ", "État de ", "ولاية ", "ایالت ", "stan ",
    "stát ", "מדינת ", "Stato della ", "щат ",
)  # fmt: skip
_KIND_ENDINGS = (" state", " State")
_REGION_WEIGHT, _SMALL_WEIGHT = 7.0, 4.0


def geonames() -> Iterator[tuple[int, str, int, str, int, str, list[str]]]:
    """Give id, country, unit's id, type, people, name and other names of each place of the extract."""
    with gzip.open(SOURCES / "places" / "geonames.tsv.gz", "rt", encoding="utf-8") as lines:
        for line in lines:
            if line.startswith("#"):
                continue
            number, country, unit, kind, people, name, names = line.rstrip("\n").split("\t")
            yield (
                int(number),
                country,
                int(unit or 0),
                kind,
                int(people),
                name,
                [one for one in names.split("|") if one],
            )


def dictionary() -> frozenset[str]:
    """Give English words that are written small (SCOWL up to size 50): names among them need a reason."""
    return frozenset((SOURCES / "common_words_en.txt").read_text(encoding="utf-8").split())


class Places:
    """Collects the senses of places by folded name."""

    def __init__(self, inflector: Inflector) -> None:
        self.names: dict[str, dict[Sense, None]] = defaultdict(dict)
        self._inflector = inflector
        self.city_names: set[str] = set()
        self._common = dictionary()
        self._needy = frozenset(
            word
            for row in rows(SOURCES / "context_en.tsv")
            if row[0] == "always-needs-context"
            for word in row[2].split()
        )
        self._first_names = frozenset((SOURCES / "first_names.txt").read_text(encoding="utf-8").split())
        self._own: dict[int, Sense] = {}

    def _add(self, name: str, sense: Sense, *, is_known: bool = False) -> None:
        key = " ".join(words_of(name))
        if not key or len(key) < 2:
            return
        flags = set(sense.flags)
        people = 10**sense.weight
        is_word = key in self._common or (len(key) <= _SHORT and script_of(key) == "latin")
        if (
            sense.type in ("city", "capital", "county")
            and people < _WEIGHTY
            and is_word
            and " " not in key
            and not is_known
        ):
            flags.add("weak")
        if key in self._needy and sense.type in ("city", "county", "unit"):
            flags.add("weak")
        if sense.type == "unit" and key in self._common:
            return
        if key in self._first_names and sense.type == "city" and people < 3 * _WEIGHTY:
            flags.add("weak")
        self.names[key].setdefault(replace(sense, flags=frozenset(flags)))

    def add_geonames(self) -> None:
        """File the extract: main names plainly, alternates marked, Cyrillic ones in all cases."""
        for number, country, unit, kind, people, name, names in geonames():
            if kind == "country":
                continue
            sense = Sense(
                f"place:geonames:{number}",
                "place",
                "capital",
                countries=(country,),
                weight=round(math.log10(people + 10), 2),
                unit=unit,
                type=kind,
            )
            self._own[number] = sense
            self._add(name, sense)
            if people >= _DECLINED and kind in ("city", "capital"):
                self.city_names.add(" ".join(words_of(name)))
            if kind == "unit" and " " in name:
                self._add(_without_kind(name), sense)
            if country in _LATIN and kind in ("city", "capital"):
                for form in self._inflector.phrases(_LATIN[country], "NA", name):
                    self._add(form, sense)
            other = replace(sense, flags=frozenset(("alternate",)))
            for alternate in names:
                if f"ال{alternate}" in names:
                    continue  # without its article it is a word or a given name
                self._add_alternate(alternate, other, country, people, kind)

    def _add_alternate(self, name: str, sense: Sense, country: str, people: int, kind: str) -> None:
        key = " ".join(words_of(name))
        script = script_of(name)
        if key in self._common or (script == "latin" and len(key) <= _SHORT and kind == "city"):
            return
        if script in _CASELESS:
            home = sense.type != "city" or people >= _CASELESS_PEOPLE
            if not home or len(name) < (2 if script == "han" else 4):
                return
        self._add(name, sense)
        if script == "cyrillic" and (people >= _DECLINED or country in _CYRILLIC):
            languages = {"uk"} if re.search("[іїєґ]", name.lower()) else {_CYRILLIC.get(country, "ru"), "ru"}
            for language in languages:
                for form in self._inflector.headed(language, name):
                    self._add(form, sense)
        if kind == "unit":
            bare = _without_kind(name)
            if bare != name:
                self._add(bare, sense)

    def add_shortened_states(self) -> None:
        """File "Conn." and "N.J.", which count behind a comma or bracket with their dot only."""
        for row in rows(SOURCES / "us_states.tsv"):
            if row[2] == "-":
                continue
            sense = replace(
                self._own[int(row[1])],
                case="exact",
                surfaces=frozenset((row[2],)),
                languages=("en",),
                rules=("en =dot",),
                flags=frozenset(("press",)),
            )
            self.names[" ".join(words_of(row[2]))].setdefault(sense)

    def add_exemplars(self) -> None:
        """File CLDR's names of the cities that stand for time zones, which tell their language."""
        from babel import Locale

        english = Locale.parse("en").time_zones
        territories = _zone_territories()
        by_name: dict[tuple[str, str], Sense] = {}
        for number, country, _, kind, people, name, _ in geonames():
            if kind in ("city", "capital"):
                known = by_name.get((country, name))
                if known is None or known.weight < math.log10(people + 10):
                    by_name[country, name] = self._own[number]
        for identifier in _ZONE_LANGUAGES:
            language = identifier.partition("_")[0]
            for zone, found in Locale.parse(identifier).time_zones.items():
                city = english.get(zone, {}).get("city") or zone.rpartition("/")[2].replace("_", " ")
                sense = by_name.get((territories.get(zone, ""), city))
                name = found.get("city")
                if sense is None or not name or sense.weight < 4.5:
                    continue
                for form in self._inflector.phrases(language, "NA", name):
                    self._add(form, sense)

    def add_capitals(self) -> None:
        """File the capitals' names of ``metonyms.tsv``, in all their cases."""
        capitals = {
            (country, " ".join(words_of(name))): self._own[number]
            for number, country, _, kind, people, name, _ in geonames()
            if kind in ("city", "capital") and people > 100_000
        }
        for row in rows(SOURCES / "metonyms.tsv"):
            if row[1] != "capital":
                continue
            country = row[0][-2:] if row[0].startswith("government:") else "BE"
            named = [(language, name) for language, name in columns_of(row[2:])]
            sense: Sense | None = None
            for language, name in named:
                sense = capitals.get((country, " ".join(words_of(name))), sense)
                if sense is None:
                    continue
                for form in self._inflector.phrases(language, "NA", name):
                    self._add(form, replace(sense, type="capital"))

    def add_curated(self) -> list[str]:
        """File our own list and the seas and regions that it does not name; gives the ids of both."""
        ids: list[str] = []
        claimed: dict[str, Sense] = {}
        curated = CuratedPlaces(self._inflector)
        for path in sorted((SOURCES / "places").glob("*.yaml")):
            for entry in read_list(path):
                number = str(entry["id"]).partition("geonames:")[2]
                sense = curated.add(entry, self._own.get(int(number)) if number else None)
                if sense.id in ids:
                    raise ValueError(f"{path.name}: {entry['id']} stands there twice")
                ids.append(sense.id)
                english = str(entry["names"].get("en", "")).split("|")
                claimed |= {" ".join(words_of(name.lstrip("^?"))): sense for name in english}
        for key, senses in curated.names.items():
            self.names[key].update(senses)
        for row in rows(SOURCES / "regions.tsv"):
            named = list(columns_of(row[2:]))
            keys = [" ".join(words_of(name)) for language, name in named if language == "en"]
            # What the curated list or GeoNames has under another language's name is that place.
            known = next((claimed[key] for key in keys if key in claimed), None)
            known = known or (self._own.get(int(row[1])) if row[1].isdigit() else None)
            sense = known or _region(row[0], row[1])
            if known is None:
                ids.append(sense.id)
            for language, name in named:
                case = "any" if script_of(name) in _CASELESS else "capital"
                for form in self._inflector.phrases(language, "NA", name):
                    self._add(form, replace(sense, case=case), is_known=known is not None)
        return ids

    def add_press_names(self) -> None:
        """File what papers of other languages call capitals, US states and big cities: ``place_names/*.yaml``."""
        for path in sorted((SOURCES / "place_names").glob("*.yaml")):
            for entry in read_list(path):
                known = self._own.get(int(str(entry["id"]).partition("geonames:")[2]))
                if known is None:  # a capital smaller than the extract's towns
                    place, country = f"place:{entry['id']}", (str(entry["country"]),)
                    known = Sense(place, "place", "capital", countries=country, weight=_SMALL_WEIGHT, type="city")
                known = replace(known, flags=known.flags | {"press"})
                if path.stem == "capitals":
                    known = replace(known, type="capital")
                for language, written in entry["names"].items():
                    for one in map(str.strip, str(written).split("|")):
                        name = one.lstrip("^?")
                        kind = next((word for word in _KIND_WORDS if name.startswith(word)), "")
                        kind = kind or next((word for word in _KIND_ENDINGS if name.endswith(word)), "")
                        name = name.removeprefix(kind).removesuffix(kind)
                        doubtful = replace(known, flags=known.flags | {"support"})
                        for form in {name, *self._inflector.phrases(language, "NA", name)}:
                            self._add(form, doubtful if kind or "?" in one[:2] else known, is_known=True)


def _region(name: str, number: str) -> Sense:
    """Make the sense of a row of regions.tsv, whose first cell is "sea:black" or "place:GB-SCT"."""
    kind, _, slug = name.partition(":")
    if kind in WATERS and kind not in slug:
        slug = f"{slug}-{kind}"
    place = f"place:geonames:{number}" if number.isdigit() else f"place:{slug}"
    countries = (slug[:2],) if re.match("[A-Z]{2}-", slug) else ()
    return Sense(place, "place", "capital", countries=countries, weight=_REGION_WEIGHT, type="region")


_KINDS = re.compile(
    r"^(?:Gobolka|Wilaya[h]? d[e']|Wilāyat|Provincia de(?:l)?|Provincia|Estado de(?:l)?|Departamento de(?:l)?|Oblast) "
    r"|(?: [Rr]egion| [Pp]rovince| [Oo]blast'?| [Gg]overnorate| [Dd]istrict| [Pp]refecture| [Ss]heng| [Cc]ity"
    r"| Voivodeship| [Cc]ounty| [Ss]tate| [Dd]epartment| Krai| [Кк]рай| [Оо]бласть?)$"
)


def _without_kind(name: str) -> str:
    """Give a unit's name without the word for its kind."""
    return _KINDS.sub("", name)


def _zone_territories() -> dict[str, str]:
    from babel.core import get_global

    return dict(get_global("zone_territories"))
