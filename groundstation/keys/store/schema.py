"""Tables of the key ledger.

- `segment`, `allocation`, `extent`, `entry`, `reason`, `document`, `audit` only grow: triggers
  refuse to change or delete a row, but for a segment's stage and an allocation's state, which have
  few ways to go. What grows is bound by the audit log (`groundstation.keys.store.audit`).
- `lane`, `chunk`, `ratchet`, `mark`, `secret`, `kek`, `outbox`, `ledger` hold the present.
- Extents of one lane never overlap; a trigger refuses it whatever the rules above let through.
- The tables of the hot path name their parents without foreign keys; `verify` checks those.
- Instants are microseconds since 1970-01-01T00:00Z, offsets and lengths bits.
- Rows of `lane` and `allocation` carry a MAC over what decides which bits leave
  (`groundstation.keys.store.row_mac`).
- Reason 0 stands for the reference of the entry's allocation.
- Key is in `chunk` only, sealed; wrapped keys are in `ratchet` and `secret`.
"""

from sqlite_utils import Database
from sqlite_utils.migrations import Migrations

migrations = Migrations("groundstation.keys")

_TABLES = """
CREATE TABLE ledger (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    store_id TEXT NOT NULL,
    node TEXT NOT NULL,
    latest_us INTEGER NOT NULL,
    is_behind INTEGER NOT NULL CHECK (is_behind IN (0, 1)),
    caught_up_us INTEGER
) STRICT;

CREATE TABLE kek (
    kek_id TEXT PRIMARY KEY,
    state TEXT NOT NULL CHECK (state IN ('pending', 'current', 'retired'))
) STRICT;

CREATE UNIQUE INDEX kek_current ON kek (state) WHERE state = 'current';

CREATE TABLE secret (
    name TEXT PRIMARY KEY,
    wrapped BLOB NOT NULL
) STRICT;

CREATE TABLE pool (
    pool_no INTEGER PRIMARY KEY,
    a TEXT NOT NULL,
    b TEXT NOT NULL,
    UNIQUE (a, b),
    CHECK (a < b)
) STRICT;

CREATE TABLE reason (
    reason_no INTEGER PRIMARY KEY,
    text TEXT NOT NULL UNIQUE
) STRICT;

CREATE TABLE segment (
    segment_no INTEGER PRIMARY KEY,
    segment_id BLOB NOT NULL UNIQUE CHECK (length(segment_id) = 16),
    pool_no INTEGER NOT NULL REFERENCES pool,
    origin TEXT NOT NULL,
    origin_reference TEXT NOT NULL,
    trust TEXT NOT NULL,
    n_bits INTEGER NOT NULL CHECK (n_bits > 0 AND n_bits % 8 = 0),
    digest TEXT NOT NULL,
    imported_us INTEGER NOT NULL,
    expires_us INTEGER,
    stage TEXT NOT NULL CHECK (stage IN ('waiting', 'usable', 'disputed'))
) STRICT;

CREATE INDEX segment_waiting ON segment (segment_no) WHERE stage = 'waiting';

CREATE TABLE lane (
    lane_no INTEGER PRIMARY KEY,
    segment_no INTEGER NOT NULL REFERENCES segment,
    segment_id BLOB NOT NULL,
    pool_no INTEGER NOT NULL REFERENCES pool,
    idx INTEGER NOT NULL,
    owner TEXT NOT NULL,
    imported_us INTEGER NOT NULL,
    n_bits INTEGER NOT NULL,
    high_water INTEGER NOT NULL,
    free TEXT NOT NULL,
    held TEXT NOT NULL,
    available INTEGER NOT NULL CHECK (available >= 0),
    reserved INTEGER NOT NULL CHECK (reserved >= 0),
    delivered INTEGER NOT NULL CHECK (delivered >= 0),
    relayed INTEGER NOT NULL CHECK (relayed >= 0),
    authentication INTEGER NOT NULL CHECK (authentication >= 0),
    expired INTEGER NOT NULL CHECK (expired >= 0),
    burned INTEGER NOT NULL CHECK (burned >= 0),
    quarantined INTEGER NOT NULL CHECK (quarantined >= 0),
    mac BLOB NOT NULL,
    UNIQUE (segment_no, idx),
    CHECK (n_bits = available + reserved + delivered + relayed + authentication + expired
        + burned + quarantined)
) STRICT;

CREATE INDEX lane_of_pool ON lane (pool_no);
CREATE INDEX lane_with_key ON lane (pool_no, owner, imported_us, segment_id, idx)
    WHERE available > 0;

CREATE TABLE allocation (
    allocation_no INTEGER PRIMARY KEY,
    allocation_id BLOB NOT NULL UNIQUE CHECK (length(allocation_id) = 16),
    pool_no INTEGER NOT NULL,
    purpose TEXT NOT NULL CHECK (purpose IN ('delivery', 'relay', 'authentication')),
    role TEXT NOT NULL CHECK (role IN ('ours', 'theirs')),
    reference TEXT NOT NULL,
    n_bits INTEGER NOT NULL CHECK (n_bits >= 0),
    created_us INTEGER NOT NULL,
    expires_us INTEGER,
    state TEXT NOT NULL CHECK (state IN ('reserved', 'consumed', 'burned')),
    mac BLOB NOT NULL
) STRICT;

CREATE INDEX allocation_by_reference ON allocation (reference, pool_no, created_us);
CREATE INDEX allocation_reserved ON allocation (allocation_no) WHERE state = 'reserved';

CREATE TABLE extent (
    lane_no INTEGER NOT NULL,
    start INTEGER NOT NULL CHECK (start >= 0),
    stop INTEGER NOT NULL,
    allocation_no INTEGER NOT NULL,
    ordinal INTEGER NOT NULL,
    PRIMARY KEY (lane_no, start),
    CHECK (stop > start)
) STRICT, WITHOUT ROWID;

CREATE INDEX extent_of_allocation ON extent (allocation_no, ordinal);

CREATE TABLE entry (
    entry_no INTEGER PRIMARY KEY,
    lane_no INTEGER NOT NULL,
    start INTEGER NOT NULL CHECK (start >= 0),
    length INTEGER NOT NULL CHECK (length > 0),
    source INTEGER NOT NULL CHECK (source BETWEEN 0 AND 8),
    target INTEGER NOT NULL CHECK (target BETWEEN 1 AND 8 AND target <> source),
    allocation_no INTEGER NOT NULL,
    reason_no INTEGER NOT NULL,
    at_us INTEGER NOT NULL
) STRICT;

CREATE TABLE document (
    document_no INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    reference TEXT NOT NULL,
    payload TEXT NOT NULL,
    at_us INTEGER NOT NULL,
    UNIQUE (kind, reference)
) STRICT;

CREATE TABLE outbox (
    message_no INTEGER PRIMARY KEY AUTOINCREMENT,
    peer TEXT NOT NULL,
    message_id TEXT NOT NULL,
    payload TEXT NOT NULL,
    at_us INTEGER NOT NULL,
    UNIQUE (peer, message_id)
) STRICT;

CREATE TABLE inbox (
    peer TEXT NOT NULL,
    message_id TEXT NOT NULL,
    answer TEXT NOT NULL,
    at_us INTEGER NOT NULL,
    PRIMARY KEY (peer, message_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE mark (
    segment_id BLOB NOT NULL,
    idx INTEGER NOT NULL,
    stop INTEGER NOT NULL,
    PRIMARY KEY (segment_id, idx)
) STRICT, WITHOUT ROWID;

CREATE TABLE chunk (
    chunk_no INTEGER PRIMARY KEY,
    sealed BLOB NOT NULL
) STRICT;

CREATE TABLE ratchet (
    lane_no INTEGER NOT NULL REFERENCES lane,
    first_chunk INTEGER NOT NULL,
    wrapped BLOB NOT NULL,
    PRIMARY KEY (lane_no, first_chunk)
) STRICT, WITHOUT ROWID;

CREATE TABLE audit (
    seq INTEGER PRIMARY KEY,
    wall_us INTEGER NOT NULL,
    mono_us INTEGER NOT NULL,
    event TEXT NOT NULL,
    payload TEXT NOT NULL,
    mac BLOB NOT NULL CHECK (length(mac) = 32)
) STRICT;

CREATE INDEX audit_by_event ON audit (event, seq);
"""

_GROWING = ("reason", "extent", "entry", "document", "audit")

_APPEND_ONLY = """
CREATE TRIGGER {table}_never_changes BEFORE UPDATE ON {table}
BEGIN SELECT RAISE(ABORT, '{table} rows never change'); END;
CREATE TRIGGER {table}_never_shrinks BEFORE DELETE ON {table}
BEGIN SELECT RAISE(ABORT, '{table} rows are never deleted'); END;
"""

_TRIGGERS = """
CREATE TRIGGER segment_never_shrinks BEFORE DELETE ON segment
BEGIN SELECT RAISE(ABORT, 'segment rows are never deleted'); END;
CREATE TRIGGER segment_never_changes BEFORE UPDATE ON segment
WHEN (OLD.segment_no, OLD.segment_id, OLD.pool_no, OLD.origin, OLD.origin_reference, OLD.trust,
      OLD.n_bits, OLD.digest, OLD.imported_us, OLD.expires_us)
  IS NOT (NEW.segment_no, NEW.segment_id, NEW.pool_no, NEW.origin, NEW.origin_reference, NEW.trust,
      NEW.n_bits, NEW.digest, NEW.imported_us, NEW.expires_us)
  OR NEW.stage = 'waiting' AND OLD.stage <> 'waiting'
  OR NEW.stage = 'usable' AND OLD.stage = 'disputed'
BEGIN SELECT RAISE(ABORT, 'a segment is what it is'); END;

CREATE TRIGGER allocation_never_shrinks BEFORE DELETE ON allocation
BEGIN SELECT RAISE(ABORT, 'allocation rows are never deleted'); END;
CREATE TRIGGER allocation_never_changes BEFORE UPDATE ON allocation
WHEN (OLD.allocation_no, OLD.allocation_id, OLD.pool_no, OLD.purpose, OLD.role, OLD.reference,
      OLD.n_bits, OLD.created_us, OLD.expires_us, OLD.mac)
  IS NOT (NEW.allocation_no, NEW.allocation_id, NEW.pool_no, NEW.purpose, NEW.role, NEW.reference,
      NEW.n_bits, NEW.created_us, NEW.expires_us, NEW.mac)
  OR OLD.state <> 'reserved'
BEGIN SELECT RAISE(ABORT, 'an allocation is bound for ever'); END;

CREATE TRIGGER extent_never_overlaps BEFORE INSERT ON extent
WHEN (SELECT stop FROM extent WHERE lane_no = NEW.lane_no AND start < NEW.stop
      ORDER BY start DESC LIMIT 1) > NEW.start
BEGIN SELECT RAISE(ABORT, 'these bits were allocated before'); END;

CREATE TRIGGER lane_never_shrinks BEFORE DELETE ON lane
BEGIN SELECT RAISE(ABORT, 'lane rows are never deleted'); END;

CREATE TRIGGER pool_never_changes BEFORE UPDATE ON pool
BEGIN SELECT RAISE(ABORT, 'pool rows never change'); END;
CREATE TRIGGER pool_never_shrinks BEFORE DELETE ON pool
BEGIN SELECT RAISE(ABORT, 'pool rows are never deleted'); END;
"""


@migrations()
def create_ledger(db: Database) -> None:
    """Everything that the first release keeps."""
    growing = "".join(_APPEND_ONLY.format(table=table) for table in _GROWING)
    for statement in _statements(_TABLES + growing + _TRIGGERS):
        db.execute(statement)
    db.execute("INSERT INTO reason VALUES (0, '')")


def _statements(script: str) -> list[str]:
    """Single statements; a script would commit the migration's transaction."""
    statements, begun = [], ""
    for part in script.split(";"):
        begun += part + ";"
        if "CREATE TRIGGER" not in begun or begun.rstrip().endswith("END;"):
            statements.append(begun.strip())
            begun = ""
    return [statement for statement in statements if statement != ";"]
