"""Properties of the engine over random worlds, formulas and questions."""
