//! Words for the faults of spreadsheets, addresses and images; same table, another page.

pub const FAULTS: &[(&str, &str, &str)] = &[];
