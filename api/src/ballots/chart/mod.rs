//! The result of a ballot for people: a chart to look at, to read and to print, and a table.
//!
//! Pure: names, pictures and figures go in, SVG text or cells come out. This room counts nothing,
//! ranks nobody that the count did not rank, and knows no database. There are four drawings;
//! [`working`] says which of them a method's working becomes, and nothing else here knows methods.
//!
//! The SVG stands alone: no font, script, style sheet or address from elsewhere. It is laid out
//! for a phone of 360 px and grows with its place; text is text, and the title and description
//! tell the whole result in words to those who do not see it. What matters is never said by
//! colour alone. All geometry is in whole numbers, so that no figure can make it overflow or vanish.

mod bars;
mod figures;
mod grid;
mod model;
mod names;
mod page;
mod pairs;
mod rounds;
mod row;
mod sheet;
mod stacked;
mod table;
#[cfg(test)]
mod tests;
mod typeset;
mod words;
mod working;

pub use model::{Candidate, Chart, Turnout};
pub use working::{drawing, places};
