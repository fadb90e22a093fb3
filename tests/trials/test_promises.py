"""What `tally test` promises: sound tests pass, and each way in which a test may be wrong fails it, with a place."""

from __future__ import annotations

from pathlib import Path

import pytest

from tallymark import FaultError, TestResult, TestRun
from tallymark.read import read_tests

from .projects import METRICS, put, run

ROWS = "rows: {orders: [{id: 1, customer: A, plan: pro, amount: 10, at: 2024-01-05}]}\nask: {period: 2024-01}\n"

SOUND = {
    "a_number": ROWS + "expect: {revenue: 10, order_count: 1}",
    "by_label_and_formula": ROWS + "expect: {Takings: 10, revenue / 4: 2.5}",
    "a_computed_column": ROWS + "expect: {net_revenue: 8}",
    "a_cell_of_a_dimension": ROWS.replace("01}\n", "01, by: [plan]}\n") + "expect: [{plan: pro, revenue: 10}]",
    "a_column_left_out": "rows: {orders: [{id: 1}, {id: 2, at: 2024-01-31}]}\nask: {period: 2024-01}\nexpect: {order_count: 1}",
    "no_cell": "rows: {orders: []}\nask: {period: 2024-01, by: [plan], sparse: true, metrics: [revenue]}\nexpect: []",
    "some_cells": "rows: {orders: [{id: 1, plan: a, at: 2024-01-01}, {id: 2, plan: b, at: 2024-01-01}]}\n"
    "ask: {period: 2024-01, by: [plan]}\nsome: true\nexpect: [{plan: b, order_count: 1}]",
    "a_null_dimension": "rows: {orders: [{id: 1, at: 2024-01-01}]}\nask: {period: 2024-01, by: [plan]}\n"
    "expect: [{plan: null, order_count: 1}]",
    "others_empty": ROWS + "others: empty\nexpect: {french: 0}",
    "others_keys": ROWS.replace("01}\n", "01, by: [customer.id]}\n")
    + "others: keys\nexpect: [{customer.id: A, revenue: 10}]",
    "rows_of_another": "rows_of: a_number\nask: {period: 2024-01}\nexpect: {order_count: 1}",
    "rows_of_another_and_own": "rows_of: a_number\nrows: {customers: [{id: A, country: FR}]}\nask: {period: 2024-01}\n"
    "expect: {french: 10}",
    "repeated": "rows: {orders: [{repeat: 30, id: 1, customer: 'c{n}', amount: 2, at: 2024-01-05}], customers: []}\n"
    "ask: {period: 2024-01, metrics: [revenue, count_distinct(orders.customer)]}\n"
    "expect: {revenue: 60, count_distinct(orders.customer): 30}",
    "types": "rows: {orders: [{id: 1, weight: 1.25, gift: true, due: 2024-01-09, seen: '2024-01-01T00:30:00+01:00', "
    "at: 2024-01-05 10:00}]}\nask: {period: 2024-01, by: [gift, due, weight]}\n"
    "expect: [{gift: true, due: 2024-01-09, weight: 1.25, longest: 1.25}]",
    "csv": "rows:\n  orders: |\n    id,amount,at\n    1,2.50,2024-01-01\n    2,,2024-01-02\nask: {period: 2024-01}\n"
    "expect: {revenue: 2.5, order_count: 2}",
    "a_file": "rows: {orders: {file: rows/orders.csv}}\nask: {period: 2024-01}\nexpect: {revenue: 7}",
    "a_parameter": ROWS[:-1].replace("01}", "01, parameters: {least: 9}}") + "\nexpect: {large: 1}",
    "within": ROWS + "within: 0.5\nexpect: {revenue: 9.5}",
    "a_quotient": "rows: {orders: [{id: 1, amount: 10, at: 2024-01-05}, {id: 2, amount: 10, at: 2024-01-05}, "
    "{id: 3, amount: 0, at: 2024-01-05}]}\nask: {period: 2024-01}\nexpect: {average_order: 6.666666666666667}",
    "decimals_are_exact": "rows: {orders: [{id: 1, amount: 0.1, at: 2024-01-05}, {id: 2, amount: 0.2, at: 2024-01-05}]}\n"
    "ask: {period: 2024-01}\nexpect: {revenue: 0.3}",
    "a_note": "rows: {orders: []}\nask: {period: 2024-01}\nexpect: {average_order: null}\nonly_nulls: true\nnotes: [denominator]",
    "a_fault": "rows: {orders: []}\nask: {period: 2024-13, metrics: [revenue]}\nfault: Q524",
    "far_in_the_future": "rows: {orders: [{id: 1, amount: 5, at: 2090-01-05}]}\nask: {period: 2090-01}\nexpect: {revenue: 5}",
    "a_band": ROWS.replace("01}\n", "01, metrics: [rated], target: true}\n")
    + "expect: {rated: 10, rated_band: high, rated_target: 5}",
    "as_of": "rows: {orders: [{id: 1, amount: 5, at: 2024-01-05}, {id: 2, amount: 6, at: 2024-01-20}]}\n"
    "ask: {period: 2024-01, as_of: 2024-01-10}\nexpect: {revenue: 5}",
    "undeclared_columns": "rows: {loose: [{day: 2024-01-05, n: 1}, {day: 2024-01-06, n: 2.5}]}\nask: {period: 2024-01}\n"
    "expect: {loose_sum: 3.5}",
    "a_transform": "rows: {orders: [{id: 1, customer: A, at: 2024-01-05 10:00}, {id: 2, customer: A, at: 2024-01-05 10:10}, "
    "{id: 3, customer: A, at: 2024-01-05 12:00}]}\nask: {period: 2024-01, metrics: [count(sittings)]}\nexpect: {count(sittings): 2}",
    "hours": "rows: {orders: [{id: 1, at: 2024-01-05 10:30}]}\nask: {period: 2024-01-05, grain: hour}\nsome: true\n"
    "expect: [{period: 2024-01-05 10:00, order_count: 1}]",
    "values": "metrics: {revenue: 30, order_count: 4}\nexpect: {average_order: 7.5}",
    "values_in_a_formula": "metrics: {revenue: 30}\nask: {metrics: [revenue * 2]}\nexpect: {revenue * 2: 60}",
    "values_of_a_series": "metrics: {revenue: '10 20'}\nask: {start: 2024-01-01, end: 2024-02-29, grain: month}\n"
    "expect: [{period: 2024-01, growing: null}, {period: 2024-02, growing: 100}]",
    "values_from_before": "metrics: {revenue: '10 20'}\nfrom: 2024-01\nask: {start: 2024-02-01, end: 2024-02-29, grain: month}\n"
    "expect: [{period: 2024-02, growing: 100}]",
    "values_by_dimension": "metrics: {revenue: {pro: '10 20', basic: '_ 5'}}\n"
    "ask: {start: 2024-01-01, end: 2024-02-29, grain: month, by: [plan]}\nexpect:\n"
    "  - {period: 2024-01, plan: pro, growing: null}\n  - {period: 2024-02, plan: pro, growing: 100}\n"
    "  - {period: 2024-01, plan: basic, growing: null}\n  - {period: 2024-02, plan: basic, growing: null}",
    "values_as_cells": "metrics: [{plan: pro, revenue: 9, order_count: 3}, {plan: basic, revenue: 4, order_count: 2}]\n"
    "ask: {by: [plan]}\nexpect: [{plan: pro, average_order: 3}, {plan: basic, average_order: 2}]",
    "values_over_a_reference": "metrics: {revenue: {FR: '10 20', RO: '_ 5'}}\nask: {start: 2024-01-01, end: 2024-02-29, "
    "grain: month, by: [customer.country], metrics: [revenue, french, growing]}\nexpect:\n"
    "  - {period: 2024-01, customer.country: FR, revenue: 10, french: 10, growing: null}\n"
    "  - {period: 2024-02, customer.country: FR, revenue: 20, french: 20, growing: 100}\n"
    "  - {period: 2024-01, customer.country: RO, revenue: null, french: null, growing: null}\n"
    "  - {period: 2024-02, customer.country: RO, revenue: 5, french: null, growing: null}",
    "cells_over_references": "metrics:\n"
    "  - {plan: a, customer.country: FR, customer.owner.team: north, revenue: 1}\n"
    "  - {plan: a, customer.country: FR, customer.owner.team: south, revenue: 2}\n"
    "  - {plan: b, customer.country: null, customer.owner.team: south, revenue: 3}\n"
    "ask: {by: [plan, customer.country, customer.owner.team]}\nexpect:\n"
    "  - {plan: a, customer.country: FR, customer.owner.team: north, revenue: 1}\n"
    "  - {plan: a, customer.country: FR, customer.owner.team: south, revenue: 2}\n"
    "  - {plan: b, customer.country: null, customer.owner.team: south, revenue: 3}",
    "values_per_month": "metrics: {revenue: '10 20 60'}\nask: {start: 2024-01-01, end: 2024-03-31, grain: month}\n"
    "expect: [{period: 2024-01, by_month: 10}, {period: 2024-02, by_month: 20}, {period: 2024-03, by_month: 60}]",
    "an_inferred_unit": "rows_of: a_number\nask: {period: 2024-01}\nexpect: {order_count: 1}",
    "a_rule": "rule: many_orders\nfrom: 2024-01\nmetrics: {order_count: '3 11 12 7 4 _ _ 12'}\nexpect:\n"
    "  states: ok pending firing firing ok no_data no_data pending\n  notifications:\n"
    "    - {period: 2024-03, to: firing, severity: critical, text: 12 orders in 2024-03}\n    - {period: 2024-05, to: ok}\n"
    "    - {period: 2024-07, to: no_data}",
    "a_rule_by_plan": "rule: by_plan\nfrom: 2024-01\nmetrics: {revenue: {pro: '50 150', basic: '_ 99'}}\nexpect:\n"
    "  states: {pro: ok firing, basic: no_data ok}\n  notifications: [{period: 2024-02, plan: pro, to: firing}]",
    "a_rule_over_rows": "rule: many_orders\nrows: {orders: [{repeat: 11, id: 1, at: 2024-01-05}, {repeat: 12, id: 2, at: 2024-02-05}]}\n"
    "ask: {as_of: 2024-02-29}\nexpect: {states: pending firing}",
    "a_check": ROWS + "expect: {amounts: true, amounts_rows: 0}",
    "values_true_and_false": "metrics: {amounts: 'true false _'}\nask: {start: 2024-01-01, end: 2024-03-31, grain: month, "
    "metrics: [amounts, 'if(not amounts, 1, 2)']}\nexpect:\n  - {period: 2024-01, amounts: true, 'if(not amounts, 1, 2)': 2}\n"
    "  - {period: 2024-02, amounts: false, 'if(not amounts, 1, 2)': 1}\n  - {period: 2024-03, amounts: null}",
    "a_value_that_is_true": "metrics: {amounts: true}\nask: {metrics: ['if(amounts, 1, 2)']}\nexpect: {'if(amounts, 1, 2)': 1}",
    "a_rule_by_country": "rule: by_country\nfrom: 2024-01\nmetrics: {revenue: {FR: '50 150', RO: '120 99'}}\nexpect:\n"
    "  states: {FR: ok firing, RO: firing ok}\n  notifications:\n    - {period: 2024-01, customer.country: RO, to: firing}\n"
    "    - {period: 2024-02, customer.country: RO, to: ok}\n    - {period: 2024-02, customer.country: FR, to: firing}",
    "a_rule_over_a_check": "rule: bad_amounts\nfrom: 2024-01\nmetrics: {amounts: 'true false _ true'}\n"
    "expect: {states: ok firing no_data ok}",
    "a_rule_over_a_check_that_nobody_knows": "rule: bad_amounts\nfrom: 2024-01\nmetrics: {amounts: '_ _'}\n"
    "expect: {states: no_data no_data}",
}

WRONG = {
    "other_number": (ROWS + "expect: {revenue: 11}", "E130", "11"),
    "null_instead": (ROWS + "expect: {revenue: null, order_count: 1}", "E130", "null"),
    "number_for_null": ("rows: {orders: []}\nask: {period: 2024-01}\nexpect: {average_order: 0}", "E130", "0"),
    "text_for_number": (ROWS + "expect: {revenue: ten}", "E130", "ten"),
    "nearly": ("rows: {orders: [{id: 1, amount: 0.1, at: 2024-01-05}]}\nask: {period: 2024-01}\nexpect: {revenue: 0.1000001}", "E130", "0.1000001"),
    "too_far": (ROWS + "within: 0.4\nexpect: {revenue: 9.5}", "E130", "9.5"),
    "no_such_cell": (ROWS.replace("01}\n", "01, by: [plan]}\n") + "some: true\nexpect: [{plan: gold, revenue: 10}]", "E131", "gold"),
    "a_cell_too_many": (ROWS.replace("01}\n", "01, by: [plan], metrics: [revenue]}\n") + "expect: []", "E132", "[]"),
    "no_such_note": (ROWS + "expect: {revenue: 10}\nnotes: [nonsense]", "E133", "no_such_note"),
    "no_fault": (ROWS + "fault: Q509", None, None),
    "asserts_nothing": (ROWS, "E101", "asserts_nothing"),
    "expects_nothing": (ROWS + "expect: {}", "E101", "expects_nothing"),
    "only_dimensions": (ROWS.replace("01}\n", "01, by: [plan], metrics: [revenue]}\n") + "expect: [{plan: pro}]", "E101", "[{plan: pro}]"),
    "some_of_nothing": (ROWS + "some: true\nexpect: []", "E101", "some_of_nothing"),
    "unknown_metric": (ROWS + "expect: {revenu: 10}", "E102", "10"),
    "unknown_rule": ("rule: none\nmetrics: {revenue: '1'}\nfrom: 2024-01\nexpect: {states: ok}", "E102", "none"),
    "unknown_rows_of": ("rows_of: nobody\nask: {period: 2024-01}\nexpect: {revenue: 1}", "E102", "nobody"),
    "rows_in_a_ring": ("rows_of: rows_in_a_ring\nask: {period: 2024-01}\nexpect: {revenue: 1}", "E102", "rows_in_a_ring"),
    "unknown_input": ("metrics: {revenu: 1}\nexpect: {average_order: 1}", "E102", "revenu"),
    "nothing_goes_in": ("ask: {period: 2024-01}\nexpect: {revenue: 1}", "E103", "nothing_goes_in"),
    "two_inputs": (ROWS + "metrics: {revenue: 1}\nexpect: {revenue: 1}", "E103", "{revenue: 1}"),
    "two_outcomes": (ROWS + "expect: {revenue: 1}\nfault: Q509", "E103", "Q509"),
    "from_of_nothing": (ROWS + "from: 2024-01\nexpect: {revenue: 10}", "E103", "2024-01"),
    "unknown_dataset": ("rows: {order: []}\nask: {period: 2024-01}\nexpect: {revenue: 1}", "E104", "[]"),
    "made_by_a_transform": ("rows: {sittings: []}\nask: {period: 2024-01}\nexpect: {revenue: 1}", "E104", "[]"),
    "unknown_column": ("rows: {orders: [{idd: 1}]}\nask: {period: 2024-01}\nexpect: {revenue: 1}", "E105", "1"),
    "computed_column": ("rows: {orders: [{net: 8}]}\nask: {period: 2024-01}\nexpect: {revenue: 1}", "E105", "8"),
    "another_band": (ROWS.replace("01}\n", "01, metrics: [rated]}\n") + "expect: {rated: 10, rated_band: low}", "E130", "low"),
    "no_number": ("rows: {orders: [{amount: ten}]}\nask: {period: 2024-01}\nexpect: {revenue: 1}", "E106", "ten"),
    "too_many_digits": ("rows: {orders: [{amount: 1.1234567}]}\nask: {period: 2024-01}\nexpect: {revenue: 1}", "E106", "1.1234567"),
    "half_a_number": ("rows: {orders: [{id: 1.5}]}\nask: {period: 2024-01}\nexpect: {revenue: 1}", "E106", "1.5"),
    "no_day": ("rows: {orders: [{at: 2024-02-30}]}\nask: {period: 2024-01}\nexpect: {revenue: 1}", "E106", "2024-02-30"),
    "no_truth": ("rows: {orders: [{gift: maybe}]}\nask: {period: 2024-01}\nexpect: {revenue: 1}", "E106", "maybe"),
    "repeated_too_often": ("rows: {orders: [{repeat: 1000000, id: 1}]}\nask: {period: 2024-01}\nexpect: {revenue: 1}", "E106", "1000000"),
    "outside_over_a_reference": (ROWS + "expect: {french: 0}", "E107", "outside_over_a_reference"),
    "outside_another_dataset": (ROWS + "expect: {fees: 0}", "E107", "outside_another_dataset"),
    "outside_the_values": ("metrics: {revenue: 1}\nexpect: {average_order: 1}", "E107", "{revenue: 1}"),
    "rule_outside_the_values": ("rule: many_orders\nmetrics: {revenue: '1'}\nfrom: 2024-01\nexpect: {states: ok}", "E107", "{revenue: '1'}"),
    "nothing_but_nulls": ("rows: {orders: []}\nask: {period: 2024-01}\nexpect: {average_order: null}", "E108", "{average_order: null}"),
    "more_than_nulls": (ROWS + "only_nulls: true\nexpect: {revenue: 10}", "E108", "{revenue: 10}"),
    "no_value": (ROWS + "expect: {revenue: }", "E109", "revenue"),
    "two_values": (ROWS + "expect: {revenue: [1, 2]}", "E109", "[1, 2]"),
    "which_cell": (ROWS.replace("01}\n", "01, by: [plan], metrics: [revenue]}\n") + "expect: [{revenue: 10}]", "E109", "10"),
    "which_period": (ROWS.replace("period: 2024-01}", "start: 2024-01-01, end: 2024-02-29, grain: month}") + "expect: {revenue: 10}", "E109", "10"),
    "percentages": ("metrics: {growing: '4% 5%'}\nask: {grain: month, start: 2024-01-01, end: 2024-02-01}\nexpect: {growing: 1}", "E109", "'4% 5%'"),
    "no_such_column": (ROWS.replace("01}\n", "01, metrics: [revenue]}\n") + "expect: {revenue: 10, orders: 1}", "E109", "1"),
    "no_series": ("metrics: {revenue: '1 x'}\nask: {grain: month, start: 2024-01-01, end: 2024-02-01}\nexpect: {growing: 1}", "E109", "'1 x'"),
    "no_state": ("rule: many_orders\nmetrics: {order_count: '1'}\nfrom: 2024-01\nexpect: {states: fine}", "E109", "fine"),
    "nothing_of_a_rule": ("rule: many_orders\nmetrics: {order_count: '1'}\nfrom: 2024-01\nexpect: {states: ok, mood: good}", "E109", "mood"),
    "to_whom": ("rule: many_orders\nmetrics: {order_count: '1'}\nfrom: 2024-01\nexpect: {notifications: [{period: 2024-01}]}", "E109", "2024-01"),
    "below_zero": (ROWS + "within: -1\nexpect: {revenue: 10}", "E109", "-1"),
    "a_cell_twice": (ROWS.replace("01}\n", "01, by: [plan]}\n") + "expect: [{plan: pro, revenue: 10}, {plan: pro, revenue: 10}]", "E110", "pro"),
    "a_value_twice": ("metrics: [{revenue: 1}, {revenue: 2}]\nexpect: {revenue: 1}", "E110", "2"),
    "another_window": ("metrics: {revenue: '1 2'}\nask: {start: 2024-01-01, end: 2024-02-29, grain: month}\nexpect: [{period: 2024-01, sliding: 1}]", "E111", "{revenue: '1 2'}"),
    "of_members": ("metrics: {revenue: 1}\nexpect: {per_head: 1}", "E111", "{revenue: 1}"),
    "of_all": ("metrics: [{plan: a, revenue: 1}, {plan: b, revenue: 3}]\nask: {by: [plan]}\nexpect: [{plan: a, share_of_all: 25}]", "E111", "[{plan: a, revenue: 1}, {plan: b, revenue: 3}]"),
    "another_period": ("metrics: {revenue: 1}\nexpect: {growing: 1}", "E111", "{revenue: 1}"),
    "another_grain": ("metrics: {revenue: '1 2'}\nask: {start: 2024-01-01, end: 2024-06-30, grain: quarter}\nexpect: [{period: 2024-Q1, by_month: 1}]", "E111", "{revenue: '1 2'}"),
    "other_dimensions": ("metrics: {revenue: {pro: '1'}}\nask: {by: [plan, customer], grain: month, period: 2024-01}\nexpect: {revenue: 1}", "E111", "{revenue: {pro: '1'}}"),
    "over_a_reference": ("metrics: {revenue: 1}\nask: {by: [customer.country]}\nexpect: {revenue: 1}", "E111", "{revenue: 1}"),
    "with_totals": ("metrics: {revenue: 1}\nask: {total: true}\nexpect: {revenue: 1}", "E111", "ask"),
    "no_csv": ("rows: {orders: 'id,id'}\nask: {period: 2024-01}\nexpect: {revenue: 1}", "E112", "'id,id'"),
    "uneven_csv": ("rows:\n  orders: |\n    id,amount\n    1\nask: {period: 2024-01}\nexpect: {revenue: 1}", "E112", "|"),
    "no_file": ("rows: {orders: {file: none.csv}}\nask: {period: 2024-01}\nexpect: {revenue: 1}", "E112", "{file: none.csv}"),
    "a_file_elsewhere": ("rows: {orders: {file: ../secret.csv}}\nask: {period: 2024-01}\nexpect: {revenue: 1}", "E112", "{file: ../secret.csv}"),
    "a_file_from_the_root": ("rows: {orders: {file: /etc/passwd}}\nask: {period: 2024-01}\nexpect: {revenue: 1}", "E112", "{file: /etc/passwd}"),
    "no_time": ("rows: {orders: []}\nexpect: {revenue: 0}", "E113", "no_time"),
    "a_series_without_grain": ("metrics: {revenue: '1 2'}\nexpect: {growing: 1}", "E113", "{revenue: '1 2'}"),
    "a_rule_without_day": ("rule: many_orders\nrows: {orders: []}\nexpect: {states: ok}", "E113", "a_rule_without_day"),
    "a_column_nobody_knows": ("rows: {loose: [{day: 2024-01-05}]}\nask: {period: 2024-01}\nexpect: {loose_other: 1}", "E114", "a_column_nobody_knows"),
    "a_partner_and_what_it_is": ("metrics: [{customer: A, customer.country: FR, revenue: 1}]\nask: {by: [customer, customer.country]}\nexpect: [{customer: A, customer.country: FR, revenue: 1}]", "E111", "ask"),
    "truth_among_numbers": ("metrics: {revenue: '1 true'}\nask: {start: 2024-01-01, end: 2024-02-29, grain: month}\nexpect: [{period: 2024-01, revenue: 1}]", "E106", "'1 true'"),
    "truth_for_a_number": ("metrics: {revenue: true, order_count: 1}\nexpect: {average_order: 1}", "E114", "{revenue: true, order_count: 1}"),
    "a_number_for_truth": ("rule: bad_amounts\nfrom: 2024-01\nmetrics: {amounts: '1 0'}\nexpect: {states: ok ok}", "E114", "{amounts: '1 0'}"),
    "other_states": ("rule: many_orders\nmetrics: {order_count: '1 11'}\nfrom: 2024-01\nexpect: {states: ok ok}", "E135", "ok ok"),
    "too_few_states": ("rule: many_orders\nmetrics: {order_count: '1 11'}\nfrom: 2024-01\nexpect: {states: ok}", "E135", "ok"),
    "an_instance_too_many": ("rule: by_plan\nmetrics: {revenue: {a: '1', b: '2'}}\nfrom: 2024-01\nexpect: {states: {a: ok}}", "E132", "{states: {a: ok}}"),
    "no_such_instance": ("rule: by_plan\nmetrics: {revenue: {a: '1'}}\nfrom: 2024-01\nsome: true\nexpect: {states: {b: ok}}", "E131", "ok"),
    "no_notification": ("rule: many_orders\nmetrics: {order_count: '1'}\nfrom: 2024-01\nexpect: {notifications: [{period: 2024-01, to: firing}]}", "E136", "2024-01"),
    "a_notification_too_many": ("rule: many_orders\nmetrics: {order_count: '11 11'}\nfrom: 2024-01\nexpect: {notifications: []}", "E136", "{notifications: []}"),
    "another_text": ("rule: many_orders\nmetrics: {order_count: '11 11'}\nfrom: 2024-01\nexpect: {notifications: [{period: 2024-02, to: firing, text: 12 orders}]}", "E136", "2024-02"),
}  # fmt: skip
WRONG["no_fault"] = (ROWS.replace("01}\n", "01, metrics: [revenue]}\n") + "fault: Q509", "E134", "Q509")
WRONG["another_fault"] = ("rows: {orders: []}\nask: {period: 2024-13, metrics: [revenue]}\nfault: Q509", "E134", "Q509")


HELP = {
    "which_cell": "write `plan: …`, `null` for none",
    "which_period": "write `[{period: 2024-01, …}, …]`",
    "percentages": "write `4%` as `4`; `_` stands for no value",
}
"""What some of them are told to do."""


def written(tests: dict[str, str]) -> str:
    """Tests as they stand below `tests:`."""
    return "\n".join(
        f"{name}:\n" + "".join(f"  {line}\n" for line in said.splitlines()) for name, said in tests.items()
    )


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> dict[str, TestResult]:
    """The results of the sound tests."""
    folder = tmp_path_factory.mktemp("sound")
    (folder / "rows").mkdir()
    (folder / "rows/orders.csv").write_text("id,amount,at\n1,7,2024-01-31\n", encoding="utf-8")
    return _by_name(run(folder, written(SOUND)))


@pytest.fixture(scope="module")
def wrong(tmp_path_factory: pytest.TempPathFactory) -> dict[str, TestResult]:
    """The results of the wrong ones."""
    folder = tmp_path_factory.mktemp("wrong")
    (folder.parent / "secret.csv").write_text("id,amount,at\n1,1,2024-01-31\n", encoding="utf-8")
    return _by_name(run(folder, written({name: said for name, (said, _, _) in WRONG.items()})))


def _by_name(found: TestRun) -> dict[str, TestResult]:
    return {result.name: result for result in found.results}


@pytest.mark.parametrize("name", SOUND)
def test_a_sound_test_passes(name: str, sound: dict[str, TestResult]) -> None:
    """What a test says of rows and numbers is held against just those, and agrees."""
    result = sound[name]
    assert [] == [str(f) for f in (*result.faults, *(d.fault for d in result.differences))]
    assert result.passed


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_test_fails(name: str, wrong: dict[str, TestResult]) -> None:
    """A test that is wrong fails with its code, and the place is where it is wrong."""
    _, code, stretch = WRONG[name]
    result = wrong[name]
    told = [*result.faults, *(d.fault for d in result.differences)]
    assert not result.passed
    assert code in [f.code for f in told], [str(f) for f in told]
    fault = next(f for f in told if f.code == code)
    assert fault.place is not None
    assert f"test `{name}`" == fault.subject or result.differences
    start = fault.place.column - 1
    assert stretch == fault.place.text[start : start + fault.place.width]
    assert HELP.get(name, fault.help) == fault.help


def test_every_code_has_a_test_that_is_wrong() -> None:
    """Each code of tests is provoked, that of an unknown name elsewhere."""
    from tallymark.codes import CODES

    assert {c for c in CODES if c.startswith("E1")} == {code for _, code, _ in WRONG.values()} | {"E115"}


def test_an_unknown_name_is_a_fault(tmp_path: Path) -> None:
    """A name of no test, metric or rule is told with the nearest one."""
    with pytest.raises(FaultError) as caught:
        run(tmp_path, written({"one": SOUND["values"]}), "averag_order")
    assert ["E115"] == [f.code for f in caught.value.faults]
    assert "did you mean `average_order`?" == caught.value.faults[0].help


@pytest.mark.parametrize(
    ("name", "expected"), [("values", ["values"]), ("many_orders", ["a_rule", "a_rule_over_rows"]), ("fees", [])]
)
def test_names_choose_tests(name: str, expected: list[str], tmp_path: Path) -> None:
    """A name chooses a test, or those of a metric or rule; a metric without a test is an unknown name."""
    if not expected:
        with pytest.raises(FaultError):
            run(tmp_path, written(SOUND), name)
    else:
        assert expected == [result.name for result in run(tmp_path, written(SOUND), name).results]


def test_coverage_counts_expected_values(tmp_path: Path) -> None:
    """A metric counts when a value of it is expected: not a null, not as a part of another, not for a broken test."""
    tests = {
        "one": SOUND["values"],
        "null": "rows: {orders: []}\nask: {period: 2024-01}\nexpect: {average_order: null, order_count: 0}",
        "broken": "rows: {orders: [{nonsense: 1}]}\nask: {period: 2024-01}\nexpect: {revenue: 1}",
        "rule": SOUND["a_rule"],
    }
    coverage = run(tmp_path, written(tests)).coverage
    assert {"average_order", "order_count"} == set(coverage.metrics) - set(coverage.uncovered_metrics)
    assert ("by_plan", "by_country", "bad_amounts") == coverage.uncovered_rules


def test_names_of_tests_are_unique(tmp_path: Path) -> None:
    """Two tests of one name in two files are a fault of the project."""
    (tmp_path / "metrics").mkdir()
    (tmp_path / "metrics/more.yaml").write_text("tests:\n  one: {metrics: {revenue: 1}, expect: {revenue: 1}}\n")
    with pytest.raises(FaultError) as caught:
        run(tmp_path, written({"one": SOUND["values"]}))
    assert ["R025"] == [f.code for f in caught.value.faults]


def test_a_broken_test_breaks_nothing_else(tmp_path: Path) -> None:
    """A project with tests that are wrong has no fault for it when it is read."""
    from tallymark.read import read_project

    put(tmp_path, written({name: said for name, (said, _, _) in WRONG.items()}))
    assert [] == [str(f) for f in read_project(tmp_path, {})[1]]


def test_data_is_never_read(tmp_path: Path) -> None:
    """A table of the project that lies beside the tests changes nothing: it is not looked at, whatever it holds."""
    for name in ("orders.csv", "customers.csv", "loose.csv"):
        (tmp_path / name).write_text("id,customer,amount,at\n1,A,999,2024-01-05\n", encoding="utf-8")
    result = run(tmp_path, written({"one": SOUND["a_number"], "out": ROWS + "expect: {french: 0}"})).results
    assert [True, False] == [r.passed for r in result]


def test_the_receipt_is_of_the_number_that_differs(tmp_path: Path) -> None:
    """A failure comes with how the wrong number came to be, of its own cell."""
    tests = {
        "one": "rows: {orders: [{id: 1, plan: a, amount: 1, at: 2024-01-01}, {id: 2, plan: b, amount: 7, at: 2024-01-01}]}\n"
        "ask: {period: 2024-01, by: [plan]}\nexpect: [{plan: a, revenue: 1}, {plan: b, revenue: 8}]"
    }
    (result,) = run(tmp_path, written(tests)).results
    assert "7.00" in result.receipt
    assert "plan = b" in result.receipt


def test_the_receipt_of_values_tells_nothing_of_where_they_stand(tmp_path: Path) -> None:
    """A number made of written values is explained by them, as given; a member that looks like a number is found."""
    tests = {
        "one": "metrics: [{plan: '7', revenue: 9, order_count: 3}]\nask: {by: [plan]}\nexpect: [{plan: '7', average_order: 4}]"
    }
    (result,) = run(tmp_path, written(tests)).results
    lines = [line.split() for line in result.receipt.splitlines()]
    assert ["├─", "revenue", "=", "as", "given", "€9.00", "1", "row", "Takings"] in lines, result.receipt
    assert "written_values" not in result.receipt


def test_an_inferred_unit_travels_with_values(tmp_path: Path) -> None:
    """A metric that declares no unit has that of its formula when a value stands for it."""
    metrics = "metrics:\n  spent: {formula: sum(costs.amount)}\n  share: {formula: spent / all_spent * 100, unit: percent}\n" \
        "  all_spent: {formula: sum(costs.amount), unit: money}\n" \
        "datasets: {costs: {table: c.csv, time: at, columns: {amount: {unit: money}, at: date}}}\n"  # fmt: skip
    assert run(tmp_path, "one:\n  metrics: {spent: 1, all_spent: 4}\n  expect: {share: 25}\n", metrics=metrics).passed


def test_what_nobody_wrote_counts_once(tmp_path: Path) -> None:
    """A funnel is covered by a value of one of its metrics, and counts as one; so does a funnel without a test."""
    metrics = "datasets: {visits: {table: v.csv, time: at, columns: {visitor: text, at: date}}}\nfunnels:\n" \
        "  seen: {per: visitor, steps: {first: visits, again: visits}}\n  other: {per: visitor, steps: {a: visits, b: visits}}\n"  # fmt: skip
    tests = {"one": "rows: {visits: [{visitor: a, at: 2024-01-01}]}\nask: {period: 2024-01}\nexpect: {seen_first: 1}"}
    coverage = run(tmp_path, written(tests), metrics=metrics).coverage
    assert (("seen", "other"), ("other",)) == (coverage.metrics, coverage.uncovered_metrics)


@pytest.mark.parametrize(("expected", "uncovered"), [("health: 50", ()), ("health_coverage: 100", ("health",))])
def test_a_scorecard_is_covered_by_its_score(expected: str, uncovered: tuple[str, ...], tmp_path: Path) -> None:
    """A scorecard counts as one, when its score is expected: what stands beside it is not enough."""
    metrics = "datasets: {visits: {table: v.csv, time: at, columns: {visitor: text, at: date}}}\nmetrics:\n" \
        "  seen: {formula: count(visits), unit: count}\nscorecards:\n  health:\n    per: visitor\n    measures:\n" \
        "      often: {value: seen, weight: 1, scale: {from: 0, to: 2}}\n"  # fmt: skip
    rows = "rows: {visits: [{visitor: a, at: 2024-01-01}]}\nask: {period: 2024-01}\n"
    tests = {"one": f"{rows}expect: {{{expected}, seen: 1}}"}
    found = run(tmp_path, written(tests), metrics=metrics)
    assert [] == [str(d.fault) for r in found.results for d in r.differences]
    assert (("seen", "health"), uncovered) == (found.coverage.metrics, found.coverage.uncovered_metrics)


def test_a_plugin_tests_its_pack() -> None:
    """The tests that a plugin gives for its pack are run, and cover it."""
    from tallymark.plugins import load
    from tallymark.trials import run_pack_tests

    from ..plugins import hooks_page

    found = run_pack_tests(["acme"], load(False, [hooks_page.plugin()]))
    assert (["beats_add_up"], (), True) == (
        [r.name for r in found.results],
        found.coverage.uncovered_metrics,
        found.passed,
    )


def test_nobody_is_told(tmp_path: Path) -> None:
    """A rule is tested without its notifiers: not even their secrets are looked for."""
    (tmp_path / "metrics").mkdir()
    metrics = METRICS.replace("severity: critical", "severity: critical\n    notify: [chat]")
    folder_run = run(tmp_path, written({"a_rule": SOUND["a_rule"]}), metrics=metrics)
    assert folder_run.passed


def test_a_link_leads_nowhere(tmp_path: Path) -> None:
    """A file of rows that is a link out of the project's folder is not followed."""
    (tmp_path / "secret.csv").write_text("id,amount,at\n1,7,2024-01-31\n", encoding="utf-8")
    (tmp_path / "project").mkdir()
    (tmp_path / "project/orders.csv").symlink_to(tmp_path / "secret.csv")
    tests = {"one": SOUND["a_file"].replace("rows/orders.csv", "orders.csv")}
    (result,) = run(tmp_path / "project", written(tests)).results
    assert ["E112"] == [f.code for f in result.faults]


def test_a_packs_file_of_tests_holds_nothing_else() -> None:
    """Whatever else stands in it is told, of every kind: a scorecard or check there would be lost."""
    files = "metrics: {one: 1}\nchecks: {two: {equal: [one, 1]}}\nscorecards:\n" \
        "  three: {per: customer, label: Three, measures: {m: {value: one, weight: 1}}}\n"  # fmt: skip
    _, faults = read_tests([("tests.yaml", files)], "shop")
    assert {"`one` in a file of tests", "`two` in a file of tests", "`three` in a file of tests"} == {
        f.message for f in faults if f.code == "R020"
    }
