"""The tables of the ledger, and the version they are of."""

from __future__ import annotations

APPLICATION = 0x54414C59
"""`TALY`: by this a SQLite file is known to be a ledger."""

VERSION = 2

SCHEMA = f"""
CREATE TABLE rules (
    name TEXT PRIMARY KEY,
    meaning TEXT, grain TEXT, period TEXT,          -- up to where it came; null once the project has it no more
    period_name TEXT,
    as_of TEXT,                                     -- the latest knowledge date it told with
    ran TEXT NOT NULL,
    teller TEXT NOT NULL                            -- how to speak of it when it is gone
) STRICT;
CREATE TABLE instances (
    rule TEXT NOT NULL REFERENCES rules (name),
    instance TEXT NOT NULL,
    told TEXT NOT NULL CHECK (told IN ('ok', 'firing', 'no_data')),
    since TEXT NOT NULL, period TEXT NOT NULL,
    number INTEGER NOT NULL,                        -- how many transitions there were
    status TEXT, status_since TEXT,                 -- how it stood in the last run, while something is told of it
    PRIMARY KEY (rule, instance)
) STRICT;
CREATE TABLE failures (                             -- rules that could not be evaluated when they were last to be
    rule TEXT PRIMARY KEY,
    found TEXT NOT NULL,
    error TEXT NOT NULL
) STRICT;
CREATE TABLE transitions (
    key TEXT PRIMARY KEY,
    rule TEXT NOT NULL REFERENCES rules (name),
    instance TEXT NOT NULL,
    number INTEGER NOT NULL,
    period TEXT NOT NULL, before TEXT NOT NULL, after TEXT NOT NULL, since TEXT NOT NULL, reason TEXT NOT NULL,
    period_name TEXT NOT NULL, since_name TEXT NOT NULL, subject TEXT NOT NULL,
    found TEXT NOT NULL,
    UNIQUE (rule, instance, number)
) STRICT;
CREATE TABLE outbox (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    key TEXT NOT NULL REFERENCES transitions (key),
    notifier TEXT NOT NULL,
    notification TEXT NOT NULL, language TEXT NOT NULL,
    state TEXT NOT NULL DEFAULT 'queued' CHECK (state IN ('queued', 'sending', 'sent', 'failed', 'dropped')),
    attempts INTEGER NOT NULL DEFAULT 0,
    doubtful INTEGER NOT NULL DEFAULT 0,            -- it was being sent when a run was broken off
    error TEXT,
    queued TEXT NOT NULL, tried TEXT,
    UNIQUE (key, notifier)
) STRICT;
CREATE INDEX outbox_waiting ON outbox (state) WHERE state <> 'sent';
PRAGMA application_id = {APPLICATION};
PRAGMA user_version = {VERSION}"""
