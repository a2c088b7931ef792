//! In-person codes and the sign-ins they open, letters that bounce, wrong check-in codes.

crate::sql::migration!(
    r#"
-- Of a code that an organiser hands over: whom it lets in, and nowhere else.
ALTER TABLE sign_in_code ADD COLUMN registration_id {uuid} REFERENCES registration (id) ON DELETE CASCADE;
CREATE INDEX sign_in_code_registration ON sign_in_code (registration_id) WHERE registration_id IS NOT NULL;
-- Of a sign-in with such a code: the only workshop it opens.
ALTER TABLE sign_in ADD COLUMN workshop_id {uuid} REFERENCES workshop (id) ON DELETE CASCADE;

-- Wrong check-in codes of one person at one session, counted across processes.
CREATE TABLE check_in_try (
    session_id {uuid} NOT NULL REFERENCES session (id) ON DELETE CASCADE,
    registration_id {uuid} NOT NULL REFERENCES registration (id) ON DELETE CASCADE,
    failures integer NOT NULL CHECK (failures BETWEEN 0 AND 10),
    since {instant} NOT NULL,
    PRIMARY KEY (session_id, registration_id)
) {options};

ALTER TABLE mail RENAME TO mail_before;
DROP INDEX mail_due;
DROP INDEX mail_registration;
DROP INDEX mail_address;
CREATE TABLE mail (
    id {uuid} NOT NULL PRIMARY KEY,
    kind text NOT NULL CHECK (kind IN ('sign_in_code', 'in_person_code', 'invitation')),
    recipient text NOT NULL,
    -- The canonical form of the recipient: what counts and forgets letters goes by it.
    address text NOT NULL,
    language text NOT NULL CHECK (language IN ('fr', 'en')),
    -- What the message speaks of; its text is made when it is sent.
    workshop_id {uuid},
    registration_id {uuid},
    state text NOT NULL CHECK (state IN ('queued', 'sent', 'bounced', 'failed')),
    attempts integer NOT NULL,
    due_at {instant} NOT NULL,
    last_error text,
    created_at {instant} NOT NULL,
    finished_at {instant}
) {options};
INSERT INTO mail (id, kind, recipient, address, language, workshop_id, registration_id, state, attempts, due_at,
        last_error, created_at, finished_at)
    SELECT id, kind, recipient, address, language, workshop_id, registration_id, state, attempts, due_at,
        last_error, created_at, finished_at
    FROM mail_before;
DROP TABLE mail_before;
CREATE INDEX mail_due ON mail (state, due_at);
CREATE INDEX mail_registration ON mail (registration_id, created_at);
CREATE INDEX mail_address ON mail (address, created_at);
"#,
    []
);
