//! One value of a row, as it stands in a backup.

use sea_orm::Value;
use sea_orm::prelude::Uuid;
use sea_orm::sea_query::ArrayType;
use serde_json::{Value as Json, json};

use crate::secrets::base64url;

/// A value that is not of its column's type, or a type that backups do not know yet.
#[derive(Debug, PartialEq, Eq)]
pub struct Unfit;

pub fn encode(value: Value) -> Result<Json, Unfit> {
    Ok(match value {
        Value::Bool(cell) => cell.into(),
        Value::Int(cell) => cell.into(),
        Value::BigInt(cell) => cell.into(),
        Value::String(cell) => cell.into(),
        Value::Bytes(Some(bytes)) => json!({ "bytes": base64url::encode(bytes) }),
        Value::Uuid(Some(id)) => json!({ "uuid": id }),
        Value::Json(Some(inner)) => json!({ "json": inner }),
        Value::Bytes(None) | Value::Uuid(None) | Value::Json(None) => Json::Null,
        _ => return Err(Unfit),
    })
}

pub fn decode(kind: &ArrayType, cell: &Json) -> Result<Value, Unfit> {
    Ok(match kind {
        ArrayType::Bool => Value::Bool(read(cell, Json::as_bool)?),
        ArrayType::Int => Value::Int(read(cell, |cell| i32::try_from(cell.as_i64()?).ok())?),
        ArrayType::BigInt => Value::BigInt(read(cell, Json::as_i64)?),
        ArrayType::String => Value::String(read(cell, |cell| cell.as_str().map(str::to_owned))?),
        ArrayType::Bytes => Value::Bytes(read(cell, |cell| base64url::decode(tagged(cell, "bytes")?.as_str()?))?),
        ArrayType::Uuid => Value::Uuid(read(cell, |cell| {
            Uuid::try_parse(tagged(cell, "uuid")?.as_str()?).ok()
        })?),
        ArrayType::Json => Value::Json(read(cell, |cell| tagged(cell, "json").cloned().map(Box::new))?),
        _ => return Err(Unfit),
    })
}

fn read<T>(cell: &Json, read: impl FnOnce(&Json) -> Option<T>) -> Result<Option<T>, Unfit> {
    if cell.is_null() {
        return Ok(None);
    }
    read(cell).map(Some).ok_or(Unfit)
}

fn tagged<'a>(cell: &'a Json, tag: &str) -> Option<&'a Json> {
    let object = cell.as_object()?;
    object.get(tag).filter(|_| object.len() == 1)
}

/// About how many bytes a cell is.
pub fn weight(cell: &Json) -> usize {
    match cell {
        Json::Null | Json::Bool(_) | Json::Number(_) => 8,
        Json::String(text) => text.len(),
        Json::Array(items) => items.iter().map(weight).sum(),
        Json::Object(fields) => fields.values().map(weight).sum(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_encoded_is_decoded_to_the_same() {
        let id = Uuid::from_u128(0x0174_1a3e_8b00_7c1f_9d5e_3f6a_2b1c_0d4e);
        for (kind, value) in [
            (ArrayType::Bool, Value::Bool(Some(true))),
            (ArrayType::Bool, Value::Bool(None)),
            (ArrayType::Int, Value::Int(Some(i32::MIN))),
            (ArrayType::Int, Value::Int(None)),
            (ArrayType::BigInt, Value::BigInt(Some(i64::MAX))),
            (ArrayType::BigInt, Value::BigInt(None)),
            (ArrayType::String, Value::String(Some("l'été\n\"2020\"".into()))),
            (ArrayType::String, Value::String(None)),
            (ArrayType::Bytes, Value::Bytes(Some(vec![0, 255, 10]))),
            (ArrayType::Bytes, Value::Bytes(Some(Vec::new()))),
            (ArrayType::Bytes, Value::Bytes(None)),
            (ArrayType::Uuid, Value::Uuid(Some(id))),
            (ArrayType::Uuid, Value::Uuid(None)),
            (
                ArrayType::Json,
                Value::Json(Some(Box::new(json!({"uuid": [1, null, -0.5]})))),
            ),
            // JSON's null and SQL's are two.
            (ArrayType::Json, Value::Json(Some(Box::new(Json::Null)))),
            (ArrayType::Json, Value::Json(None)),
        ] {
            let text = encode(value.clone()).unwrap().to_string();
            assert_eq!(
                decode(&kind, &serde_json::from_str(&text).unwrap()),
                Ok(value),
                "{text}"
            );
        }
    }

    #[test]
    fn a_cell_of_another_type_is_refused() {
        for (kind, cell) in [
            (ArrayType::Bool, json!(1)),
            (ArrayType::Int, json!(i64::from(i32::MAX) + 1)),
            (ArrayType::Int, json!(1.5)),
            (ArrayType::BigInt, json!(u64::MAX)),
            (ArrayType::String, json!(1)),
            (ArrayType::Bytes, json!("AAAA")),
            (ArrayType::Bytes, json!({"bytes": "="})),
            (ArrayType::Uuid, json!({"bytes": "AAAA"})),
            (
                ArrayType::Uuid,
                json!({"uuid": "01741a3e-8b00-7c1f-9d5e-3f6a2b1c0d4e", "more": 1}),
            ),
            (ArrayType::Json, json!({})),
        ] {
            assert_eq!(decode(&kind, &cell), Err(Unfit), "{cell}");
        }
    }
}
