"""Which language a text is in: lingua's models of letters, which come with its package."""

from __future__ import annotations

from collections.abc import Sequence

LEAST_LEAD = 0.03
"""How much likelier than the second the first language must be: below, as of `ok` or `Super`, nobody knows."""


class Languages:
    """Tells languages apart. Raises ImportError without the library, KeyError for a language that it does not know."""

    def __init__(self, languages: Sequence[str]) -> None:
        from lingua import IsoCode639_1, LanguageDetectorBuilder

        unknown = [language for language in languages if not hasattr(IsoCode639_1, language.upper())]
        if unknown:
            raise KeyError(unknown[0])
        codes = [getattr(IsoCode639_1, language.upper()) for language in languages]
        self._only = languages[0] if len(languages) == 1 else None
        self._detector = LanguageDetectorBuilder.from_iso_codes_639_1(*codes).build() if len(languages) > 1 else None

    def of(self, texts: Sequence[str]) -> list[str | None]:
        """The language of each text; None of a text without words, or one that may as well be in another."""
        if self._detector is None:
            return [self._only if any(c.isalpha() for c in text) else None for text in texts]
        found = self._detector.compute_language_confidence_values_in_parallel(list(texts))
        return [
            first.language.iso_code_639_1.name.lower() if first.value - second.value >= LEAST_LEAD else None
            for first, second, *_ in found
        ]


def code_of(language: str | None) -> str | None:
    """The language as ISO 639 writes it: `fr` of `fr-CA` and `FR`; None of anything else."""
    head = (language or "").strip().lower().replace("_", "-").split("-")[0]
    return head if head.isalpha() and len(head) in (2, 3) else None
