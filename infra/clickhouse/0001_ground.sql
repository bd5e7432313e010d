-- What the pipeline itself needs to know. Statements end with a semicolon at the end of a line.
CREATE DATABASE IF NOT EXISTS spm COMMENT 'Storage of Pacesetter; may change. Read spm_bi instead.';
CREATE DATABASE IF NOT EXISTS spm_bi COMMENT 'Public contract: views for BI tools and boards.';

CREATE TABLE IF NOT EXISTS spm.warehouse
(
    only UInt8 DEFAULT 1 COMMENT 'Always 1: the table has one row.',
    incarnation String COMMENT 'Changes whenever writers must start again: a restored backup, an opened epoch. Every insert carries the one its writer read.',
    generation UInt32 DEFAULT 1 COMMENT 'The live generation of results; views read it.',
    changed_at DateTime64(3, 'UTC') DEFAULT now64(3) COMMENT 'Version of this row.',
    reason String COMMENT 'Why it changed.',
    paused_until DateTime64(3, 'UTC') COMMENT 'Workers wait until then; whoever pauses them prolongs it. So they go on by themselves when that process dies.'
)
ENGINE = ReplacingMergeTree(changed_at) ORDER BY only
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
COMMENT 'The warehouse itself: which incarnation it is and which generation of results is live.';

CREATE TABLE IF NOT EXISTS spm.rebuild
(
    run_id String COMMENT 'One run of `pacesetter rebuild`.',
    generation UInt32 COMMENT 'Generation it computes; a number is never used twice.',
    state LowCardinality(String) COMMENT 'building; telling: live, messages not all out; done, failed, cancelled.',
    holder String COMMENT 'Host and process.',
    detail String COMMENT 'For people.',
    started_at DateTime64(3, 'UTC') COMMENT 'When it began.',
    seen_at DateTime64(3, 'UTC') DEFAULT now64(3) COMMENT 'When it last said so: version.'
)
ENGINE = ReplacingMergeTree(seen_at) ORDER BY run_id
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
COMMENT 'Rebuilds of results: one at a time.';

CREATE TABLE IF NOT EXISTS spm.log
(
    cluster_id String COMMENT 'Kafka cluster id.',
    topic LowCardinality(String) COMMENT 'Topic.',
    topic_id String COMMENT 'Kafka topic id; a topic made anew has another.',
    epoch UInt32 COMMENT 'Epoch handed out to this log; larger than every earlier one of the topic.',
    state Enum8('opening' = 1, 'open' = 2) COMMENT 'opening: the procedure has not finished; no worker may start.',
    partitions UInt16 COMMENT 'Partitions of the topic. History of older epochs is laid out by the newest.',
    opened_at DateTime64(3, 'UTC') DEFAULT now64(3) COMMENT 'When this state was reached: version.'
)
ENGINE = ReplacingMergeTree(opened_at) ORDER BY (topic, epoch, cluster_id, topic_id)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
COMMENT 'Epochs: every log of a topic there ever was.';

CREATE TABLE IF NOT EXISTS spm.applied
(
    topic LowCardinality(String) COMMENT 'Topic.',
    partition UInt16 COMMENT 'Partition.',
    epoch UInt32 COMMENT 'Epoch of the log.',
    offset_from UInt64 COMMENT 'First offset of the flush.',
    offset_to UInt64 COMMENT 'Offset behind the last one; the next flush begins here.',
    accepted UInt32 COMMENT 'Records that became history rows.',
    duplicate UInt32 COMMENT 'Records equal to what was known.',
    stale UInt32 COMMENT 'Records older than what was known.',
    dead UInt32 COMMENT 'Records set aside.',
    marker UInt32 COMMENT 'Marker records.',
    sequence UInt64 COMMENT 'Definitions in force at the end of the flush.',
    applied_at DateTime64(3, 'UTC') DEFAULT now64(3) COMMENT 'When the flush was made known.'
)
ENGINE = ReplacingMergeTree(applied_at) ORDER BY (topic, partition, epoch, offset_from, offset_to)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
COMMENT 'One row per flush and partition. The ranges tile the log; a hole is a loss.';

CREATE TABLE IF NOT EXISTS spm.definition
(
    sequence UInt64 COMMENT 'Position of the revision in spm.definitions.',
    kind LowCardinality(String) COMMENT 'company, roster, identities, calendars, rates, quotas, measures ...',
    revision_id String COMMENT 'SHA-256 of the content.',
    author String COMMENT 'Who is answerable for it.',
    note String COMMENT 'Why it was made.',
    written_at DateTime64(3, 'UTC') COMMENT 'When it was written.',
    content String CODEC(ZSTD(3)) COMMENT 'The whole kind as JSON.'
)
ENGINE = ReplacingMergeTree ORDER BY (sequence, kind)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
COMMENT 'Every revision of the definitions; never changed.';

CREATE TABLE IF NOT EXISTS spm.view
(
    name String COMMENT 'View of spm_bi whose text follows from the definitions.',
    sha256 String COMMENT 'SHA-256 of the statement that made it.',
    cluster String COMMENT 'ClickHouse cluster it was made on, empty for one node.',
    made_at DateTime64(3, 'UTC') DEFAULT now64(3) COMMENT 'When it was made: version.'
)
ENGINE = ReplacingMergeTree(made_at) ORDER BY name
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
COMMENT 'Generated views, so that they are made again only when their text changes.';

CREATE TABLE IF NOT EXISTS spm.person
(
    rep_id String COMMENT 'Pseudonym used everywhere else.',
    name String COMMENT 'Name as shown.',
    email String COMMENT 'Work e-mail, lower case.',
    employee_number String COMMENT 'Employee number.',
    version UInt64 COMMENT 'Larger replaces smaller.',
    erased UInt8 DEFAULT 0 COMMENT '1 after erasure; then name, address and number are empty.',
    locale LowCardinality(String) COMMENT 'Language of their messages, such as de_AT; empty: that of alerts.'
)
ENGINE = ReplacingMergeTree(version) ORDER BY rep_id
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
COMMENT 'The only place with names.';

CREATE TABLE IF NOT EXISTS spm.roster
(
    sequence UInt64 COMMENT 'Definitions revision this row is of; the greatest is in force.',
    rep_id String COMMENT 'The rep.',
    valid_from Date32 COMMENT 'First day.',
    valid_to Date32 COMMENT 'Day behind the last one; 2199-12-31 for no end.',
    team_id LowCardinality(String) COMMENT 'Team in that time.',
    manager_id String COMMENT 'rep_id of the manager, empty for none.',
    time_zone LowCardinality(String) COMMENT 'IANA zone in which days are cut.',
    role LowCardinality(String) COMMENT 'Role, such as AE or SDR.'
)
ENGINE = ReplacingMergeTree ORDER BY (sequence, rep_id, valid_from)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
COMMENT 'Who belonged to which team when, by revision.';

CREATE TABLE IF NOT EXISTS spm.team
(
    sequence UInt64 COMMENT 'Definitions revision this row is of; the greatest is in force.',
    team_id String COMMENT 'Team.',
    name String COMMENT 'Name as shown.',
    parent_team_id String COMMENT 'Team above, empty for none.'
)
ENGINE = ReplacingMergeTree ORDER BY (sequence, team_id)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
COMMENT 'Teams, by revision.';

CREATE TABLE IF NOT EXISTS spm.membership
(
    sequence UInt64 COMMENT 'Definitions this row follows from. A revision stands whole once it has its row of the company for `unassigned`, which is written last.',
    subject_kind LowCardinality(String) COMMENT 'REP, TEAM, REGION or COMPANY: what numbers are told of.',
    subject_id String COMMENT 'rep_id, team_id, region, or company.',
    rep_id String COMMENT 'Rep, or unassigned.',
    valid_from Date32 COMMENT 'First day. REP and COMPANY: 1970-01-01, on the roster or not, so that no fact is lost from the sum.',
    valid_to Date32 COMMENT 'Day behind the last one; 2199-12-31 for no end.',
    is_direct Bool COMMENT 'TEAM: the own team, not one above it. Always true for the others.'
)
ENGINE = ReplacingMergeTree ORDER BY (sequence, subject_kind, rep_id, valid_from, subject_id, is_direct)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
COMMENT 'Which subjects each rep belongs to on which days, by revision: facts join it on rep_id and day.';

CREATE TABLE IF NOT EXISTS spm.rep_team
(
    sequence UInt64 COMMENT 'Definitions this row follows from; stands before the last row of spm.membership.',
    rep_id String COMMENT 'Rep.',
    since Array(Date32) COMMENT 'First days, ascending and without gaps ...',
    team_id Array(String) COMMENT '... and the own team from then on, empty for none.'
)
ENGINE = ReplacingMergeTree ORDER BY (sequence, rep_id)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
COMMENT 'Own teams of spm.membership in one row per rep: what views of facts join, a tenth of the work.';

CREATE TABLE IF NOT EXISTS spm.source_progress
(
    source LowCardinality(String) COMMENT 'Source.',
    complete_through DateTime64(3, 'UTC') COMMENT 'Everything before this instant has been delivered.',
    observed_at DateTime64(3, 'UTC') COMMENT 'When the source was asked.',
    detail String COMMENT 'For people.',
    position UInt64 COMMENT 'Position in crm.progress: version.'
)
ENGINE = ReplacingMergeTree(position) ORDER BY source
COMMENT 'How far each source is complete: quiet differs from late.';

CREATE TABLE IF NOT EXISTS spm.dead_letter
(
    topic LowCardinality(String) COMMENT 'Topic of the record.',
    partition UInt16 COMMENT 'Its partition.',
    position UInt64 COMMENT 'Its position.',
    reason LowCardinality(String) COMMENT 'Class of trouble.',
    detail String COMMENT 'What is wrong and what to do.',
    key String COMMENT 'Bytes of the key.',
    value String COMMENT 'Bytes of the value.',
    seen_at DateTime64(3, 'UTC') COMMENT 'When it was set aside.'
)
ENGINE = ReplacingMergeTree ORDER BY (topic, partition, position)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
COMMENT 'Records that could not be used, with their bytes.';

CREATE TABLE IF NOT EXISTS spm.dead_letter_replay
(
    topic LowCardinality(String) COMMENT 'Topic of the record that was set aside.',
    partition UInt16 COMMENT 'Its partition.',
    position UInt64 COMMENT 'Its position.',
    replayed_at DateTime64(3, 'UTC') COMMENT 'When its bytes were sent again: version.'
)
ENGINE = ReplacingMergeTree(replayed_at) ORDER BY (topic, partition, position)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
COMMENT 'Which records of spm.dead_letter were sent again; whether they could be used then shows there.';
