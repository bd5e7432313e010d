-- A generation of results is a partition: it goes in one stroke, and reading one skips the others.
-- Results: folds of the log. value is the total, never a change; position is that of the last
-- record that touched the row and its version.
-- By day first: workers, boards and leaderboards ask for days, of one partition or of all reps. By rep
-- first each such question read a whole generation, ten times as much; one rep's quarter costs 10 ms more.
CREATE TABLE IF NOT EXISTS spm.kpi_rep_day
(
    generation UInt32 COMMENT 'Generation of results.',
    rep_id LowCardinality(String) COMMENT 'Rep, or unassigned.',
    day Date32 COMMENT 'Day in the rep''s zone.',
    measure LowCardinality(String) COMMENT 'What is counted.',
    currency LowCardinality(String) COMMENT 'ISO 4217 code, empty for a measure that is no money.',
    topic LowCardinality(String) COMMENT 'Topic this part comes from.',
    partition UInt16 COMMENT 'Its partition.',
    position UInt64 COMMENT 'Last record that touched this row.',
    value Decimal(18, 4) COMMENT 'Total of this part; add up over topic and partition.',
    -- Which granules hold rows that were touched behind a cut, told by topic: positions of two topics
    -- have nothing to do with each other. infra/settling asks by these very expressions.
    INDEX touched
    (
        if(topic = 'crm.calls', position, 0), if(topic = 'crm.emails', position, 0),
        if(topic = 'crm.meetings', position, 0), if(topic = 'crm.deals', position, 0),
        position * (topic != 'crm.calls') * (topic != 'crm.emails') * (topic != 'crm.meetings') * (topic != 'crm.deals')
    ) TYPE minmax GRANULARITY 1
)
ENGINE = ReplacingMergeTree(position) PARTITION BY generation
ORDER BY (generation, day, rep_id, measure, currency, topic, partition)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, min_bytes_for_wide_part = 256000000
COMMENT 'Totals per rep, day and measure, in parts per topic partition.';

-- What days that are over add up to. A view adds the days outside of what spm.settled says, and takes all
-- days of a rep and month of which anything was touched behind its cut: so it is exact at any instant,
-- whether `settle` runs or not. One part per partition is read without merging; String because a dictionary
-- of all reps costs more than the few rows of one question.
CREATE TABLE IF NOT EXISTS spm.kpi_rep_month
(
    generation UInt32 COMMENT 'Generation of results.',
    month Date32 COMMENT 'First day of a calendar month.',
    upto Date32 COMMENT 'First day that is not in it: of the next month, or of what is not settled yet.',
    measure LowCardinality(String) COMMENT 'What is counted.',
    rep_id String COMMENT 'Rep, or unassigned.',
    currency LowCardinality(String) COMMENT 'ISO 4217 code, empty for a measure that is no money.',
    version UInt64 COMMENT 'Run that wrote it.',
    value Decimal(38, 4) COMMENT 'Sum of spm.kpi_rep_day over its days and all topic partitions.'
)
ENGINE = ReplacingMergeTree(version) PARTITION BY (generation, month, upto)
ORDER BY (generation, month, upto, measure, rep_id, currency)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, min_bytes_for_wide_part = 256000000,
    index_granularity = 1024
COMMENT 'Totals per rep, month and measure of settled days; follows from spm.kpi_rep_day.';

CREATE TABLE IF NOT EXISTS spm.settled
(
    generation UInt32 COMMENT 'Generation of results.',
    incarnation String COMMENT 'Warehouse it was made in: after a restore all is made anew.',
    version UInt64 COMMENT 'Run; the greatest is in force.',
    since Date32 COMMENT 'First settled day: the first of a month.',
    until Date32 COMMENT 'First day that is not; equal to since: none is.',
    keys Array(String) COMMENT 'Topics and partitions, as topic/partition ...',
    reached Array(UInt64) COMMENT '... and the position behind the last record that is in it for certain.',
    lowest Array(UInt64) COMMENT 'Least of these per expression of the index of spm.kpi_rep_day.',
    made_at DateTime64(3, 'UTC') DEFAULT now64(3) COMMENT 'When it was written.'
)
ENGINE = ReplacingMergeTree ORDER BY (generation, version)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
COMMENT 'Which days spm.kpi_rep_month holds, and up to which records.';

CREATE TABLE IF NOT EXISTS spm.deal_credit
(
    generation UInt32 COMMENT 'Generation of results.',
    rep_id LowCardinality(String) COMMENT 'Payee.',
    deal_id String COMMENT 'Entity id of the deal.',
    role LowCardinality(String) COMMENT 'REVENUE, OVERLAY, or OVERRIDE: of a manager, who repeats what a report is credited with.',
    via String COMMENT 'Which split of the deal (place from 0), rule (rule:id:place), credit by hand (manual:id), or owner.',
    topic LowCardinality(String) COMMENT 'Topic of the deal record.',
    partition UInt16 COMMENT 'Its partition.',
    position UInt64 COMMENT 'Deal record that made this credit: version.',
    deleted Bool COMMENT 'No longer credited.',
    stage_class LowCardinality(String) COMMENT 'State of the deal.',
    day Date32 COMMENT 'Day the credit counts on.',
    amount Decimal(18, 4) COMMENT 'Credited amount.',
    currency LowCardinality(String) COMMENT 'Its currency.',
    reporting_amount Nullable(Decimal(18, 4)) COMMENT 'The same in the reporting currency.',
    reporting_currency LowCardinality(String) COMMENT 'Reporting currency.',
    rate Nullable(Decimal(20, 10)) COMMENT 'Reporting units per unit of currency.',
    rate_on Nullable(Date32) COMMENT 'Date of that rate.',
    share Decimal(9, 6) COMMENT 'Part of the deal credited.',
    acv Nullable(Decimal(18, 4)) COMMENT 'Annual contract value credited.',
    margin Nullable(Decimal(18, 4)) COMMENT 'Margin credited.',
    units Nullable(Decimal(18, 4)) COMMENT 'Units credited.',
    invoiced_amount Nullable(Decimal(18, 4)) COMMENT 'Credited part of what is invoiced so far.',
    paid_amount Nullable(Decimal(18, 4)) COMMENT 'Credited part of what the customer has paid so far.',
    cancelled_on Nullable(Date32) COMMENT 'Day from which the deal is cancelled.',
    cancel_reason LowCardinality(String) COMMENT 'NONE, CANCELLATION, CHURN, REFUND or NON_PAYMENT.',
    deal_type LowCardinality(String) COMMENT 'NEW, RENEWAL, EXPANSION, OTHER.',
    product LowCardinality(String) COMMENT 'Product line.',
    segment LowCardinality(String) COMMENT 'Customer segment.',
    region LowCardinality(String) COMMENT 'Region.',
    territory_id LowCardinality(String) COMMENT 'Territory it comes from: of the rule, else of the deal.',
    sequence UInt64 COMMENT 'Definitions in force.'
)
ENGINE = ReplacingMergeTree(position) PARTITION BY generation
ORDER BY (generation, rep_id, deal_id, role, via)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, min_bytes_for_wide_part = 256000000
COMMENT 'Who is credited for which deal, as last published.';

CREATE TABLE IF NOT EXISTS spm.rebuild_part
(
    generation UInt32 COMMENT 'Generation that is being computed.',
    rep_id LowCardinality(String) COMMENT 'Rep, or unassigned.',
    day Date32 COMMENT 'Day in the rep''s zone.',
    measure LowCardinality(String) COMMENT 'What is counted.',
    currency LowCardinality(String) COMMENT 'ISO 4217 code, empty for a measure that is no money.',
    topic LowCardinality(String) COMMENT 'Topic of the records.',
    partition UInt16 COMMENT 'Their partition.',
    part UInt32 COMMENT 'Slice of history this comes from.',
    position UInt64 COMMENT 'Last record of the slice that touched the total.',
    value Decimal(18, 4) COMMENT 'What the slice puts in; add up over parts.'
)
ENGINE = ReplacingMergeTree PARTITION BY generation
ORDER BY (generation, rep_id, day, measure, currency, topic, partition, part)
COMMENT 'What `pacesetter rebuild` has added up so far; emptied when it ends.';

-- Never changed, never rebuilt. An entry is round F(credits with the record) - round F(credits without it).
CREATE TABLE IF NOT EXISTS spm.commission_ledger
(
    entry_id String COMMENT 'Hash (hex) of topic, partition, position, payee and what tells entries of those apart.',
    rep_id LowCardinality(String) COMMENT 'Payee.',
    plan_id LowCardinality(String) COMMENT 'Plan.',
    component_id LowCardinality(String) COMMENT 'Line of the plan.',
    origin_start Date32 COMMENT 'First day of the period it was earned in.',
    origin_end Date32 COMMENT 'First day behind it.',
    payout_start Date32 COMMENT 'First day of the payout period in which it falls due by the plan.',
    payout_end Date32 COMMENT 'First day behind it.',
    posted_start Date32 COMMENT 'First day of the payout period it is posted in: the first one open then.',
    posted_end Date32 COMMENT 'First day behind it.',
    state LowCardinality(String) COMMENT 'The balance it moves: EARNED, ELIGIBLE, RELEASED or PAID.',
    kind LowCardinality(String) COMMENT 'Why: ACCRUAL, ADJUSTMENT, CLAWBACK, ELIGIBLE, RELEASE, DRAW, RECOVERY, FORGIVENESS, MANUAL, OPENING, PAYOUT.',
    currency LowCardinality(String) COMMENT 'ISO 4217 code of amount.',
    amount Decimal(38, 4) COMMENT 'What this entry adds to its balance, positive in the payee''s favour.',
    topic LowCardinality(String) COMMENT 'Topic of the record that caused it.',
    partition UInt16 COMMENT 'Its partition.',
    position UInt64 COMMENT 'Its position.',
    deal_id String COMMENT 'Deal that caused it; empty for a marker.',
    role LowCardinality(String) COMMENT 'Role of the credit; empty for a marker.',
    via String COMMENT 'Which split of the deal; empty for a marker.',
    before Decimal(38, 4) COMMENT 'Credited in the origin period without the record.',
    after Decimal(38, 4) COMMENT 'Credited with it.',
    trace String CODEC(ZSTD(1)) COMMENT 'How it was computed: tiers, rates, formula, as JSON.',
    reason String COMMENT 'Why, of what a person did; empty for what is computed.',
    author LowCardinality(String) COMMENT 'Who did it; empty for what is computed.',
    approver LowCardinality(String) COMMENT 'Who approved it; empty for what is computed.',
    sequence UInt64 COMMENT 'Definitions in force.'
)
ENGINE = ReplacingMergeTree ORDER BY (rep_id, plan_id, component_id, origin_start, currency, entry_id)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, min_bytes_for_wide_part = 256000000
COMMENT 'What is earned, eligible, released and paid, entry by entry. Entries are added, never changed.';

CREATE TABLE IF NOT EXISTS spm.pay_run
(
    sequence UInt64 COMMENT 'Revision of payroll whose acts it did.',
    entries UInt64 COMMENT 'Entries of the ledger it made.',
    made_at DateTime64(3, 'UTC') DEFAULT now64(3) COMMENT 'When it was done.'
)
ENGINE = ReplacingMergeTree(made_at) ORDER BY sequence
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
COMMENT 'Pay runs that are done: a row follows its entries.';

-- A run holds the whole schedule; its name follows from all it was computed from, so the same run done again
-- writes the same rows.
CREATE TABLE IF NOT EXISTS spm.amortisation
(
    run_id String COMMENT 'Run of spm.amortisation_run.',
    rep_id LowCardinality(String) COMMENT 'Payee.',
    plan_id LowCardinality(String) COMMENT 'Plan.',
    component_id LowCardinality(String) COMMENT 'Line of the plan.',
    currency LowCardinality(String) COMMENT 'ISO 4217 code of all amounts.',
    deal_id String COMMENT 'Deal the cost belongs to; empty for none.',
    treatment UInt16 COMMENT 'Order of the treatment that was met; 0 for none.',
    month Date32 COMMENT 'First day of the month.',
    policy_id LowCardinality(String) COMMENT 'Policy of the day the cost first arose; empty for none.',
    treats LowCardinality(String) COMMENT 'CAPITALISE or EXPENSE.',
    because LowCardinality(String) COMMENT 'Why.',
    period_months UInt16 COMMENT 'Months it is charged over by the terms first known; 0 for an expense.',
    opening Decimal(38, 4) COMMENT 'Asset when the month began.',
    capitalised Decimal(38, 4) COMMENT 'Costs that became an asset in it.',
    reduced Decimal(38, 4) COMMENT 'What was taken back of the asset.',
    amortised Decimal(38, 4) COMMENT 'What was charged.',
    written_off Decimal(38, 4) COMMENT 'What was left when service ended early.',
    closing Decimal(38, 4) COMMENT 'opening + capitalised - reduced - amortised - written_off.',
    expensed Decimal(38, 4) COMMENT 'Costs that are an expense as they arise.',
    released Decimal(38, 4) COMMENT 'What was taken back beyond the asset.',
    posted Decimal(38, 4) COMMENT 'What the ledger posted: capitalised - reduced - released + expensed.'
)
ENGINE = ReplacingMergeTree PARTITION BY run_id
ORDER BY (run_id, rep_id, plan_id, component_id, currency, deal_id, treatment, month)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
COMMENT 'What commissions are in the books, cost by cost and month by month.';

CREATE TABLE IF NOT EXISTS spm.amortisation_run
(
    run_id String COMMENT 'Hash (hex) of the entries, deals, terms and policies it was computed from.',
    rows UInt64 COMMENT 'Rows of spm.amortisation it wrote.',
    sequence UInt64 COMMENT 'Definitions in force.',
    keys Array(String) COMMENT 'The ledger it read: topic/partition ...',
    reached Array(UInt64) COMMENT '... and the greatest position of an entry there.',
    made_at DateTime64(3, 'UTC') COMMENT 'When it was written. The newest one is in force.'
)
ENGINE = ReplacingMergeTree(made_at) ORDER BY run_id
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
COMMENT 'Runs of `pacesetter amortisation write`: a row follows its rows.';

-- One row per subject, period and day: a later run of the day replaces an earlier one.
CREATE TABLE IF NOT EXISTS spm.forecast
(
    kpi LowCardinality(String) COMMENT 'What is forecast.',
    currency LowCardinality(String) COMMENT 'ISO 4217 code, empty for a KPI that is no money.',
    period_start Date32 COMMENT 'First day of the period.',
    period_end Date32 COMMENT 'First day behind it.',
    subject_kind LowCardinality(String) COMMENT 'REP, TEAM, REGION or COMPANY.',
    subject_id String COMMENT 'rep_id, team_id, region, or company.',
    day Date32 COMMENT 'Day it was made on, in the company''s zone.',
    as_of DateTime64(3, 'UTC') COMMENT 'When it was made: version.',
    quota Nullable(Decimal(18, 4)) COMMENT 'What is asked for; null: nothing is.',
    booked Decimal(38, 4) COMMENT 'What counts already.',
    pipeline_mean Decimal(38, 4) COMMENT 'Expected of deals that are open: amounts times the chances used.',
    new_mean Decimal(38, 4) COMMENT 'Expected of what is not in the pipeline yet.',
    p10 Decimal(38, 4) COMMENT 'The total of the period is below it in one case of ten.',
    p50 Decimal(38, 4) COMMENT 'As likely to be below as above.',
    p90 Decimal(38, 4) COMMENT 'Above it in one case of ten.',
    probability Nullable(Decimal(9, 4)) COMMENT 'Chance that the total reaches the quota; null without a quota.',
    draws UInt32 COMMENT 'Draws it was made from.',
    seed UInt64 COMMENT 'Where its draws begin: of the subject, the period and the definitions.',
    model LowCardinality(String) COMMENT 'Version of the model.',
    open_deals UInt32 COMMENT 'Evidence: open deals credited to it.',
    closed_deals UInt32 COMMENT 'Evidence: closed deals that the weakest of their chances rests on.',
    wins UInt32 COMMENT 'Evidence: wins (for activities: days) of its own past that are used.',
    sequence UInt64 COMMENT 'Definitions it was made under.',
    withdrawn Bool COMMENT 'No longer made: the quota, the subject or the KPI has gone.'
)
ENGINE = ReplacingMergeTree(as_of)
ORDER BY (kpi, currency, period_start, period_end, subject_kind, subject_id, day)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
COMMENT 'Where periods will end and how likely quotas are, as it was seen on each day.';

-- A row per participant, written once when a contest is made final. Never changed: a correction that
-- comes later is told beside it.
CREATE TABLE IF NOT EXISTS spm.contest_result
(
    contest_id String COMMENT 'The contest.',
    participant_id String COMMENT 'rep_id, team_id or side_id.',
    rep_id String COMMENT 'The rep; empty for a team.',
    place UInt16 COMMENT 'Place, those who tie sharing one: 1, 2, 2, 4; 0 for none.',
    is_tied Bool COMMENT 'Others share the place.',
    score Decimal(38, 8) COMMENT 'Final score.',
    events UInt64 COMMENT 'Events that made it.',
    reached_at DateTime64(3, 'UTC') COMMENT 'When the score was first reached; 1970-01-01 for never.',
    prize_amount Decimal(18, 4) COMMENT 'Money won.',
    prize_currency String COMMENT 'Its currency, empty for no money.',
    things Array(String) COMMENT 'Other prizes won.',
    sequence UInt64 COMMENT 'Definitions it was made under.',
    cut Array(String) COMMENT 'Facts it was made from: topic/partition=position behind the last one.',
    author String COMMENT 'Who made it final.',
    finalized_at DateTime64(3, 'UTC') COMMENT 'When. The first one holds.'
)
ENGINE = ReplacingMergeTree ORDER BY (contest_id, finalized_at, participant_id)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
COMMENT 'Final results of contests. Rows are added, never changed.';

-- Which facts a contest looks at, by rep and day of its clocks: what scores are read by, in place of all
-- history. A row stands for every history row that puts anything into a contest; whether it is its
-- entity's newest one, history says. Inserted together with history, and as often as that. Measures of
-- contests are the last ones of a row, so one look tells rows that have none.
CREATE TABLE IF NOT EXISTS spm.contest_event
(
    measure LowCardinality(String) COMMENT 'contest/<contest>/<metric>.',
    rep_id String COMMENT 'Rep, or unassigned.',
    day Date32 COMMENT 'Day by the contest''s clocks.',
    entity_id String COMMENT 'The fact.',
    position UInt64 COMMENT 'Position of its history row.'
)
ENGINE = ReplacingMergeTree ORDER BY (measure, rep_id, day, entity_id, position)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, min_bytes_for_wide_part = 256000000
COMMENT 'Facts in contests, by rep and day.';

CREATE MATERIALIZED VIEW IF NOT EXISTS spm.contest_event_of_activity TO spm.contest_event
(
    measure String COMMENT 'contest/<contest>/<metric>.',
    rep_id String COMMENT 'Rep, or unassigned.',
    day Date32 COMMENT 'Day by the contest''s clocks.',
    entity_id String COMMENT 'The fact.',
    position UInt64 COMMENT 'Position of its history row.'
)
AS SELECT put.1 AS measure, put.2 AS rep_id, put.3 AS day, entity_id, position
FROM
(
    SELECT entity_id, position, arrayJoin(arrayFilter(p -> startsWith(p.1, 'contest/'),
        arrayZip(measure, measure_rep_id, measure_day))) AS put
    FROM spm.activity WHERE startsWith(measure[-1], 'contest/')
)
COMMENT 'Fills spm.contest_event from spm.activity.';

CREATE MATERIALIZED VIEW IF NOT EXISTS spm.contest_event_of_deal TO spm.contest_event
(
    measure String COMMENT 'contest/<contest>/<metric>.',
    rep_id String COMMENT 'Rep, or unassigned.',
    day Date32 COMMENT 'Day by the contest''s clocks.',
    entity_id String COMMENT 'The fact.',
    position UInt64 COMMENT 'Position of its history row.'
)
AS SELECT put.1 AS measure, put.2 AS rep_id, put.3 AS day, entity_id, position
FROM
(
    SELECT entity_id, position, arrayJoin(arrayFilter(p -> startsWith(p.1, 'contest/'),
        arrayZip(measure, measure_rep_id, measure_day))) AS put
    FROM spm.deal WHERE startsWith(measure[-1], 'contest/')
)
COMMENT 'Fills spm.contest_event from spm.deal.';

-- Who takes part in which contest, as contests and roster of a revision say. The row without a contest is
-- written last and makes a revision whole.
CREATE TABLE IF NOT EXISTS spm.contest_member
(
    sequence UInt64 COMMENT 'Revision of the definitions.',
    contest_id String COMMENT 'The contest; empty in the row that makes the revision whole.',
    rep_id String COMMENT 'Rep who takes part.',
    participant_id String COMMENT 'For whom: the rep, a team, or a team made for the contest.',
    valid_from Date32 COMMENT 'First day of the contest on which the rep does.',
    valid_to Date32 COMMENT 'First day on which the rep does no longer.'
)
ENGINE = ReplacingMergeTree ORDER BY (sequence, contest_id, rep_id, valid_from)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
COMMENT 'Who takes part in contests, by date.';

-- Standings as they were seen: a row for each participant whose row is another than before. The newest is
-- how they stand. One insert per step, so a step is there wholly or not at all.
CREATE TABLE IF NOT EXISTS spm.contest_standing
(
    contest_id String COMMENT 'The contest.',
    participant_id String COMMENT 'rep_id, team_id or side_id.',
    number UInt64 COMMENT 'Counts the steps of a contest from 1; a step that is done again replaces itself.',
    at DateTime64(3, 'UTC') COMMENT 'When it was seen.',
    rep_id String COMMENT 'The rep; empty for a team.',
    is_in Bool COMMENT 'Takes part; false once somebody no longer does.',
    phase LowCardinality(String) COMMENT 'RUNNING, GRACE or FROZEN.',
    place UInt16 COMMENT 'Place, those who tie sharing one: 1, 2, 2, 4; 0 for none.',
    is_tied Bool COMMENT 'Others share the place.',
    score Decimal(38, 8) COMMENT 'Score in the unit of the contest.',
    percent Nullable(Decimal(18, 4)) COMMENT 'Part of the own target, 1 = all of it; null: no target.',
    behind Decimal(38, 8) COMMENT 'How far the next better score is away; 0 for the best.',
    events UInt64 COMMENT 'Events that made it.',
    reached_at Nullable(DateTime64(3, 'UTC')) COMMENT 'When the score was first reached; null: nothing was done.',
    passed Array(String) COMMENT 'Participants who were ahead, or level, before this step and are behind now, because this score rose.',
    sequence UInt64 COMMENT 'Definitions in force.'
)
ENGINE = ReplacingMergeTree ORDER BY (contest_id, participant_id, number)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
COMMENT 'Standings of contests, step by step. The newest row of a participant is how they stand.';
