-- One row a line of an invoice. Drafts that were deleted are gone.
SELECT
    l.id,
    l.invoice,
    coalesce(l.customer, i.customer) AS customer,
    coalesce(l.subscription, CASE WHEN l.item IS NOT NULL THEN i.subscription END) AS subscription,
    l.item,
    l.plan,
    l.product,
    l.description,
    l.currency,
    CAST(l.amount AS DECIMAL(24, 6)) AS amount,
    CAST(l.discount AS DECIMAL(24, 6)) AS discount,
    l.quantity,
    l.interval,
    l.interval_count,
    l.period_start,
    l.period_end,
    l.proration,
    l.metered,
    l.recurring,
    i.status,
    i.created_at AS invoiced_at,
    i.paid_at
FROM invoice_line_items AS l
JOIN invoices AS i ON i.id = l.invoice
WHERE i.deleted_at IS NULL
