//! Room beside each line of the roll for its flag: under PostgreSQL the line with the flag then takes
//! its place on the same page, and no index is touched. SQLite writes in place anyway.

crate::sql::of_postgres!("ALTER TABLE roll SET (fillfactor = 50)");
