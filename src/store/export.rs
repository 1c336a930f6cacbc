//! Everything that a search finds, as text: JSON lines or CSV, page by page, in constant memory.
//! No connection is held between two pages, so that a slow reader holds nobody up.

use std::{fmt, future::ready};

use bytes::Bytes;
use countersign_port::text::csv_cell;
use futures::{Stream, TryStreamExt, stream};
use serde::Serialize;
use sqlx::AnyPool;

use super::{
    cursor::{Page, Position},
    decisions::{self, Decision},
    entries::{self, LogEntry},
    filter::{EntryFilter, Filter},
};

/// How many records are read at a time.
const PAGE: usize = 500;

/// Something that can be looked for, page by page. Its JSON is what a cursor belongs to.
pub trait Search: Serialize + Send + Sync {
    /// What is found.
    type Record: Record;

    /// What the requests are found by.
    fn filter(&self) -> &Filter;

    /// The next records that fit.
    fn page(
        &self,
        pool: &AnyPool,
        below: Position,
        limit: usize,
    ) -> impl Future<Output = Result<Page<Self::Record>, sqlx::Error>> + Send;
}

/// Something that fits on a line.
pub trait Record: Serialize + Send + 'static {
    /// The heads of a CSV file's columns.
    const COLUMNS: &'static [&'static str];

    /// One line of a CSV file, not yet quoted or neutralised.
    fn cells(&self) -> Vec<String>;
}

/// A search for decisions.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Decisions {
    pub filter: Filter,
}

/// A search for entries of the log.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Entries {
    pub filter: Filter,
    pub own: EntryFilter,
}

/// How lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// One JSON object a line.
    Ndjson,
    /// For spreadsheets: with a head, and nothing in it that one would take for a formula.
    Csv,
}

/// Why an export broke off.
#[derive(Debug, thiserror::Error)]
pub enum Broken {
    #[error("the database did not answer")]
    Store(#[from] sqlx::Error),
    #[error("a record could not be written as JSON")]
    Json(#[from] serde_json::Error),
    #[error("a record could not be written as CSV")]
    Csv(#[from] csv::Error),
}

/// Some lines, and how many records they are.
#[derive(Debug, Clone)]
pub struct Lines {
    pub text: Bytes,
    pub records: usize,
}

/// Everything that the search finds, newest first. What is written meanwhile is not among it.
pub fn lines<S: Search + 'static>(
    pool: AnyPool,
    search: S,
    format: Format,
) -> impl Stream<Item = Result<Lines, Broken>> + Send {
    let head = match format {
        Format::Csv => Head::Due,
        Format::Ndjson => Head::None,
    };
    let start = Position::start(search.filter());
    let rest = Rest { pool, search, format, head, below: Some(start) };
    stream::try_unfold(rest, Rest::next).try_filter(|lines| ready(!lines.text.is_empty()))
}

/// What is still to be read.
struct Rest<S> {
    pool: AnyPool,
    search: S,
    format: Format,
    head: Head,
    below: Option<Position>,
}

impl<S: Search> Rest<S> {
    async fn next(mut self) -> Result<Option<(Lines, Self)>, Broken> {
        let Some(below) = self.below.take() else { return Ok(None) };
        let page = self.search.page(&self.pool, below, PAGE).await?;
        let text = write(&page.items, self.format, self.head)?;
        self.head = Head::None;
        self.below = page.next;
        Ok(Some((Lines { text, records: page.items.len() }, self)))
    }
}

/// Whether the first line of a CSV file is still to be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Head {
    Due,
    None,
}

fn write<R: Record>(records: &[R], format: Format, head: Head) -> Result<Bytes, Broken> {
    let mut text = Vec::new();
    match format {
        Format::Ndjson => {
            for record in records {
                serde_json::to_writer(&mut text, record)?;
                text.push(b'\n');
            }
        }
        Format::Csv => {
            let mut writer = csv::Writer::from_writer(&mut text);
            if head == Head::Due {
                writer.write_record(R::COLUMNS)?;
            }
            for record in records {
                let cells = record.cells();
                writer.write_record(cells.iter().map(|cell| csv_cell(cell).into_owned()))?;
            }
            writer.flush().map_err(csv::Error::from)?;
            drop(writer);
        }
    }
    Ok(text.into())
}

impl Search for Decisions {
    type Record = Decision;

    fn filter(&self) -> &Filter {
        &self.filter
    }

    async fn page(
        &self,
        pool: &AnyPool,
        below: Position,
        limit: usize,
    ) -> Result<Page<Decision>, sqlx::Error> {
        decisions::page(pool, &self.filter, below, limit).await
    }
}

impl Search for Entries {
    type Record = LogEntry;

    fn filter(&self) -> &Filter {
        &self.filter
    }

    async fn page(
        &self,
        pool: &AnyPool,
        below: Position,
        limit: usize,
    ) -> Result<Page<LogEntry>, sqlx::Error> {
        entries::page(pool, &self.filter, &self.own, below, limit).await
    }
}

impl Record for Decision {
    const COLUMNS: &'static [&'static str] = &[
        "request_id",
        "client",
        "subject",
        "status",
        "opened_at",
        "decided_at",
        "rules",
        "parts",
        "granted",
        "channels",
        "approvers",
        "policy_sha256",
        "approval_id",
        "approval_status",
    ];

    fn cells(&self) -> Vec<String> {
        let approvers: Vec<String> = self.approvers.iter().map(ToString::to_string).collect();
        let approval = self.approval.as_ref();
        vec![
            self.request_id.clone(),
            self.client.clone(),
            self.subject.clone(),
            self.status.as_str().to_owned(),
            self.opened_at.to_string(),
            self.decided_at.to_string(),
            self.rules.join("; "),
            self.parts.join("; "),
            self.granted.join("; "),
            self.channels.join("; "),
            approvers.join("; "),
            self.policy_sha256.clone().unwrap_or_default(),
            approval.map(|approval| approval.id.clone()).unwrap_or_default(),
            approval.map(|approval| approval.status.as_str().to_owned()).unwrap_or_default(),
        ]
    }
}

/// `erin approve 2026-11-22T14:06:00Z`: by id, because names repeat and change.
impl fmt::Display for decisions::Approver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.person, self.verdict.as_str(), self.at)
    }
}

impl Record for LogEntry {
    const COLUMNS: &'static [&'static str] =
        &["position", "at", "id", "kind", "request_id", "seq", "actor", "leaf", "payload", "salt"];

    fn cells(&self) -> Vec<String> {
        let leaf = self.leaf();
        vec![
            self.position.map(|position| position.to_string()).unwrap_or_default(),
            leaf.at.to_string(),
            leaf.id.to_string(),
            leaf.kind.as_str().to_owned(),
            leaf.request_id.to_string(),
            leaf.seq.to_string(),
            leaf.actor.clone(),
            self.leaf_json().to_owned(),
            self.payload_json().unwrap_or_default().to_owned(),
            self.salt.clone().unwrap_or_default(),
        ]
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::domain::outcome::Status;

    fn decision(subject: &str) -> Decision {
        Decision {
            request_id: "arq_1".to_owned(),
            client: "crm".to_owned(),
            subject: subject.to_owned(),
            status: Status::Denied,
            opened_at: Timestamp::UNIX_EPOCH,
            decided_at: Timestamp::UNIX_EPOCH,
            rules: vec!["reads, writes".to_owned()],
            parts: vec!["@SUM(1+1)".to_owned(), "b".to_owned()],
            granted: Vec::new(),
            channels: Vec::new(),
            approvers: Vec::new(),
            policy_sha256: None,
            approval: None,
        }
    }

    #[test]
    fn no_cell_is_a_formula() {
        for subject in ["=cmd|'/c calc'!A1", "+1", "-1", "@x", "\t=1", "\r=1", " =1", "＝1"] {
            let text = write(&[decision(subject)], Format::Csv, Head::Due).expect("text");
            let mut reader = csv::Reader::from_reader(&*text);
            assert_eq!(reader.headers().expect("a head"), Decision::COLUMNS);
            let row = reader.records().next().expect("a row").expect("well-formed");
            assert_eq!(&row[2], format!("'{subject}"));
            assert_eq!(&row[6], "reads, writes");
            assert_eq!(&row[7], "'@SUM(1+1); b");
        }
    }

    #[test]
    fn a_line_break_stays_inside_its_cell() {
        let text = write(&[decision("a\n\"b\",c")], Format::Csv, Head::None).expect("text");
        let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(&*text);
        let rows: Vec<_> = reader.records().collect::<Result<_, _>>().expect("well-formed");
        assert_eq!(rows.len(), 1);
        assert_eq!(&rows[0][2], "a\n\"b\",c");
    }

    #[test]
    fn every_json_line_is_one_object() {
        let two = [decision("a\nb"), decision("c")];
        let text = write(&two, Format::Ndjson, Head::None).expect("text");
        let lines: Vec<serde_json::Value> = text
            .split(|byte| *byte == b'\n')
            .filter(|line| !line.is_empty())
            .map(|line| serde_json::from_slice(line).expect("an object"))
            .collect();
        assert_eq!(lines.len(), 2);
        assert_eq!(lines[0]["subject"], "a\nb");
    }
}
