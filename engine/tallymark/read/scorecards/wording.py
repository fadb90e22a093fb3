"""What readers see as the names of a scorecard's metrics."""

from __future__ import annotations

from collections.abc import Mapping

from tallymark.definitions import Texts, in_language

PART = {"en": "{card}: {part}", "fr": "{card} : {part}", "ro": "{card}: {part}"}
CONTRIBUTION = {
    "en": "{card}: contribution of {part}",
    "fr": "{card} : contribution de {part}",
    "ro": "{card}: contribuția pentru {part}",
}
COVERAGE = {"en": "{card}: coverage", "fr": "{card} : couverture", "ro": "{card}: acoperire"}
CHANGE = {"en": "{card}: change", "fr": "{card} : variation", "ro": "{card}: variație"}
TREND = {"en": "{card}: trend", "fr": "{card} : tendance", "ro": "{card}: tendință"}
OVERRIDE = {"en": "{card}: override", "fr": "{card} : règle appliquée", "ro": "{card}: regulă aplicată"}
OVERRIDDEN = {
    "en": "{card}: points of overrides",
    "fr": "{card} : points des règles",
    "ro": "{card}: puncte din reguli",
}
SEGMENT = {"en": "{card}: segment", "fr": "{card} : segment", "ro": "{card}: segment"}


def labels(templates: Mapping[str, str], card: Texts, part: Texts | None = None) -> Texts:
    """The label in every language that the card or the part speaks."""
    found = {}
    for language in {**card, **(part or {})}:
        whole, inner = (in_language(texts, language) for texts in (card, part or {}))
        # An abbreviation keeps its capitals.
        small = inner if inner[1:2].isupper() else inner[:1].lower() + inner[1:]
        found[language] = templates.get(language, templates["en"]).format(card=whole, part=small)
    return found
