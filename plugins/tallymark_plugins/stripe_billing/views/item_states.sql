-- What is known of each subscription item: rows that hold from `moment` until the item's next row.
-- `origin` says how it is known: `seen` in a snapshot or an event, `billed` by a line of an invoice, `gone` by either.
WITH
first_seen AS (
    SELECT subscription, min(seen_at) AS moment FROM subscription_snapshots GROUP BY ALL
),
looks AS (
    -- Each look at a whole subscription, and the next one.
    SELECT subscription, seen_at, sequence,
        lead(seen_at) OVER later AS next_at, lead(sequence) OVER later AS next_sequence
    FROM (SELECT DISTINCT subscription, seen_at, sequence FROM subscription_snapshots)
    WINDOW later AS (PARTITION BY subscription ORDER BY seen_at, sequence)
),
removed AS (
    -- An item that the next look at its subscription no longer shows.
    SELECT s.subscription, s.item, l.next_at AS moment
    FROM subscription_snapshots AS s
    JOIN looks AS l USING (subscription, seen_at, sequence)
    ANTI JOIN subscription_snapshots AS n
        ON n.subscription = s.subscription AND n.item = s.item
        AND n.seen_at = l.next_at AND n.sequence = l.next_sequence
    WHERE l.next_at IS NOT NULL
),
lines AS (
    -- Lines that tell what an item was, before the subscription was first seen. Drafts and void invoices tell nothing.
    SELECT l.*, coalesce(l.subscription, i.subscription) AS of_subscription, i.created_at AS invoiced_at
    FROM invoice_line_items AS l
    JOIN invoices AS i ON i.id = l.invoice
    LEFT JOIN first_seen AS f ON f.subscription = coalesce(l.subscription, i.subscription)
    WHERE l.item IS NOT NULL AND l.recurring AND i.deleted_at IS NULL AND i.status IN ('open', 'paid', 'uncollectible')
        AND (f.moment IS NULL OR l.period_start < f.moment)
),
credited AS (
    -- A credit for unused time without a charge for the same item from the same time on: the item was taken away.
    SELECT c.of_subscription AS subscription, c.item, c.period_start AS moment
    FROM lines AS c
    WHERE c.proration AND c.amount < 0
        AND NOT EXISTS (
            SELECT 1 FROM lines AS d
            WHERE d.item = c.item AND d.period_start = c.period_start AND NOT (d.proration AND d.amount < 0)
        )
),
run_out AS (
    -- An item that was billed and is in no snapshot: it lasted as long as was billed, or until the first look.
    SELECT l.of_subscription AS subscription, l.item, least(max(l.period_end), any_value(f.at_first)) AS moment
    FROM lines AS l
    LEFT JOIN (SELECT subscription, moment AS at_first FROM first_seen) AS f ON f.subscription = l.of_subscription
    WHERE NOT EXISTS (SELECT 1 FROM subscription_snapshots AS s WHERE s.item = l.item)
    GROUP BY l.of_subscription, l.item
)
SELECT
    subscription, item, seen_at AS moment, sequence, 'seen' AS origin, customer, plan, product, status, currency, amount,
    quantity, "interval", interval_count, metered, discount_percent, discount_amount, discount_duration, discount_start,
    discount_end, paused, canceled_at, period_end
FROM subscription_snapshots
UNION ALL BY NAME
SELECT
    of_subscription AS subscription, item, period_start AS moment,
    row_number() OVER (PARTITION BY item, period_start ORDER BY invoiced_at, proration DESC, id) AS sequence,
    'billed' AS origin, customer, plan, product, currency, interval_amount AS amount,
    CASE WHEN NOT metered THEN quantity END AS quantity, "interval", interval_count, metered, discount_percent,
    discount_amount, discount_duration, period_end
FROM lines
WHERE NOT (proration AND amount < 0)
UNION ALL BY NAME
SELECT DISTINCT subscription, item, moment, 4000000000 AS sequence, 'gone' AS origin FROM removed
UNION ALL BY NAME
SELECT DISTINCT subscription, item, moment, 0 AS sequence, 'gone' AS origin FROM credited
UNION ALL BY NAME
SELECT subscription, item, moment, 0 AS sequence, 'gone' AS origin FROM run_out
