//! YAML 1.2 as a small tree that knows where everything stands. Scalars keep the text of the
//! file, so that a decimal never passes through a float and `NO` stays Norway. Duplicate keys,
//! anchors, aliases, tags and second documents are faults; all of them are reported.

pub mod read;

use serde_saphyr::granit_parser::{Event, Marker, Parser, ScalarStyle, Span as Range};

use super::diagnostic::{Diagnostic, Span};

/// A value and its place. A list or map that runs over several lines is placed on its first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    pub value: Value,
    pub span: Span,
}

/// What stands there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// Nothing, `~` or `null`.
    Nothing,
    Scalar(String),
    List(Vec<Node>),
    Map(Vec<Entry>),
}

/// A member of a map.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub key: Key,
    pub node: Node,
}

/// The name of a member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    pub text: String,
    pub span: Span,
}

/// Reads one document. `None` where there is nothing to go on with.
pub fn parse(text: &str, faults: &mut Vec<Diagnostic>) -> Option<Node> {
    let mut builder = Builder { text, open: Vec::new(), root: None, faults };
    for event in Parser::new_from_str(text) {
        match event {
            Ok((event, range)) => builder.take(event, range),
            Err(error) => {
                let at = builder.span(Range::empty(*error.marker()));
                builder.fault(at, error.info());
                return None;
            }
        }
    }
    let root = builder.root.take();
    if root.is_none() && faults.is_empty() {
        let start = Span { start: 0, end: 0, line: 1 };
        faults.push(Diagnostic::new(start, "the file is empty"));
    }
    root
}

struct Builder<'a> {
    text: &'a str,
    /// The lists and maps that are not closed yet, outermost first.
    open: Vec<Open>,
    root: Option<Node>,
    faults: &'a mut Vec<Diagnostic>,
}

enum Open {
    List { nodes: Vec<Node>, span: Span },
    Map { entries: Vec<Entry>, key: Option<Key>, span: Span },
}

impl Builder<'_> {
    fn take(&mut self, event: Event<'_>, range: Range) {
        let span = self.span(range);
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                self.refuse_properties(anchor, tag.is_some(), span);
                let nothing = style == ScalarStyle::Plain && is_nothing(&text);
                let value = if nothing { Value::Nothing } else { Value::Scalar(text.into_owned()) };
                self.close(Node { value, span });
            }
            Event::SequenceStart(_, anchor, tag) => {
                self.refuse_properties(anchor, tag.is_some(), span);
                self.open.push(Open::List { nodes: Vec::new(), span });
            }
            Event::MappingStart(_, anchor, tag) => {
                self.refuse_properties(anchor, tag.is_some(), span);
                self.open.push(Open::Map { entries: Vec::new(), key: None, span });
            }
            Event::SequenceEnd | Event::MappingEnd => {
                if let Some(open) = self.open.pop() {
                    let node = open.into_node(self.text, span);
                    self.close(node);
                }
            }
            Event::Alias(_) => {
                self.fault(span, "an alias is not accepted here: write the value out");
                self.close(Node { value: Value::Nothing, span });
            }
            Event::DocumentStart(..) if self.root.is_some() => {
                self.fault(span, "a second document is not accepted: one file, one document");
            }
            Event::StreamStart
            | Event::StreamEnd
            | Event::DocumentStart(..)
            | Event::DocumentEnd
            // Sent only where asked for.
            | Event::Anchor(..)
            | Event::UnresolvedAlias(_)
            | _ => {}
        }
    }

    /// Puts a finished node where it belongs.
    fn close(&mut self, node: Node) {
        match self.open.last_mut() {
            Some(Open::List { nodes, .. }) => nodes.push(node),
            Some(Open::Map { entries, key, .. }) => {
                if let Some(key) = key.take() {
                    entries.push(Entry { key, node });
                } else {
                    *key = Some(read_key(node, entries, self.faults));
                }
            }
            None if self.root.is_none() => self.root = Some(node),
            None => {}
        }
    }

    fn refuse_properties(&mut self, anchor: usize, tagged: bool, span: Span) {
        if anchor != 0 || tagged {
            self.fault(span, "anchors and tags are not accepted here: write the plain value");
        }
    }

    fn fault(&mut self, span: Span, message: impl Into<String>) {
        self.faults.push(Diagnostic::new(span, message));
    }

    fn span(&self, range: Range) -> Span {
        let offset = |marker: Marker| marker.byte_offset().unwrap_or(0).min(self.text.len());
        let start = offset(range.start);
        let line = u32::try_from(range.start.line()).unwrap_or(u32::MAX);
        Span { start, end: offset(range.end).max(start), line }
    }
}

impl Open {
    fn into_node(self, text: &str, end: Span) -> Node {
        let (value, span) = match self {
            Self::List { nodes, span } => (Value::List(nodes), span),
            Self::Map { entries, span, .. } => (Value::Map(entries), span),
        };
        let rest = text.get(span.start..end.end.max(span.start)).unwrap_or_default();
        let first_line = rest.lines().next().unwrap_or_default().trim_end();
        Node { value, span: Span { end: span.start + first_line.len(), ..span } }
    }
}

fn read_key(Node { value, span }: Node, entries: &[Entry], faults: &mut Vec<Diagnostic>) -> Key {
    let text = match value {
        Value::Scalar(text) => text,
        Value::Nothing | Value::List(_) | Value::Map(_) => String::new(),
    };
    if text.is_empty() {
        faults.push(Diagnostic::new(span, "a key must be text"));
    } else if entries.iter().any(|entry| entry.key.text == text) {
        faults.push(Diagnostic::new(span, format!("the key `{text}` stands here twice")));
    }
    Key { text, span }
}

fn is_nothing(plain: &str) -> bool {
    matches!(plain, "" | "~" | "null" | "Null" | "NULL")
}

#[cfg(test)]
mod tests {
    use super::{
        super::diagnostic::{Paint, Source, render},
        *,
    };

    fn faults(text: &str) -> String {
        let mut faults = Vec::new();
        parse(text, &mut faults);
        render(&faults, Source { name: "file.yaml", text }, Paint::Plain)
    }

    #[test]
    fn scalars_keep_the_text_of_the_file() {
        let mut faults = Vec::new();
        let root = parse("- NO\n- 0010.50\n- ~\n- '~'\n- 1_000\n", &mut faults).unwrap();
        let Value::List(nodes) = root.value else { panic!("not a list") };
        let texts: Vec<_> = nodes.into_iter().map(|node| node.value).collect();
        let scalar = |text: &str| Value::Scalar(text.to_owned());
        assert_eq!(
            texts,
            [scalar("NO"), scalar("0010.50"), Value::Nothing, scalar("~"), scalar("1_000")]
        );
        assert_eq!(faults, []);
    }

    #[test]
    fn everything_that_is_not_accepted_is_named_at_once() {
        let text = "a: &x 1\nb: *x\nc: !!str 2\na: 3\n[1]: 4\n---\nd: 5\n";
        let mut faults = Vec::new();
        parse(text, &mut faults);
        let said: Vec<_> = faults
            .iter()
            .map(|fault| {
                (
                    fault.span.line,
                    text.get(fault.span.start..fault.span.end).unwrap(),
                    fault.message.as_str(),
                )
            })
            .collect();
        let properties = "anchors and tags are not accepted here: write the plain value";
        assert_eq!(
            said,
            [
                (1, "1", properties),
                (2, "*x", "an alias is not accepted here: write the value out"),
                (3, "2", properties),
                (4, "a", "the key `a` stands here twice"),
                (5, "[1]", "a key must be text"),
                (6, "---", "a second document is not accepted: one file, one document"),
            ]
        );
    }

    #[test]
    fn a_file_that_is_no_yaml_says_where() {
        insta::assert_snapshot!(faults("rules:\n  - name: 'open\n"), @r"
          × unclosed quote
           ╭─[file.yaml:2:11]
         1 │ rules:
         2 │   - name: 'open
           ·           ▲
           ╰────
        ");
        insta::assert_snapshot!(faults("# nothing\n"), @r"
          × the file is empty
           ╭─[file.yaml:1:1]
         1 │ # nothing
           · ▲
           ╰────
        ");
    }

    #[test]
    fn deep_nesting_is_a_fault_and_not_a_crash() {
        assert!(!faults(&"[".repeat(100_000)).is_empty());
        assert!(!faults(&"- ".repeat(100_000)).is_empty());
    }
}
