-- What was noticed. Never changed: the newest event of an alert says how it stands.
CREATE TABLE IF NOT EXISTS spm.alert_event
(
    rule_id LowCardinality(String) COMMENT 'Rule of alerts.yaml.',
    subject_kind LowCardinality(String) COMMENT 'REP, TEAM or COMPANY.',
    subject_id String COMMENT 'rep_id, team_id, or company.',
    kpi LowCardinality(String) COMMENT 'KPI of the quota, or the KPI watched.',
    currency LowCardinality(String) COMMENT 'ISO 4217 code, empty for what is no money.',
    period_start Date32 COMMENT 'First day of the period watched.',
    number UInt64 COMMENT 'Counts the events of one alert from 1; a repeated one replaces itself.',
    at DateTime64(3, 'UTC') COMMENT 'When it was noticed.',
    day Date32 COMMENT 'Day of the subject it was noticed on.',
    before LowCardinality(String) COMMENT 'State before: OK, PENDING, FIRING, RECOVERING, UNKNOWN.',
    after LowCardinality(String) COMMENT 'State from here on.',
    reason LowCardinality(String) COMMENT 'BAD, GOOD, RECOVERED, CORRECTED, LATE, DATA_BACK, OVER; COUNTED: one more day of the same.',
    value Nullable(Decimal(38, 4)) COMMENT 'What the rule saw; null: too little to say.',
    episode Nullable(DateTime64(3, 'UTC')) COMMENT 'When it began to fire; null: it does not.',
    was LowCardinality(String) COMMENT 'Of UNKNOWN, the state before.',
    days UInt16 COMMENT 'Business days in a row that speak for the next state.',
    counted Nullable(Date32) COMMENT 'The last of them.',
    inputs String CODEC(ZSTD(1)) COMMENT 'What it was computed from, as JSON.',
    sequence UInt64 COMMENT 'Definitions in force.'
)
ENGINE = ReplacingMergeTree
ORDER BY (rule_id, subject_kind, subject_id, kpi, currency, period_start, number)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
COMMENT 'Alerts, event by event. The newest of an alert is its state.';

CREATE OR REPLACE VIEW spm_bi.alert_event
(
    rule_id String,
    subject_kind String,
    subject_id String,
    rep_id String,
    kpi String,
    currency String,
    period_start Date32,
    number UInt64,
    at DateTime64(3, 'UTC'),
    day Date32,
    state_before String,
    state_after String,
    reason String,
    value Nullable(Decimal(38, 4)),
    episode Nullable(DateTime64(3, 'UTC')),
    inputs String,
    sequence UInt64
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT rule_id, subject_kind, subject_id, if(subject_kind = 'REP', subject_id, '') AS rep_id, kpi, currency,
    period_start, number, at, day, before AS state_before, after AS state_after, reason, value, episode, inputs,
    sequence
FROM spm.alert_event FINAL
WHERE reason != 'COUNTED';
