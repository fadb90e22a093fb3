"""Landing: data of services, fetched with dlt into a store of the project's own, and read from there by questions.

store.py        where it is: a DuckDB file swapped whole, a lock, a place to work
landed.py       what is told of it: tables, rows, until when they are complete
run.py          one sync of one source: its options, clock, pace, progress
quiet.py        dlt, kept to itself
groups.py       the dlt source of a kind, and which of its resources are read together
watching.py     rows counted and their keys looked at as they pass by
rounds.py       reading in rounds, each put away safely
loading.py      from rounds to tables, in a copy that is swapped in
changes.py      what a load did to each table
complaints.py   errors as faults
sync.py         all of it, for each source asked for
"""
