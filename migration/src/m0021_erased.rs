//! Those who erased themselves, few among many: a count forgets them on its roll without going through
//! everyone. Asked for in these words alone, for SQLite takes no parameter for the condition of an index.

crate::sql::migration!("CREATE INDEX person_erased ON person (id) WHERE address LIKE '%@erased.invalid';");
