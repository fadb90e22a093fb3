"""PostgreSQL as a source: its options, its server as a backend, its catalogue, its errors.

options.py    the options of a source, and the connection they make
server.py     the backend: connections, read-only SELECTs, cancelling
results.py    result columns as the engine's types
tables.py     the source: which tables there are, and of what columns
errors.py     what a server says as faults
"""
