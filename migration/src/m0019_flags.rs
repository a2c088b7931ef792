//! Who voted, in a table of its own: one byte for each line of a roll, in order of leaf, 64 lines a row.
//! A count writes these short rows where it wrote every line of a roll anew. A line with its flag is read
//! in `roll_line`: its place among the leaves of a row says which byte is its own.

use sea_orm_migration::sea_orm::{ConnectionTrait as _, DbBackend};

const TABLE: &str = "
CREATE TABLE voted (
    ballot_id {uuid} NOT NULL,
    -- The leaf of the first line whose flag is here.
    first_leaf {bytes} NOT NULL,
    -- 1 for whoever voted, else 0.
    flags {bytes} NOT NULL CHECK (length(flags) BETWEEN 1 AND 64),
    PRIMARY KEY (ballot_id, first_leaf),
    FOREIGN KEY (ballot_id, first_leaf) REFERENCES roll (ballot_id, leaf)
) {options};

INSERT INTO voted (ballot_id, first_leaf, flags)
    SELECT p.ballot_id, {first}, {flags}
    FROM (
        SELECT r.ballot_id, r.leaf, r.voted,
            (row_number() OVER (PARTITION BY r.ballot_id ORDER BY r.leaf) - 1) / 64 AS page
        FROM roll r JOIN ballot b ON b.id = r.ballot_id WHERE b.counted_at IS NOT NULL
    ) p GROUP BY p.ballot_id, p.page;
";

const VIEW: &str = "
ALTER TABLE roll DROP COLUMN voted;

CREATE VIEW roll_line AS SELECT r.ballot_id, r.unit_id, r.person_id, r.registration_id, r.salt, r.leaf,
    -- NULL until counted.
    (SELECT substr(v.flags, CAST(1 + (SELECT count(*) FROM roll o
            WHERE o.ballot_id = r.ballot_id AND o.leaf >= v.first_leaf AND o.leaf < r.leaf) AS integer), 1) = {one}
        FROM voted v WHERE v.ballot_id = r.ballot_id AND v.first_leaf <= r.leaf
        ORDER BY v.first_leaf DESC LIMIT 1) AS voted
    FROM roll r;
";

const REFUSALS: [(&str, &str, &str, &str); 4] = [
    (
        "roll_is_frozen_update",
        "UPDATE",
        "roll",
        "OLD.ballot_id <> NEW.ballot_id OR OLD.unit_id <> NEW.unit_id OR OLD.leaf <> NEW.leaf",
    ),
    (
        "voted_precedes_the_count",
        "INSERT",
        "voted",
        "(SELECT b.counted_at FROM ballot b WHERE b.id = NEW.ballot_id) IS NOT NULL",
    ),
    ("voted_is_final_update", "UPDATE", "voted", "true"),
    ("voted_is_final_delete", "DELETE", "voted", "true"),
];

crate::sql::migrates!(|manager| {
    let postgres = manager.get_database_backend() == DbBackend::Postgres;
    let (first, flags, one) = if postgres {
        (
            "(array_agg(p.leaf ORDER BY p.leaf))[1]",
            r"string_agg(CASE WHEN p.voted THEN '\x01'::bytea ELSE '\x00' END, '' ORDER BY p.leaf)",
            r"'\x01'::bytea",
        )
    } else {
        (
            "min(p.leaf)",
            "unhex(group_concat(CASE WHEN p.voted THEN '01' ELSE '00' END, '' ORDER BY p.leaf))",
            "x'01'",
        )
    };
    crate::sql::run(manager, &TABLE.replace("{first}", first).replace("{flags}", flags)).await?;
    crate::sql::withdraw(manager, "roll_is_frozen_update", "roll").await?;
    crate::sql::run(manager, &VIEW.replace("{one}", one)).await?;
    for (name, event, table, condition) in REFUSALS {
        crate::sql::refuse(manager, name, event, table, condition).await?;
    }
    if postgres {
        // No flag needs room beside its line any more; and a function is called only where it would refuse.
        let ddl = "ALTER TABLE roll RESET (fillfactor);
            DROP TRIGGER roll_is_frozen_update ON roll;
            CREATE TRIGGER roll_is_frozen_update BEFORE UPDATE ON roll FOR EACH ROW
                WHEN (OLD.ballot_id <> NEW.ballot_id OR OLD.unit_id <> NEW.unit_id OR OLD.leaf <> NEW.leaf)
                EXECUTE FUNCTION roll_is_frozen_update();";
        manager.get_connection().execute_unprepared(ddl).await?;
    }
    Ok(())
});
