//! PostgreSQL keeps samples of what it finds in a column, to plan by; of sealed votes it shall keep none.
//! Those that it took before go with the type, which stays the same.

crate::sql::of_postgres!(
    "ALTER TABLE \"cast\" ALTER COLUMN mark TYPE bytea, ALTER COLUMN sealed TYPE bytea;
    ALTER TABLE \"cast\" ALTER COLUMN mark SET STATISTICS 0, ALTER COLUMN sealed SET STATISTICS 0;"
);
