//! Ballots, candidates, logos, the roll, and the two forms of a vote: sealed while the ballot is
//! open (`cast`), opened once it is counted (`opening`).

crate::sql::migration!(
    r#"
CREATE TABLE ballot (
    id {uuid} NOT NULL PRIMARY KEY,
    workshop_id {uuid} NOT NULL REFERENCES workshop (id),
    kind text NOT NULL CHECK (kind IN ('logo', 'general')),
    question text NOT NULL CHECK (length(question) BETWEEN 1 AND 500),
    description text NOT NULL,
    method text NOT NULL CHECK (method IN ('plurality', 'approval', 'instant_runoff', 'schulze')),
    eligibility {json} NOT NULL,
    opens_at {instant},
    closes_at {instant},
    state text NOT NULL CHECK (state IN ('draft', 'open', 'closed', 'published', 'cancelled')),
    opened_at {instant},
    closed_at {instant},
    counted_at {instant},
    published_at {instant},
    cancelled_at {instant},
    reason text,
    roll_size integer,
    -- Bytes of a cast's body, spaces included, and of a sealed vote: one length per ballot.
    vote_body_length integer,
    -- The ballot key, sealed under PALABRE_SECRET; destroyed when the votes are counted.
    sealed_key {bytes},
    -- A scheduled opening that was refused, or a count that stopped: the code of why.
    opening_failed text,
    count_failed text,
    tally {json},
    created_at {instant} NOT NULL,
    UNIQUE (id, workshop_id),
    CHECK (opens_at IS NULL OR closes_at IS NULL OR opens_at < closes_at),
    CHECK (state NOT IN ('open', 'closed', 'published') OR (opened_at IS NOT NULL AND roll_size IS NOT NULL)),
    CHECK (state <> 'draft' OR opened_at IS NULL),
    CHECK (state NOT IN ('closed', 'published') OR closed_at IS NOT NULL),
    CHECK (state <> 'open' OR (sealed_key IS NOT NULL AND closed_at IS NULL)),
    CHECK (counted_at IS NULL OR (closed_at IS NOT NULL AND sealed_key IS NULL AND tally IS NOT NULL)),
    CHECK (tally IS NULL OR counted_at IS NOT NULL),
    CHECK (state <> 'published' OR (counted_at IS NOT NULL AND published_at IS NOT NULL)),
    CHECK ((state = 'cancelled') = (cancelled_at IS NOT NULL)),
    CHECK (state <> 'cancelled' OR (reason IS NOT NULL AND sealed_key IS NULL))
) {options};
CREATE INDEX ballot_workshop ON ballot (workshop_id, id);
CREATE INDEX ballot_state ON ballot (state);

CREATE TABLE logo (
    digest {bytes} NOT NULL PRIMARY KEY CHECK (length(digest) = 32),
    png {bytes} NOT NULL,
    thumbnail {bytes} NOT NULL,
    created_at {instant} NOT NULL
) {options};

CREATE TABLE candidate (
    id {uuid} NOT NULL PRIMARY KEY,
    ballot_id {uuid} NOT NULL REFERENCES ballot (id),
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    folded_name text NOT NULL,
    description text NOT NULL,
    logo_digest {bytes} REFERENCES logo (digest),
    created_at {instant} NOT NULL,
    UNIQUE (ballot_id, folded_name)
) {options};

-- No foreign key to people: whoever erases themself stays a line of the roll.
CREATE TABLE roll (
    ballot_id {uuid} NOT NULL REFERENCES ballot (id),
    unit_id {uuid} NOT NULL,
    registration_id {uuid} NOT NULL,
    salt {bytes} NOT NULL CHECK (length(salt) = 16),
    leaf {bytes} NOT NULL CHECK (length(leaf) = 32),
    -- NULL until counted.
    voted {bool},
    PRIMARY KEY (ballot_id, unit_id),
    UNIQUE (ballot_id, leaf)
) {options};

-- One row is one vote. No foreign key, no time, no sequence: nothing that could tell whose it is.
CREATE TABLE "cast" (
    ballot_id {uuid} NOT NULL,
    mark {bytes} NOT NULL CHECK (length(mark) = 32),
    sealed {bytes} NOT NULL,
    PRIMARY KEY (ballot_id, mark)
) {options};

CREATE TABLE opening (
    ballot_id {uuid} NOT NULL,
    position integer NOT NULL CHECK (position >= 1),
    vote_hash {bytes} NOT NULL CHECK (length(vote_hash) = 32),
    choice text NOT NULL,
    nonce {bytes} NOT NULL CHECK (length(nonce) = 32),
    PRIMARY KEY (ballot_id, position)
) {options};
CREATE INDEX opening_hash ON opening (ballot_id, vote_hash);
"#,
    [
        (
            "ballot_moves_forward",
            "UPDATE",
            "ballot",
            "OLD.state <> NEW.state AND NOT ((OLD.state = 'draft' AND NEW.state IN ('open', 'cancelled')) \
             OR (OLD.state = 'open' AND NEW.state IN ('closed', 'cancelled')) \
             OR (OLD.state = 'closed' AND NEW.state = 'published'))"
        ),
        (
            "ballot_is_frozen",
            "UPDATE",
            "ballot",
            "OLD.state <> 'draft' AND (NEW.workshop_id <> OLD.workshop_id OR NEW.kind <> OLD.kind \
             OR NEW.question <> OLD.question OR NEW.description <> OLD.description \
             OR NEW.method <> OLD.method OR NEW.eligibility <> OLD.eligibility OR NEW.roll_size <> OLD.roll_size \
             OR NEW.opened_at <> OLD.opened_at OR NEW.vote_body_length <> OLD.vote_body_length)"
        ),
        (
            "ballot_is_counted_once",
            "UPDATE",
            "ballot",
            "OLD.counted_at IS NOT NULL AND (NEW.counted_at IS NULL OR NEW.counted_at <> OLD.counted_at \
             OR NEW.closed_at <> OLD.closed_at OR NEW.tally <> OLD.tally)"
        ),
        ("ballot_is_deleted_in_draft", "DELETE", "ballot", "OLD.state <> 'draft'"),
        (
            "candidate_is_frozen_insert",
            "INSERT",
            "candidate",
            "(SELECT b.state FROM ballot b WHERE b.id = NEW.ballot_id {share}) <> 'draft'"
        ),
        (
            "candidate_is_frozen_update",
            "UPDATE",
            "candidate",
            "(SELECT b.state FROM ballot b WHERE b.id = OLD.ballot_id {share}) <> 'draft' OR NEW.ballot_id <> OLD.ballot_id"
        ),
        (
            "candidate_is_frozen_delete",
            "DELETE",
            "candidate",
            "(SELECT b.state FROM ballot b WHERE b.id = OLD.ballot_id {share}) <> 'draft'"
        ),
        (
            "roll_is_frozen_insert",
            "INSERT",
            "roll",
            "(SELECT b.state FROM ballot b WHERE b.id = NEW.ballot_id {share}) <> 'draft'"
        ),
        (
            "roll_is_frozen_update",
            "UPDATE",
            "roll",
            "OLD.ballot_id <> NEW.ballot_id OR OLD.unit_id <> NEW.unit_id OR OLD.leaf <> NEW.leaf \
             OR (OLD.voted IS NOT NULL AND (NEW.voted IS NULL OR NEW.voted <> OLD.voted))"
        ),
        ("roll_is_frozen_delete", "DELETE", "roll", "true"),
        ("opening_is_final_update", "UPDATE", "opening", "true"),
        ("opening_is_final_delete", "DELETE", "opening", "true"),
        (
            "opening_precedes_the_count",
            "INSERT",
            "opening",
            "(SELECT b.counted_at FROM ballot b WHERE b.id = NEW.ballot_id) IS NOT NULL"
        ),
    ]
);
