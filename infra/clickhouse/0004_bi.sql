-- The public contract for BI tools: views only, additive within a major version. Every view shows each fact
-- once whatever the engine has not merged yet, and carries rep_id wherever rows belong to somebody, because
-- that is what row filters of reps and managers go by. Names come from spm.person alone. What each view and column
-- means stands in infra/bi/dictionary.yaml, from which the comments follow.
CREATE OR REPLACE VIEW spm_bi.rep_day
(
    rep_id String,
    rep_name String,
    team_id String,
    current_team_id String,
    day Date32,
    measure String,
    currency String,
    value Decimal(38, 4)
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT total.rep_id AS rep_id, person.name AS rep_name,
    line.team_id[arrayLastIndex(d -> d <= total.day, line.since)] AS team_id,
    line.team_id[arrayLastIndex(d -> d <= toDate32(now('UTC')), line.since)] AS current_team_id,
    total.day AS day, total.measure AS measure, total.currency AS currency, total.value AS value
FROM
(
    SELECT rep_id, day, measure, currency, sum(value) AS value
    FROM spm.kpi_rep_day FINAL
    WHERE generation = (SELECT generation FROM spm.warehouse FINAL) AND NOT startsWith(measure, 'contest/')
    GROUP BY rep_id, day, measure, currency
) AS total
LEFT JOIN (SELECT rep_id, name FROM spm.person FINAL) AS person ON person.rep_id = total.rep_id
LEFT JOIN
(
    SELECT rep_id, since, team_id FROM spm.rep_team FINAL
    WHERE sequence = (SELECT max(sequence) FROM spm.membership WHERE subject_kind = 'COMPANY' AND rep_id = 'unassigned')
) AS line ON line.rep_id = total.rep_id;

CREATE OR REPLACE VIEW spm_bi.leaderboard_day
(
    day Date32,
    measure String,
    currency String,
    rank UInt64,
    rep_id String,
    rep_name String,
    value Decimal(38, 4)
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT day, measure, currency, rank() OVER (PARTITION BY day, measure, currency ORDER BY value DESC) AS rank,
    rep_id, rep_name, value
FROM spm_bi.rep_day
WHERE rep_id != 'unassigned';

CREATE OR REPLACE VIEW spm_bi.dim_rep
(
    rep_id String,
    rep_name String,
    team_id String,
    team_name String,
    manager_id String,
    manager_name String,
    role String,
    time_zone String,
    valid_from Date32
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT stint.rep_id AS rep_id, person.name AS rep_name, stint.team_id AS team_id, team.name AS team_name,
    stint.manager_id AS manager_id, manager.name AS manager_name, stint.role AS role,
    stint.time_zone AS time_zone, stint.valid_from AS valid_from
FROM
(
    SELECT * FROM spm.roster FINAL
    WHERE sequence = (SELECT max(sequence) FROM spm.roster)
        AND valid_from <= toDate32(now('UTC')) AND valid_to > toDate32(now('UTC'))
) AS stint
LEFT JOIN (SELECT rep_id, name FROM spm.person FINAL) AS person ON person.rep_id = stint.rep_id
LEFT JOIN (SELECT rep_id, name FROM spm.person FINAL) AS manager ON manager.rep_id = stint.manager_id
LEFT JOIN
(
    SELECT team_id, name FROM spm.team FINAL WHERE sequence = (SELECT max(sequence) FROM spm.team)
) AS team ON team.team_id = stint.team_id;

CREATE OR REPLACE VIEW spm_bi.dim_rep_history
(
    rep_id String,
    rep_name String,
    valid_from Date32,
    valid_to Date32,
    is_current Bool,
    team_id String,
    manager_id String,
    role String,
    time_zone String
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT stint.rep_id AS rep_id, person.name AS rep_name, stint.valid_from AS valid_from,
    stint.valid_to AS valid_to,
    toBool(stint.valid_from <= toDate32(now('UTC')) AND stint.valid_to > toDate32(now('UTC'))) AS is_current,
    stint.team_id AS team_id, stint.manager_id AS manager_id, stint.role AS role,
    stint.time_zone AS time_zone
FROM
(
    SELECT * FROM spm.roster FINAL WHERE sequence = (SELECT max(sequence) FROM spm.roster)
) AS stint
LEFT JOIN (SELECT rep_id, name FROM spm.person FINAL) AS person ON person.rep_id = stint.rep_id;

CREATE OR REPLACE VIEW spm_bi.dim_team
(
    team_id String,
    team_name String,
    parent_team_id String,
    parent_team_name String
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS WITH now_teams AS
(
    SELECT team_id, name, parent_team_id FROM spm.team FINAL
    WHERE sequence = (SELECT max(sequence) FROM spm.team)
)
SELECT team.team_id AS team_id, team.name AS team_name, team.parent_team_id AS parent_team_id,
    parent.name AS parent_team_name
FROM now_teams AS team
LEFT JOIN now_teams AS parent ON parent.team_id = team.parent_team_id;

CREATE OR REPLACE VIEW spm_bi.bridge_rep_team
(
    rep_id String,
    team_id String,
    valid_from Date32,
    valid_to Date32,
    is_direct Bool,
    is_current Bool,
    weight Decimal(9, 6)
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT rep_id, subject_id AS team_id, valid_from, valid_to, is_direct,
    toBool(valid_from <= toDate32(now('UTC')) AND valid_to > toDate32(now('UTC'))) AS is_current,
    toDecimal32(1, 6) AS weight
FROM spm.membership FINAL
WHERE subject_kind = 'TEAM'
    AND sequence = (SELECT max(sequence) FROM spm.membership WHERE subject_kind = 'COMPANY' AND rep_id = 'unassigned');

CREATE OR REPLACE VIEW spm_bi.dim_territory
(
    territory_id String,
    territory_name String,
    parent_territory_id String,
    region String
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT one.territory_id AS territory_id, one.name AS territory_name,
    one.parent_territory_id AS parent_territory_id, one.region AS region
FROM
(
    SELECT arrayJoin(JSONExtract(content, 'territories',
        'Array(Tuple(territory_id String, name String, parent_territory_id String, region String))')) AS one
    FROM spm.definition FINAL
    WHERE kind = 'territories'
        AND sequence = (SELECT max(sequence) FROM spm.definition WHERE kind = 'territories')
);

CREATE OR REPLACE VIEW spm_bi.bridge_rep_territory
(
    rep_id String,
    territory_id String,
    valid_from Date32,
    valid_to Date32,
    is_current Bool
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT holder.rep_id AS rep_id, territory_id, toDate32(holder.valid_from) AS valid_from,
    if(holder.valid_to = '', toDate32('2199-12-31'), toDate32OrZero(holder.valid_to)) AS valid_to,
    toBool(valid_from <= toDate32(now('UTC')) AND valid_to > toDate32(now('UTC'))) AS is_current
FROM
(
    SELECT one.territory_id AS territory_id, arrayJoin(one.holders) AS holder
    FROM
    (
        SELECT arrayJoin(JSONExtract(content, 'territories',
            'Array(Tuple(territory_id String, holders Array(Tuple(rep_id String, valid_from String, valid_to String))))')) AS one
        FROM spm.definition FINAL
        WHERE kind = 'territories'
            AND sequence = (SELECT max(sequence) FROM spm.definition WHERE kind = 'territories')
    )
);

CREATE OR REPLACE VIEW spm_bi.dim_measure
(
    measure String,
    label String,
    unit String,
    of String,
    description String
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT one.measure AS measure, one.label AS label, one.unit AS unit, one.of AS of,
    one.description AS description
FROM
(
    SELECT arrayJoin(JSONExtract(content, 'measures',
        'Array(Tuple(measure String, label String, unit String, of String, description String))')) AS one
    FROM spm.definition FINAL
    WHERE kind = 'measures'
        AND sequence = (SELECT max(sequence) FROM spm.definition WHERE kind = 'measures')
);

-- Newest row per entity: read in the order of the sorting key, so that memory stays small however
-- long the history is. The filter on op comes after the choice: a cancelled entity is gone.
CREATE OR REPLACE VIEW spm_bi.fct_activity
(
    activity_id String,
    kind String,
    rep_id String,
    team_id String,
    current_team_id String,
    day Date32,
    occurred_at DateTime64(3, 'UTC'),
    created_at DateTime64(3, 'UTC'),
    direction String,
    status String,
    is_automated Bool,
    talk_seconds Nullable(Int32),
    deal_id String,
    account_id String,
    source String,
    source_id String
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT fact.entity_id AS activity_id, fact.kind AS kind, fact.rep_id AS rep_id,
    line.team_id[arrayLastIndex(d -> d <= fact.day, line.since)] AS team_id,
    line.team_id[arrayLastIndex(d -> d <= toDate32(now('UTC')), line.since)] AS current_team_id,
    fact.day AS day, fact.occurred_at AS occurred_at, fact.created_at AS created_at,
    fact.direction AS direction, fact.status AS status, fact.is_automated AS is_automated,
    fact.talk_seconds AS talk_seconds, fact.deal_id AS deal_id, fact.account_id AS account_id,
    fact.source AS source, fact.source_id AS source_id
FROM
(
    SELECT * FROM
    (
        SELECT entity_id, kind, rep_id, day, occurred_at, created_at, direction, status, is_automated,
            talk_seconds, deal_id, account_id, source, source_id, op
        FROM spm.activity
        WHERE kind != 'marker'
        ORDER BY entity_id, position DESC
        LIMIT 1 BY entity_id
    )
    WHERE op = 'SET'
) AS fact
LEFT JOIN
(
    SELECT rep_id, since, team_id FROM spm.rep_team FINAL
    WHERE sequence = (SELECT max(sequence) FROM spm.membership WHERE subject_kind = 'COMPANY' AND rep_id = 'unassigned')
) AS line ON line.rep_id = fact.rep_id;

CREATE OR REPLACE VIEW spm_bi.fct_deal
(
    deal_id String,
    name String,
    rep_id String,
    team_id String,
    current_team_id String,
    account_id String,
    account_name String,
    stage_class String,
    stage_label String,
    pipeline_id String,
    deal_type String,
    amount Nullable(Decimal(18, 4)),
    currency String,
    acv Nullable(Decimal(18, 4)),
    margin Nullable(Decimal(18, 4)),
    units Nullable(Decimal(18, 4)),
    invoiced_amount Nullable(Decimal(18, 4)),
    paid_amount Nullable(Decimal(18, 4)),
    cancelled_on Nullable(Date32),
    cancel_reason String,
    probability Nullable(Decimal(9, 6)),
    close_date Nullable(Date32),
    created_at DateTime64(3, 'UTC'),
    won_at Nullable(DateTime64(3, 'UTC')),
    lost_at Nullable(DateTime64(3, 'UTC')),
    lost_reason String,
    day Date32,
    product String,
    segment String,
    region String,
    territory_id String,
    lead_source String,
    split_count UInt64,
    source String,
    source_id String
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT fact.entity_id AS deal_id, fact.name AS name, fact.rep_id AS rep_id,
    line.team_id[arrayLastIndex(d -> d <= fact.day, line.since)] AS team_id,
    line.team_id[arrayLastIndex(d -> d <= toDate32(now('UTC')), line.since)] AS current_team_id,
    fact.account_id AS account_id, fact.account_name AS account_name, fact.stage_class AS stage_class,
    fact.stage_label AS stage_label, fact.pipeline_id AS pipeline_id, fact.deal_type AS deal_type,
    fact.amount AS amount, fact.currency AS currency, fact.acv AS acv, fact.margin AS margin,
    fact.units AS units, fact.invoiced_amount AS invoiced_amount, fact.paid_amount AS paid_amount,
    fact.cancelled_on AS cancelled_on, fact.cancel_reason AS cancel_reason,
    fact.probability AS probability, fact.close_date AS close_date, fact.created_at AS created_at,
    fact.won_at AS won_at, fact.lost_at AS lost_at, fact.lost_reason AS lost_reason, fact.day AS day,
    fact.product AS product, fact.segment AS segment, fact.region AS region,
    fact.territory_id AS territory_id, fact.lead_source AS lead_source,
    length(fact.split_owner_id) AS split_count, fact.source AS source, fact.source_id AS source_id
FROM
(
    SELECT * FROM
    (
        SELECT * FROM spm.deal
        WHERE kind != 'marker'
        ORDER BY entity_id, position DESC
        LIMIT 1 BY entity_id
    )
    WHERE op = 'SET'
) AS fact
LEFT JOIN
(
    SELECT rep_id, since, team_id FROM spm.rep_team FINAL
    WHERE sequence = (SELECT max(sequence) FROM spm.membership WHERE subject_kind = 'COMPANY' AND rep_id = 'unassigned')
) AS line ON line.rep_id = fact.rep_id;

-- What each bill says as it is now, and whether it counts; those deleted are gone.
CREATE OR REPLACE VIEW spm_bi.fct_bill
(
    deal_id String,
    bill_id String,
    rep_id String,
    state String,
    currency String,
    invoiced_amount Nullable(Decimal(18, 4)),
    credit_note_amount Nullable(Decimal(18, 4)),
    paid_amount Nullable(Decimal(18, 4)),
    cancelled_on Nullable(Date32),
    cancel_reason String,
    created_at DateTime64(3, 'UTC'),
    occurred_at DateTime64(3, 'UTC'),
    source String,
    source_id String
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT bill.deal_id AS deal_id, bill.bill_id AS bill_id, deal.rep_id AS rep_id,
    multiIf(deal.op != 'SET', 'NO_DEAL', bill.currency != deal.currency, 'OTHER_CURRENCY', 'COUNTS') AS state,
    bill.currency AS currency,
    toDecimal64OrNull(JSONExtractString(bill.said, 'invoiced_amount'), 4) AS invoiced_amount,
    toDecimal64OrNull(JSONExtractString(bill.said, 'credit_note_amount'), 4) AS credit_note_amount,
    toDecimal64OrNull(JSONExtractString(bill.said, 'paid_amount'), 4) AS paid_amount,
    toDate32('1970-01-01') + JSONExtract(bill.said, 'cancelled_on', 'Nullable(Int32)') AS cancelled_on,
    JSONExtractString(bill.said, 'cancel_reason') AS cancel_reason,
    fromUnixTimestamp64Milli(JSONExtractInt(bill.said, 'created_at'), 'UTC') AS created_at,
    fromUnixTimestamp64Milli(JSONExtractInt(bill.said, 'occurred_at'), 'UTC') AS occurred_at,
    bill.source AS source, bill.source_id AS source_id
FROM
(
    SELECT * FROM
    (
        SELECT entity_id AS deal_id, said, JSONExtractString(said, 'bill_id') AS bill_id,
            JSONExtractString(said, 'op') AS op, JSONExtractString(said, 'currency') AS currency,
            JSONExtractString(said, 'source') AS source, JSONExtractString(said, 'source_id') AS source_id
        FROM spm.deal
        WHERE kind != 'marker' AND said != '' AND bill_id != ''
        ORDER BY entity_id, position DESC
        LIMIT 1 BY entity_id, source, source_id
    )
    WHERE op = 'SET'
) AS bill
LEFT JOIN
(
    SELECT entity_id, rep_id, op, currency FROM spm.deal
    WHERE kind != 'marker'
    ORDER BY entity_id, position DESC
    LIMIT 1 BY entity_id
) AS deal ON deal.entity_id = bill.deal_id;

-- A credit's newest version is chosen before the deleted ones are left out, and by the engine's own
-- merge (FINAL), so that a filter on other columns can never bring an older version back.
CREATE OR REPLACE VIEW spm_bi.fct_credit
(
    rep_id String,
    rep_name String,
    team_id String,
    current_team_id String,
    deal_id String,
    role String,
    via String,
    stage_class String,
    day Date32,
    share Decimal(9, 6),
    amount Decimal(18, 4),
    currency String,
    reporting_amount Nullable(Decimal(18, 4)),
    reporting_currency String,
    rate Nullable(Decimal(20, 10)),
    rate_on Nullable(Date32),
    acv Nullable(Decimal(18, 4)),
    margin Nullable(Decimal(18, 4)),
    units Nullable(Decimal(18, 4)),
    invoiced_amount Nullable(Decimal(18, 4)),
    paid_amount Nullable(Decimal(18, 4)),
    cancelled_on Nullable(Date32),
    cancel_reason String,
    deal_type String,
    product String,
    segment String,
    region String,
    territory_id String
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT credit.rep_id AS rep_id, person.name AS rep_name,
    line.team_id[arrayLastIndex(d -> d <= credit.day, line.since)] AS team_id,
    line.team_id[arrayLastIndex(d -> d <= toDate32(now('UTC')), line.since)] AS current_team_id,
    credit.deal_id AS deal_id, credit.role AS role,
    credit.via AS via, credit.stage_class AS stage_class, credit.day AS day, credit.share AS share,
    credit.amount AS amount, credit.currency AS currency, credit.reporting_amount AS reporting_amount,
    credit.reporting_currency AS reporting_currency, credit.rate AS rate, credit.rate_on AS rate_on,
    credit.acv AS acv, credit.margin AS margin, credit.units AS units,
    credit.invoiced_amount AS invoiced_amount, credit.paid_amount AS paid_amount,
    credit.cancelled_on AS cancelled_on, credit.cancel_reason AS cancel_reason,
    credit.deal_type AS deal_type, credit.product AS product, credit.segment AS segment,
    credit.region AS region, credit.territory_id AS territory_id
FROM
(
    SELECT * FROM spm.deal_credit FINAL
    WHERE generation = (SELECT generation FROM spm.warehouse FINAL) AND NOT deleted
) AS credit
LEFT JOIN (SELECT rep_id, name FROM spm.person FINAL) AS person ON person.rep_id = credit.rep_id
LEFT JOIN
(
    SELECT rep_id, since, team_id FROM spm.rep_team FINAL
    WHERE sequence = (SELECT max(sequence) FROM spm.membership WHERE subject_kind = 'COMPANY' AND rep_id = 'unassigned')
) AS line ON line.rep_id = credit.rep_id;

CREATE OR REPLACE VIEW spm_bi.commission_ledger
(
    entry_id String,
    rep_id String,
    rep_name String,
    plan_id String,
    component_id String,
    origin_start Date32,
    origin_end Date32,
    payout_start Date32,
    payout_end Date32,
    posted_start Date32,
    posted_end Date32,
    state String,
    kind String,
    component_kind String,
    currency String,
    amount Decimal(38, 4),
    deal_id String,
    role String,
    via String,
    credited_before Decimal(38, 4),
    credited_after Decimal(38, 4),
    trace String,
    reason String,
    author String,
    approver String,
    topic String,
    partition UInt16,
    position UInt64,
    sequence UInt64
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT entry.entry_id AS entry_id, entry.rep_id AS rep_id, person.name AS rep_name, entry.plan_id AS plan_id,
    entry.component_id AS component_id, entry.origin_start AS origin_start, entry.origin_end AS origin_end,
    entry.payout_start AS payout_start, entry.payout_end AS payout_end, entry.posted_start AS posted_start,
    entry.posted_end AS posted_end, entry.state AS state, entry.kind AS kind,
    plan.kind[indexOf(plan.component_id, entry.component_id)] AS component_kind,
    entry.currency AS currency, entry.amount AS amount,
    entry.deal_id AS deal_id, entry.role AS role, entry.via AS via, entry.before AS credited_before,
    entry.after AS credited_after, entry.trace AS trace, entry.reason AS reason, entry.author AS author,
    entry.approver AS approver, entry.topic AS topic, entry.partition AS partition,
    entry.position AS position, entry.sequence AS sequence
FROM (SELECT * FROM spm.commission_ledger FINAL) AS entry
LEFT JOIN
(
    SELECT plan.1 AS plan_id, arrayConcat(plan.2.1, plan.3.1, plan.4.1) AS component_id,
        arrayConcat(arrayMap(c -> if(empty(c.2), 'COMMISSION', c.2), plan.2),
            arrayMap(g -> 'GUARANTEE', plan.3), arrayMap(d -> 'DRAW', plan.4)) AS kind
    FROM
    (
        SELECT arrayJoin(JSONExtract(content, 'plans', 'Array(Tuple(plan_id String,
            components Array(Tuple(component_id String, category String)),
            guarantees Array(Tuple(guarantee_id String)), draws Array(Tuple(draw_id String))))')) AS plan
        FROM spm.definition FINAL
        WHERE kind = 'plans' AND sequence = (SELECT max(sequence) FROM spm.definition WHERE kind = 'plans')
    )
) AS plan ON plan.plan_id = entry.plan_id
LEFT JOIN (SELECT rep_id, name FROM spm.person FINAL) AS person ON person.rep_id = entry.rep_id;

CREATE OR REPLACE VIEW spm_bi.commission_balance
(
    rep_id String,
    rep_name String,
    plan_id String,
    component_id String,
    origin_start Date32,
    origin_end Date32,
    currency String,
    earned Decimal(38, 4),
    eligible Decimal(38, 4),
    released Decimal(38, 4),
    paid Decimal(38, 4),
    owed Decimal(38, 4),
    entries UInt64
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT balance.rep_id AS rep_id, person.name AS rep_name, balance.plan_id AS plan_id,
    balance.component_id AS component_id, balance.origin_start AS origin_start,
    balance.origin_end AS origin_end, balance.currency AS currency, balance.earned AS earned,
    balance.eligible AS eligible, balance.released AS released, balance.paid AS paid,
    balance.released - balance.paid AS owed, balance.entries AS entries
FROM
(
    SELECT rep_id, plan_id, component_id, origin_start, origin_end, currency,
        sumIf(amount, state = 'EARNED') AS earned, sumIf(amount, state = 'ELIGIBLE') AS eligible,
        sumIf(amount, state = 'RELEASED') AS released, sumIf(amount, state = 'PAID') AS paid,
        count() AS entries
    FROM spm.commission_ledger FINAL
    GROUP BY rep_id, plan_id, component_id, origin_start, origin_end, currency
) AS balance
LEFT JOIN (SELECT rep_id, name FROM spm.person FINAL) AS person ON person.rep_id = balance.rep_id;

CREATE OR REPLACE VIEW spm_bi.forecast
(
    kpi String,
    currency String,
    period_start Date32,
    period_end Date32,
    subject_kind String,
    subject_id String,
    rep_id String,
    day Date32,
    as_of DateTime64(3, 'UTC'),
    quota Nullable(Decimal(18, 4)),
    booked Decimal(38, 4),
    pipeline_mean Decimal(38, 4),
    new_mean Decimal(38, 4),
    p10 Decimal(38, 4),
    p50 Decimal(38, 4),
    p90 Decimal(38, 4),
    probability Nullable(Decimal(9, 4)),
    draws UInt32,
    model String,
    open_deals UInt32,
    closed_deals UInt32,
    wins UInt32,
    sequence UInt64
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT kpi, currency, period_start, period_end, subject_kind, subject_id,
    if(subject_kind = 'REP', subject_id, '') AS rep_id, day, as_of, quota, booked, pipeline_mean, new_mean,
    p10, p50, p90, probability, draws, model, open_deals, closed_deals, wins, sequence
FROM spm.forecast FINAL
WHERE NOT withdrawn;

-- The newest day is chosen before what is withdrawn is left out: it must not bring back the day before.
CREATE OR REPLACE VIEW spm_bi.forecast_current
(
    kpi String,
    currency String,
    period_start Date32,
    period_end Date32,
    subject_kind String,
    subject_id String,
    rep_id String,
    day Date32,
    as_of DateTime64(3, 'UTC'),
    quota Nullable(Decimal(18, 4)),
    booked Decimal(38, 4),
    pipeline_mean Decimal(38, 4),
    new_mean Decimal(38, 4),
    p10 Decimal(38, 4),
    p50 Decimal(38, 4),
    p90 Decimal(38, 4),
    probability Nullable(Decimal(9, 4)),
    draws UInt32,
    model String,
    open_deals UInt32,
    closed_deals UInt32,
    wins UInt32,
    sequence UInt64
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT kpi, currency, period_start, period_end, subject_kind, subject_id,
    if(subject_kind = 'REP', subject_id, '') AS rep_id, day, as_of, quota, booked, pipeline_mean, new_mean,
    p10, p50, p90, probability, draws, model, open_deals, closed_deals, wins, sequence
FROM
(
    SELECT * FROM spm.forecast FINAL
    ORDER BY kpi, currency, period_start, period_end, subject_kind, subject_id, day DESC
    LIMIT 1 BY kpi, currency, period_start, period_end, subject_kind, subject_id
)
WHERE NOT withdrawn;

CREATE OR REPLACE VIEW spm_bi.data_freshness
(
    kind String,
    name String,
    as_of DateTime64(3, 'UTC'),
    lag_seconds Int64,
    detail String
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT kind, name, as_of, dateDiff('second', as_of, now64(3, 'UTC')) AS lag_seconds, detail
FROM
(
    SELECT 'source' AS kind, toString(source) AS name, complete_through AS as_of, detail
    FROM spm.source_progress FINAL
    UNION ALL
    SELECT 'topic' AS kind, toString(topic) AS name, max(applied_at) AS as_of, '' AS detail
    FROM spm.applied
    GROUP BY topic
);

CREATE OR REPLACE VIEW spm_bi.dead_letter_count
(
    topic String,
    reason String,
    records UInt64,
    first_seen_at DateTime64(3, 'UTC'),
    last_seen_at DateTime64(3, 'UTC')
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT topic, reason, count() AS records, min(seen_at) AS first_seen_at, max(seen_at) AS last_seen_at
FROM spm.dead_letter FINAL
GROUP BY topic, reason;

CREATE OR REPLACE VIEW spm_bi.contest_result
(
    contest_id String,
    participant_id String,
    rep_id String,
    participant_name String,
    place UInt16,
    is_tied Bool,
    score Decimal(38, 8),
    events UInt64,
    reached_at Nullable(DateTime64(3, 'UTC')),
    prize_amount Decimal(18, 4),
    prize_currency String,
    things String,
    sequence UInt64,
    author String,
    finalized_at DateTime64(3, 'UTC')
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT done.contest_id AS contest_id, done.participant_id AS participant_id, done.rep_id AS rep_id,
    if(done.rep_id = '', done.participant_id, person.name) AS participant_name, done.place AS place,
    done.is_tied AS is_tied, done.score AS score, done.events AS events,
    nullIf(done.reached_at, toDateTime64(0, 3, 'UTC')) AS reached_at, done.prize_amount AS prize_amount,
    done.prize_currency AS prize_currency, arrayStringConcat(done.things, ', ') AS things, done.sequence AS sequence,
    done.author AS author, done.finalized_at AS finalized_at
FROM spm.contest_result AS done FINAL
INNER JOIN
(
    SELECT contest_id, min(finalized_at) AS first_at FROM spm.contest_result GROUP BY contest_id
) AS held ON held.contest_id = done.contest_id AND held.first_at = done.finalized_at
LEFT JOIN (SELECT rep_id, name FROM spm.person FINAL) AS person ON person.rep_id = done.rep_id;

CREATE OR REPLACE VIEW spm_bi.contest_standing_history
(
    contest_id String,
    participant_id String,
    rep_id String,
    phase String,
    place UInt16,
    is_tied Bool,
    score Decimal(38, 8),
    percent Nullable(Decimal(18, 4)),
    behind Decimal(38, 8),
    events UInt64,
    reached_at Nullable(DateTime64(3, 'UTC')),
    sequence UInt64,
    number UInt64,
    at DateTime64(3, 'UTC'),
    is_in Bool,
    passed String
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT contest_id, participant_id, rep_id, phase, place, is_tied, score, percent, behind, events, reached_at,
    sequence, number, at, is_in, arrayStringConcat(passed, ', ') AS passed
FROM spm.contest_standing FINAL;

CREATE OR REPLACE VIEW spm_bi.contest_standing
(
    contest_id String,
    participant_id String,
    rep_id String,
    participant_name String,
    phase String,
    place UInt16,
    is_tied Bool,
    score Decimal(38, 8),
    percent Nullable(Decimal(18, 4)),
    behind Decimal(38, 8),
    events UInt64,
    reached_at Nullable(DateTime64(3, 'UTC')),
    since DateTime64(3, 'UTC'),
    sequence UInt64
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT one.contest_id AS contest_id, one.participant_id AS participant_id, one.rep_id AS rep_id,
    if(one.rep_id = '', one.participant_id, person.name) AS participant_name, one.phase AS phase,
    one.place AS place, one.is_tied AS is_tied, one.score AS score, one.percent AS percent, one.behind AS behind,
    one.events AS events, one.reached_at AS reached_at, one.at AS since, one.sequence AS sequence
FROM
(
    SELECT * FROM spm.contest_standing ORDER BY contest_id, participant_id, number DESC
    LIMIT 1 BY contest_id, participant_id
) AS one
LEFT JOIN (SELECT rep_id, name FROM spm.person FINAL) AS person ON person.rep_id = one.rep_id
WHERE one.is_in;
