-- The public contract for BI tools: views only, additive within a major version. Every view shows each fact
-- once whatever the engine has not merged yet, and carries rep_id wherever rows belong to somebody, because
-- that is what row filters of reps and managers go by. Names come from spm.person alone.
CREATE OR REPLACE VIEW spm_bi.rep_day
(
    rep_id String COMMENT 'Rep, or unassigned.',
    rep_name String COMMENT 'Name; empty when unknown or erased.',
    team_id String COMMENT 'Own team of the rep on that day, empty for none.',
    current_team_id String COMMENT 'Own team of the rep today, empty for none.',
    day Date32 COMMENT 'Day in the rep''s zone.',
    measure String COMMENT 'What is counted; see dim_measure.',
    currency String COMMENT 'ISO 4217 code, empty for a measure that is no money.',
    value Decimal(38, 4) COMMENT 'Total of the day.'
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
    WHERE generation = (SELECT generation FROM spm.warehouse FINAL)
    GROUP BY rep_id, day, measure, currency
) AS total
LEFT JOIN (SELECT rep_id, name FROM spm.person FINAL) AS person ON person.rep_id = total.rep_id
LEFT JOIN
(
    SELECT rep_id, since, team_id FROM spm.rep_team FINAL
    WHERE sequence = (SELECT max(sequence) FROM spm.membership WHERE subject_kind = 'COMPANY' AND rep_id = 'unassigned')
) AS line ON line.rep_id = total.rep_id
COMMENT 'Measures per rep and day. Never add up over currencies.';

CREATE OR REPLACE VIEW spm_bi.leaderboard_day
(
    day Date32 COMMENT 'Day in each rep''s own zone.',
    measure String COMMENT 'What is counted; see dim_measure.',
    currency String COMMENT 'ISO 4217 code, empty for a measure that is no money.',
    rank UInt64 COMMENT 'Place on that day: 1, 2, 2, 4.',
    rep_id String COMMENT 'Rep.',
    rep_name String COMMENT 'Name; empty when unknown or erased.',
    value Decimal(38, 4) COMMENT 'Total of the day.'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT day, measure, currency, rank() OVER (PARTITION BY day, measure, currency ORDER BY value DESC) AS rank,
    rep_id, rep_name, value
FROM spm_bi.rep_day
WHERE rep_id != 'unassigned'
COMMENT 'Who stands where on each day, ties sharing a place.';

CREATE OR REPLACE VIEW spm_bi.dim_rep
(
    rep_id String COMMENT 'Rep.',
    rep_name String COMMENT 'Name; empty when unknown or erased.',
    team_id String COMMENT 'Team today.',
    team_name String COMMENT 'Its name.',
    manager_id String COMMENT 'rep_id of the manager, empty for none.',
    manager_name String COMMENT 'The manager''s name.',
    role String COMMENT 'Role, such as AE or SDR.',
    time_zone String COMMENT 'IANA zone in which the rep''s days are cut.',
    valid_from Date32 COMMENT 'Since when all this holds.'
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
) AS team ON team.team_id = stint.team_id
COMMENT 'Reps as they are today.';

CREATE OR REPLACE VIEW spm_bi.dim_rep_history
(
    rep_id String COMMENT 'Rep.',
    rep_name String COMMENT 'Name; empty when unknown or erased.',
    valid_from Date32 COMMENT 'First day.',
    valid_to Date32 COMMENT 'Day behind the last one; 2199-12-31 for no end.',
    is_current Bool COMMENT 'Holds today.',
    team_id String COMMENT 'Team in that time.',
    manager_id String COMMENT 'rep_id of the manager, empty for none.',
    role String COMMENT 'Role in that time.',
    time_zone String COMMENT 'IANA zone in that time.'
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
LEFT JOIN (SELECT rep_id, name FROM spm.person FINAL) AS person ON person.rep_id = stint.rep_id
COMMENT 'Where each rep belonged when, by the roster in force.';

CREATE OR REPLACE VIEW spm_bi.dim_team
(
    team_id String COMMENT 'Team.',
    team_name String COMMENT 'Its name.',
    parent_team_id String COMMENT 'Team above, empty for none.',
    parent_team_name String COMMENT 'Its name.'
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
LEFT JOIN now_teams AS parent ON parent.team_id = team.parent_team_id
COMMENT 'Teams as they are today.';

CREATE OR REPLACE VIEW spm_bi.bridge_rep_team
(
    rep_id String COMMENT 'Rep.',
    team_id String COMMENT 'Team the rep belongs to, or one above it.',
    valid_from Date32 COMMENT 'First day.',
    valid_to Date32 COMMENT 'Day behind the last one; 2199-12-31 for no end.',
    is_direct Bool COMMENT 'The rep''s own team, not one above it. Add up only with is_direct, or of one team.',
    is_current Bool COMMENT 'Holds today.',
    weight Decimal(9, 6) COMMENT 'Part of the rep''s numbers that is the team''s: always 1, a rep is in one team at a time.'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT rep_id, subject_id AS team_id, valid_from, valid_to, is_direct,
    toBool(valid_from <= toDate32(now('UTC')) AND valid_to > toDate32(now('UTC'))) AS is_current,
    toDecimal32(1, 6) AS weight
FROM spm.membership FINAL
WHERE subject_kind = 'TEAM'
    AND sequence = (SELECT max(sequence) FROM spm.membership WHERE subject_kind = 'COMPANY' AND rep_id = 'unassigned')
COMMENT 'Which teams each rep belongs to on which days, teams above included. Join facts on rep_id and day.';

CREATE OR REPLACE VIEW spm_bi.dim_territory
(
    territory_id String COMMENT 'Territory.',
    territory_name String COMMENT 'Its name.',
    parent_territory_id String COMMENT 'Territory above, empty for none.',
    region String COMMENT 'Its own region; empty for that of the territory above.'
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
)
COMMENT 'Territories as they are today.';

CREATE OR REPLACE VIEW spm_bi.bridge_rep_territory
(
    rep_id String COMMENT 'Who holds it.',
    territory_id String COMMENT 'Territory.',
    valid_from Date32 COMMENT 'First day.',
    valid_to Date32 COMMENT 'Day behind the last one; 2199-12-31 for no end.',
    is_current Bool COMMENT 'Holds today.'
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
)
COMMENT 'Who holds which territory when.';

CREATE OR REPLACE VIEW spm_bi.dim_measure
(
    measure String COMMENT 'Name used in rep_day.',
    label String COMMENT 'Name for people.',
    unit String COMMENT 'COUNT, SECONDS or MONEY.',
    of String COMMENT 'What it is counted from: call, email, meeting, deal.',
    description String COMMENT 'What exactly is counted.'
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
)
COMMENT 'Measures in force and what they mean.';

-- Newest row per entity: read in the order of the sorting key, so that memory stays small however
-- long the history is. The filter on op comes after the choice: a cancelled entity is gone.
CREATE OR REPLACE VIEW spm_bi.fct_activity
(
    activity_id String COMMENT 'Identity for life.',
    kind String COMMENT 'call, email or meeting.',
    rep_id String COMMENT 'Rep it counts for, or unassigned.',
    team_id String COMMENT 'Own team of the rep on that day, empty for none.',
    current_team_id String COMMENT 'Own team of the rep today, empty for none.',
    day Date32 COMMENT 'Day it counts on, in the rep''s zone.',
    occurred_at DateTime64(3, 'UTC') COMMENT 'Business instant.',
    created_at DateTime64(3, 'UTC') COMMENT 'Creation in the source.',
    direction String COMMENT 'Direction of a call or e-mail.',
    status String COMMENT 'Status of a call or e-mail, outcome of a meeting.',
    is_automated Bool COMMENT 'Done by a machine.',
    talk_seconds Nullable(Int32) COMMENT 'Conversation of a call.',
    deal_id String COMMENT 'Deal it belongs to, empty for none.',
    account_id String COMMENT 'Account it belongs to, empty for none.',
    source String COMMENT 'Source of the record.',
    source_id String COMMENT 'Its identifier there.'
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
) AS line ON line.rep_id = fact.rep_id
COMMENT 'Calls, e-mails and meetings as they are now.';

CREATE OR REPLACE VIEW spm_bi.fct_deal
(
    deal_id String COMMENT 'Identity for life.',
    name String COMMENT 'Title.',
    rep_id String COMMENT 'Rep of the owner, or unassigned.',
    team_id String COMMENT 'Own team of the rep on that day, empty for none.',
    current_team_id String COMMENT 'Own team of the rep today, empty for none.',
    account_id String COMMENT 'Account.',
    account_name String COMMENT 'Account''s name.',
    stage_class String COMMENT 'OPEN, WON or LOST.',
    stage_label String COMMENT 'Stage as people read it.',
    pipeline_id String COMMENT 'Pipeline in the source.',
    deal_type String COMMENT 'NEW, RENEWAL, EXPANSION or OTHER.',
    amount Nullable(Decimal(18, 4)) COMMENT 'Value in its currency; empty when the CRM has none.',
    currency String COMMENT 'ISO 4217 code.',
    acv Nullable(Decimal(18, 4)) COMMENT 'Annual contract value.',
    probability Nullable(Decimal(9, 6)) COMMENT 'Chance of winning, 1 = certain.',
    close_date Nullable(Date32) COMMENT 'Expected or actual close.',
    created_at DateTime64(3, 'UTC') COMMENT 'Creation in the source.',
    won_at Nullable(DateTime64(3, 'UTC')) COMMENT 'When it was won.',
    lost_at Nullable(DateTime64(3, 'UTC')) COMMENT 'When it was lost.',
    lost_reason String COMMENT 'Why it was lost.',
    day Date32 COMMENT 'Day its main measure counts on, in the rep''s zone.',
    product String COMMENT 'Product line.',
    segment String COMMENT 'Customer segment.',
    region String COMMENT 'Region.',
    lead_source String COMMENT 'Where the lead came from.',
    split_count UInt64 COMMENT 'How many share the credit; 0 means the owner alone.',
    source String COMMENT 'Source of the record.',
    source_id String COMMENT 'Its identifier there.'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT fact.entity_id AS deal_id, fact.name AS name, fact.rep_id AS rep_id,
    line.team_id[arrayLastIndex(d -> d <= fact.day, line.since)] AS team_id,
    line.team_id[arrayLastIndex(d -> d <= toDate32(now('UTC')), line.since)] AS current_team_id,
    fact.account_id AS account_id, fact.account_name AS account_name, fact.stage_class AS
    stage_class, fact.stage_label AS stage_label, fact.pipeline_id AS pipeline_id, fact.deal_type AS
    deal_type, fact.amount AS amount, fact.currency AS currency, fact.acv AS acv, fact.probability
    AS probability, fact.close_date AS close_date, fact.created_at AS created_at, fact.won_at AS
    won_at, fact.lost_at AS lost_at, fact.lost_reason AS lost_reason, fact.day AS day, fact.product
    AS product, fact.segment AS segment, fact.region AS region, fact.lead_source AS lead_source,
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
) AS line ON line.rep_id = fact.rep_id
COMMENT 'Deals as they are now.';

-- A credit's newest version is chosen before the deleted ones are left out, and by the engine's own
-- merge (FINAL), so that a filter on other columns can never bring an older version back.
CREATE OR REPLACE VIEW spm_bi.fct_credit
(
    rep_id String COMMENT 'Payee, or unassigned.',
    rep_name String COMMENT 'Name; empty when unknown or erased.',
    team_id String COMMENT 'Own team of the rep on that day, empty for none.',
    current_team_id String COMMENT 'Own team of the rep today, empty for none.',
    deal_id String COMMENT 'Deal; see fct_deal.',
    role String COMMENT 'REVENUE: parts of the deal that add up to it. OVERLAY: beside them; never add up the two.',
    via String COMMENT 'Split of the deal it comes through (place from 0), rule (rule:id:place), or owner.',
    stage_class String COMMENT 'State of the deal: OPEN, WON or LOST. Only WON is earned.',
    day Date32 COMMENT 'Day it counts on in the payee''s zone: won, lost, else created.',
    share Decimal(9, 6) COMMENT 'Part of the deal credited, 1 = all of it.',
    amount Decimal(18, 4) COMMENT 'Credited amount in the deal''s currency.',
    currency String COMMENT 'ISO 4217 code of amount.',
    reporting_amount Nullable(Decimal(18, 4)) COMMENT 'The same in the reporting currency; empty when the deal is not won or there is no rate.',
    reporting_currency String COMMENT 'ISO 4217 code of reporting_amount, empty when there is none.',
    rate Nullable(Decimal(20, 10)) COMMENT 'Reporting units per unit of currency.',
    rate_on Nullable(Date32) COMMENT 'Date of that rate.',
    deal_type String COMMENT 'NEW, RENEWAL, EXPANSION or OTHER.',
    product String COMMENT 'Product line.',
    segment String COMMENT 'Customer segment.',
    region String COMMENT 'Region.'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT credit.rep_id AS rep_id, person.name AS rep_name,
    line.team_id[arrayLastIndex(d -> d <= credit.day, line.since)] AS team_id,
    line.team_id[arrayLastIndex(d -> d <= toDate32(now('UTC')), line.since)] AS current_team_id,
    credit.deal_id AS deal_id, credit.role AS role,
    credit.via AS via, credit.stage_class AS stage_class, credit.day AS day, credit.share AS share,
    credit.amount AS amount, credit.currency AS currency, credit.reporting_amount AS reporting_amount,
    credit.reporting_currency AS reporting_currency, credit.rate AS rate, credit.rate_on AS rate_on,
    credit.deal_type AS deal_type, credit.product AS product, credit.segment AS segment,
    credit.region AS region
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
) AS line ON line.rep_id = credit.rep_id
COMMENT 'Who is credited for which deal with how much, as it is now. Never add up over currencies.';

CREATE OR REPLACE VIEW spm_bi.commission_ledger
(
    entry_id String COMMENT 'Identity of the entry.',
    rep_id String COMMENT 'Payee.',
    rep_name String COMMENT 'Name; empty when unknown or erased.',
    plan_id String COMMENT 'Plan.',
    component_id String COMMENT 'Line of the plan.',
    origin_start Date32 COMMENT 'First day of the period it was earned in.',
    origin_end Date32 COMMENT 'First day behind it.',
    posted_start Date32 COMMENT 'First day of the period it is posted in.',
    kind String COMMENT 'ACCRUAL: earned by a credit. ADJUSTMENT: a revision of the definitions.',
    currency String COMMENT 'ISO 4217 code of amount.',
    amount Decimal(38, 4) COMMENT 'What this entry adds; add up for what is owed.',
    deal_id String COMMENT 'Deal that caused it; empty for a revision of the definitions.',
    role String COMMENT 'Role of the credit; empty for a revision of the definitions.',
    via String COMMENT 'Which split of the deal; empty for a revision of the definitions.',
    credited_before Decimal(38, 4) COMMENT 'Credited in the origin period without what caused it.',
    credited_after Decimal(38, 4) COMMENT 'Credited with it.',
    trace String COMMENT 'How it was computed: tiers, rates, formula, as JSON.',
    topic String COMMENT 'Topic of the record that caused it.',
    partition UInt16 COMMENT 'Its partition.',
    position UInt64 COMMENT 'Its position: entries of one payee in the order they were made.',
    sequence UInt64 COMMENT 'Definitions in force.'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT entry.entry_id AS entry_id, entry.rep_id AS rep_id, person.name AS rep_name, entry.plan_id AS plan_id,
    entry.component_id AS component_id, entry.origin_start AS origin_start, entry.origin_end AS origin_end,
    entry.posted_start AS posted_start, entry.kind AS kind, entry.currency AS currency, entry.amount AS amount,
    entry.deal_id AS deal_id, entry.role AS role, entry.via AS via, entry.before AS credited_before,
    entry.after AS credited_after, entry.trace AS trace, entry.topic AS topic, entry.partition AS partition,
    entry.position AS position, entry.sequence AS sequence
FROM (SELECT * FROM spm.commission_ledger FINAL) AS entry
LEFT JOIN (SELECT rep_id, name FROM spm.person FINAL) AS person ON person.rep_id = entry.rep_id
COMMENT 'What is earned, entry by entry. Entries are added, never changed. Never add up over currencies.';

CREATE OR REPLACE VIEW spm_bi.commission_balance
(
    rep_id String COMMENT 'Payee.',
    rep_name String COMMENT 'Name; empty when unknown or erased.',
    plan_id String COMMENT 'Plan.',
    component_id String COMMENT 'Line of the plan.',
    origin_start Date32 COMMENT 'First day of the period it was earned in.',
    origin_end Date32 COMMENT 'First day behind it.',
    currency String COMMENT 'ISO 4217 code of amount.',
    amount Decimal(38, 4) COMMENT 'Earned so far.',
    entries UInt64 COMMENT 'Entries it is made of.'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT balance.rep_id AS rep_id, person.name AS rep_name, balance.plan_id AS plan_id,
    balance.component_id AS component_id, balance.origin_start AS origin_start,
    balance.origin_end AS origin_end, balance.currency AS currency, balance.amount AS amount,
    balance.entries AS entries
FROM
(
    SELECT rep_id, plan_id, component_id, origin_start, origin_end, currency, sum(amount) AS amount,
        count() AS entries
    FROM spm.commission_ledger FINAL
    GROUP BY rep_id, plan_id, component_id, origin_start, origin_end, currency
) AS balance
LEFT JOIN (SELECT rep_id, name FROM spm.person FINAL) AS person ON person.rep_id = balance.rep_id
COMMENT 'What each payee has earned per plan, component and period. Never add up over currencies.';

CREATE OR REPLACE VIEW spm_bi.forecast
(
    kpi String COMMENT 'What is forecast.',
    currency String COMMENT 'ISO 4217 code, empty for a KPI that is no money.',
    period_start Date32 COMMENT 'First day of the period.',
    period_end Date32 COMMENT 'First day behind it.',
    subject_kind String COMMENT 'REP, TEAM, REGION or COMPANY.',
    subject_id String COMMENT 'rep_id, team_id, region, or company.',
    rep_id String COMMENT 'The rep, where it is one; else empty.',
    day Date32 COMMENT 'Day it was made on, in the company''s zone.',
    as_of DateTime64(3, 'UTC') COMMENT 'When it was made.',
    quota Nullable(Decimal(18, 4)) COMMENT 'What is asked for; empty: nothing is.',
    booked Decimal(38, 4) COMMENT 'What counts already.',
    pipeline_mean Decimal(38, 4) COMMENT 'Expected of deals that are open: amounts times the chances used.',
    new_mean Decimal(38, 4) COMMENT 'Expected of what is not in the pipeline yet.',
    p10 Decimal(38, 4) COMMENT 'The total of the period is below it in one case of ten.',
    p50 Decimal(38, 4) COMMENT 'As likely to be below as above.',
    p90 Decimal(38, 4) COMMENT 'Above it in one case of ten.',
    probability Nullable(Decimal(9, 4)) COMMENT 'Chance that the total reaches the quota, 1 = certain; empty without a quota.',
    draws UInt32 COMMENT 'Draws it was made from.',
    model String COMMENT 'Version of the model.',
    open_deals UInt32 COMMENT 'Evidence: open deals credited to it.',
    closed_deals UInt32 COMMENT 'Evidence: closed deals that the weakest of their chances rests on.',
    wins UInt32 COMMENT 'Evidence: wins (for activities: days) of its own past that are used.',
    sequence UInt64 COMMENT 'Definitions it was made under.'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT kpi, currency, period_start, period_end, subject_kind, subject_id,
    if(subject_kind = 'REP', subject_id, '') AS rep_id, day, as_of, quota, booked, pipeline_mean, new_mean,
    p10, p50, p90, probability, draws, model, open_deals, closed_deals, wins, sequence
FROM spm.forecast FINAL
WHERE NOT withdrawn
COMMENT 'Where periods will end and how likely quotas are, as it was seen on each day.';

-- The newest day is chosen before what is withdrawn is left out: it must not bring back the day before.
CREATE OR REPLACE VIEW spm_bi.forecast_current
(
    kpi String COMMENT 'What is forecast.',
    currency String COMMENT 'ISO 4217 code, empty for a KPI that is no money.',
    period_start Date32 COMMENT 'First day of the period.',
    period_end Date32 COMMENT 'First day behind it.',
    subject_kind String COMMENT 'REP, TEAM, REGION or COMPANY.',
    subject_id String COMMENT 'rep_id, team_id, region, or company.',
    rep_id String COMMENT 'The rep, where it is one; else empty.',
    day Date32 COMMENT 'Day it was made on, in the company''s zone.',
    as_of DateTime64(3, 'UTC') COMMENT 'When it was made.',
    quota Nullable(Decimal(18, 4)) COMMENT 'What is asked for; empty: nothing is.',
    booked Decimal(38, 4) COMMENT 'What counts already.',
    pipeline_mean Decimal(38, 4) COMMENT 'Expected of deals that are open: amounts times the chances used.',
    new_mean Decimal(38, 4) COMMENT 'Expected of what is not in the pipeline yet.',
    p10 Decimal(38, 4) COMMENT 'The total of the period is below it in one case of ten.',
    p50 Decimal(38, 4) COMMENT 'As likely to be below as above.',
    p90 Decimal(38, 4) COMMENT 'Above it in one case of ten.',
    probability Nullable(Decimal(9, 4)) COMMENT 'Chance that the total reaches the quota, 1 = certain; empty without a quota.',
    draws UInt32 COMMENT 'Draws it was made from.',
    model String COMMENT 'Version of the model.',
    open_deals UInt32 COMMENT 'Evidence: open deals credited to it.',
    closed_deals UInt32 COMMENT 'Evidence: closed deals that the weakest of their chances rests on.',
    wins UInt32 COMMENT 'Evidence: wins (for activities: days) of its own past that are used.',
    sequence UInt64 COMMENT 'Definitions it was made under.'
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
WHERE NOT withdrawn
COMMENT 'The newest forecast of each subject and period.';

CREATE OR REPLACE VIEW spm_bi.data_freshness
(
    kind String COMMENT 'source: how far a source is complete. topic: when its newest records were applied.',
    name String COMMENT 'Source or topic.',
    as_of DateTime64(3, 'UTC') COMMENT 'source: complete up to here. topic: newest flush.',
    lag_seconds Int64 COMMENT 'Age of as_of now.',
    detail String COMMENT 'For people.'
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
)
COMMENT 'How fresh the numbers are: quiet differs from late.';

CREATE OR REPLACE VIEW spm_bi.dead_letter_count
(
    topic String COMMENT 'Topic of the records.',
    reason String COMMENT 'Class of trouble.',
    records UInt64 COMMENT 'Records set aside.',
    first_seen_at DateTime64(3, 'UTC') COMMENT 'First of them.',
    last_seen_at DateTime64(3, 'UTC') COMMENT 'Last of them.'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT topic, reason, count() AS records, min(seen_at) AS first_seen_at, max(seen_at) AS last_seen_at
FROM spm.dead_letter FINAL
GROUP BY topic, reason
COMMENT 'Records that could not be used, counted; never their content.';
