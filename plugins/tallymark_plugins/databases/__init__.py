"""Tables of databases that speak other SQL: their rows are fetched into the embedded database."""
