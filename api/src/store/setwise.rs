//! Many rows in one statement whose text does not tell how many, so that it is prepared once: arrays
//! under PostgreSQL, blobs under SQLite.

use sea_orm::prelude::Uuid;
use sea_orm::sea_query::ArrayType;
use sea_orm::{DatabaseBackend, Value};

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
            _ => self.blobs(first),
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

    /// Each column is one blob, and a row takes its part of it: SQLite would parse rows of JSON again and again.
    fn blobs(self, first: usize) -> (String, Vec<Value>) {
        let (mut columns, mut values, mut rows) = (Vec::new(), Vec::<Value>::new(), 0);
        for (name, column) in self.0 {
            let (kind, (bytes, ends)) = match column {
                Column::Bytes(cells) => ("blob", joined(cells)),
                Column::Uuid(cells) => ("blob", joined(cells.into_iter().map(Uuid::into_bytes))),
                Column::Text(cells) => ("text", joined(cells)),
                Column::Int(cells) => ("integer", joined(cells.into_iter().map(|cell| format!("{cell:011}")))),
                Column::Bool(cells) => (
                    "integer",
                    joined(cells.into_iter().map(|cell| if cell { "1" } else { "0" })),
                ),
            };
            rows = ends.len();
            let blob = first + 1 + values.len();
            values.push(bytes.into());
            let part = match width(&ends) {
                Some(width) => format!("substr(${blob}, 1 + {width} * j.key, {width})"),
                None => {
                    let places = blob + 1;
                    values.push(begins_and_lengths(&ends).into());
                    let number = |at: usize| format!("CAST(substr(${places}, {at} + 20 * j.key, 10) AS integer)");
                    format!("substr(${blob}, {}, {})", number(1), number(11))
                }
            };
            columns.push(match kind {
                "blob" => format!("{part} AS {name}"),
                kind => format!("CAST({part} AS {kind}) AS {name}"),
            });
        }
        // The shortest text from which SQLite makes so many rows.
        values.insert(0, serde_json::Value::from(vec![0; rows]).to_string().into());
        let source = format!("(SELECT {} FROM json_each(${first}) j) AS s", columns.join(", "));
        (source, values)
    }
}

/// All cells one after the other, and where each ends.
fn joined(cells: impl IntoIterator<Item = impl AsRef<[u8]>>) -> (Vec<u8>, Vec<usize>) {
    let (mut bytes, mut ends) = (Vec::new(), Vec::new());
    for cell in cells {
        bytes.extend_from_slice(cell.as_ref());
        ends.push(bytes.len());
    }
    if bytes.is_empty() {
        // Nothing at all would reach SQLite as NULL.
        bytes.push(0);
    }
    (bytes, ends)
}

/// Of all cells, if they are equally wide.
fn width(ends: &[usize]) -> Option<usize> {
    let width = ends.first().copied()?;
    let equal = |(index, end): (usize, &usize)| *end == width * (index + 1);
    ends.iter().enumerate().all(equal).then_some(width)
}

/// Of each cell, in ten digits each; bytes are counted from 1.
fn begins_and_lengths(ends: &[usize]) -> Vec<u8> {
    let begins = std::iter::once(&0).chain(ends);
    let places = begins
        .zip(ends)
        .map(|(begin, end)| format!("{:010}{:010}", begin + 1, end - begin));
    places.collect::<String>().into_bytes()
}

#[cfg(test)]
mod tests {
    use sea_orm::{ConnectionTrait as _, Database, Statement};

    use super::*;

    #[tokio::test]
    async fn sqlite_has_each_row_as_it_was_given() {
        let connection = Database::connect("sqlite::memory:").await.unwrap();
        for texts in [["a", "b", "c"], ["", "", ""], ["", "éà\"'", "x"]] {
            let texts = texts.map(str::to_owned);
            let bytes = [vec![0; 3], vec![1, 0], vec![]];
            let ids = [1, 0, u128::MAX].map(Uuid::from_u128);
            let (numbers, flags) = ([i32::MIN, -1, 7], [true, false, true]);
            let rows = Rows(vec![
                ("text", Column::Text(texts.to_vec())),
                ("bytes", Column::Bytes(bytes.to_vec())),
                ("id", Column::Uuid(ids.to_vec())),
                ("number", Column::Int(numbers.to_vec())),
                ("flag", Column::Bool(flags.to_vec())),
            ]);
            let backend = connection.get_database_backend();
            let (source, values) = rows.source(backend, 2);
            let sql = format!(
                "SELECT s.text, s.bytes, s.id, s.number, s.flag, $1 || typeof(s.number) FROM {source} WHERE s.id IS NOT NULL"
            );
            let values = std::iter::once("an ".into()).chain(values);
            let statement = Statement::from_sql_and_values(backend, sql, values);
            let found = connection.query_all_raw(statement).await.unwrap();
            let found = found.iter().map(|row| {
                (
                    row.try_get_by_index::<String>(0).unwrap(),
                    row.try_get_by_index::<Vec<u8>>(1).unwrap(),
                    row.try_get_by_index::<Uuid>(2).unwrap(),
                    row.try_get_by_index::<i32>(3).unwrap(),
                    row.try_get_by_index::<bool>(4).unwrap(),
                    row.try_get_by_index::<String>(5).unwrap(),
                )
            });
            let given = (0..3).map(|row| {
                let kind = "an integer".to_owned();
                (
                    texts[row].clone(),
                    bytes[row].clone(),
                    ids[row],
                    numbers[row],
                    flags[row],
                    kind,
                )
            });
            assert_eq!(found.collect::<Vec<_>>(), given.collect::<Vec<_>>());
        }
    }
}
