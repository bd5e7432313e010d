-- What is expected of whom: written whenever definitions are applied, read together with totals and the clock.
CREATE TABLE IF NOT EXISTS spm.planning
(
    sequence UInt64 COMMENT 'Definitions these plans follow from. Their rows in quota, plan_curve and calendar_day stand whole once this row does; the greatest is in force.',
    time_zone LowCardinality(String) COMMENT 'The company''s zone: its date is the day plans are read at.',
    calendar_id LowCardinality(String) COMMENT 'The company''s calendar; empty is Monday to Friday.',
    made_at DateTime64(3, 'UTC') COMMENT 'When it was written: version.'
)
ENGINE = ReplacingMergeTree(made_at) ORDER BY sequence
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
COMMENT 'Revisions of plans, and how they are read.';

CREATE TABLE IF NOT EXISTS spm.quota
(
    sequence UInt64 COMMENT 'Revision of plans; see spm.planning.',
    quota_id String COMMENT 'Identity of the quota in the definitions.',
    subject_kind LowCardinality(String) COMMENT 'REP, TEAM, REGION or COMPANY.',
    subject_id String COMMENT 'rep_id, team_id, region, or company.',
    rep_id String COMMENT 'Rep; empty for a quota of a group. Stored, so that row filters reach it first.',
    kpi LowCardinality(String) COMMENT 'What is asked for.',
    currency LowCardinality(String) COMMENT 'ISO 4217 code, empty for a KPI that is no money.',
    period_start Date32 COMMENT 'First day.',
    period_end Date32 COMMENT 'First day behind the period.',
    written_amount Decimal(18, 4) COMMENT 'Amount as it stands in the definitions.',
    amount Decimal(18, 4) COMMENT 'Amount that is asked for: after changes, ramp and proration.',
    is_overlay Bool COMMENT 'Beside what others are asked for: left out of sums.',
    before_start Date32 COMMENT 'First day of the period before, which ends where this one begins.',
    is_additive Bool COMMENT 'Whether the KPI adds up over days, so that a part of it is due by a day.',
    curve_id String COMMENT 'Curve of its plan; see spm.plan_curve.',
    curve_note String COMMENT 'What to know about a learned curve.',
    plan_from Decimal(38, 12) COMMENT 'Curve before the first day.',
    plan_total Decimal(38, 12) COMMENT 'Weight of the whole period on the curve.',
    work_id String COMMENT 'Curve of the owner''s working days.',
    work_from Decimal(38, 12) COMMENT 'That curve before the first day.',
    work_total Decimal(38, 12) COMMENT 'The owner''s working days in the period.',
    away_day Array(Date32) COMMENT 'Working days the owner is away ...',
    away_share Array(Decimal(9, 6)) COMMENT '... and for which part of them.',
    trace String CODEC(ZSTD(1)) COMMENT 'How amount was made: parts of the period with level, days and reason, as JSON.',
    made_at DateTime64(3, 'UTC') COMMENT 'When it was written: version.'
)
ENGINE = ReplacingMergeTree(made_at) ORDER BY (sequence, subject_kind, subject_id, kpi, quota_id)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
COMMENT 'Quotas as they are asked for, by revision of plans.';

CREATE TABLE IF NOT EXISTS spm.plan_curve
(
    sequence UInt64 COMMENT 'Revision of plans; see spm.planning.',
    curve_id String COMMENT 'linear, business-days (Monday to Friday), business-days:<calendar>, or a curve of the definitions.',
    day Date32 COMMENT 'Day.',
    elapsed Decimal(38, 12) COMMENT 'Weight of all days before it, from the first day any quota has.',
    weight Decimal(38, 12) COMMENT 'Weight of the day itself.',
    made_at DateTime64(3, 'UTC') COMMENT 'When it was written: version.'
)
ENGINE = ReplacingMergeTree(made_at) ORDER BY (sequence, curve_id, day)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
COMMENT 'How plans come in over time: what is due of a period by a day is the weight of its days so far over that of all its days.';

CREATE TABLE IF NOT EXISTS spm.calendar_day
(
    sequence UInt64 COMMENT 'Revision of plans; see spm.planning.',
    calendar_id LowCardinality(String) COMMENT 'Calendar; empty is Monday to Friday.',
    day Date32 COMMENT 'Day.',
    is_business_day Bool COMMENT 'People on the calendar work.',
    holiday_name String COMMENT 'Why they do not, empty for no holiday.',
    fiscal_year UInt16 COMMENT 'Fiscal year.',
    fiscal_quarter UInt8 COMMENT 'From 1.',
    fiscal_month UInt8 COMMENT 'From 1: the period of the fiscal year.',
    fiscal_week UInt8 COMMENT 'From 1.',
    month_start Date32 COMMENT 'First day of the fiscal month.',
    month_end Date32 COMMENT 'First day behind it.',
    quarter_start Date32 COMMENT 'First day of the fiscal quarter.',
    quarter_end Date32 COMMENT 'First day behind it.',
    year_start Date32 COMMENT 'First day of the fiscal year.',
    year_end Date32 COMMENT 'First day behind it.',
    month_ordinal UInt16 COMMENT 'Business days of the fiscal month up to and with this day.',
    month_left UInt16 COMMENT 'Business days left in it, this day included.',
    quarter_ordinal UInt16 COMMENT 'The same of the fiscal quarter.',
    quarter_left UInt16 COMMENT 'The same of the fiscal quarter.',
    year_ordinal UInt16 COMMENT 'The same of the fiscal year.',
    year_left UInt16 COMMENT 'The same of the fiscal year.',
    made_at DateTime64(3, 'UTC') COMMENT 'When it was written: version.'
)
ENGINE = ReplacingMergeTree(made_at) ORDER BY (sequence, calendar_id, day)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
COMMENT 'Days of every calendar and where they stand in the fiscal year.';

CREATE OR REPLACE VIEW spm_bi.dim_date
(
    day Date32,
    calendar_id String,
    is_company_calendar Bool,
    iso_year UInt16,
    iso_week UInt8,
    iso_weekday UInt8,
    year UInt16,
    quarter UInt8,
    month UInt8,
    fiscal_year UInt16,
    fiscal_quarter UInt8,
    fiscal_month UInt8,
    fiscal_week UInt8,
    fiscal_month_start Date32,
    fiscal_month_end Date32,
    fiscal_quarter_start Date32,
    fiscal_quarter_end Date32,
    fiscal_year_start Date32,
    fiscal_year_end Date32,
    is_business_day Bool,
    holiday_name String,
    business_day_of_month UInt16,
    business_day_of_quarter UInt16,
    business_day_of_year UInt16,
    business_days_left_in_month UInt16,
    business_days_left_in_quarter UInt16,
    business_days_left_in_year UInt16,
    days_left_in_month Int32,
    days_left_in_quarter Int32,
    days_left_in_year Int32,
    is_today Bool
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT day, calendar_id,
    toBool(calendar_id = ifNull((SELECT argMax(calendar_id, (sequence, made_at)) FROM spm.planning), '')) AS is_company_calendar,
    toISOYear(day) AS iso_year, toISOWeek(day) AS iso_week, toDayOfWeek(day) AS iso_weekday,
    toYear(day) AS year, toQuarter(day) AS quarter, toMonth(day) AS month,
    fiscal_year, fiscal_quarter, fiscal_month, fiscal_week,
    month_start AS fiscal_month_start, month_end AS fiscal_month_end,
    quarter_start AS fiscal_quarter_start, quarter_end AS fiscal_quarter_end,
    year_start AS fiscal_year_start, year_end AS fiscal_year_end, is_business_day, holiday_name,
    month_ordinal AS business_day_of_month, quarter_ordinal AS business_day_of_quarter,
    year_ordinal AS business_day_of_year, month_left AS business_days_left_in_month,
    quarter_left AS business_days_left_in_quarter, year_left AS business_days_left_in_year,
    dateDiff('day', day, month_end) AS days_left_in_month, dateDiff('day', day, quarter_end) AS days_left_in_quarter,
    dateDiff('day', day, year_end) AS days_left_in_year,
    toBool(day = toDate32(now64(3), ifNull((SELECT nullIf(argMax(time_zone, (sequence, made_at)), '') FROM spm.planning), 'UTC'))) AS is_today
FROM spm.calendar_day FINAL
WHERE sequence = (SELECT max(sequence) FROM spm.planning);

CREATE OR REPLACE VIEW spm_bi.fct_quota
(
    quota_id String,
    subject_kind String,
    subject_id String,
    rep_id String,
    team_id String,
    region String,
    kpi String,
    currency String,
    period_start Date32,
    period_end Date32,
    amount Decimal(18, 4),
    written_amount Decimal(18, 4),
    is_overlay Bool,
    curve_id String,
    curve_note String,
    business_days Decimal(38, 12),
    trace String,
    sequence UInt64
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT quota.quota_id AS quota_id, quota.subject_kind AS subject_kind, quota.subject_id AS subject_id,
    quota.rep_id AS rep_id, place.team_id AS team_id,
    place.region AS region, quota.kpi AS kpi, quota.currency AS currency, quota.period_start AS period_start,
    quota.period_end AS period_end, quota.amount AS amount, quota.written_amount AS written_amount,
    quota.is_overlay AS is_overlay, quota.curve_id AS curve_id, quota.curve_note AS curve_note,
    quota.work_total AS business_days, quota.trace AS trace, quota.sequence AS sequence
FROM
(
    SELECT * FROM spm.quota FINAL WHERE sequence = (SELECT max(sequence) FROM spm.planning)
) AS quota
LEFT JOIN
(
    SELECT q.quota_id AS quota_id,
        argMinIf(m.subject_id, m.valid_from, m.subject_kind = 'TEAM') AS team_id,
        argMinIf(m.subject_id, m.valid_from, m.subject_kind = 'REGION') AS region
    FROM
    (
        SELECT quota_id, subject_id, period_start, period_end FROM spm.quota FINAL
        WHERE subject_kind = 'REP' AND sequence = (SELECT max(sequence) FROM spm.planning)
    ) AS q
    INNER JOIN
    (
        SELECT * FROM spm.membership FINAL
        WHERE is_direct AND subject_kind IN ('TEAM', 'REGION') AND sequence =
        (
            SELECT max(sequence) FROM spm.membership
            WHERE subject_kind = 'COMPANY' AND rep_id = 'unassigned'
        )
    ) AS m ON m.rep_id = q.subject_id
    WHERE m.valid_from < q.period_end AND m.valid_to > q.period_start
    GROUP BY q.quota_id
) AS place ON place.quota_id = quota.quota_id;

CREATE OR REPLACE VIEW spm_bi.fct_quota_version
(
    sequence UInt64,
    is_current Bool,
    quota_id String,
    subject_kind String,
    subject_id String,
    rep_id String,
    kpi String,
    currency String,
    period_start Date32,
    period_end Date32,
    amount Decimal(18, 4)
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT sequence, toBool(sequence = (SELECT max(sequence) FROM spm.planning)) AS is_current, quota_id, subject_kind,
    subject_id, rep_id, kpi, currency, period_start, period_end,
    amount
FROM spm.quota FINAL;
