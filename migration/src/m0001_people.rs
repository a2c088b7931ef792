//! People, their sign-ins, the keys of the instance, the outbox and the journal.

crate::sql::migration!(
    r#"
CREATE TABLE person (
    id {uuid} NOT NULL PRIMARY KEY,
    -- The canonical address: one account, one vote.
    address text NOT NULL UNIQUE CHECK (length(address) BETWEEN 3 AND 254),
    address_typed text NOT NULL,
    name text NOT NULL CHECK (length(name) <= 200),
    language text NOT NULL CHECK (language IN ('fr', 'en')),
    administrator {bool} NOT NULL,
    created_at {instant} NOT NULL
) {options};

CREATE TABLE sign_in (
    id {uuid} NOT NULL PRIMARY KEY,
    person_id {uuid} NOT NULL REFERENCES person (id) ON DELETE CASCADE,
    created_at {instant} NOT NULL,
    expires_at {instant} NOT NULL,
    revoked_at {instant}
) {options};
CREATE INDEX sign_in_person ON sign_in (person_id);

CREATE TABLE refresh_token (
    digest {bytes} NOT NULL PRIMARY KEY CHECK (length(digest) = 32),
    sign_in_id {uuid} NOT NULL REFERENCES sign_in (id) ON DELETE CASCADE,
    issued_at {instant} NOT NULL,
    expires_at {instant} NOT NULL,
    used_at {instant}
) {options};
CREATE INDEX refresh_token_sign_in ON refresh_token (sign_in_id);

CREATE TABLE sign_in_code (
    id {uuid} NOT NULL PRIMARY KEY,
    address text NOT NULL,
    digest {bytes} NOT NULL CHECK (length(digest) = 32),
    expires_at {instant} NOT NULL,
    used_at {instant}
) {options};
CREATE INDEX sign_in_code_address ON sign_in_code (address, expires_at);

-- Wrong tries are counted per address, across codes and processes.
CREATE TABLE sign_in_try (
    address text NOT NULL PRIMARY KEY,
    failures integer NOT NULL CHECK (failures BETWEEN 0 AND 5),
    since {instant} NOT NULL
) {options};

CREATE TABLE signing_key (
    kid text NOT NULL PRIMARY KEY,
    purpose text NOT NULL CHECK (purpose IN ('token')),
    public {bytes} NOT NULL CHECK (length(public) = 32),
    -- Sealed under PALABRE_SECRET.
    sealed {bytes} NOT NULL,
    created_at {instant} NOT NULL
) {options};
-- Two processes that start at once agree on one key.
CREATE UNIQUE INDEX signing_key_purpose ON signing_key (purpose);

CREATE TABLE mail (
    id {uuid} NOT NULL PRIMARY KEY,
    kind text NOT NULL CHECK (kind IN ('sign_in_code', 'invitation')),
    recipient text NOT NULL,
    -- The canonical form of the recipient: what counts and forgets letters goes by it.
    address text NOT NULL,
    language text NOT NULL CHECK (language IN ('fr', 'en')),
    -- What the message speaks of; its text is made when it is sent.
    workshop_id {uuid},
    registration_id {uuid},
    state text NOT NULL CHECK (state IN ('queued', 'sent', 'failed')),
    attempts integer NOT NULL,
    due_at {instant} NOT NULL,
    last_error text,
    created_at {instant} NOT NULL,
    finished_at {instant}
) {options};
CREATE INDEX mail_due ON mail (state, due_at);
CREATE INDEX mail_registration ON mail (registration_id, created_at);
CREATE INDEX mail_address ON mail (address, created_at);

-- Without foreign keys, so that history outlives what it speaks of.
CREATE TABLE journal (
    id {uuid} NOT NULL PRIMARY KEY,
    at {instant} NOT NULL,
    workshop_id {uuid},
    -- NULL: the instance itself, for example a scheduled closing.
    actor_id {uuid},
    actor_role text NOT NULL,
    act text NOT NULL,
    subject text NOT NULL,
    subject_id {uuid} NOT NULL,
    "before" {json},
    "after" {json}
) {options};
CREATE INDEX journal_workshop ON journal (workshop_id, id);
CREATE INDEX journal_actor ON journal (actor_id, id);
"#,
    [
        ("journal_is_append_only_update", "UPDATE", "journal", "true"),
        ("journal_is_append_only_delete", "DELETE", "journal", "true"),
    ]
);
