//! Coalitions, their charters, pledges, working groups and commitments.

crate::sql::migration!(
    r#"
CREATE TABLE coalition (
    id {uuid} NOT NULL PRIMARY KEY,
    workshop_id {uuid} NOT NULL REFERENCES workshop (id),
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    mission text NOT NULL,
    created_at {instant} NOT NULL,
    UNIQUE (workshop_id, name),
    UNIQUE (id, workshop_id)
) {options};

CREATE TABLE charter (
    coalition_id {uuid} NOT NULL REFERENCES coalition (id),
    number integer NOT NULL CHECK (number >= 1),
    text text NOT NULL CHECK (length(text) >= 1),
    -- SHA-256 of the text's UTF-8 bytes.
    digest {bytes} NOT NULL CHECK (length(digest) = 32),
    created_at {instant} NOT NULL,
    PRIMARY KEY (coalition_id, number)
) {options};

CREATE TABLE pledge (
    id {uuid} NOT NULL PRIMARY KEY,
    workshop_id {uuid} NOT NULL,
    coalition_id {uuid} NOT NULL,
    charter integer NOT NULL,
    registration_id {uuid} NOT NULL,
    -- NULL: for themself; else the organisation whose delegate they are.
    on_behalf_of {uuid},
    -- Whoever signs chooses whether the register shows it.
    public {bool} NOT NULL,
    created_at {instant} NOT NULL,
    withdrawn_at {instant},
    FOREIGN KEY (coalition_id, charter) REFERENCES charter (coalition_id, number),
    FOREIGN KEY (coalition_id, workshop_id) REFERENCES coalition (id, workshop_id),
    FOREIGN KEY (registration_id, workshop_id) REFERENCES registration (id, workshop_id),
    FOREIGN KEY (on_behalf_of, workshop_id) REFERENCES organisation (id, workshop_id)
) {options};
CREATE INDEX pledge_coalition ON pledge (coalition_id, id);
CREATE INDEX pledge_registration ON pledge (registration_id);
CREATE UNIQUE INDEX pledge_of_person ON pledge (coalition_id, charter, registration_id)
    WHERE on_behalf_of IS NULL AND withdrawn_at IS NULL;
CREATE UNIQUE INDEX pledge_of_organisation ON pledge (coalition_id, charter, on_behalf_of)
    WHERE on_behalf_of IS NOT NULL AND withdrawn_at IS NULL;

CREATE TABLE working_group (
    id {uuid} NOT NULL PRIMARY KEY,
    workshop_id {uuid} NOT NULL,
    coalition_id {uuid} NOT NULL,
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    description text NOT NULL,
    -- NULL: no limit.
    capacity integer CHECK (capacity >= 1),
    created_at {instant} NOT NULL,
    FOREIGN KEY (coalition_id, workshop_id) REFERENCES coalition (id, workshop_id),
    UNIQUE (coalition_id, name),
    UNIQUE (id, workshop_id)
) {options};

CREATE TABLE working_group_lead (
    working_group_id {uuid} NOT NULL,
    workshop_id {uuid} NOT NULL,
    registration_id {uuid} NOT NULL,
    PRIMARY KEY (working_group_id, registration_id),
    FOREIGN KEY (working_group_id, workshop_id) REFERENCES working_group (id, workshop_id) ON DELETE CASCADE,
    FOREIGN KEY (registration_id, workshop_id) REFERENCES registration (id, workshop_id)
) {options};

CREATE TABLE commitment (
    id {uuid} NOT NULL PRIMARY KEY,
    workshop_id {uuid} NOT NULL,
    working_group_id {uuid} NOT NULL,
    registration_id {uuid} NOT NULL,
    state text NOT NULL CHECK (state IN ('committed', 'waiting')),
    created_at {instant} NOT NULL,
    UNIQUE (working_group_id, registration_id),
    FOREIGN KEY (working_group_id, workshop_id) REFERENCES working_group (id, workshop_id),
    FOREIGN KEY (registration_id, workshop_id) REFERENCES registration (id, workshop_id)
) {options};
CREATE INDEX commitment_registration ON commitment (registration_id);
"#,
    [
        ("charter_is_final_update", "UPDATE", "charter", "true"),
        ("charter_is_final_delete", "DELETE", "charter", "true"),
        (
            "pledge_is_only_withdrawn",
            "UPDATE",
            "pledge",
            "OLD.withdrawn_at IS NOT NULL OR NEW.id <> OLD.id OR NEW.charter <> OLD.charter \
             OR NEW.registration_id <> OLD.registration_id OR NEW.created_at <> OLD.created_at \
             OR NEW.public <> OLD.public OR NEW.coalition_id <> OLD.coalition_id OR (NEW.on_behalf_of IS NULL) <> (OLD.on_behalf_of IS NULL) \
             OR NEW.on_behalf_of <> OLD.on_behalf_of"
        ),
        // The last word on a full group; the code locks the group first, so that two cannot pass at once.
        (
            "working_group_has_room_insert",
            "INSERT",
            "commitment",
            "NEW.state = 'committed' AND (SELECT count(*) FROM commitment c WHERE c.working_group_id = NEW.working_group_id \
             AND c.state = 'committed') >= (SELECT g.capacity FROM working_group g WHERE g.id = NEW.working_group_id)"
        ),
        (
            "working_group_has_room_update",
            "UPDATE",
            "commitment",
            "NEW.state = 'committed' AND OLD.state <> 'committed' AND (SELECT count(*) FROM commitment c \
             WHERE c.working_group_id = NEW.working_group_id AND c.state = 'committed') \
             >= (SELECT g.capacity FROM working_group g WHERE g.id = NEW.working_group_id)"
        ),
        (
            "working_group_holds_its_people",
            "UPDATE",
            "working_group",
            "NEW.capacity < (SELECT count(*) FROM commitment c WHERE c.working_group_id = NEW.id AND c.state = 'committed')"
        ),
    ]
);
