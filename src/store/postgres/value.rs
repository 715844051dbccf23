//! Values as the server takes and gives them.

use std::borrow::Cow;

use bytes::{BufMut as _, BytesMut};
use tokio_postgres::types::{Format, FromSql, IsNull, ToSql, Type, to_sql_checked};

use crate::store::error::Error;
use crate::store::value::Value;

type Fault = Box<dyn std::error::Error + Sync + Send>;

/// One result row.
pub(in crate::store) type Cells<'a> = &'a tokio_postgres::Row;

/// A parameter, as the type that the server found for it.
pub(super) struct Bound<'a>(pub(super) Value<'a>);

impl std::fmt::Debug for Bound<'_> {
    /// Without the value: the driver logs what is bound.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("…")
    }
}

impl ToSql for Bound<'_> {
    fn to_sql(&self, kind: &Type, out: &mut BytesMut) -> Result<IsNull, Fault> {
        match (self.0, kind) {
            (Value::Null, _) => return Ok(IsNull::Yes),
            (Value::Int(number), &Type::INT8) => out.put_i64(number),
            (Value::Int(number), &Type::INT4) => out.put_i32(number.try_into()?),
            (Value::Int(number @ (0 | 1)), &Type::BOOL) => out.put_u8(u8::from(number == 1)),
            (Value::Real(number), &Type::FLOAT8) => out.put_f64(number),
            (Value::Text(text), &Type::TEXT | &Type::VARCHAR | &Type::NAME | &Type::UNKNOWN) => {
                out.put_slice(stored_text(text).as_bytes());
            }
            (Value::Blob(bytes), &Type::BYTEA) => out.put_slice(bytes),
            (value, kind) => {
                // The value itself may be anybody's.
                let found = match value {
                    Value::Null => "NULL",
                    Value::Int(_) => "an integer",
                    Value::Real(_) => "a number",
                    Value::Text(_) => "a text",
                    Value::Blob(_) => "bytes",
                };
                return Err(format!("cannot bind {found} as {kind}").into());
            }
        }
        Ok(IsNull::No)
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    fn encode_format(&self, _: &Type) -> Format {
        Format::Binary
    }

    to_sql_checked!();
}

/// A parameter as its bytes; `None` is NULL.
#[derive(Debug)]
pub(super) struct Encoded(Option<BytesMut>);

impl ToSql for Encoded {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, Fault> {
        let Some(bytes) = &self.0 else { return Ok(IsNull::Yes) };
        out.put_slice(bytes);
        Ok(IsNull::No)
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    fn encode_format(&self, _: &Type) -> Format {
        Format::Binary
    }

    to_sql_checked!();
}

/// The parameters of a statement that outlives them.
pub(super) fn encoded(params: &[Value<'_>], kinds: &[Type]) -> Result<Vec<Encoded>, Fault> {
    let encode = |(value, kind): (&Value<'_>, &Type)| {
        let mut bytes = BytesMut::new();
        let is_null = matches!(Bound(*value).to_sql(kind, &mut bytes)?, IsNull::Yes);
        Ok(Encoded((!is_null).then_some(bytes)))
    };
    params.iter().zip(kinds).map(encode).collect()
}

/// A text as it is stored.
pub(super) fn stored_text(text: &str) -> Cow<'_, str> {
    if text.contains('\0') { text.replace('\0', NUL_SIGN).into() } else { text.into() }
}

/// The server's texts have no NUL: what JSON escapes as one becomes the sign for what cannot be shown. Digests are of the
/// raw bytes, and see no change.
const NUL_SIGN: &str = "\u{fffd}";

/// A cell of whatever type the statements answer.
struct Cell<'a>(Value<'a>);

impl<'a> FromSql<'a> for Cell<'a> {
    fn from_sql(kind: &Type, raw: &'a [u8]) -> Result<Self, Fault> {
        Ok(Self(match *kind {
            Type::INT8 => Value::Int(i64::from_be_bytes(raw.try_into()?)),
            Type::INT4 => Value::Int(i32::from_be_bytes(raw.try_into()?).into()),
            Type::BOOL => Value::Int(i64::from(raw != [0])),
            Type::FLOAT8 => Value::Real(f64::from_be_bytes(raw.try_into()?)),
            Type::BYTEA => Value::Blob(raw),
            _ => Value::Text(std::str::from_utf8(raw)?),
        }))
    }

    fn from_sql_null(_: &Type) -> Result<Self, Fault> {
        Ok(Self(Value::Null))
    }

    fn accepts(kind: &Type) -> bool {
        let known = [
            Type::INT8,
            Type::INT4,
            Type::BOOL,
            Type::FLOAT8,
            Type::BYTEA,
            Type::TEXT,
            Type::VARCHAR,
            Type::NAME,
            Type::UNKNOWN,
        ];
        known.contains(kind)
    }
}

/// The value in that column.
pub(in crate::store) fn value(cells: Cells<'_>, column: usize) -> Result<Value<'_>, Error> {
    let cell = cells.try_get::<_, Cell<'_>>(column);
    cell.map(|cell| cell.0).map_err(|error| Error::Statement { source: error.into() })
}

#[cfg(test)]
mod tests {
    use bytes::BytesMut;
    use tokio_postgres::types::{ToSql as _, Type};

    use super::Bound;
    use crate::store::value::Value;

    fn bound(value: Value<'_>, kind: &Type) -> Option<Vec<u8>> {
        let mut out = BytesMut::new();
        Bound(value).to_sql(kind, &mut out).ok().map(|_| out.to_vec())
    }

    #[test]
    fn numbers_take_the_type_that_the_server_found_or_fail() {
        assert_eq!(bound(Value::Int(-2), &Type::INT8), Some((-2_i64).to_be_bytes().to_vec()));
        assert_eq!(bound(Value::Int(7), &Type::INT4), Some(7_i32.to_be_bytes().to_vec()));
        assert_eq!(bound(Value::Int(1 << 40), &Type::INT4), None);
        assert_eq!(bound(Value::Int(1), &Type::BOOL), Some(vec![1]));
        assert_eq!(bound(Value::Int(2), &Type::BOOL), None);
        assert_eq!(bound(Value::Int(2), &Type::TEXT), None);
        assert_eq!(bound(Value::Blob(b""), &Type::BYTEA), Some(Vec::new()));
    }

    #[test]
    fn a_nul_in_a_text_becomes_a_sign_that_the_server_takes() {
        assert_eq!(bound(Value::Text("a\0b\0"), &Type::TEXT), Some("a\u{fffd}b\u{fffd}".as_bytes().to_vec()));
        assert_eq!(bound(Value::Text(""), &Type::TEXT), Some(Vec::new()));
    }
}
