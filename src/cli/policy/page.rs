//! Findings for programs: one JSON object a line, with the place in lines and columns.

use serde::Serialize;

use crate::{
    domain::diagnostic::{Diagnostic, Source},
    law::Faulty,
};

/// One finding. Lines and columns count from 1, columns in characters; ends are exclusive.
#[derive(Debug, Serialize)]
pub(super) struct Found<'a> {
    pub(super) severity: &'static str,
    /// Absent where the file itself could not be read as one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) code: Option<&'static str>,
    pub(super) file: &'a str,
    pub(super) line: usize,
    pub(super) column: usize,
    pub(super) end_line: usize,
    pub(super) end_column: usize,
    pub(super) message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) help: Option<&'a str>,
}

/// Every finding, file by file, in the order of the file.
pub(super) fn all(files: &[Faulty]) -> impl Iterator<Item = Found<'_>> {
    files.iter().flat_map(|file| {
        let source = Source { name: &file.source.name, text: &file.source.text };
        let mut sorted: Vec<&Diagnostic> = file.faults.iter().collect();
        sorted.sort_by_key(|fault| fault.span.start);
        sorted.into_iter().map(move |fault| found(fault, source))
    })
}

fn found<'a>(fault: &'a Diagnostic, source: Source<'a>) -> Found<'a> {
    let (line, column) = source.position(fault.span.start);
    let (end_line, end_column) = source.position(fault.span.end);
    Found {
        severity: fault.severity.as_str(),
        code: fault.code,
        file: source.name,
        line,
        column,
        end_line,
        end_column,
        message: &fault.message,
        help: fault.help.as_deref(),
    }
}
