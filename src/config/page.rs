//! The faults of a configuration on one page: of the file first, then of each environment variable.
//! What may be a secret is never printed.

use crate::domain::diagnostic::{Diagnostic, Paint, Source, Span, render};

/// The texts that a configuration was read from, and what is wrong with them.
#[derive(Debug, Clone)]
pub struct Page {
    texts: Vec<Text>,
    faults: Vec<Diagnostic>,
    /// Where a secret stands that should not stand there.
    hidden: Vec<Span>,
}

/// One text; its first byte counts as `base` in every span.
#[derive(Clone)]
struct Text {
    name: String,
    body: String,
    base: usize,
}

impl Page {
    pub(super) fn of(name: &str, text: &str) -> Self {
        let text = Text { name: name.to_owned(), body: text.to_owned(), base: 0 };
        Self { texts: vec![text], faults: Vec::new(), hidden: Vec::new() }
    }

    /// Adds `name=value` and says where name and value stand.
    pub(super) fn add_variable(&mut self, name: &str, value: &str) -> (Span, Span) {
        let base = self.texts.last().map_or(0, |last| last.base + last.body.len() + 1);
        let body = format!("{name}={value}");
        let end = base + body.len();
        self.texts.push(Text { name: "environment".to_owned(), body, base });
        let key = Span { start: base, end: base + name.len(), line: 1 };
        (key, Span { start: key.end + 1, end, line: 1 })
    }

    /// Whether it stands in the file rather than in the environment.
    pub(super) fn is_file(&self, span: Span) -> bool {
        self.texts.first().is_some_and(|file| file.shifted(span).is_some())
    }

    /// Prints asterisks there.
    pub(super) fn hide(&mut self, span: Span) {
        self.hidden.push(span);
    }

    pub(super) fn with(self, faults: Vec<Diagnostic>) -> Self {
        Self { faults, ..self }
    }

    /// How many faults there are.
    pub fn faults(&self) -> usize {
        self.faults.len()
    }

    /// All faults with file, line and caret.
    pub fn render(&self, paint: Paint) -> String {
        self.texts.iter().map(|text| self.render_text(text, paint)).collect()
    }

    fn render_text(&self, text: &Text, paint: Paint) -> String {
        let faults: Vec<Diagnostic> = self
            .faults
            .iter()
            .filter_map(|fault| {
                Some(Diagnostic { span: text.shifted(fault.span)?, ..fault.clone() })
            })
            .collect();
        let hidden = self.hidden.iter().filter_map(|span| text.shifted(*span));
        let shown = hidden.fold(text.body.clone(), |mut shown, span| {
            if shown.get(span.start..span.end).is_some() {
                shown.replace_range(span.start..span.end, &"*".repeat(span.end - span.start));
            }
            shown
        });
        render(&faults, Source { name: &text.name, text: &shown }, paint)
    }
}

impl Text {
    /// The span inside this text, if it lies here.
    fn shifted(&self, span: Span) -> Option<Span> {
        let start = span.start.checked_sub(self.base).filter(|start| *start <= self.body.len())?;
        Some(Span { start, end: span.end - self.base, line: span.line })
    }
}

/// A variable may hold a secret.
impl std::fmt::Debug for Text {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Text").field("name", &self.name).finish_non_exhaustive()
    }
}
