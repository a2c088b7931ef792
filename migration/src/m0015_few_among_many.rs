//! Few among many, each in an index of their own: sign-ins that were ended before their time, which is
//! all that is asked of someone who was seen signed in a moment ago, and administrators.

crate::sql::migration!(
    "CREATE INDEX sign_in_revoked ON sign_in (id) WHERE revoked_at IS NOT NULL;
    CREATE INDEX person_administrator ON person (id) WHERE administrator;"
);
