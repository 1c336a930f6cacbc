//! What is wrong with a file that an operator wrote: where, and how to put it right.

use std::fmt;

use miette::{
    GraphicalReportHandler, GraphicalTheme, LabeledSpan, MietteError, MietteSpanContents,
    SourceCode, SourceSpan, SpanContents,
};

/// A stretch of a file, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    pub start: usize,
    /// Exclusive.
    pub end: usize,
    /// The line of `start`, from 1.
    pub line: u32,
}

/// One fault of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// What is wrong, with the value in backticks.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
    pub span: Span,
    pub severity: Severity,
    /// The kind of finding, for what a reader may want to look up.
    pub code: Option<&'static str>,
}

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// It may be meant so.
    Warning,
    /// It cannot be meant so.
    Error,
}

/// A file by the name that the operator knows.
#[derive(Debug, Clone, Copy)]
pub struct Source<'a> {
    pub name: &'a str,
    pub text: &'a str,
}

/// Whether the reader is a terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Paint {
    Plain,
    Colour,
}

impl Diagnostic {
    pub fn new(span: Span, message: impl Into<String>) -> Self {
        Self { message: message.into(), help: None, span, severity: Severity::Error, code: None }
    }

    #[must_use]
    pub fn with_help(self, help: Option<String>) -> Self {
        Self { help, ..self }
    }
}

/// All faults with file, line and caret, in the order of the file.
pub fn render<'d>(
    diagnostics: impl IntoIterator<Item = &'d Diagnostic>,
    source: Source<'_>,
    paint: Paint,
) -> String {
    let theme = match paint {
        Paint::Plain => GraphicalTheme::unicode_nocolor(),
        Paint::Colour => GraphicalTheme::unicode(),
    };
    let handler = GraphicalReportHandler::new_themed(theme).with_links(false).with_width(100);
    let code = Code::of(source);
    let mut sorted: Vec<_> = diagnostics.into_iter().collect();
    sorted.sort_by_key(|diagnostic| diagnostic.span.start);
    let mut page = String::new();
    for diagnostic in sorted {
        // Writing to a `String` cannot fail.
        let _ = handler.render_report(&mut page, &Report { diagnostic, code: &code });
    }
    page
}

/// “did you mean”: the known name nearest to a misspelt one, or all of them where they are few.
pub fn suggest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let mut known: Vec<&str> = known.into_iter().collect();
    known.sort_unstable();
    known.dedup();
    let lower = name.to_lowercase();
    let near = |candidate: &'a str| {
        let known = candidate.to_lowercase();
        let distance = strsim::osa_distance(&lower, &known);
        let begins = known.len() >= 3 && lower.starts_with(&known);
        let close = begins || distance <= 1 + name.chars().count() / 4;
        close.then_some((distance, candidate))
    };
    let nearest = known.iter().copied().filter_map(near).min();
    match nearest {
        Some((_, candidate)) => Some(format!("did you mean `{candidate}`?")),
        None if known.is_empty() || known.len() > FEW => None,
        None => Some(format!("known here: `{}`", known.join("`, `"))),
    }
}

const FEW: usize = 24;

#[derive(Debug)]
struct Report<'a> {
    diagnostic: &'a Diagnostic,
    code: &'a Code<'a>,
}

/// A file of which only the lines around a span are looked at: a thousand faults do not read it a
/// thousand times.
#[derive(Debug)]
struct Code<'a> {
    source: Source<'a>,
    /// Where each line begins.
    lines: Vec<usize>,
}

impl<'a> Code<'a> {
    fn of(source: Source<'a>) -> Self {
        let begins = source.text.match_indices('\n').map(|(at, _)| at + 1);
        Self { source, lines: std::iter::once(0).chain(begins).collect() }
    }

    /// The number of the line that a byte is in, from 0.
    fn line(&self, byte: usize) -> usize {
        self.lines.partition_point(|begin| *begin <= byte).saturating_sub(1)
    }
}

impl SourceCode for Code<'_> {
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        before: usize,
        after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        // One line more on each side shows that there are more.
        let first = self.line(span.offset()).saturating_sub(before + 1);
        let last = self.line(span.offset() + span.len()) + after + 2;
        let start = self.lines.get(first).copied().unwrap_or_default();
        let end = self.lines.get(last).copied().unwrap_or(self.source.text.len());
        let around = self.source.text.get(start..end).ok_or(MietteError::OutOfBounds)?;
        let shifted = (span.offset() - start, span.len()).into();
        let contents = around.read_span(&shifted, before, after)?;
        Ok(Box::new(MietteSpanContents::new_named(
            self.source.name.to_owned(),
            contents.data(),
            (contents.span().offset() + start, contents.span().len()).into(),
            contents.line() + first,
            contents.column(),
            contents.line_count() + first,
        )))
    }
}

impl fmt::Display for Report<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.diagnostic.message)
    }
}

impl std::error::Error for Report<'_> {}

impl Source<'_> {
    /// The line and the column of a byte, both from 1; columns count characters.
    pub fn position(&self, byte: usize) -> (usize, usize) {
        let before = self.text.get(..byte).unwrap_or(self.text);
        let line = before.matches('\n').count() + 1;
        let begun = before.rsplit('\n').next().unwrap_or_default();
        (line, begun.chars().count() + 1)
    }
}

impl Severity {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

impl miette::Diagnostic for Report<'_> {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.diagnostic.code.map(|code| Box::new(code) as Box<dyn fmt::Display + 'a>)
    }

    fn severity(&self) -> Option<miette::Severity> {
        Some(match self.diagnostic.severity {
            Severity::Warning => miette::Severity::Warning,
            Severity::Error => miette::Severity::Error,
        })
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.diagnostic.help.as_ref().map(|help| Box::new(help) as Box<dyn fmt::Display + 'a>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        Some(self.code)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let Span { start, end, .. } = self.diagnostic.span;
        Some(Box::new(std::iter::once(LabeledSpan::new(None, start, end - start))))
    }
}
