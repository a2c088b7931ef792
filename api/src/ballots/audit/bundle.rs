//! The audit bundle, streamed: pages of rows in, lines out, memory bounded whatever the ballot's
//! size. All of it was final before the first line goes out.

use actix_web::web::{Bytes, Data, Path};
use futures_util::stream;
use sea_orm::entity::prelude::*;
use sea_orm::{QueryOrder as _, QuerySelect as _};
use tokio::task::JoinHandle;

use super::{Sealed, find, sealed};
use crate::app::App;
use crate::ballots::casting::opening;
use crate::ballots::entity::{Openings, ballot, roll, voted};
use crate::ballots::proof::bundle::{Line, Opening, RollLine};
use crate::ballots::tally;
use crate::http::{Caller, Code, Download, Problem};
use crate::registrations::Role;
use crate::secrets::{base64url, sha256};

/// Lines read at once: of a million voters there are three million.
const PAGE: usize = 8 * voted::LINES;

/// Download the audit bundle
///
/// JSON lines that `palabre verify` reads: the signed manifest, the roll's leaves with who voted, the
/// vote hashes, the closing record, the signed checkpoint, the openings, the tally. For auditors once
/// the votes are counted; for everyone of the workshop once the result is published, then without
/// openings unless the ballot's `openings` are `public`.
#[utoipa::path(
    get, path = "/v1/ballots/{ballot_id}/audit",
    responses((status = 200, description = "JSON lines", body = String, content_type = "application/jsonl"))
)]
pub async fn read_audit(caller: Caller, id: Path<Uuid>) -> Result<Download, Problem> {
    let reader = caller.app.store.reader();
    let ballot = ballot::find(reader, *id).await?;
    let auditor = caller.is(&[Role::Auditor]);
    let tally = tally::must_be_counted(&ballot)?;
    if !ballot.is_public() && !auditor {
        return Err(Code::NotAllowed.into());
    }
    let (ballot, proof) = find(reader, *id).await?;
    let sealed = sealed(&ballot, proof)?;
    let openings = auditor || ballot.openings == Openings::Public;
    let tally = serde_json::to_value(tally).map_err(|_| Code::Internal)?;
    let etag = sha256(&[sealed.checkpoint.as_bytes(), &[u8::from(openings)]]);
    let tail = [
        Line::ClosingRecord(sealed.closing_record.clone()),
        Line::Checkpoint(sealed.checkpoint.clone()),
    ];
    let mut sections = vec![
        Section::Lines(vec![manifest(sealed)]),
        Section::Roll(Vec::new()),
        Section::Hashes(0),
        Section::Lines(tail.into()),
        if openings {
            Section::Openings(0)
        } else {
            Section::Lines(Vec::new())
        },
        Section::Lines(vec![Line::Tally(tally)]),
    ];
    sections.reverse();
    // Nothing is read yet: whoever asks may have it already.
    let pages = Pages {
        app: caller.app.clone(),
        id: *id,
        sections,
        reading: None,
    };
    Ok(Download {
        content_type: "application/jsonl",
        name: format!("ballot-{id}.jsonl"),
        etag: base64url::encode(&etag[..16]),
        body: Box::pin(stream::try_unfold(pages, Pages::next)),
    })
}

fn manifest(sealed: Sealed) -> Line {
    Line::Manifest(sealed.manifest)
}

/// What comes next, and where it goes on.
enum Section {
    Lines(Vec<Line>),
    /// After the flags that begin with this leaf.
    Roll(Vec<u8>),
    /// After this position.
    Hashes(i32),
    Openings(i32),
}

/// A bundle on its way, page by page. While one is sent the next is read, and both are made on the shared
/// runtime: whoever votes waits for neither.
struct Pages {
    app: Data<App>,
    id: Uuid,
    /// In reverse.
    sections: Vec<Section>,
    reading: Option<JoinHandle<Result<Page, Problem>>>,
}

/// Lines of a section, and the section again while there may be more of it.
type Page = (Vec<Line>, Option<Section>);

impl Pages {
    fn begin(&mut self) {
        let (app, id) = (self.app.clone(), self.id);
        let read = |section| async move { read(app.store.reader(), id, section).await };
        self.reading = self.sections.pop().map(|section| self.app.runtime.spawn(read(section)));
    }

    async fn next(mut self) -> Result<Option<(Bytes, Self)>, Problem> {
        if self.reading.is_none() {
            self.begin();
        }
        while let Some(page) = self.reading.take() {
            let (lines, more) = page.await.map_err(|_| Code::Internal)??;
            self.sections.extend(more);
            self.begin();
            if !lines.is_empty() {
                let text = self.app.runtime.spawn(async move { text(&lines) });
                return Ok(Some((text.await.map_err(|_| Code::Internal)??, self)));
            }
        }
        Ok(None)
    }
}

fn text(lines: &[Line]) -> Result<Bytes, Problem> {
    let mut text = String::new();
    for line in lines {
        text.push_str(&line.text().ok_or(Code::Internal)?);
        text.push('\n');
    }
    Ok(text.into())
}

async fn read(on: &impl ConnectionTrait, id: Uuid, section: Section) -> Result<Page, Problem> {
    Ok(match section {
        Section::Lines(lines) => (lines, None),
        Section::Roll(after) => {
            let page = voted::Entity::find()
                .filter(voted::Column::BallotId.eq(id))
                .filter(voted::Column::FirstLeaf.gt(after))
                .order_by_asc(voted::Column::FirstLeaf)
                .limit((PAGE / voted::LINES) as u64)
                .all(on)
                .await?;
            let (Some(first), Some(last)) = (page.first(), page.last()) else {
                return Ok((Vec::new(), None));
            };
            let flags: Vec<u8> = page.iter().flat_map(|row| row.flags.iter().copied()).collect();
            let leaves: Vec<Vec<u8>> = roll::Entity::find()
                .select_only()
                .column(roll::Column::Leaf)
                .filter(roll::Column::BallotId.eq(id))
                .filter(roll::Column::Leaf.gte(first.first_leaf.clone()))
                .order_by_asc(roll::Column::Leaf)
                .limit(flags.len() as u64)
                .into_tuple()
                .all(on)
                .await?;
            let line = |(leaf, flag): (Vec<u8>, u8)| {
                let (leaf, voted) = (bytes(leaf)?, flag == 1);
                Ok(Line::Roll(RollLine { leaf, voted }))
            };
            let lines = leaves
                .into_iter()
                .zip(flags)
                .map(line)
                .collect::<Result<_, Problem>>()?;
            (lines, Some(Section::Roll(last.first_leaf.clone())))
        }
        Section::Hashes(after) => {
            let page: Vec<(i32, Vec<u8>)> = after_position(id, after)
                .select_only()
                .columns([opening::Column::Position, opening::Column::VoteHash])
                .into_tuple()
                .all(on)
                .await?;
            let next = page.last().map(|(position, _)| Section::Hashes(*position));
            let line = |(_, hash): (i32, Vec<u8>)| Ok(Line::VoteHash(bytes(hash)?));
            (page.into_iter().map(line).collect::<Result<_, Problem>>()?, next)
        }
        Section::Openings(after) => {
            let page: Vec<(i32, String, Vec<u8>)> = after_position(id, after)
                .select_only()
                .columns([
                    opening::Column::Position,
                    opening::Column::Choice,
                    opening::Column::Nonce,
                ])
                .into_tuple()
                .all(on)
                .await?;
            let next = page.last().map(|(position, ..)| Section::Openings(*position));
            let line = |(_, choice, nonce): (i32, String, Vec<u8>)| {
                let nonce = bytes(nonce)?;
                Ok(Line::Opening(Opening { choice, nonce }))
            };
            (page.into_iter().map(line).collect::<Result<_, Problem>>()?, next)
        }
    })
}

fn bytes(column: Vec<u8>) -> Result<[u8; 32], Problem> {
    column.try_into().map_err(|_| Code::Internal.into())
}

fn after_position(id: Uuid, after: i32) -> sea_orm::Select<opening::Entity> {
    opening::Entity::find()
        .filter(opening::Column::BallotId.eq(id))
        .filter(opening::Column::Position.gt(after))
        .order_by_asc(opening::Column::Position)
        .limit(PAGE as u64)
}
