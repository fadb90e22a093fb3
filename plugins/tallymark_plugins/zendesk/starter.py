"""What `tally init --from zendesk` writes."""

from __future__ import annotations

from tallymark.hookspecs import Starter

_OPTIONS = """\
subdomain: your-company               # what stands before .zendesk.com
email: you@your-company.example       # an administrator of the account
api_token: env:ZENDESK_API_TOKEN      # the variable that holds the token, never the token itself
# start: 2024-01-01                   # read only what changed since this day; without it, everything
# customer: external_id               # what of an organisation names the customer (see metrics/{name}.yaml)
# fields: {{severity: 360001234567}}    # ticket fields of your own to read: a name, and the field's number
# skip: [survey_responses, surveys]   # what you do not have or do not need
"""

_DEFINITIONS = """\
# How the tickets and ratings of Zendesk become the tickets and ratings that the metrics read.
datasets:
  tickets:
    source: {name}
    table: support_tickets
    implements: tickets
    # `customer` is the organisation's external id in Zendesk, or its number where it has none. Enter there the id
    # that the customer has in your billing system, and both speak of the same customers. `customer:` under
    # `sources:` in tally.yaml names something else: `id`, `name`, or a field of yours, as `field:crm_id`.
    columns:
      created_at: instant               # a moment everywhere; days and months are those of the project's time zone
      first_reply_at: instant
      solved_at: instant
      status: {{type: text, description: {{en: "`new`, `open`, `pending`, `hold`, `solved` or `closed`."}}}}
      merged:
        type: boolean
        description:
          en: Closed because it was merged into another ticket. Zendesk counts it as solved, without a reply.
      form: {{type: text, label: {{en: Ticket form}}}}
      brand: {{type: text, label: {{en: Brand}}}}
      group: {{type: text, column: group_name, label: {{en: Group}}}}
      assignee: {{type: text, label: {{en: Assignee}}}}
      # severity: {{type: text}}         # a field of yours, named under `fields:` in tally.yaml

  ratings:
    source: {name}
    table: csat_responses
    implements: survey_responses
    # Ratings good and bad count as 2 and 1 of 2; surveys of the newer kind keep their own scale of 2, 3 or 5.
    columns:
      answered_at: instant
      ticket: {{type: text, description: {{en: The ticket that was rated.}}}}
      reason: {{type: text, description: {{en: The reason chosen for a bad rating.}}}}
      comment: {{type: text, description: {{en: What the customer wrote.}}}}
      channel: {{type: text, label: {{en: Channel of the rated ticket}}}}
      assignee: {{type: text, label: {{en: Rated agent}}}}

  # Where Zendesk is the only place that knows your customers, let its organisations be the customers: take the `#`
  # away. Leave it as it is when the customers come from elsewhere, such as your billing.
  # organizations:
  #   source: {name}
  #   table: support_customers
  #   implements: customers
  #   columns: {{signed_up_at: instant, started_at: instant}}

# Tickets of these types count as defects (`defect_count`); Zendesk knows question, incident, problem and task.
# parameters:
#   defect_kinds: {{type: list, default: [incident, problem]}}

# What the metrics mean, by rows made up for it: `tally test` runs them. Put figures of your own in their place.
tests:
  {name}_tickets_of_a_month:
    why: A ticket counts as opened in the month it came in, as solved in the month it was solved.
    rows:
      tickets:
        - {{id: 1, created_at: 2024-02-29 10:00, first_reply_at: 2024-02-29 11:00, solved_at: 2024-03-01 09:00}}
        - {{id: 2, created_at: 2024-03-04 10:00, first_reply_at: 2024-03-04 12:00, solved_at: 2024-03-05 10:00}}
        - {{id: 3, created_at: 2024-03-28 10:00}}
    ask: {{period: 2024-03}}
    expect: {{ticket_volume: 2, solved_tickets: 2, first_response_time_median: 7200}}
"""

SECRETS = {
    "ZENDESK_API_TOKEN": "an API token of an administrator: Admin Center, Apps and integrations, APIs, Zendesk API",
}


def starter(name: str) -> Starter:
    """The options of a source called `name`, its datasets, and the packs whose metrics they serve."""
    options, definitions = _OPTIONS.format(name=name), _DEFINITIONS.format(name=name)
    return Starter(options, definitions, ("support", "voice"), SECRETS, ("subdomain", "email"))
