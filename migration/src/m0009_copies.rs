//! Ballots drafted from another: a copy of it, or the run-off among its tied.

crate::sql::migration!(
    r#"
ALTER TABLE ballot ADD COLUMN drafted_from {uuid} REFERENCES ballot (id) ON DELETE SET NULL;
ALTER TABLE ballot ADD COLUMN drafted_as text CHECK (drafted_as IN ('copy', 'run_off'));
-- Asked for again, the draft that stands is the answer.
CREATE UNIQUE INDEX ballot_drafted ON ballot (drafted_from, drafted_as) WHERE state = 'draft';
"#,
    [(
        "ballot_keeps_its_origin",
        "UPDATE",
        "ballot",
        "NEW.drafted_from IS NOT NULL AND (OLD.drafted_from IS NULL OR NEW.drafted_from <> OLD.drafted_from \
         OR NEW.drafted_as <> OLD.drafted_as)"
    )]
);
