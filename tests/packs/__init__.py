"""The standard metric packs: their files, their texts, and figures worked out by hand."""
