//! Sign-ins that were ended before their time, found without going through all the others: a vote of
//! someone who was seen signed in a moment ago only asks for those.

crate::sql::migration!(
    "CREATE INDEX sign_in_revoked ON sign_in (id) WHERE revoked_at IS NOT NULL;",
    std::iter::empty::<(&str, &str, &str, &str)>()
);
