-- Deals as they were, and what the watch over the results found. Comments of views come from the dictionary.
CREATE TABLE IF NOT EXISTS spm.reconciliation
(
    checked_at DateTime64(3, 'UTC') COMMENT 'When the run ended; all its rows have the same.',
    since Date32 COMMENT 'First day that was looked at.',
    until Date32 COMMENT 'Day behind the last one.',
    subject LowCardinality(String) COMMENT 'Table that was computed again; log: that no record is missing.',
    keys UInt64 COMMENT 'Keys that were compared.',
    differing UInt64 COMMENT 'Keys that are not as history says; of log its holes.',
    in_flight UInt64 COMMENT 'Keys on their way from one stage to the next.',
    moving UInt64 COMMENT 'Keys that changed while they were looked at.',
    off_by String COMMENT 'Sums of the absolute differences by currency; counts and seconds without one.',
    seconds Decimal(18, 3) COMMENT 'How long the check took.'
)
ENGINE = ReplacingMergeTree ORDER BY (checked_at, subject)
TTL toDateTime(checked_at) + INTERVAL 90 DAY
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
COMMENT 'What `pacesetter reconcile --watch` found, run by run.';

CREATE OR REPLACE VIEW spm_bi.reconciliation
(
    checked_at DateTime64(3, 'UTC'),
    is_latest Bool,
    from_day Date32,
    to_day Date32,
    subject String,
    is_clean Bool,
    compared UInt64,
    differing UInt64,
    in_flight UInt64,
    moving UInt64,
    off_by String,
    took_seconds Decimal(18, 3)
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT checked_at, toBool(checked_at = (SELECT max(checked_at) FROM spm.reconciliation)) AS is_latest,
    since AS from_day, until AS to_day, subject, toBool(differing = 0) AS is_clean, keys AS compared,
    differing, in_flight, moving, off_by, seconds AS took_seconds
FROM spm.reconciliation FINAL;

-- A deal's versions stand in the order of its log, which is that in which the source changed it. A billing system has
-- a clock of its own: a bill that is told before what the CRM changed earlier makes none begin before the one it follows.
-- Windows are cut by the first column of the sorting key, so a filter on deal_id reads that deal alone.
CREATE OR REPLACE VIEW spm_bi.fct_deal_version
(
    deal_id String,
    version UInt64,
    valid_from DateTime64(3, 'UTC'),
    valid_to DateTime64(3, 'UTC'),
    is_current Bool,
    is_cancelled Bool,
    name String,
    rep_id String,
    team_id String,
    current_team_id String,
    account_id String,
    stage_class String,
    stage_label String,
    pipeline_id String,
    amount Nullable(Decimal(18, 4)),
    currency String,
    probability Nullable(Decimal(9, 6)),
    close_date Nullable(Date32),
    day Date32,
    sequence UInt64
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT fact.deal_id AS deal_id, fact.version AS version, fact.changed_at AS valid_from,
    ifNull(fact.next_at, toDateTime64('2199-12-31 00:00:00', 3, 'UTC')) AS valid_to,
    toBool(isNull(fact.next_at)) AS is_current, toBool(fact.op = 'CANCELLED') AS is_cancelled, fact.name AS name,
    fact.rep_id AS rep_id,
    line.team_id[arrayLastIndex(d -> d <= fact.day, line.since)] AS team_id,
    line.team_id[arrayLastIndex(d -> d <= toDate32(now('UTC')), line.since)] AS current_team_id,
    fact.account_id AS account_id, fact.stage_class AS stage_class, fact.stage_label AS stage_label,
    fact.pipeline_id AS pipeline_id, fact.amount AS amount, fact.currency AS currency,
    fact.probability AS probability, fact.close_date AS close_date, fact.day AS day, fact.sequence AS sequence
FROM
(
    SELECT entity_id AS deal_id, row_number() OVER life AS version,
        toDateTime64(fromUnixTimestamp64Micro(max(revision) OVER life, 'UTC'), 3, 'UTC') AS changed_at,
        leadInFrame(toNullable(revision)) OVER (PARTITION BY entity_id ORDER BY position
            ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING) AS next_revision,
        if(isNull(next_revision), NULL, toDateTime64(fromUnixTimestamp64Micro(
            greatest(max(revision) OVER life, assumeNotNull(next_revision)), 'UTC'), 3, 'UTC')) AS next_at,
        op, name, rep_id, account_id, stage_class, stage_label, pipeline_id, amount, currency, probability,
        close_date, day, sequence
    FROM spm.deal FINAL
    WHERE kind != 'marker'
    WINDOW life AS (PARTITION BY entity_id ORDER BY position)
) AS fact
LEFT JOIN
(
    SELECT rep_id, since, team_id FROM spm.rep_team FINAL
    WHERE sequence = (SELECT max(sequence) FROM spm.membership WHERE subject_kind = 'COMPANY' AND rep_id = 'unassigned')
) AS line ON line.rep_id = fact.rep_id;
