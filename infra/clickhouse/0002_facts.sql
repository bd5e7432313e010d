-- History: one row per (entity, position) at which the entity changed. Never updated; inserting a
-- row twice gives the identical row, which the engine folds into one. No partition key: a table cut by a date
-- that can be corrected never merges two versions.
-- No LowCardinality: rows come in the order of the log and lie in that of their ids, so a merge looks up
-- each value of such a column in a dictionary, one by one. Merging took three times the processor time.
-- New parts are compact: one file to write and to sync for all columns, in place of two for each.
-- Short granules and blocks: predecessors are asked for by hundreds of ids that lie anywhere, and each takes
-- at least a granule of every column. That halves their cost and changes nothing in that of inserts.
CREATE TABLE IF NOT EXISTS spm.activity
(
    entity_id String COMMENT 'Identity for life; a marker has marker:<topic>:<partition>.',
    position UInt64 COMMENT 'Epoch and offset of the record.',
    topic String COMMENT 'Topic of the record.',
    partition UInt16 COMMENT 'Its partition.',
    kind String COMMENT 'call, email, meeting or marker.',
    key_hash UInt32 COMMENT 'murmur2 of the key: where it lives in any partition count.',
    revision Int64 COMMENT 'Last-modified instant, microseconds.',
    content_hash UInt64 COMMENT 'Hash of the record: tells two contents of one revision apart.',
    op String COMMENT 'SET or CANCELLED.',
    source String COMMENT 'Source of the record.',
    source_id String COMMENT 'Its identifier there.',
    owner_id String COMMENT 'User of the source who did it, empty for nobody.',
    created_at DateTime64(3, 'UTC') COMMENT 'Creation in the source.',
    occurred_at DateTime64(3, 'UTC') COMMENT 'Business instant.',
    direction String COMMENT 'Direction of a call or e-mail.',
    status String COMMENT 'Status of a call or e-mail, outcome of a meeting.',
    is_automated Bool COMMENT 'Done by a machine.',
    talk_seconds Nullable(Int32) COMMENT 'Conversation of a call.',
    deal_id String COMMENT 'Deal it belongs to, empty for none.',
    account_id String COMMENT 'Account it belongs to, empty for none.',
    contact_id String COMMENT 'Contact it belongs to, empty for none.',
    state String CODEC(ZSTD(1)) COMMENT 'The fields that have no column here, as JSON.',
    sequence UInt64 COMMENT 'Definitions in force. In a marker row: the sequence it sets.',
    rep_id String COMMENT 'Rep it resolved to, or unassigned.',
    day Date32 COMMENT 'Day it counts on, in the rep''s zone.',
    measure Array(String) COMMENT 'What it puts in: measures ...',
    measure_rep_id Array(String) COMMENT '... of these reps ...',
    measure_day Array(Date32) COMMENT '... on these days ...',
    measure_currency Array(String) COMMENT '... in these currencies, empty for no money ...',
    measure_value Array(Decimal(18, 4)) COMMENT '... and values.'
)
ENGINE = ReplacingMergeTree ORDER BY (entity_id, position)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, min_bytes_for_wide_part = 256000000,
    index_granularity = 1024, min_compress_block_size = 16384
COMMENT 'History of calls, e-mails and meetings, and the markers of their topics.';

CREATE TABLE IF NOT EXISTS spm.deal
(
    entity_id String COMMENT 'Identity for life; a marker has marker:<topic>:<partition>.',
    position UInt64 COMMENT 'Epoch and offset of the record.',
    topic String COMMENT 'Topic of the record.',
    partition UInt16 COMMENT 'Its partition.',
    kind String COMMENT 'deal or marker.',
    key_hash UInt32 COMMENT 'murmur2 of the key: where it lives in any partition count.',
    revision Int64 COMMENT 'Last-modified instant, microseconds.',
    content_hash UInt64 COMMENT 'Hash of the record.',
    op String COMMENT 'SET or CANCELLED.',
    source String COMMENT 'Source of the record.',
    source_id String COMMENT 'Its identifier there.',
    owner_id String COMMENT 'User of the source who owns it, empty for nobody.',
    created_at DateTime64(3, 'UTC') COMMENT 'Creation in the source.',
    occurred_at DateTime64(3, 'UTC') COMMENT 'Business instant.',
    name String COMMENT 'Title.',
    account_id String COMMENT 'Account.',
    account_name String COMMENT 'Account''s name.',
    pipeline_id String COMMENT 'Pipeline in the source.',
    stage_id String COMMENT 'Stage in the source.',
    stage_label String COMMENT 'Stage as people read it.',
    stage_class String COMMENT 'OPEN, WON or LOST.',
    close_date Nullable(Date32) COMMENT 'Expected or actual close.',
    won_at Nullable(DateTime64(3, 'UTC')) COMMENT 'When it was won.',
    lost_at Nullable(DateTime64(3, 'UTC')) COMMENT 'When it was lost.',
    lost_reason String COMMENT 'Why it was lost.',
    deal_type String COMMENT 'NEW, RENEWAL, EXPANSION, OTHER.',
    amount Nullable(Decimal(18, 4)) COMMENT 'Value in its currency.',
    currency String COMMENT 'ISO 4217 code.',
    acv Nullable(Decimal(18, 4)) COMMENT 'Annual contract value.',
    probability Nullable(Decimal(9, 6)) COMMENT 'Chance of winning, 1 = certain.',
    product String COMMENT 'Product line.',
    segment String COMMENT 'Customer segment.',
    region String COMMENT 'Region.',
    lead_source String COMMENT 'Where the lead came from.',
    split_owner_id Array(String) COMMENT 'Splits: who ...',
    split_role Array(String) COMMENT '... in which role ...',
    split_share Array(Decimal(9, 6)) COMMENT '... for which part.',
    rate Nullable(Decimal(20, 10)) COMMENT 'Reporting units per unit of currency used.',
    rate_on Nullable(Date32) COMMENT 'Date of that rate.',
    reporting_currency String COMMENT 'Currency that rate leads to, empty for no rate.',
    credit_rep_id Array(String) COMMENT 'Who is credited for it: payees ...',
    credit_role Array(String) COMMENT '... in these roles ...',
    credit_via Array(String) COMMENT '... through these splits (place from 0), rules (rule:id:place), or owner ...',
    credit_share Array(Decimal(9, 6)) COMMENT '... for which part ...',
    credit_day Array(Date32) COMMENT '... on these days, in the payees'' zones ...',
    credit_amount Array(Decimal(18, 4)) COMMENT '... with these amounts in its currency ...',
    credit_reporting_amount Array(Nullable(Decimal(18, 4))) COMMENT '... and in the reporting currency, null for no rate.',
    sequence UInt64 COMMENT 'Definitions in force. In a marker row: the sequence it sets.',
    rep_id String COMMENT 'Rep of the owner, or unassigned.',
    day Date32 COMMENT 'Day its main measure counts on, in the rep''s zone.',
    measure Array(String) COMMENT 'What it puts in: measures ...',
    measure_rep_id Array(String) COMMENT '... of these reps ...',
    measure_day Array(Date32) COMMENT '... on these days ...',
    measure_currency Array(String) COMMENT '... in these currencies, empty for no money ...',
    measure_value Array(Decimal(18, 4)) COMMENT '... and values.'
)
ENGINE = ReplacingMergeTree ORDER BY (entity_id, position)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, min_bytes_for_wide_part = 256000000,
    index_granularity = 1024, min_compress_block_size = 16384
COMMENT 'History of deals, and the markers of their topic.';

CREATE TABLE IF NOT EXISTS spm.credit
(
    entity_id String COMMENT 'deal, role and via of the credit; a marker has marker:<topic>:<partition>.',
    rep_id String COMMENT 'Payee; empty in a marker row.',
    position UInt64 COMMENT 'Epoch and offset of the message in its topic.',
    topic String COMMENT 'Topic of the message.',
    partition UInt16 COMMENT 'Its partition.',
    kind String COMMENT 'credit or marker.',
    key_hash UInt32 COMMENT 'murmur2 of the key: where it lives in any partition count.',
    deal_id String COMMENT 'Entity id of the deal.',
    role String COMMENT 'REVENUE or OVERLAY.',
    via String COMMENT 'Which split of the deal (place from 0), rule (rule:id:place), or owner.',
    source_topic String COMMENT 'Topic of the deal record.',
    source_partition UInt16 COMMENT 'Its partition.',
    source_position UInt64 COMMENT 'Its position; a message is news if this is above its predecessor''s.',
    deleted Bool COMMENT 'No longer credited.',
    stage_class String COMMENT 'State of the deal.',
    day Date32 COMMENT 'Day the credit counts on.',
    amount Decimal(18, 4) COMMENT 'Credited amount.',
    currency String COMMENT 'Its currency.',
    reporting_amount Nullable(Decimal(18, 4)) COMMENT 'The same in the reporting currency.',
    reporting_currency String COMMENT 'Reporting currency.',
    rate Nullable(Decimal(20, 10)) COMMENT 'Reporting units per unit of currency.',
    rate_on Nullable(Date32) COMMENT 'Date of that rate.',
    share Decimal(9, 6) COMMENT 'Part of the deal credited.',
    deal_type String COMMENT 'NEW, RENEWAL, EXPANSION, OTHER.',
    product String COMMENT 'Product line.',
    segment String COMMENT 'Customer segment.',
    region String COMMENT 'Region.',
    credit_sequence UInt64 COMMENT 'Definitions in force where the deal record stands.',
    sequence UInt64 COMMENT 'Definitions in force here. In a marker row: the sequence it sets.'
)
ENGINE = ReplacingMergeTree ORDER BY (rep_id, entity_id, position)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, min_bytes_for_wide_part = 256000000,
    index_granularity = 1024, min_compress_block_size = 16384
COMMENT 'History of credits, and the markers of their topic: what commissions are computed from.';
