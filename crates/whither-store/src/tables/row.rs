//! What a table's row type says about itself, and how it is declared.

use super::Table;
use super::columns::Coding;
use arrow_array::ArrayRef;
use arrow_schema::Schema;
use parquet::errors::Result;
use std::cmp::Ordering;

/// A row of a table.
pub(crate) trait Row: Clone + Send + Sync + 'static {
    const TABLE: Table;
    /// The columns that rows are sorted by, in this order; look-ups skip pages by them.
    const SORTED_BY: &'static [&'static str];

    /// Its columns.
    fn schema() -> Schema;
    /// How its columns are held, in the order of the schema.
    fn codings() -> Vec<Coding>;
    /// The order within a segment, by `SORTED_BY`. Rows that are equal in it stay in the order they came.
    fn order(&self, other: &Self) -> Ordering;
    /// When it happened, in milliseconds since the epoch.
    fn at_ms(&self) -> i64;
    /// About how much memory it takes.
    fn bytes(&self) -> usize;
    /// Its values, in the order of the schema.
    fn write(rows: &[&Self]) -> Vec<ArrayRef>;
    /// The inverse of `write`.
    fn read(columns: &[ArrayRef]) -> Result<Vec<Self>>;
}

/// Declares a row type. Each field says its kind of column and that column's name; rows are sorted by those of the key.
/// One field is `at_ms`, or it is said at the end when a row happened. A row type may leave out columns of its table: then
/// it is for reading only.
macro_rules! row {
    (
        $(#[$about:meta])*
        $vis:vis $row:ident in $table:ident
        key { $($key:tt)* }
        rest { $($rest:tt)* }
    ) => {
        row! {
            $(#[$about])*
            $vis $row in $table
            key { $($key)* }
            rest { $($rest)* }
            at |row| row.at_ms
        }
    };
    (
        $(#[$about:meta])*
        $vis:vis $row:ident in $table:ident
        key { $($(#[$about_key:meta])* $key:ident: $key_type:ty as $key_kind:ident($key_name:literal),)+ }
        rest { $($(#[$about_field:meta])* $field:ident: $type:ty as $kind:ident($name:literal),)+ }
        at |$this:ident| $at:expr
    ) => {
        $(#[$about])*
        #[derive(Clone, PartialEq, Eq, Debug)]
        $vis struct $row {
            $($(#[$about_key])* $vis $key: $key_type,)+
            $($(#[$about_field])* $vis $field: $type,)+
        }

        impl $crate::tables::row::Row for $row {
            const TABLE: $crate::tables::Table = $crate::tables::Table::$table;
            const SORTED_BY: &'static [&'static str] = &[$($key_name),+];

            fn schema() -> arrow_schema::Schema {
                arrow_schema::Schema::new(vec![
                    $($key_kind::field($key_name),)+
                    $($kind::field($name),)+
                ])
            }

            fn codings() -> Vec<$crate::tables::columns::Coding> {
                vec![$(<$key_kind as Column>::CODING,)+ $(<$kind as Column>::CODING,)+]
            }

            fn order(&self, other: &Self) -> std::cmp::Ordering {
                std::cmp::Ordering::Equal$(.then_with(|| self.$key.cmp(&other.$key)))+
            }

            fn at_ms(&self) -> i64 {
                let $this = self;
                $at
            }

            fn bytes(&self) -> usize {
                size_of::<Self>() $(+ $key_kind::heap_bytes(&self.$key))+ $(+ $kind::heap_bytes(&self.$field))+
            }

            fn write(rows: &[&Self]) -> Vec<arrow_array::ArrayRef> {
                vec![
                    $($key_kind::write(rows.iter().map(|row| &row.$key)),)+
                    $($kind::write(rows.iter().map(|row| &row.$field)),)+
                ]
            }

            fn read(columns: &[arrow_array::ArrayRef]) -> parquet::errors::Result<Vec<Self>> {
                let mut columns = columns.iter();
                let mut next = || {
                    columns.next().ok_or_else(|| {
                        parquet::errors::ParquetError::General("a column is missing".into())
                    })
                };
                $(let mut $key = $key_kind::read(next()?)?;)+
                $(let mut $field = $kind::read(next()?)?;)+
                let row = || Some($row { $($key: $key.next()?,)+ $($field: $field.next()?,)+ });
                Ok(std::iter::from_fn(row).collect())
            }
        }
    };
}
pub(super) use row;
