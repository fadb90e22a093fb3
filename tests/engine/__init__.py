"""The engine as a whole, against figures, identities and bad input."""
