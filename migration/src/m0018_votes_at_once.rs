//! Votes that are new almost without exception, written as such. `ON CONFLICT` looks each up before it is
//! written and confirms it after, which is a quarter of the work; here the primary key alone decides, and
//! if one of them stands already, none is written and nothing is logged: whoever asked looks closer.

crate::sql::of_postgres!(VOTES_AT_ONCE);

/// Votes of people on the roll, in order of mark, of whom it is only to be asked whether their sign-ins were
/// revoked. First the lock, with which the ballot is as it is by then; then its state and the clock. Answers
/// how many were written: all or none.
const VOTES_AT_ONCE: &str = "
CREATE FUNCTION votes_at_once(of_ballot uuid, marks bytea[], sealed bytea[], sign_ins uuid[]) RETURNS integer
LANGUAGE plpgsql AS $$
DECLARE
    taking record;
BEGIN
    SELECT b.state, b.closes_at INTO taking FROM ballot b WHERE b.id = of_ballot FOR SHARE;
    IF taking.state IS DISTINCT FROM 'open'
        OR taking.closes_at <= (extract(epoch FROM clock_timestamp()) * 1000000)::bigint
        OR EXISTS (SELECT 1 FROM sign_in e WHERE e.id = ANY (sign_ins) AND e.revoked_at IS NOT NULL)
    THEN
        RETURN 0;
    END IF;
    BEGIN
        INSERT INTO \"cast\" SELECT of_ballot, v.mark, v.sealed FROM unnest(marks, sealed) v (mark, sealed);
        RETURN cardinality(marks);
    EXCEPTION WHEN unique_violation THEN
        RETURN 0;
    END;
END $$;
";
