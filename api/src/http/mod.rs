//! The conventions of the API, shared by every room: routes and access, bodies and queries,
//! answers and problems, the document.
//!
//! Nothing here knows what a workshop or a ballot is for; rooms depend on this one, never the
//! other way but for the two enums that access speaks of (roles, states).

mod access;
mod body;
mod codes;
mod codes_images;
mod codes_more;
pub mod csv;
pub mod document;
mod edge;
mod flood;
mod format;
mod language;
mod looking;
mod network;
mod problem;
mod query;
mod reply;
mod routes;
pub mod rules;
mod together;
mod unique;
pub mod xlsx;

pub use access::{Access, Caller, EVERY_ROLE, ORGANISER, STAFF, SUPERVISION};
pub use body::{Json, MergePatch, OptionalJson, read};
pub use codes::Code;
pub use edge::edge;
pub use flood::Flood;
pub use format::{Format, Formatted, Worded};
pub use language::Language;
pub use looking::{Looks, Own};
pub use network::Network;
pub use problem::{Fault, Problem, survived};
pub use query::{Cursor, Limit, Page, Paging, Query, Search};
pub(crate) use reply::resource;
pub use reply::{Answer, Download, Etag, IfMatch, NoContent, Reply, Resource, Written};
pub(crate) use routes::route;
pub use routes::{Room, Route, Served, other_methods};
pub use together::{Respondent, Together};
pub use unique::Unique;
