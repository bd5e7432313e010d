-- What is expected of whom: written whenever definitions are applied, read together with totals and the clock.
CREATE TABLE IF NOT EXISTS spm.planning
(
    sequence UInt64 COMMENT 'Definitions these plans follow from. Their rows in quota, plan_curve and calendar_day stand whole once this row does; the greatest is in force.',
    time_zone LowCardinality(String) COMMENT 'The company''s zone: its date is the day plans are read at.',
    calendar_id LowCardinality(String) COMMENT 'The company''s calendar; empty is Monday to Friday.',
    today_counts Bool COMMENT 'Whether a day is part of the plan to date before it is over.',
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
    is_additive Bool COMMENT 'Whether the KPI adds up over days.',
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

-- Pace is computed when it is read: totals and quotas are stored, and what depends on now is not. Amounts are
-- rounded half-even once, from quotients of whole numbers (half_even): the same to the last digit as the pure rule.
-- What is due of a plan is part over whole. Actuals count for the team a rep was in on the day.
CREATE OR REPLACE VIEW spm_bi.attainment_daily
(
    day Date32,
    subject_kind String,
    subject_id String,
    rep_id String,
    subject_name String,
    kpi String,
    currency String,
    period_start Date32,
    period_end Date32,
    quota_id String,
    is_overlay Bool,
    quota Decimal(18, 4),
    actual_to_date Decimal(38, 4),
    plan_to_date Decimal(38, 4),
    elapsed_ratio Decimal(38, 6),
    attainment_ratio Nullable(Decimal(38, 6)),
    pace_ratio Nullable(Decimal(38, 6)),
    gap_amount Decimal(38, 4),
    remaining_amount Decimal(38, 4),
    business_days_left Decimal(38, 12),
    required_per_business_day Nullable(Decimal(38, 4)),
    projected_amount Nullable(Decimal(38, 4)),
    curve_id String
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS WITH
    (n, d) -> sign(n) * (intDiv(abs(n), nullIf(d, 0)) + toInt256(
        (2 * modulo(abs(n), nullIf(d, 0)) > d)
        OR (2 * modulo(abs(n), nullIf(d, 0)) = d AND intDiv(abs(n), nullIf(d, 0)) % 2 = 1))) AS half_even,
    n -> toDecimal128(toInt128(n), 4) / 10000 AS to_amount,
    n -> toDecimal128(toInt128(n), 6) / 1000000 AS to_ratio
SELECT due.day AS day, due.subject_kind AS subject_kind, due.subject_id AS subject_id,
    due.rep_id AS rep_id,
    multiIf(due.subject_kind = 'REP', person.name, due.subject_kind = 'TEAM', team.name, due.subject_id) AS subject_name,
    due.kpi AS kpi, due.currency AS currency, due.period_start AS period_start, due.period_end AS period_end,
    due.quota_id AS quota_id, due.is_overlay AS is_overlay, due.amount AS quota, due.actual AS actual_to_date,
    to_amount(assumeNotNull(half_even(due.q * due.part, due.whole))) AS plan_to_date,
    to_ratio(assumeNotNull(half_even(due.part * 1000000, due.whole))) AS elapsed_ratio,
    to_ratio(half_even(due.a * 1000000, due.q)) AS attainment_ratio,
    to_ratio(half_even(due.a * due.whole * 1000000, due.q * due.part)) AS pace_ratio,
    plan_to_date - actual_to_date AS gap_amount,
    to_amount(greatest(due.q - due.a, toInt256(0))) AS remaining_amount,
    due.work_left AS business_days_left,
    to_amount(half_even(greatest(due.q - due.a, toInt256(0)) * 1000000000000, greatest(due.l, toInt256(0))))
        AS required_per_business_day,
    to_amount(half_even(due.a * due.whole, due.part)) AS projected_amount,
    due.curve_id AS curve_id
FROM
(
    SELECT *, toInt256(amount * 10000) AS q, toInt256(actual * 10000) AS a,
        toInt256(work_left * toInt128(1000000000000)) AS l,
        multiIf(is_over, toInt256(1), plan_total = 0, toInt256(0),
            toInt256(plan_passed * toInt128(1000000000000))) AS part,
        multiIf(is_over OR plan_total = 0, toInt256(1),
            toInt256(plan_total * toInt128(1000000000000))) AS whole
    FROM
    (
        SELECT quota.quota_id AS quota_id, quota.subject_kind AS subject_kind,
            quota.subject_id AS subject_id, quota.rep_id AS rep_id, quota.kpi AS kpi, quota.currency AS currency,
            quota.period_start AS period_start, quota.period_end AS period_end,
            quota.is_overlay AS is_overlay, quota.amount AS amount, quota.curve_id AS curve_id,
            quota.plan_from AS plan_from, quota.plan_total AS plan_total, quota.work_id AS work_id,
            quota.work_from AS work_from, quota.work_total AS work_total,
            quota.away_day AS away_day, quota.away_share AS away_share, quota.day AS day,
            quota.actual AS actual,
            if(quota.day_counts, quota.day + 1, quota.day) >= quota.period_end AS is_over,
            arraySum((d, s) -> if(d < quota.day OR (quota.day_counts AND d = quota.day), s, 0),
                quota.away_day, quota.away_share) AS away,
            curve.elapsed + if(quota.day_counts, curve.weight, 0) - quota.plan_from
                - if(quota.curve_id = quota.work_id, away, 0) AS plan_passed,
            quota.work_total
                - (work.elapsed + if(quota.day_counts, work.weight, 0) - quota.work_from - away) AS work_left
        FROM
        (
            SELECT q.quota_id AS quota_id, q.subject_kind AS subject_kind, q.subject_id AS subject_id,
                q.rep_id AS rep_id, q.kpi AS kpi, q.currency AS currency, q.period_start AS period_start,
                q.period_end AS period_end, q.is_overlay AS is_overlay, q.amount AS amount,
                q.curve_id AS curve_id, q.plan_from AS plan_from, q.plan_total AS plan_total,
                q.work_id AS work_id, q.work_from AS work_from, q.work_total AS work_total,
                q.away_day AS away_day, q.away_share AS away_share, q.day AS day,
                q.day < toDate32(now64(3), ifNull((SELECT nullIf(argMax(time_zone, (sequence, made_at)), '') FROM spm.planning), 'UTC')) OR ifNull((SELECT argMax(today_counts, (sequence, made_at)) FROM spm.planning), false) AS day_counts,
                sum(done.value) OVER (PARTITION BY q.quota_id ORDER BY q.day) AS actual
            FROM
            (
                SELECT *, arrayJoin(arrayMap(n -> period_start + n,
                    range(toUInt32(dateDiff('day', period_start, least(period_end, toDate32(now64(3), ifNull((SELECT nullIf(argMax(time_zone, (sequence, made_at)), '') FROM spm.planning), 'UTC')) + 1)))))) AS day
                FROM
                (
                    SELECT * FROM spm.quota FINAL
                    WHERE is_additive AND sequence = (SELECT max(sequence) FROM spm.planning) AND period_start <= toDate32(now64(3), ifNull((SELECT nullIf(argMax(time_zone, (sequence, made_at)), '') FROM spm.planning), 'UTC'))
                )
            ) AS q
            LEFT JOIN
            (
                SELECT q.quota_id AS quota_id, f.day AS day, sum(f.value) AS value
                FROM
                (
                    SELECT * FROM spm.quota FINAL
                    WHERE is_additive AND sequence = (SELECT max(sequence) FROM spm.planning) AND period_start <= toDate32(now64(3), ifNull((SELECT nullIf(argMax(time_zone, (sequence, made_at)), '') FROM spm.planning), 'UTC'))
                ) AS q
                        INNER JOIN
                        (
                            SELECT * FROM spm.membership FINAL WHERE sequence =
                            (
                                SELECT max(sequence) FROM spm.membership
                                WHERE subject_kind = 'COMPANY' AND rep_id = 'unassigned'
                            )
                        ) AS m ON m.subject_kind = q.subject_kind AND m.subject_id = q.subject_id
                        INNER JOIN
                        (
                            SELECT rep_id, day, measure, currency, sum(value) AS value FROM spm.kpi_rep_day FINAL
                            WHERE generation = (SELECT generation FROM spm.warehouse FINAL)
                                AND day >= (SELECT min(period_start) FROM spm.quota WHERE sequence = (SELECT max(sequence) FROM spm.planning))
                            GROUP BY rep_id, day, measure, currency
                        ) AS f ON f.rep_id = m.rep_id AND f.measure = q.kpi AND f.currency = q.currency
                        WHERE f.day >= q.period_start AND f.day < q.period_end
                            AND f.day >= m.valid_from AND f.day < m.valid_to
                GROUP BY q.quota_id, f.day
            ) AS done ON done.quota_id = q.quota_id AND done.day = q.day
        ) AS quota
        LEFT JOIN
        (
            SELECT curve_id, day, elapsed, weight FROM spm.plan_curve FINAL
            WHERE sequence = (SELECT max(sequence) FROM spm.planning)
        ) AS curve ON curve.curve_id = quota.curve_id AND curve.day = quota.day
        LEFT JOIN
        (
            SELECT curve_id, day, elapsed, weight FROM spm.plan_curve FINAL
            WHERE sequence = (SELECT max(sequence) FROM spm.planning)
        ) AS work ON work.curve_id = quota.work_id AND work.day = quota.day
    )
) AS due
LEFT JOIN (SELECT rep_id, name FROM spm.person FINAL) AS person ON person.rep_id = due.subject_id
LEFT JOIN
(
    SELECT team_id, name FROM spm.team FINAL WHERE sequence = (SELECT max(sequence) FROM spm.team)
) AS team ON team.team_id = due.subject_id;

CREATE OR REPLACE VIEW spm_bi.attainment_current
(
    day Date32,
    subject_kind String,
    subject_id String,
    rep_id String,
    subject_name String,
    kpi String,
    currency String,
    period_start Date32,
    period_end Date32,
    quota_id String,
    is_overlay Bool,
    quota Decimal(18, 4),
    actual_to_date Decimal(38, 4),
    plan_to_date Decimal(38, 4),
    elapsed_ratio Decimal(38, 6),
    attainment_ratio Nullable(Decimal(38, 6)),
    pace_ratio Nullable(Decimal(38, 6)),
    gap_amount Decimal(38, 4),
    remaining_amount Decimal(38, 4),
    business_days_left Decimal(38, 12),
    required_per_business_day Nullable(Decimal(38, 4)),
    projected_amount Nullable(Decimal(38, 4)),
    curve_id String,
    hit_probability Nullable(Decimal(9, 4)),
    forecast_p10 Nullable(Decimal(38, 4)),
    forecast_p50 Nullable(Decimal(38, 4)),
    forecast_p90 Nullable(Decimal(38, 4)),
    forecast_at Nullable(DateTime64(3, 'UTC'))
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS WITH
    (n, d) -> sign(n) * (intDiv(abs(n), nullIf(d, 0)) + toInt256(
        (2 * modulo(abs(n), nullIf(d, 0)) > d)
        OR (2 * modulo(abs(n), nullIf(d, 0)) = d AND intDiv(abs(n), nullIf(d, 0)) % 2 = 1))) AS half_even,
    n -> toDecimal128(toInt128(n), 4) / 10000 AS to_amount,
    n -> toDecimal128(toInt128(n), 6) / 1000000 AS to_ratio
SELECT due.day AS day, due.subject_kind AS subject_kind, due.subject_id AS subject_id,
    due.rep_id AS rep_id,
    multiIf(due.subject_kind = 'REP', person.name, due.subject_kind = 'TEAM', team.name, due.subject_id) AS subject_name,
    due.kpi AS kpi, due.currency AS currency, due.period_start AS period_start, due.period_end AS period_end,
    due.quota_id AS quota_id, due.is_overlay AS is_overlay, due.amount AS quota, due.actual AS actual_to_date,
    to_amount(assumeNotNull(half_even(due.q * due.part, due.whole))) AS plan_to_date,
    to_ratio(assumeNotNull(half_even(due.part * 1000000, due.whole))) AS elapsed_ratio,
    to_ratio(half_even(due.a * 1000000, due.q)) AS attainment_ratio,
    to_ratio(half_even(due.a * due.whole * 1000000, due.q * due.part)) AS pace_ratio,
    plan_to_date - actual_to_date AS gap_amount,
    to_amount(greatest(due.q - due.a, toInt256(0))) AS remaining_amount,
    due.work_left AS business_days_left,
    to_amount(half_even(greatest(due.q - due.a, toInt256(0)) * 1000000000000, greatest(due.l, toInt256(0))))
        AS required_per_business_day,
    to_amount(half_even(due.a * due.whole, due.part)) AS projected_amount,
    due.curve_id AS curve_id,
    if(chance.quota = due.amount, chance.probability, NULL) AS hit_probability, chance.p10 AS forecast_p10,
    chance.p50 AS forecast_p50, chance.p90 AS forecast_p90, chance.at AS forecast_at
FROM
(
    SELECT *, toInt256(amount * 10000) AS q, toInt256(actual * 10000) AS a,
        toInt256(work_left * toInt128(1000000000000)) AS l,
        multiIf(is_over, toInt256(1), plan_total = 0, toInt256(0),
            toInt256(plan_passed * toInt128(1000000000000))) AS part,
        multiIf(is_over OR plan_total = 0, toInt256(1),
            toInt256(plan_total * toInt128(1000000000000))) AS whole
    FROM
    (
        SELECT quota.quota_id AS quota_id, quota.subject_kind AS subject_kind,
            quota.subject_id AS subject_id, quota.rep_id AS rep_id, quota.kpi AS kpi, quota.currency AS currency,
            quota.period_start AS period_start, quota.period_end AS period_end,
            quota.is_overlay AS is_overlay, quota.amount AS amount, quota.curve_id AS curve_id,
            quota.plan_from AS plan_from, quota.plan_total AS plan_total, quota.work_id AS work_id,
            quota.work_from AS work_from, quota.work_total AS work_total,
            quota.away_day AS away_day, quota.away_share AS away_share, quota.day AS day,
            quota.actual AS actual,
            if(quota.day_counts, quota.day + 1, quota.day) >= quota.period_end AS is_over,
            arraySum((d, s) -> if(d < quota.day OR (quota.day_counts AND d = quota.day), s, 0),
                quota.away_day, quota.away_share) AS away,
            curve.elapsed + if(quota.day_counts, curve.weight, 0) - quota.plan_from
                - if(quota.curve_id = quota.work_id, away, 0) AS plan_passed,
            quota.work_total
                - (work.elapsed + if(quota.day_counts, work.weight, 0) - quota.work_from - away) AS work_left
        FROM
        (
            SELECT q.quota_id AS quota_id, q.subject_kind AS subject_kind, q.subject_id AS subject_id,
                q.rep_id AS rep_id, q.kpi AS kpi, q.currency AS currency, q.period_start AS period_start,
                q.period_end AS period_end, q.is_overlay AS is_overlay, q.amount AS amount,
                q.curve_id AS curve_id, q.plan_from AS plan_from, q.plan_total AS plan_total,
                q.work_id AS work_id, q.work_from AS work_from, q.work_total AS work_total,
                q.away_day AS away_day, q.away_share AS away_share,
                toDate32(now64(3), ifNull((SELECT nullIf(argMax(time_zone, (sequence, made_at)), '') FROM spm.planning), 'UTC')) AS day, ifNull((SELECT argMax(today_counts, (sequence, made_at)) FROM spm.planning), false) AS day_counts, done.value AS actual
            FROM
            (
                SELECT * FROM spm.quota FINAL
                WHERE is_additive AND sequence = (SELECT max(sequence) FROM spm.planning) AND period_start <= toDate32(now64(3), ifNull((SELECT nullIf(argMax(time_zone, (sequence, made_at)), '') FROM spm.planning), 'UTC')) AND period_end > toDate32(now64(3), ifNull((SELECT nullIf(argMax(time_zone, (sequence, made_at)), '') FROM spm.planning), 'UTC'))
            ) AS q
            LEFT JOIN
            (
                SELECT q.quota_id AS quota_id, sum(f.value) AS value
                FROM
                (
                    SELECT * FROM spm.quota FINAL
                    WHERE is_additive AND sequence = (SELECT max(sequence) FROM spm.planning) AND period_start <= toDate32(now64(3), ifNull((SELECT nullIf(argMax(time_zone, (sequence, made_at)), '') FROM spm.planning), 'UTC')) AND period_end > toDate32(now64(3), ifNull((SELECT nullIf(argMax(time_zone, (sequence, made_at)), '') FROM spm.planning), 'UTC'))
                ) AS q
                        INNER JOIN
                        (
                            SELECT * FROM spm.membership FINAL WHERE sequence =
                            (
                                SELECT max(sequence) FROM spm.membership
                                WHERE subject_kind = 'COMPANY' AND rep_id = 'unassigned'
                            )
                        ) AS m ON m.subject_kind = q.subject_kind AND m.subject_id = q.subject_id
                        INNER JOIN
                        (
                            SELECT rep_id, day, measure, currency, sum(value) AS value FROM spm.kpi_rep_day FINAL
                            WHERE generation = (SELECT generation FROM spm.warehouse FINAL)
                                AND day >= (SELECT min(period_start) FROM spm.quota WHERE sequence = (SELECT max(sequence) FROM spm.planning)
                                    AND period_end > toDate32(now64(3), ifNull((SELECT nullIf(argMax(time_zone, (sequence, made_at)), '') FROM spm.planning), 'UTC')))
                            GROUP BY rep_id, day, measure, currency
                        ) AS f ON f.rep_id = m.rep_id AND f.measure = q.kpi AND f.currency = q.currency
                        WHERE f.day >= q.period_start AND f.day < q.period_end
                            AND f.day >= m.valid_from AND f.day < m.valid_to
                GROUP BY q.quota_id
            ) AS done ON done.quota_id = q.quota_id
        ) AS quota
        LEFT JOIN
        (
            SELECT curve_id, day, elapsed, weight FROM spm.plan_curve FINAL
            WHERE sequence = (SELECT max(sequence) FROM spm.planning) AND day = toDate32(now64(3), ifNull((SELECT nullIf(argMax(time_zone, (sequence, made_at)), '') FROM spm.planning), 'UTC'))
        ) AS curve ON curve.curve_id = quota.curve_id AND curve.day = quota.day
        LEFT JOIN
        (
            SELECT curve_id, day, elapsed, weight FROM spm.plan_curve FINAL
            WHERE sequence = (SELECT max(sequence) FROM spm.planning) AND day = toDate32(now64(3), ifNull((SELECT nullIf(argMax(time_zone, (sequence, made_at)), '') FROM spm.planning), 'UTC'))
        ) AS work ON work.curve_id = quota.work_id AND work.day = quota.day
    )
) AS due
LEFT JOIN (SELECT rep_id, name FROM spm.person FINAL) AS person ON person.rep_id = due.subject_id
LEFT JOIN
(
    SELECT team_id, name FROM spm.team FINAL WHERE sequence = (SELECT max(sequence) FROM spm.team)
) AS team ON team.team_id = due.subject_id
LEFT JOIN
(
    -- Nullable, so that nothing stands where nothing was forecast.
    SELECT kpi, currency, period_start, period_end, subject_kind, subject_id, quota, probability,
        toNullable(p10) AS p10, toNullable(p50) AS p50, toNullable(p90) AS p90, toNullable(as_of) AS at
    FROM spm_bi.forecast_current
) AS chance ON chance.kpi = due.kpi AND chance.currency = due.currency
    AND chance.period_start = due.period_start AND chance.period_end = due.period_end
    AND chance.subject_kind = due.subject_kind AND chance.subject_id = due.subject_id;
