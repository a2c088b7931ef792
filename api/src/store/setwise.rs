//! Many rows in one statement whose text is always the same, so that it is prepared once: arrays
//! under PostgreSQL, one JSON text under SQLite.

use sea_orm::prelude::Uuid;
use sea_orm::sea_query::ArrayType;
use sea_orm::{DatabaseBackend, Value};

use crate::secrets::hex;

/// One column of the rows.
pub enum Column {
    Bytes(Vec<Vec<u8>>),
    Uuid(Vec<Uuid>),
    Text(Vec<String>),
    Int(Vec<i32>),
    Bool(Vec<bool>),
}

/// Named columns of equal length.
pub struct Rows(pub Vec<(&'static str, Column)>);

impl Rows {
    /// What stands in `FROM` (as `s`, with the columns by name), and its values, the first of which
    /// is parameter `$first`.
    pub fn source(self, backend: DatabaseBackend, first: usize) -> (String, Vec<Value>) {
        match backend {
            DatabaseBackend::Postgres => self.arrays(first),
            _ => self.json(first),
        }
    }

    fn arrays(self, first: usize) -> (String, Vec<Value>) {
        let (mut parameters, mut names, mut values) = (Vec::new(), Vec::new(), Vec::new());
        for (index, (name, column)) in self.0.into_iter().enumerate() {
            let (kind, array, cells): (_, _, Vec<Value>) = match column {
                Column::Bytes(cells) => ("bytea", ArrayType::Bytes, cells.into_iter().map(Into::into).collect()),
                Column::Uuid(cells) => ("uuid", ArrayType::Uuid, cells.into_iter().map(Into::into).collect()),
                Column::Text(cells) => ("text", ArrayType::String, cells.into_iter().map(Into::into).collect()),
                Column::Int(cells) => ("int", ArrayType::Int, cells.into_iter().map(Into::into).collect()),
                Column::Bool(cells) => ("bool", ArrayType::Bool, cells.into_iter().map(Into::into).collect()),
            };
            parameters.push(format!("${}::{kind}[]", first + index));
            names.push(name);
            values.push(Value::Array(array, Some(Box::new(cells))));
        }
        let source = format!("UNNEST({}) AS s({})", parameters.join(", "), names.join(", "));
        (source, values)
    }

    fn json(self, first: usize) -> (String, Vec<Value>) {
        let mut cells = Vec::new();
        let mut columns = Vec::new();
        for (index, (name, column)) in self.0.into_iter().enumerate() {
            let (read, texts): (_, Vec<serde_json::Value>) = match column {
                Column::Bytes(cells) => (
                    "unhex(j.value ->> {})",
                    cells.iter().map(|cell| hex(cell).into()).collect(),
                ),
                Column::Uuid(cells) => (
                    "unhex(j.value ->> {})",
                    cells.iter().map(|cell| cell.simple().to_string().into()).collect(),
                ),
                Column::Text(cells) => ("(j.value ->> {})", cells.into_iter().map(Into::into).collect()),
                Column::Int(cells) => ("(j.value ->> {})", cells.into_iter().map(Into::into).collect()),
                Column::Bool(cells) => (
                    "(j.value ->> {})",
                    cells.into_iter().map(|cell| i32::from(cell).into()).collect(),
                ),
            };
            columns.push(format!("{} AS {name}", read.replace("{}", &index.to_string())));
            cells.push(texts.into_iter());
        }
        let mut rows = Vec::new();
        loop {
            let row: Vec<_> = cells.iter_mut().filter_map(Iterator::next).collect();
            if row.is_empty() {
                break;
            }
            rows.push(serde_json::Value::Array(row));
        }
        let source = format!("(SELECT {} FROM json_each(${first}) j) AS s", columns.join(", "));
        (source, vec![serde_json::Value::Array(rows).to_string().into()])
    }
}
