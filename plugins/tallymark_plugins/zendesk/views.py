"""Views over the landed tables: tickets, ratings and organisations in the shapes that the metric packs read.

Where Zendesk has a figure of its own (replies, reopens, the time of the first reply, when it was solved), that is
taken, so that sums agree with its screens; where it has none, the ticket's events tell.
"""

from __future__ import annotations

from collections.abc import Mapping

_COMMENTS = """
SELECT c.ticket_id, c.comment_id, c.author_id, c.happened_at,
  coalesce(last_publicity.public, c.public, false) AS public,
  coalesce(u.role IN ('agent', 'admin'), false) AS by_agent,
  row_number() OVER (PARTITION BY c.ticket_id ORDER BY c.happened_at, c.comment_id, c.id) = 1
    AND c.event_id = created.event_id AS opening
FROM ticket_events AS c
LEFT JOIN (
  SELECT comment_id, arg_max(public, happened_at) AS public
  FROM ticket_events
  WHERE type = 'publicity'
  GROUP BY comment_id
) AS last_publicity ON last_publicity.comment_id = c.comment_id
LEFT JOIN (
  SELECT ticket_id, min(event_id) AS event_id FROM ticket_events WHERE type = 'create' GROUP BY ticket_id
) AS created ON created.ticket_id = c.ticket_id
LEFT JOIN users AS u ON u.id = c.author_id
WHERE c.type = 'comment'
"""
"""The comments of tickets. `opening` is the message with which the ticket was made."""

_TOLD = """
SELECT t.id AS ticket_id,
  e.made,
  CASE WHEN e.made THEN coalesce(c.agent_replies, 0) END AS agent_replies,
  CASE WHEN e.made THEN coalesce(c.customer_replies, 0) END AS customer_replies,
  CASE WHEN e.made THEN coalesce(e.reopens, 0) END AS reopens,
  CASE WHEN e.made THEN c.first_reply_at END AS first_reply_at,
  e.solved_at,
  e.closed_at
FROM tickets AS t
LEFT JOIN (
  SELECT ticket_id,
    bool_or(type = 'create') AS made,
    count(*) FILTER (type = 'change' AND field = 'status' AND previous_value = 'solved'
      AND value NOT IN ('solved', 'closed', 'deleted')) AS reopens,
    max(happened_at) FILTER (field = 'status' AND value = 'solved') AS solved_at,
    max(happened_at) FILTER (field = 'status' AND value = 'closed') AS closed_at
  FROM ticket_events
  GROUP BY ticket_id
) AS e ON e.ticket_id = t.id
LEFT JOIN (
  SELECT ticket_id,
    count(*) FILTER (public AND by_agent AND NOT coalesce(opening, false)) AS agent_replies,
    count(*) FILTER (public AND NOT by_agent AND author_id > 0 AND NOT coalesce(opening, false)) AS customer_replies,
    min(happened_at) FILTER (public AND by_agent AND NOT coalesce(opening, false)) AS first_reply_at
  FROM ticket_comments
  GROUP BY ticket_id
) AS c ON c.ticket_id = t.id
"""
"""What a ticket's events say of it; null where they do not begin with its creation, for then some are not landed."""

_TICKETS = """
SELECT t.* EXCLUDE (id, type, created_at, replies, reopens, deleted),
  CAST(t.id AS VARCHAR) AS id,
  o.customer,
  o.name AS organization,
  t.type AS kind,
  assignee.name AS assignee,
  g.name AS group_name,
  b.name AS brand,
  f.name AS form,
  coalesce(t.replies, e.agent_replies) AS agent_replies,
  e.customer_replies,
  coalesce(t.reopens, e.reopens) AS reopens,
  t.created_at,
  CASE
    WHEN t.reply_seconds IS NOT NULL THEN to_timestamp(epoch(t.created_at) + t.reply_seconds)
    WHEN t.reply_minutes IS NOT NULL THEN to_timestamp(epoch(t.created_at) + 60 * t.reply_minutes)
    ELSE e.first_reply_at
  END AS first_reply_at,
  CASE WHEN t.status IN ('solved', 'closed')
    THEN coalesce(t.metric_solved_at, e.solved_at, e.closed_at, t.updated_at) END AS solved_at
FROM tickets AS t
LEFT JOIN organizations AS o ON o.id = t.organization_id
LEFT JOIN users AS assignee ON assignee.id = t.assignee_id
LEFT JOIN groups AS g ON g.id = t.group_id
LEFT JOIN brands AS b ON b.id = t.brand_id
LEFT JOIN ticket_forms AS f ON f.id = t.ticket_form_id
LEFT JOIN told_by_events AS e ON e.ticket_id = t.id
WHERE NOT EXISTS (SELECT 1 FROM deleted_tickets AS d WHERE d.id = t.id AND d.deleted_at >= t.updated_at)
"""

_RATINGS = """
WITH newer AS (
  SELECT r.id, r.ticket_id, r.responder_id AS respondent, r.rating AS score, coalesce(r.scale, s.scale) AS scale,
    r.category, r.reason, r.comment, r.answered_at
  FROM survey_responses AS r
  LEFT JOIN (SELECT id, max(scale) AS scale FROM surveys GROUP BY id) AS s ON s.id = r.survey_id
  WHERE r.rating IS NOT NULL
), older AS (
  SELECT CAST(id AS VARCHAR) AS id, ticket_id, requester_id AS respondent, score, reason, comment,
    coalesce(updated_at, created_at) AS answered_at
  FROM satisfaction_ratings AS s
  WHERE score IN ('good', 'bad') AND NOT EXISTS (SELECT 1 FROM newer AS n WHERE n.ticket_id = s.ticket_id)
  QUALIFY row_number() OVER (PARTITION BY coalesce(ticket_id, -id) ORDER BY updated_at DESC, id DESC) = 1
), given AS (
  SELECT id, ticket_id, respondent,
    CASE WHEN scale IS NOT NULL THEN score WHEN category = 'good' THEN 2 WHEN category IS NOT NULL THEN 1 END AS score,
    CASE WHEN scale IS NOT NULL THEN scale WHEN category IS NOT NULL THEN 2 END AS scale,
    category, reason, comment, answered_at
  FROM newer
  UNION ALL
  SELECT id, ticket_id, respondent, CASE score WHEN 'good' THEN 2 ELSE 1 END, 2, score, reason, comment, answered_at
  FROM older
)
SELECT g.id,
  coalesce(t.customer, o.customer) AS customer,
  CAST(g.respondent AS VARCHAR) AS respondent,
  'csat' AS survey,
  CAST(g.score AS BIGINT) AS score,
  CAST(g.scale AS BIGINT) AS scale,
  g.answered_at,
  CAST(g.ticket_id AS VARCHAR) AS ticket,
  g.category, g.reason, g.comment, t.channel, t.assignee, t.group_name, t.brand
FROM given AS g
LEFT JOIN support_tickets AS t ON t.id = CAST(g.ticket_id AS VARCHAR)
LEFT JOIN users AS u ON g.ticket_id IS NULL AND u.id = g.respondent
LEFT JOIN organizations AS o ON o.id = u.organization_id
WHERE g.ticket_id IS NULL OR t.id IS NOT NULL
"""

_CUSTOMERS = """
SELECT customer AS id,
  arg_min(name, created_at) AS name,
  min(created_at) AS signed_up_at,
  min(created_at) AS started_at,
  string_agg(DISTINCT CAST(id AS VARCHAR), ' ' ORDER BY CAST(id AS VARCHAR)) AS organizations
FROM organizations
WHERE customer IS NOT NULL AND deleted_at IS NULL
GROUP BY customer
"""

_CONTACTS = """
SELECT CAST(u.id AS VARCHAR) AS id, o.customer, u.name, u.email, u.external_id, u.role, u.created_at,
  CASE WHEN u.active = false THEN u.updated_at END AS removed_at
FROM users AS u
LEFT JOIN organizations AS o ON o.id = u.organization_id
WHERE u.role = 'end-user'
"""

_DIFFERENCES = """
SELECT t.id || '.' || t.m.measure AS id, t.id AS ticket, t.m.measure AS measure, t.m.zendesk AS zendesk,
  t.m.events AS events
FROM (
  SELECT CAST(t.id AS VARCHAR) AS id, unnest([
    {'measure': 'agent replies', 'zendesk': t.replies, 'events': e.agent_replies, 'near': 0},
    {'measure': 'reopens', 'zendesk': t.reopens, 'events': e.reopens, 'near': 0},
    {'measure': 'minutes to first reply', 'zendesk': coalesce(t.reply_seconds // 60, t.reply_minutes),
      'events': CAST(floor((epoch(e.first_reply_at) - epoch(t.created_at)) / 60) AS BIGINT), 'near': 1},
    {'measure': 'minutes to solution', 'zendesk':
        CAST(floor((epoch(t.metric_solved_at) - epoch(t.created_at)) / 60) AS BIGINT),
      'events': CAST(floor((epoch(e.solved_at) - epoch(t.created_at)) / 60) AS BIGINT), 'near': 1}
  ]) AS m
  FROM tickets AS t
  JOIN told_by_events AS e ON e.ticket_id = t.id
  WHERE e.made AND t.replies IS NOT NULL
) AS t
WHERE (t.m.zendesk IS NULL) <> (t.m.events IS NULL) OR abs(t.m.zendesk - t.m.events) > t.m.near
"""
"""Where Zendesk's own figure of a ticket and what its events say are not the same, by more than a minute."""

VIEWS: Mapping[str, str] = {
    "ticket_comments": _COMMENTS.strip(),
    "told_by_events": _TOLD.strip(),
    "support_tickets": _TICKETS.strip(),
    "csat_responses": _RATINGS.strip(),
    "support_customers": _CUSTOMERS.strip(),
    "support_contacts": _CONTACTS.strip(),
    "differences": _DIFFERENCES.strip(),
}
"""In the order in which each may read those before it."""
