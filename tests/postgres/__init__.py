"""Questions that run on a real PostgreSQL server give what they give on the embedded database."""
