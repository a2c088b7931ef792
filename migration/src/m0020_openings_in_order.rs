//! Openings lie in order of vote hash, and their positions with them: a hash is found by halving, and
//! needs no index of its own, which was a third of the work of writing an opening.

crate::sql::migration!("DROP INDEX opening_hash;");
