-- What was noticed. Never changed: the newest event of an alert says how it stands.
CREATE TABLE IF NOT EXISTS spm.alert_event
(
    rule_id LowCardinality(String) COMMENT 'Rule of alerts.yaml.',
    subject_kind LowCardinality(String) COMMENT 'REP, TEAM, COMPANY or SOURCE.',
    subject_id String COMMENT 'rep_id, team_id, company, or a source of data.',
    kpi LowCardinality(String) COMMENT 'KPI of the quota, or the KPI watched; for sales operations the deal or contest.',
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
    sequence UInt64 COMMENT 'Definitions in force.',
    event_id String COMMENT 'Names the event: a hash of its alert and number.',
    story Nullable(DateTime64(3, 'UTC')) COMMENT 'When the first alert of its group began to fire that has fired ever since; null: none does.',
    notice_key Array(String) COMMENT 'Whom it is to be told, one place in these arrays for each: key, the same however often it is sent.',
    notice_route Array(String) COMMENT 'By which route of the rule.',
    notice_recipient Array(String) COMMENT 'rep_id of whom it is for, empty for whoever reads the channel.',
    notice_channel Array(String) COMMENT 'Channel of the installation.',
    notice_due Array(DateTime64(3, 'UTC')) COMMENT 'Not before this instant; 1970-01-01 for: with the digest.',
    is_private Bool COMMENT 'For sales operations alone: commissions and contests out of the ordinary.'
)
ENGINE = ReplacingMergeTree
ORDER BY (rule_id, subject_kind, subject_id, kpi, currency, period_start, number)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
COMMENT 'Alerts, event by event. The newest of an alert is its state.';

-- What became of what is to be told. Never changed: the row with the greatest number says how a notice stands; one
-- without rows is due since its event.
CREATE TABLE IF NOT EXISTS spm.alert_notice
(
    notice_key String COMMENT 'The notice, see spm.alert_event.',
    number UInt32 COMMENT 'Counts the states of one notice from 1.',
    at DateTime64(3, 'UTC') COMMENT 'When it came to that.',
    state LowCardinality(String) COMMENT 'DUE, FOLDED (into the digest), FAILED, SENT, DIGESTED, DROPPED, DEAD.',
    reason String COMMENT 'Why, or what the receiver answered; never an address or a secret.',
    changed DateTime64(3, 'UTC') COMMENT 'Since when it is in this state.',
    due Nullable(DateTime64(3, 'UTC')) COMMENT 'Not before this instant.',
    tries UInt16 COMMENT 'How often it was sent in vain since it was made due.',
    tried Nullable(DateTime64(3, 'UTC')) COMMENT 'When that began.',
    recipient_id String COMMENT 'rep_id of whom it is for.',
    channel LowCardinality(String) COMMENT 'Channel of the installation.',
    begins Bool COMMENT 'It says that an alert began; else that it ended.',
    digest_key String COMMENT 'Digest it went out with.',
    author String COMMENT 'Who had it sent again; empty: nobody.'
)
ENGINE = ReplacingMergeTree
ORDER BY (notice_key, number)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
COMMENT 'States of what is told of alerts.';

-- Good news for everybody, once each. Never changed. A row without notices was known before anybody was to hear of it.
CREATE TABLE IF NOT EXISTS spm.broadcast
(
    happening_id String COMMENT 'Names the news: a hash of what it is about; empty in the row that says since when a broadcast is watched.',
    broadcast_id LowCardinality(String) COMMENT 'Broadcast of alerts.yaml.',
    occasion LowCardinality(String) COMMENT 'CONTEST_STARTED, LEAD_TAKEN, TARGET_REACHED, FINAL_RESULT, DEAL_WON or QUOTA_REACHED; SEEN: watched since.',
    subject_kind LowCardinality(String) COMMENT 'REP, TEAM, SIDE (a team made for a contest) or COMPANY.',
    subject_id String COMMENT 'Who did it.',
    about String COMMENT 'Contest, deal or KPI it is of.',
    currency LowCardinality(String) COMMENT 'ISO 4217 code of the amount, empty for what is no money.',
    period_start Date32 COMMENT 'First day of the period it is of; of no period: its day.',
    happened_at DateTime64(3, 'UTC') COMMENT 'When it happened.',
    seen_at DateTime64(3, 'UTC') COMMENT 'When it was seen.',
    amount Nullable(Decimal(38, 8)) COMMENT 'Of a deal, a target or a quota.',
    others Array(String) COMMENT 'Who was passed; of a final result: place and participant.',
    sequence UInt64 COMMENT 'Definitions in force.',
    notice_key Array(String) COMMENT 'Whom it is to be told, one place in these arrays for each: key, the same however often it is sent.',
    notice_channel Array(String) COMMENT 'Channel of the installation.'
)
ENGINE = ReplacingMergeTree(seen_at)
ORDER BY (broadcast_id, happening_id)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
COMMENT 'Good news of contests, deals and quotas, once each.';

-- Turns of several machines. The last term holds, of two claims of one term the earlier one.
CREATE TABLE IF NOT EXISTS spm.lease
(
    name LowCardinality(String) COMMENT 'What is held.',
    term UInt64 COMMENT 'Counts the claims from 1.',
    holder String COMMENT 'Machine and process.',
    at DateTime64(3, 'UTC') COMMENT 'When it was claimed, by the warehouse''s clock.',
    until DateTime64(3, 'UTC') COMMENT 'First instant at which others may claim it.'
)
ENGINE = ReplacingMergeTree
ORDER BY (name, term, holder)
TTL toDateTime(until) + INTERVAL 7 DAY
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
COMMENT 'Whose turn it is, where several machines could do one thing.';

CREATE TABLE IF NOT EXISTS spm.alert_published
(
    event_id String COMMENT 'The event, see spm.alert_event.',
    at DateTime64(3, 'UTC') COMMENT 'When Kafka had acknowledged it.'
)
ENGINE = ReplacingMergeTree
ORDER BY event_id
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
COMMENT 'Events that stand in the topic spm.alerts.';

CREATE TABLE IF NOT EXISTS spm.alert_act
(
    rule_id LowCardinality(String) COMMENT 'Rule of alerts.yaml.',
    subject_kind LowCardinality(String) COMMENT 'REP, TEAM, COMPANY or SOURCE.',
    subject_id String COMMENT 'rep_id, team_id, company or source.',
    kpi LowCardinality(String) COMMENT 'KPI of the quota, or the KPI watched; for sales operations the deal or contest.',
    currency LowCardinality(String) COMMENT 'ISO 4217 code, empty for what is no money.',
    period_start Date32 COMMENT 'First day of the period watched.',
    at DateTime64(6, 'UTC') COMMENT 'When it was said.',
    act LowCardinality(String) COMMENT 'ACK: somebody has taken it on. SNOOZE: nobody wants to hear of it until then. WAKE: they do again.',
    episode Nullable(DateTime64(3, 'UTC')) COMMENT 'Of ACK: which.',
    until Nullable(DateTime64(3, 'UTC')) COMMENT 'Of SNOOZE.',
    author String COMMENT 'Who said it.',
    note String COMMENT 'Why.'
)
ENGINE = ReplacingMergeTree
ORDER BY (rule_id, subject_kind, subject_id, kpi, currency, period_start, at)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
COMMENT 'What people said about alerts. Never changed.';

-- What sales operations hear is in no view: it may name pay, or a suspicion, and others read these.
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
    sequence UInt64,
    event_id String,
    story Nullable(DateTime64(3, 'UTC')),
    notices UInt64
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT rule_id, subject_kind, subject_id, if(subject_kind = 'REP', subject_id, '') AS rep_id, kpi, currency,
    period_start, number, at, day, before AS state_before, after AS state_after, reason, value, episode, inputs,
    sequence, event_id, story, length(notice_key) AS notices
FROM spm.alert_event FINAL
WHERE reason != 'COUNTED' AND rule_id NOT IN (SELECT rule_id FROM spm.alert_event WHERE is_private);

CREATE OR REPLACE VIEW spm_bi.alert_notice
(
    notice_key String,
    event_id String,
    rule_id String,
    subject_kind String,
    subject_id String,
    rep_id String,
    kpi String,
    currency String,
    period_start Date32,
    episode Nullable(DateTime64(3, 'UTC')),
    story Nullable(DateTime64(3, 'UTC')),
    begins Bool,
    noticed_at DateTime64(3, 'UTC'),
    route String,
    recipient_id String,
    channel String,
    state String,
    reason String,
    state_at DateTime64(3, 'UTC'),
    due_at Nullable(DateTime64(3, 'UTC')),
    tries UInt16,
    digest_key String,
    author String
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT told.key AS notice_key, told.event_id AS event_id, told.rule_id AS rule_id, told.subject_kind AS subject_kind,
    told.subject_id AS subject_id, if(told.subject_kind = 'REP', told.subject_id, '') AS rep_id, told.kpi AS kpi,
    told.currency AS currency, told.period_start AS period_start, told.episode AS episode, told.story AS story,
    CAST(told.after = 'FIRING', 'Bool') AS begins, told.at AS noticed_at, told.route AS route, told.recipient AS recipient_id,
    told.channel AS channel,
    multiIf(stands.number > 0, stands.state, told.due = toDateTime64(0, 3, 'UTC'), 'FOLDED', 'DUE') AS state,
    stands.reason AS reason, if(stands.number > 0, stands.at, told.at) AS state_at,
    if(stands.number > 0, stands.due, if(told.due = toDateTime64(0, 3, 'UTC'), NULL, told.due)) AS due_at,
    stands.tries AS tries, stands.digest_key AS digest_key, stands.author AS author
FROM
(
    SELECT key, event_id, rule_id, subject_kind, subject_id, kpi, currency, period_start, episode, story, after, at,
        route, recipient, channel, due
    FROM (SELECT * FROM spm.alert_event FINAL WHERE notEmpty(notice_key)
        AND rule_id NOT IN (SELECT rule_id FROM spm.alert_event WHERE is_private))
    ARRAY JOIN notice_key AS key, notice_route AS route, notice_recipient AS recipient, notice_channel AS channel,
        notice_due AS due
    UNION ALL
    SELECT key, happening_id AS event_id, broadcast_id AS rule_id, subject_kind, subject_id, about AS kpi, currency,
        period_start, happened_at AS episode, NULL AS story, 'OK' AS after, seen_at AS at, 'BROADCAST' AS route,
        '' AS recipient, channel, seen_at AS due
    FROM (SELECT * FROM spm.broadcast FINAL WHERE notEmpty(notice_key))
    ARRAY JOIN notice_key AS key, notice_channel AS channel
) AS told
LEFT JOIN
(
    SELECT notice_key, max(row.number) AS number, argMax(row.state, row.number) AS state,
        argMax(row.reason, row.number) AS reason, argMax(row.at, row.number) AS at,
        argMax(tuple(row.due), row.number).1 AS due, argMax(row.tries, row.number) AS tries,
        argMax(row.digest_key, row.number) AS digest_key, argMax(row.author, row.number) AS author
    FROM spm.alert_notice AS row GROUP BY notice_key
) AS stands ON stands.notice_key = told.key;

CREATE OR REPLACE VIEW spm_bi.alert_act
(
    rule_id String,
    subject_kind String,
    subject_id String,
    rep_id String,
    kpi String,
    currency String,
    period_start Date32,
    at DateTime64(6, 'UTC'),
    act String,
    episode Nullable(DateTime64(3, 'UTC')),
    until Nullable(DateTime64(3, 'UTC')),
    author String,
    note String
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT rule_id, subject_kind, subject_id, if(subject_kind = 'REP', subject_id, '') AS rep_id, kpi, currency,
    period_start, at, act, episode, until, author, note
FROM spm.alert_act FINAL
WHERE rule_id NOT IN (SELECT rule_id FROM spm.alert_event WHERE is_private);

CREATE OR REPLACE VIEW spm_bi.alert_episode
(
    rule_id String,
    subject_kind String,
    subject_id String,
    rep_id String,
    kpi String,
    currency String,
    period_start Date32,
    period_end Nullable(Date32),
    began_at DateTime64(3, 'UTC'),
    ended_at Nullable(DateTime64(3, 'UTC')),
    end_reason String,
    value Nullable(Decimal(38, 4)),
    told_at Nullable(DateTime64(3, 'UTC')),
    messages UInt64,
    acknowledged_at Nullable(DateTime64(6, 'UTC')),
    acknowledged_by String,
    quota Nullable(Decimal(18, 4)),
    actual_at_end Nullable(Decimal(38, 4)),
    outcome String
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT fired.rule_id AS rule_id, fired.subject_kind AS subject_kind, fired.subject_id AS subject_id,
    if(fired.subject_kind = 'REP', fired.subject_id, '') AS rep_id, fired.kpi AS kpi, fired.currency AS currency,
    fired.period_start AS period_start, aimed.period_end AS period_end, assumeNotNull(fired.episode) AS began_at,
    fired.ended_at AS ended_at, fired.end_reason AS end_reason, fired.value AS value, heard.told_at AS told_at,
    ifNull(heard.messages, 0) AS messages, acted.acknowledged_at AS acknowledged_at,
    ifNull(acted.acknowledged_by, '') AS acknowledged_by, aimed.quota AS quota,
    if(aimed.is_over, aimed.actual, NULL) AS actual_at_end,
    multiIf(aimed.quota IS NULL, 'NO_QUOTA', NOT assumeNotNull(aimed.is_over), 'OPEN',
        assumeNotNull(aimed.actual) >= assumeNotNull(aimed.quota), 'HIT', 'MISSED') AS outcome
FROM
(
    SELECT e.rule_id AS rule_id, e.subject_kind AS subject_kind, e.subject_id AS subject_id, e.kpi AS kpi,
        e.currency AS currency, e.period_start AS period_start, e.episode AS episode,
        nullIf(maxIf(e.at, e.after = 'OK'), toDateTime64(0, 3, 'UTC')) AS ended_at,
        anyIf(e.reason, e.after = 'OK') AS end_reason, argMin(tuple(e.value), e.number).1 AS value
    FROM spm.alert_event AS e FINAL WHERE e.episode IS NOT NULL AND e.reason != 'COUNTED'
        AND e.rule_id NOT IN (SELECT rule_id FROM spm.alert_event WHERE is_private)
    GROUP BY rule_id, subject_kind, subject_id, kpi, currency, period_start, episode
) AS fired
LEFT JOIN
(
    SELECT n.rule_id AS rule_id, n.subject_kind AS subject_kind, n.subject_id AS subject_id, n.kpi AS kpi,
        n.currency AS currency, n.period_start AS period_start, n.episode AS episode,
        minOrNull(n.state_at) AS told_at, toNullable(count()) AS messages
    FROM spm_bi.alert_notice AS n WHERE n.state IN ('SENT', 'DIGESTED') AND n.begins
    GROUP BY rule_id, subject_kind, subject_id, kpi, currency, period_start, episode
) AS heard ON heard.rule_id = fired.rule_id AND heard.subject_kind = fired.subject_kind
    AND heard.subject_id = fired.subject_id AND heard.kpi = fired.kpi AND heard.currency = fired.currency
    AND heard.period_start = fired.period_start AND heard.episode = fired.episode
LEFT JOIN
(
    SELECT a.rule_id AS rule_id, a.subject_kind AS subject_kind, a.subject_id AS subject_id, a.kpi AS kpi,
        a.currency AS currency, a.period_start AS period_start, a.episode AS episode,
        minOrNull(a.at) AS acknowledged_at, toNullable(argMin(a.author, a.at)) AS acknowledged_by
    FROM spm.alert_act AS a FINAL WHERE a.act = 'ACK'
    GROUP BY rule_id, subject_kind, subject_id, kpi, currency, period_start, episode
) AS acted ON acted.rule_id = fired.rule_id AND acted.subject_kind = fired.subject_kind
    AND acted.subject_id = fired.subject_id AND acted.kpi = fired.kpi AND acted.currency = fired.currency
    AND acted.period_start = fired.period_start AND acted.episode = fired.episode
LEFT JOIN
(
    SELECT d.subject_kind AS subject_kind, d.subject_id AS subject_id, d.kpi AS kpi, d.currency AS currency,
        d.period_start AS period_start, toNullable(max(d.period_end)) AS period_end,
        toNullable(argMax(d.quota, d.day)) AS quota, toNullable(argMax(d.actual_to_date, d.day)) AS actual,
        toNullable(max(d.day) + 1 >= max(d.period_end) AND max(d.day) < toDate32(now64(3), ifNull((SELECT
            nullIf(argMax(time_zone, (sequence, made_at)), '') FROM spm.planning), 'UTC'))) AS is_over
    FROM spm_bi.attainment_daily AS d WHERE NOT d.is_overlay
    GROUP BY subject_kind, subject_id, kpi, currency, period_start
) AS aimed ON aimed.subject_kind = fired.subject_kind AND aimed.subject_id = fired.subject_id
    AND aimed.kpi = fired.kpi AND aimed.currency = fired.currency AND aimed.period_start = fired.period_start;
