"""The formula language: its grammar, its parsed and bound trees, and the table of functions."""
