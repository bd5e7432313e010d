-- What statements and disputes need besides the ledger. Everything about somebody's pay carries rep_id; who
-- reads pay follows from it (streams/domain/visible.py).
CREATE TABLE IF NOT EXISTS spm.dispute
(
    dispute_id String COMMENT 'Hash (hex) of the entry, who asked and when.',
    entry_id String COMMENT 'Entry of spm.commission_ledger it is about.',
    rep_id LowCardinality(String) COMMENT 'Its payee.',
    state LowCardinality(String) COMMENT 'OPEN, ACCEPTED, REJECTED or WITHDRAWN from here on.',
    author String COMMENT 'Who says so.',
    at DateTime64(6, 'UTC') COMMENT 'When; the first row of a dispute opens it.',
    text String COMMENT 'The question; in later rows the answer.',
    resulting_entry_id String COMMENT 'Entry that came of it, empty for none.'
)
ENGINE = ReplacingMergeTree ORDER BY (rep_id, dispute_id, at, author)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
COMMENT 'Questions about entries and their answers. Rows are added, never changed.';

CREATE OR REPLACE VIEW spm_bi.dim_company
(
    name String,
    reporting_currency String,
    time_zone String,
    definition String
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT JSONExtractString(content, 'name') AS name,
    JSONExtractString(content, 'reporting_currency') AS reporting_currency,
    JSONExtractString(content, 'time_zone') AS time_zone, content AS definition
FROM spm.definition FINAL WHERE kind = 'company' ORDER BY sequence DESC LIMIT 1;

-- Steps of payroll periods tell nothing of anybody's pay.
CREATE OR REPLACE VIEW spm_bi.pay_period
(
    period_start Date32,
    period_end Date32,
    step String,
    at DateTime64(6, 'UTC'),
    by String,
    reason String
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT toDate32(act.period_start) AS period_start, toDate32(act.period_end) AS period_end,
    act.step AS step, parseDateTime64BestEffort(act.at, 6, 'UTC') AS at, act.by AS by, act.reason AS reason
FROM
(
    SELECT arrayJoin(JSONExtract(content, 'periods', 'Array(Tuple(period_start String, period_end String,
        step String, at String, by String, reason String))')) AS act
    FROM spm.definition FINAL
    WHERE kind = 'payroll' AND sequence = (SELECT max(sequence) FROM spm.definition WHERE kind = 'payroll')
);

-- Filters on rep_id and deal_id reach both tables' primary keys. Types are those of history, which has no other.
CREATE OR REPLACE VIEW spm_bi.fct_credit_version
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT credit.rep_id AS rep_id, credit.deal_id AS deal_id, credit.role AS role, credit.via AS via,
    credit.topic AS topic, credit.partition AS partition, credit.position AS position,
    credit.sequence AS sequence, credit.day AS day, credit.share AS share, credit.amount AS amount,
    credit.currency AS currency, credit.reporting_amount AS reporting_amount,
    credit.reporting_currency AS reporting_currency, credit.rate AS rate, credit.rate_on AS rate_on,
    credit.deleted AS is_deleted, credit.stage_class AS stage_class, deal.name AS deal_name,
    deal.account_name AS account_name, deal.source AS deal_source, deal.source_id AS deal_source_id,
    credit.source_topic AS deal_topic, credit.source_partition AS deal_partition,
    credit.source_position AS deal_position,
    if(deal.revision = 0, NULL, fromUnixTimestamp64Micro(deal.revision, 'UTC')) AS deal_revised_at
FROM (SELECT * FROM spm.credit FINAL WHERE kind = 'credit') AS credit
LEFT JOIN
(
    SELECT entity_id, position, name, account_name, source, source_id, revision
    FROM spm.deal FINAL WHERE kind = 'deal'
) AS deal ON deal.entity_id = credit.deal_id AND deal.position = credit.source_position;

-- An entry is posted when its partition is applied behind it for the first time: the least instant of all
-- flushes that reach that far. Flushes of one partition may overlap, and one that is done again is newer.
-- What a pay run makes is posted when the run was done.
CREATE OR REPLACE VIEW spm_bi.commission_posting
(
    entry_id String,
    rep_id String,
    posted_at Nullable(DateTime64(3, 'UTC'))
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT entry.entry_id AS entry_id, entry.rep_id AS rep_id,
    multiIf(run.sequence > 0 AND entry.topic = 'spm.definitions', run.at,
        reached.reach > 0, reached.at, NULL) AS posted_at
FROM (SELECT entry_id, rep_id, topic, partition, position, sequence FROM spm.commission_ledger FINAL) AS entry
ASOF LEFT JOIN
(
    SELECT topic, partition, reach,
        min(at) OVER (PARTITION BY topic, partition ORDER BY reach DESC) AS at
    FROM
    (
        SELECT topic, partition, bitShiftLeft(toUInt64(epoch), 40) + offset_to AS reach,
            min(applied_at) AS at
        FROM spm.applied
        WHERE topic IN (SELECT DISTINCT topic FROM spm.commission_ledger)
        GROUP BY topic, partition, reach
    )
) AS reached ON reached.topic = entry.topic AND reached.partition = entry.partition
    AND entry.position < reached.reach
LEFT JOIN (SELECT sequence, min(made_at) AS at FROM spm.pay_run GROUP BY sequence) AS run
    ON run.sequence = entry.position;

-- A row for everybody who is on it, with figures of nobody else: so rows are somebody's and filters hold.
CREATE OR REPLACE VIEW spm_bi.plan_revision
(
    sequence UInt64,
    plan_id String,
    rep_id String,
    plan_name String,
    revision_id String,
    author String,
    note String,
    written_at DateTime64(3, 'UTC'),
    definition String
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS WITH
(
    SELECT groupUniqArray(rep_id) FROM
    (
        SELECT DISTINCT rep_id FROM spm.roster
        UNION DISTINCT SELECT DISTINCT rep_id FROM spm.commission_ledger
    )
) AS everybody,
revisions AS
(
    SELECT sequence, revision_id, author, note, written_at,
        arrayJoin(JSONExtractArrayRaw(content, 'plans')) AS plan,
        JSONExtractString(plan, 'plan_id') AS plan_id
    FROM spm.definition FINAL WHERE kind = 'plans'
)
SELECT who.sequence AS sequence, who.plan_id AS plan_id, who.rep_id AS rep_id,
    JSONExtractString(terms.plan, 'name') AS plan_name, terms.revision_id AS revision_id,
    terms.author AS author, terms.note AS note, terms.written_at AS written_at,
    concat('{', arrayStringConcat(arrayConcat(
        arrayMap(pair -> concat('"', pair.1, '":', pair.2),
            arrayFilter(pair -> pair.1 NOT IN ('reps', 'individual', 'guarantees', 'draws'),
                JSONExtractKeysAndValuesRaw(terms.plan))),
        [concat('"reps":["', replaceAll(replaceAll(who.rep_id, '\\', '\\\\'), '"', '\\"'), '"]'),
        concat('"individual":[', arrayStringConcat(arrayFilter(
            one -> JSONExtractString(one, 'rep_id') = who.rep_id,
            JSONExtractArrayRaw(terms.plan, 'individual')), ','), ']')],
        arrayMap(field -> concat('"', field, '":[', arrayStringConcat(arrayMap(
            one -> concat('{', arrayStringConcat(arrayMap(pair -> concat('"', pair.1, '":', pair.2),
                arrayFilter(pair -> pair.1 != 'reps', JSONExtractKeysAndValuesRaw(one))), ','), '}'),
            arrayFilter(one -> empty(JSONExtract(one, 'reps', 'Array(String)'))
                OR has(JSONExtract(one, 'reps', 'Array(String)'), who.rep_id),
                JSONExtractArrayRaw(terms.plan, field))), ','), ']'),
            arrayFilter(field -> JSONHas(terms.plan, field), ['guarantees', 'draws']))), ','), '}') AS definition
FROM
(
    SELECT sequence, plan_id, arrayJoin(if(empty(named), everybody, named)) AS rep_id
    FROM (SELECT sequence, plan_id, JSONExtract(plan, 'reps', 'Array(String)') AS named FROM revisions)
) AS who
INNER JOIN revisions AS terms ON terms.sequence = who.sequence AND terms.plan_id = who.plan_id;

CREATE OR REPLACE VIEW spm_bi.dispute
(
    dispute_id String,
    entry_id String,
    rep_id String,
    rep_name String,
    state String,
    opened_by String,
    opened_at DateTime64(6, 'UTC'),
    question String,
    answered_by String,
    answered_at Nullable(DateTime64(6, 'UTC')),
    answer String,
    resulting_entry_id String
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT said.dispute_id AS dispute_id, said.entry_id AS entry_id, said.rep_id AS rep_id,
    person.name AS rep_name, said.state AS state, said.opened_by AS opened_by,
    said.opened_at AS opened_at, said.question AS question,
    if(said.rows = 1, '', said.last_author) AS answered_by,
    if(said.rows = 1, NULL, said.last_at) AS answered_at,
    if(said.rows = 1, '', said.last_text) AS answer, said.entry AS resulting_entry_id
FROM
(
    SELECT dispute_id, rep_id, any(entry_id) AS entry_id, count() AS rows,
        argMax(state, at) AS state, argMin(author, at) AS opened_by, min(at) AS opened_at,
        argMin(text, at) AS question, argMax(author, at) AS last_author, max(at) AS last_at,
        argMax(text, at) AS last_text, argMax(resulting_entry_id, at) AS entry
    FROM spm.dispute FINAL
    GROUP BY dispute_id, rep_id
) AS said
LEFT JOIN (SELECT rep_id, name FROM spm.person FINAL) AS person ON person.rep_id = said.rep_id;

-- The lines of statements: of what no credit caused the day is that of its posting (commission_posting has all; here
-- the few that nothing cheaper tells). Terms are the payee's own.
CREATE OR REPLACE VIEW spm_bi.commission_statement
(
    entry_id String,
    rep_id String,
    rep_name String,
    posted_start Date32,
    posted_end Date32,
    day Date32,
    plan_id String,
    plan_name String,
    component_id String,
    component_kind String,
    kind String,
    state String,
    deal_id String,
    deal_name String,
    account_name String,
    role String,
    via String,
    share Nullable(Decimal(9, 6)),
    credit_amount Nullable(Decimal(18, 4)),
    credit_currency String,
    exchange_rate Nullable(Decimal(20, 10)),
    exchange_rate_on Nullable(Date32),
    credited_amount Nullable(Decimal(18, 4)),
    credited_currency String,
    credited_before Decimal(38, 4),
    credited_after Decimal(38, 4),
    amount Decimal(38, 4),
    currency String,
    tiers_before String,
    tiers_after String,
    steps String,
    formula String,
    origin_start Date32,
    origin_end Date32,
    payout_start Date32,
    payout_end Date32,
    plan_revision Nullable(UInt64),
    plan_revision_id String,
    plan_author String,
    plan_written_at Nullable(DateTime64(3, 'UTC')),
    reason String,
    author String,
    approver String,
    disputes String,
    position UInt64
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT entry.entry_id AS entry_id, entry.rep_id AS rep_id, entry.rep_name AS rep_name,
    entry.posted_start AS posted_start, entry.posted_end AS posted_end,
    multiIf(credit.deal_id != '', credit.day, run.sequence > 0, toDate32(run.at),
        posting.posted_at IS NOT NULL, toDate32(assumeNotNull(posting.posted_at)), entry.posted_start) AS day,
    entry.plan_id AS plan_id, terms.plan_name AS plan_name, entry.component_id AS component_id,
    entry.component_kind AS component_kind, entry.kind AS kind, entry.state AS state, entry.deal_id AS deal_id,
    credit.deal_name AS deal_name, credit.account_name AS account_name, entry.role AS role, entry.via AS via,
    if(credit.deal_id = '', NULL, credit.share) AS share,
    if(credit.deal_id = '', NULL, credit.amount) AS credit_amount, credit.currency AS credit_currency,
    credit.rate AS exchange_rate, credit.rate_on AS exchange_rate_on,
    credit.reporting_amount AS credited_amount, credit.reporting_currency AS credited_currency,
    entry.credited_before AS credited_before, entry.credited_after AS credited_after, entry.amount AS amount,
    entry.currency AS currency, JSONExtractRaw(entry.trace, 'before', 'tiers') AS tiers_before,
    JSONExtractRaw(entry.trace, 'after', 'tiers') AS tiers_after,
    arrayStringConcat(arrayMap(step -> JSONExtractString(step, 'says'),
        JSONExtractArrayRaw(entry.trace, 'after', 'steps')), '; ') AS steps,
    JSONExtractString(entry.trace, 'formula') AS formula, entry.origin_start AS origin_start,
    entry.origin_end AS origin_end, entry.payout_start AS payout_start, entry.payout_end AS payout_end,
    if(terms.revision_id = '', NULL, terms.sequence) AS plan_revision, terms.revision_id AS plan_revision_id,
    terms.author AS plan_author, if(terms.revision_id = '', NULL, terms.written_at) AS plan_written_at,
    entry.reason AS reason, entry.author AS author, entry.approver AS approver, asked.states AS disputes,
    entry.position AS position
FROM spm_bi.commission_ledger AS entry
LEFT JOIN spm_bi.fct_credit_version AS credit ON credit.rep_id = entry.rep_id AND credit.topic = entry.topic
    AND credit.partition = entry.partition AND credit.position = entry.position
    AND credit.deal_id = entry.deal_id
LEFT JOIN (SELECT sequence, min(made_at) AS at FROM spm.pay_run GROUP BY sequence) AS run
    ON run.sequence = entry.position AND entry.topic = 'spm.definitions'
LEFT JOIN
(
    SELECT rep_id, entry_id, posted_at FROM spm_bi.commission_posting
    WHERE entry_id IN (SELECT entry_id FROM spm.commission_ledger WHERE deal_id = '' AND topic != 'spm.definitions')
) AS posting ON posting.rep_id = entry.rep_id AND posting.entry_id = entry.entry_id
LEFT JOIN
(
    SELECT rep_id, entry_id,
        arrayStringConcat(arrayMap(one -> one.3, arraySort(groupArray((opened_at, dispute_id, state)))), ', ') AS states
    FROM spm_bi.dispute GROUP BY rep_id, entry_id
) AS asked ON asked.rep_id = entry.rep_id AND asked.entry_id = entry.entry_id
ASOF LEFT JOIN
(
    SELECT rep_id, plan_id, sequence, plan_name, revision_id, author, written_at FROM spm_bi.plan_revision
) AS terms ON terms.rep_id = entry.rep_id AND terms.plan_id = entry.plan_id AND entry.sequence >= terms.sequence;

CREATE OR REPLACE VIEW spm_bi.amortisation
(
    month Date32,
    rep_id String,
    rep_name String,
    deal_id String,
    plan_id String,
    component_id String,
    currency String,
    treatment UInt16,
    policy_id String,
    treats String,
    because String,
    period_months UInt16,
    opening Decimal(38, 4),
    capitalised Decimal(38, 4),
    reduced Decimal(38, 4),
    amortised Decimal(38, 4),
    written_off Decimal(38, 4),
    closing Decimal(38, 4),
    expensed Decimal(38, 4),
    released Decimal(38, 4),
    posted Decimal(38, 4),
    made_at DateTime64(3, 'UTC')
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT one.month AS month, one.rep_id AS rep_id, person.name AS rep_name, one.deal_id AS deal_id,
    one.plan_id AS plan_id, one.component_id AS component_id, one.currency AS currency,
    one.treatment AS treatment, one.policy_id AS policy_id, one.treats AS treats, one.because AS because,
    one.period_months AS period_months, one.opening AS opening, one.capitalised AS capitalised,
    one.reduced AS reduced, one.amortised AS amortised, one.written_off AS written_off,
    one.closing AS closing, one.expensed AS expensed, one.released AS released, one.posted AS posted,
    assumeNotNull((SELECT max(made_at) FROM spm.amortisation_run)) AS made_at
FROM
(
    SELECT * FROM spm.amortisation FINAL
    WHERE run_id = (SELECT argMax(run_id, made_at) FROM spm.amortisation_run)
) AS one
LEFT JOIN (SELECT rep_id, name FROM spm.person FINAL) AS person ON person.rep_id = one.rep_id;
