//! The guards of a large ballot's rows, under PostgreSQL looked at once per statement, or without
//! calling a function for each row that is in order. They refuse what they refused before. SQLite
//! does both by itself.

crate::sql::of_postgres!(GUARDS);

/// Inserting asks each ballot once; the first statement waits for whoever is changing it, the second
/// sees what they made of it. Updating calls for a refusal only when there is something to refuse.
const GUARDS: &str = "
DROP TRIGGER roll_is_frozen_insert ON roll;
CREATE OR REPLACE FUNCTION roll_is_frozen_insert() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    PERFORM b.id FROM ballot b WHERE b.id IN (SELECT f.ballot_id FROM fresh f) FOR SHARE;
    IF EXISTS (SELECT 1 FROM ballot b WHERE b.id IN (SELECT f.ballot_id FROM fresh f) AND b.state <> 'draft') THEN
        RAISE EXCEPTION 'roll_is_frozen_insert' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL; END $$;
CREATE TRIGGER roll_is_frozen_insert AFTER INSERT ON roll REFERENCING NEW TABLE AS fresh
    FOR EACH STATEMENT EXECUTE FUNCTION roll_is_frozen_insert();

DROP TRIGGER opening_precedes_the_count ON opening;
CREATE OR REPLACE FUNCTION opening_precedes_the_count() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF EXISTS (SELECT 1 FROM ballot b WHERE b.id IN (SELECT f.ballot_id FROM fresh f) AND b.counted_at IS NOT NULL) THEN
        RAISE EXCEPTION 'opening_precedes_the_count' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL; END $$;
CREATE TRIGGER opening_precedes_the_count AFTER INSERT ON opening REFERENCING NEW TABLE AS fresh
    FOR EACH STATEMENT EXECUTE FUNCTION opening_precedes_the_count();

DROP TRIGGER roll_is_frozen_update ON roll;
CREATE TRIGGER roll_is_frozen_update BEFORE UPDATE ON roll FOR EACH ROW
    WHEN (OLD.ballot_id <> NEW.ballot_id OR OLD.unit_id <> NEW.unit_id OR OLD.leaf <> NEW.leaf
        OR (OLD.voted IS NOT NULL AND (NEW.voted IS NULL OR NEW.voted <> OLD.voted)))
    EXECUTE FUNCTION roll_is_frozen_update();
DROP TRIGGER roll_person_is_frozen ON roll;
CREATE TRIGGER roll_person_is_frozen BEFORE UPDATE ON roll FOR EACH ROW
    WHEN (NEW.person_id <> OLD.person_id) EXECUTE FUNCTION roll_person_is_frozen();
";
