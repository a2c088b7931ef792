//! Workshops, organisations, registrations, sessions and attendance.
//!
//! Pairs such as `(organisation_id, workshop_id)` are foreign keys as pairs, so that nothing of one
//! workshop can point into another.

crate::sql::migration!(
    r#"
CREATE TABLE workshop (
    id {uuid} NOT NULL PRIMARY KEY,
    title text NOT NULL CHECK (length(title) BETWEEN 1 AND 200),
    initiative text NOT NULL,
    host text NOT NULL,
    funder text NOT NULL,
    description text NOT NULL,
    language text NOT NULL CHECK (language IN ('fr', 'en')),
    time_zone text NOT NULL,
    first_day text NOT NULL CHECK (length(first_day) = 10),
    last_day text NOT NULL CHECK (length(last_day) = 10),
    public {bool} NOT NULL,
    self_registration {bool} NOT NULL,
    front_end_url text,
    follows_id {uuid} REFERENCES workshop (id),
    state text NOT NULL CHECK (state IN ('draft', 'published', 'archived')),
    created_at {instant} NOT NULL,
    published_at {instant},
    archived_at {instant},
    CHECK (first_day <= last_day),
    CHECK ((state = 'draft') = (published_at IS NULL)),
    CHECK ((state = 'archived') = (archived_at IS NOT NULL))
) {options};

CREATE TABLE organisation (
    id {uuid} NOT NULL PRIMARY KEY,
    workshop_id {uuid} NOT NULL REFERENCES workshop (id) ON DELETE CASCADE,
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    folded_name text NOT NULL,
    category text NOT NULL CHECK (category IN ('public_administration', 'company', 'startup',
        'education', 'association', 'incubator', 'donor', 'other')),
    created_at {instant} NOT NULL,
    UNIQUE (workshop_id, folded_name),
    UNIQUE (id, workshop_id)
) {options};

CREATE TABLE registration (
    id {uuid} NOT NULL PRIMARY KEY,
    workshop_id {uuid} NOT NULL REFERENCES workshop (id) ON DELETE CASCADE,
    person_id {uuid} NOT NULL REFERENCES person (id),
    -- The name on this workshop's lists; the person's own name is the person's.
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    folded_name text NOT NULL,
    role text NOT NULL CHECK (role IN ('organiser', 'facilitator', 'participant', 'auditor')),
    state text NOT NULL CHECK (state IN ('requested', 'invited', 'confirmed', 'declined')),
    organisation_id {uuid},
    category text CHECK (category IN ('public_administration', 'company', 'startup',
        'education', 'association', 'incubator', 'donor', 'other')),
    delegate {bool} NOT NULL,
    -- Invited by an organiser, or a request accepted: without it nobody confirms. A request that
    -- was withdrawn and an invitation that was declined are told apart by this alone.
    admitted {bool} NOT NULL,
    created_at {instant} NOT NULL,
    UNIQUE (workshop_id, person_id),
    UNIQUE (id, workshop_id),
    FOREIGN KEY (organisation_id, workshop_id) REFERENCES organisation (id, workshop_id),
    CHECK (organisation_id IS NULL OR category IS NULL),
    CHECK (NOT delegate OR organisation_id IS NOT NULL),
    CHECK (admitted = (state <> 'requested') OR state = 'declined')
) {options};
CREATE INDEX registration_person ON registration (person_id);
CREATE INDEX registration_organisation ON registration (organisation_id);
-- At most one person speaks for an organisation.
CREATE UNIQUE INDEX registration_delegate ON registration (organisation_id) WHERE delegate;

CREATE TABLE session (
    id {uuid} NOT NULL PRIMARY KEY,
    workshop_id {uuid} NOT NULL REFERENCES workshop (id) ON DELETE CASCADE,
    title text NOT NULL CHECK (length(title) BETWEEN 1 AND 200),
    description text NOT NULL,
    speakers {json} NOT NULL,
    join_url text,
    check_in_code text,
    starts_at {instant} NOT NULL,
    ends_at {instant} NOT NULL,
    state text NOT NULL CHECK (state IN ('scheduled', 'running', 'ended', 'cancelled')),
    started_at {instant},
    ended_at {instant},
    created_at {instant} NOT NULL,
    UNIQUE (id, workshop_id),
    CHECK (starts_at < ends_at),
    CHECK (started_at IS NULL OR ended_at IS NULL OR started_at <= ended_at),
    CHECK (state <> 'running' OR (started_at IS NOT NULL AND ended_at IS NULL)),
    CHECK (state <> 'ended' OR ended_at IS NOT NULL),
    CHECK (state <> 'scheduled' OR (started_at IS NULL AND ended_at IS NULL))
) {options};
CREATE INDEX session_workshop ON session (workshop_id, starts_at, id);

-- Intervals [joined_at, left_at) in whole seconds; what they add up to is computed, never stored.
CREATE TABLE attendance (
    id {uuid} NOT NULL PRIMARY KEY,
    workshop_id {uuid} NOT NULL,
    session_id {uuid} NOT NULL,
    registration_id {uuid} NOT NULL,
    joined_at {instant} NOT NULL CHECK (joined_at % 1000000 = 0),
    left_at {instant} CHECK (left_at % 1000000 = 0),
    source text NOT NULL CHECK (source IN ('self', 'code', 'facilitator', 'video')),
    created_at {instant} NOT NULL,
    FOREIGN KEY (session_id, workshop_id) REFERENCES session (id, workshop_id) ON DELETE CASCADE,
    FOREIGN KEY (registration_id, workshop_id) REFERENCES registration (id, workshop_id),
    CHECK (left_at IS NULL OR joined_at <= left_at)
) {options};
CREATE INDEX attendance_workshop ON attendance (workshop_id, session_id);
CREATE INDEX attendance_registration ON attendance (registration_id);
-- A person is present once, however often they check in.
CREATE UNIQUE INDEX attendance_open ON attendance (session_id, registration_id) WHERE left_at IS NULL;
CREATE UNIQUE INDEX attendance_recorded ON attendance (session_id, registration_id, joined_at, left_at)
    WHERE left_at IS NOT NULL AND source = 'facilitator';
"#,
    [
        (
            "workshop_leaves_draft_once",
            "UPDATE",
            "workshop",
            "(OLD.state <> 'draft' AND NEW.state = 'draft') OR (OLD.state = 'archived' AND NEW.state <> 'archived')"
        ),
        (
            "workshop_is_deleted_in_draft",
            "DELETE",
            "workshop",
            "OLD.state <> 'draft'"
        ),
        (
            "registration_keeps_its_person",
            "UPDATE",
            "registration",
            "OLD.person_id <> NEW.person_id OR OLD.workshop_id <> NEW.workshop_id"
        ),
        (
            "session_does_not_run_backwards",
            "UPDATE",
            "session",
            "(OLD.state IN ('ended', 'cancelled') AND NEW.state <> OLD.state) OR (OLD.state = 'running' AND NEW.state NOT IN ('running', 'ended'))"
        ),
    ]
);
