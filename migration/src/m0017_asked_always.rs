//! What is asked with each request. Every change of a ballot's row gives it a new revision, so that whoever
//! keeps what was read of it can tell that nothing has changed without reading it again. And someone's
//! place in a workshop stands in one index, without a way from there to the table; PostgreSQL would have
//! to go that way all the same, to see whether the row is there for it.

use sea_orm_migration::sea_orm::{ConnectionTrait as _, DbBackend};

crate::sql::migrates!(|manager| {
    let ddl = match manager.get_database_backend() {
        DbBackend::Postgres => {
            "CREATE FUNCTION ballot_is_revised() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                NEW.revision := OLD.revision + 1; RETURN NEW; END $$;
            CREATE TRIGGER ballot_is_revised BEFORE UPDATE ON ballot FOR EACH ROW EXECUTE FUNCTION ballot_is_revised();"
        }
        // Here a trigger cannot change the row that is about to be written.
        _ => {
            "CREATE TRIGGER ballot_is_revised AFTER UPDATE ON ballot FOR EACH ROW WHEN NEW.revision = OLD.revision
            BEGIN UPDATE ballot SET revision = OLD.revision + 1 WHERE id = NEW.id; END;
            CREATE INDEX registration_place ON registration
                (workshop_id, person_id, role, state, organisation_id, delegate);"
        }
    };
    let connection = manager.get_connection();
    connection
        .execute_unprepared("ALTER TABLE ballot ADD COLUMN revision integer NOT NULL DEFAULT 0;")
        .await?;
    connection.execute_unprepared(ddl).await?;
    Ok(())
});
