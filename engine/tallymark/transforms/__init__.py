"""Transforms: how a dataset is made of the rows of others.

One file a transform, and what they share:

    transform.py   what a transform is: what it takes, the shape of what it gives, and how it becomes SQL
    table.py       the built-in ones by name; plugins add rows of the same kind
    sessions.py    `sessionize`: events of a member, cut where it is quiet for long
    stacking.py    `union`: rows of several datasets one below the other
    versions.py    `versions`: snapshots or changes as stretches of time in which values hold
    duplicates.py  `dedupe`: one row of each key
    row_model.py   Python that computes columns of a row
    modelled.py    and that as a transform
    mrr/           `mrr_subscriptions`, `mrr_from_invoices`, `mrr_movements`: recurring revenue and what changed it
    keys.py        the keys of rows that are made
    sql.py         the few forms of SQL that they share, none of one dialect only
"""
