"""Monthly recurring revenue as transforms: `metric_defs/MRR.md` is their page for users.

policies.py       what there is to choose, and the named bundles of choices: `like: stripe`
columns.py        the columns that an input must have, and may have
monthly.py        an amount brought to a month: discounts taken off, intervals made alike
subscriptions.py  `mrr_subscriptions`: versions of subscriptions as stretches with their MRR
invoices.py       `mrr_from_invoices`: the same out of the lines of invoices
movements.py      `mrr_movements`: new, reactivation, expansion, contraction, churn
"""
