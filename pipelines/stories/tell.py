"""A story told on: what one more report changes. Pure."""

from __future__ import annotations

from dataclasses import replace

from connectors.records import Report
from pipelines.model import Entity, Item, Story
from pipelines.sources.labels import Source
from pipelines.stories.ladder import Standing, counts, standing

_OF_A_STATE = frozenset(("office", "org", "metonym"))


def lead_countries(item: Item) -> tuple[str, ...]:
    """ISO codes of the countries that an item's title and lead name, in order of mention."""
    codes: dict[str, None] = {}
    for entity in item.entities:
        if entity.field == "title" or entity.start < len(item.lead):
            codes |= dict.fromkeys(states_of(entity))
    return tuple(codes)


def states_of(entity: Entity) -> tuple[str, ...]:
    """ISO codes of the states that an entity makes part of a matter.

    Names, adjectives and seats alike: "Russian" does it as "Russia" does. Offices and bodies do it too, in whose
    names the country's stands; a place is only where something happens, a medium only who tells it.
    """
    if entity.id.startswith("country:"):
        return (entity.id.removeprefix("country:"),)
    if entity.kind not in _OF_A_STATE or "media" in entity.flags:
        return ()
    return tuple(one.removeprefix("country:") for one in entity.implies if one.startswith("country:"))


def report_of(item: Item, source: Source, *, copy_of: str, is_edit: bool) -> Report:
    """An item as its story keeps it."""
    return Report(
        item_id=item.item_id,
        feed_id=item.feed_id,
        source=source.name,
        interest=source.interest,
        control=source.control,
        title=item.title,
        url=item.link,
        language=item.language,
        published_at=item.published_at,
        fetched_at=item.fetched_at,
        copy_of=copy_of,
        is_edit=is_edit,
    )


def opened(story_id: str, report: Report, countries: tuple[str, ...]) -> Story:
    """Story that a first report opens."""
    # A copy opens a story only where the original's was let go.
    interests = (report.interest,) if counts(report.interest) and not report.copy_of else ()
    place = standing(report.interest, interests, countries)
    return Story(
        story_id=story_id,
        title=report.title,
        language=report.language,
        first_at=report.fetched_at,
        last_at=report.fetched_at,
        countries=countries,
        interests=interests,
        independent=place.independent,
        state=place.state,
        flags=place.flags,
        report_count=1,
        first_interest=report.interest,
    )


def told_on(story: Story, report: Report, countries: tuple[str, ...], rules: tuple[str, ...]) -> Story:
    """Story after one more report. A copy is counted, but is nobody's voice.

    Only a new voice moves the story on the ladder: a country that others name makes nobody a party.
    """
    interests = story.interests
    named = (*story.countries, *(code for code in countries if code not in story.countries))
    place = Standing(story.state, story.flags, story.independent)
    if not report.copy_of and counts(report.interest) and report.interest not in interests:
        interests = (*interests, report.interest)
        place = standing(story.first_interest, interests, named)
    return replace(
        story,
        last_at=max(story.last_at, report.fetched_at),
        countries=named,
        interests=interests,
        independent=place.independent,
        state=place.state,
        flags=place.flags,
        # An edit is the same report in other words.
        report_count=story.report_count + (0 if report.is_edit else 1),
        rules=(*story.rules, *(rule for rule in rules if rule not in story.rules)),
    )
