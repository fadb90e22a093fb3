-- One row a customer, the deleted included: when it first paid, and when its last paid subscription ended.
WITH
paid AS (
    SELECT customer, min(paid_at) AS started_at FROM invoices
    WHERE deleted_at IS NULL AND status = 'paid' AND total > 0
    GROUP BY ALL
),
kept AS (
    SELECT customer, max(ended_at) AS ended_at, bool_or(ended_at IS NULL) AS stays
    FROM subscription_versions
    WHERE status IN ('active', 'past_due')
    GROUP BY ALL
)
SELECT
    c.id,
    coalesce(c.name, c.email, c.id) AS name,
    c.email,
    c.country,
    c.currency,
    c.created_at AS signed_up_at,
    p.started_at,
    -- A customer that paid for no subscription cannot have left one.
    CASE WHEN p.started_at IS NOT NULL AND NOT k.stays THEN k.ended_at END AS churned_at,
    c.metadata,
    c.deleted_at
FROM customers AS c
LEFT JOIN paid AS p ON p.customer = c.id
LEFT JOIN kept AS k ON k.customer = c.id
