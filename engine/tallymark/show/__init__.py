"""How values look to a reader: numbers by unit and language, tables, trees, sparklines.

Nothing here knows a metric or runs a query. Rounding happens in this room only, and only for display.
"""
