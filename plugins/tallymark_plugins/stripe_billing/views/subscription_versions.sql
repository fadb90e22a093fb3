-- One row a subscription item and a stretch of time in which nothing about it changed.
WITH
latest AS (
    -- What the last look at each subscription says of the whole of it.
    SELECT subscription,
        max_by(customer, (seen_at, sequence)) AS customer,
        max_by(status, (seen_at, sequence)) AS status,
        max_by(started_at, (seen_at, sequence)) AS started_at,
        max(ended_at) AS ended_at,
        max_by(trial_start, (seen_at, sequence)) AS trial_start,
        max_by(trial_end, (seen_at, sequence)) AS trial_end,
        -- When the first look already knew of a cancellation, it was asked for before.
        min_by({'at': canceled_at}, (seen_at, sequence)).at AS first_canceled
    FROM subscription_snapshots
    GROUP BY ALL
),
made AS (
    SELECT item, min(item_created_at) AS item_created_at FROM subscription_snapshots GROUP BY ALL
),
ordered AS (
    SELECT *, lead(moment) OVER its AS next_at, row_number() OVER its AS place
    FROM item_states
    WINDOW its AS (PARTITION BY item ORDER BY moment, sequence)
),
known AS (
    SELECT s.* EXCLUDE (customer), s.moment AS since, s.next_at AS until,
        coalesce(l.customer, s.customer) AS customer, l.started_at, l.ended_at, l.trial_start, l.trial_end,
        l.first_canceled, l.status AS last_status
    FROM ordered AS s
    LEFT JOIN latest AS l USING (subscription)
    WHERE s.origin <> 'gone'
    UNION ALL BY NAME
    -- Before what is first known of an item: the same, back to when it was added to its subscription.
    SELECT s.* EXCLUDE (customer, origin), 'assumed' AS origin,
        greatest(l.started_at, m.item_created_at) AS since, s.moment AS until,
        l.customer, l.started_at, l.ended_at, l.trial_start, l.trial_end, l.first_canceled,
        l.status AS last_status
    FROM ordered AS s
    JOIN latest AS l USING (subscription)
    JOIN made AS m USING (item)
    WHERE s.place = 1 AND s.origin <> 'gone' AND greatest(l.started_at, m.item_created_at) < s.moment
),
clipped AS (
    SELECT * REPLACE (least(until, ended_at) AS until)
    FROM known
    WHERE (ended_at IS NULL OR since < ended_at) AND (until IS NULL OR since < until)
),
cuts AS (
    -- A trial and a discount end in the middle of a stretch, and were known to.
    SELECT * EXCLUDE (since, until), since AS from_at, until AS to_at,
        unnest(list_sort(list_distinct(list_filter(
            [since, trial_start, trial_end, discount_start, discount_end, CASE WHEN origin <> 'seen' THEN first_canceled END],
            lambda x: x = since OR (x > since AND (until IS NULL OR x < until))
        )))) AS since
    FROM clipped
),
pieces AS (
    SELECT *, coalesce(lead(since) OVER (PARTITION BY item, from_at, origin ORDER BY since), to_at) AS until
    FROM cuts
),
told AS (
    SELECT
        p.subscription, p.item, p.customer, p.plan, p.product,
        CASE
            WHEN p.last_status IN ('incomplete', 'incomplete_expired') THEN p.last_status
            WHEN p.origin = 'seen' AND p.status = 'trialing' AND p.since >= p.trial_end THEN 'active'
            WHEN p.origin = 'seen' THEN p.status
            WHEN p.since < p.trial_end AND p.since >= coalesce(p.trial_start, p.started_at) THEN 'trialing'
            ELSE 'active'
        END AS status,
        p.currency, p.amount, p.quantity, p.interval, p.interval_count, p.metered,
        coalesce(p.discount_duration IS NOT NULL, false)
            AND (p.discount_end IS NULL OR p.since < p.discount_end)
            AND (p.discount_start IS NULL OR p.origin = 'seen' OR p.since >= p.discount_start) AS own,
        c.discount_percent IS NOT NULL
            AND (c.discount_end IS NULL OR p.since < c.discount_end)
            AND (c.discount_start IS NULL OR p.since >= c.discount_start) AS general,
        CASE WHEN own THEN p.discount_percent WHEN general THEN c.discount_percent END AS discount_percent,
        CASE WHEN own THEN p.discount_amount END AS discount_amount,
        CASE WHEN own THEN p.discount_duration WHEN general THEN c.discount_duration END AS discount_duration,
        coalesce(p.paused AND p.origin = 'seen', false) AS paused,
        CASE WHEN p.origin = 'seen' THEN p.canceled_at WHEN p.since >= p.first_canceled THEN p.first_canceled END AS canceled_at,
        p.period_end, p.trial_end, p.since, p.until
    FROM pieces AS p
    LEFT JOIN customers AS c ON c.id = p.customer
),
marked AS (
    -- A piece begins a new stretch where it differs from the one before, or does not follow on it.
    SELECT *,
        hash(plan, product, status, currency, amount, quantity, "interval", interval_count, metered, discount_percent,
            discount_amount, discount_duration, paused, canceled_at) AS state,
        state IS DISTINCT FROM lag(state) OVER its OR since IS DISTINCT FROM lag(until) OVER its AS fresh
    FROM told
    WINDOW its AS (PARTITION BY item ORDER BY since)
),
stretches AS (
    SELECT *, sum(fresh::INTEGER) OVER (PARTITION BY item ORDER BY since) AS stretch FROM marked
)
SELECT
    item || '@' || epoch(min(since))::BIGINT AS id,
    any_value(subscription) AS subscription,
    item,
    any_value(customer) AS customer,
    any_value(plan) AS plan,
    any_value(product) AS product,
    any_value(status) AS status,
    any_value(currency) AS currency,
    CAST(any_value(amount) AS DECIMAL(24, 6)) AS amount,
    any_value(quantity) AS quantity,
    any_value("interval") AS "interval",
    any_value(interval_count) AS interval_count,
    any_value(metered) AS metered,
    CAST(any_value(discount_percent) AS DECIMAL(9, 6)) AS discount_percent,
    CAST(any_value(discount_amount) AS DECIMAL(24, 6)) AS discount_amount,
    any_value(discount_duration) AS discount_duration,
    any_value(paused) AS paused,
    any_value(canceled_at) AS canceled_at,
    max_by(period_end, since) AS period_end,
    any_value(trial_end) AS trial_end,
    min(since) AS started_at,
    CASE WHEN count(until) = count(*) THEN max(until) END AS ended_at
FROM stretches
GROUP BY item, stretch
