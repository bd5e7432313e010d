-- Results: folds of the log. value is the total, never a change; position is that of the last
-- record that touched the row and its version.
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
    value Decimal(18, 4) COMMENT 'Total of this part; add up over topic and partition.'
)
ENGINE = ReplacingMergeTree(position) ORDER BY (generation, rep_id, day, measure, currency, topic, partition)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
COMMENT 'Totals per rep, day and measure, in parts per topic partition.';

CREATE TABLE IF NOT EXISTS spm.deal_credit
(
    generation UInt32 COMMENT 'Generation of results.',
    rep_id LowCardinality(String) COMMENT 'Payee.',
    deal_id String COMMENT 'Entity id of the deal.',
    role LowCardinality(String) COMMENT 'REVENUE or OVERLAY.',
    via String COMMENT 'Which split of the deal.',
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
    sequence UInt64 COMMENT 'Definitions in force.'
)
ENGINE = ReplacingMergeTree(position) ORDER BY (generation, rep_id, deal_id, role, via)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
COMMENT 'Who is credited for which deal, as last published.';
