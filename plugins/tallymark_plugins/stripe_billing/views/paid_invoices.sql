-- One row a paid invoice of some amount, without tax. What was given back later is in `refunds` and `credit_notes`.
SELECT
    id, number, customer, subscription, billing_reason, currency,
    CAST(total_excluding_tax AS DECIMAL(24, 6)) AS amount,
    CAST(tax AS DECIMAL(24, 6)) AS tax,
    created_at,
    paid_at
FROM invoices
WHERE deleted_at IS NULL AND status = 'paid' AND total <> 0
