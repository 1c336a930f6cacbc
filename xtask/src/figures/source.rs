//! What is counted in one Rust file. It relies on rustfmt: an item ends at the first closing brace
//! in the column where it began.

/// The counts of one file.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Source {
    /// Whether all of it is test code.
    pub(super) is_test: bool,
    /// All lines.
    pub(super) lines: usize,
    /// Lines inside `#[cfg(test)] mod`.
    pub(super) test_lines: usize,
    /// Doc and plain comment lines outside tests.
    pub(super) comment_lines: usize,
    /// `pub` items outside tests.
    pub(super) public_items: usize,
    /// The length of every function outside tests, signature included.
    pub(super) functions: Vec<usize>,
}

impl Source {
    /// Counts a file; its path says whether it is a test.
    pub(super) fn read(path: &str, text: &str) -> Self {
        let lines: Vec<&str> = text.lines().collect();
        let test_module = ["#[cfg(test)]", "mod tests {"];
        let split = lines.windows(2).position(|pair| *pair == test_module).unwrap_or(lines.len());
        let (production, tests) = lines.split_at(split);
        Self {
            is_test: path.split('/').any(|part| part == "tests" || part == "tests.rs"),
            lines: lines.len(),
            test_lines: tests.len(),
            comment_lines: count(production, |line| line.starts_with("//")),
            public_items: count(production, is_public_item),
            functions: functions(production),
        }
    }
}

fn count(lines: &[&str], is_meant: fn(&str) -> bool) -> usize {
    lines.iter().filter(|line| is_meant(line.trim_start())).count()
}

fn is_public_item(line: &str) -> bool {
    const ITEMS: &[&str] = &["fn", "async", "const", "struct", "enum", "trait", "type", "static"];
    let Some(after) = line.strip_prefix("pub ") else { return false };
    after.split_whitespace().next().is_some_and(|word| ITEMS.contains(&word))
}

fn functions(lines: &[&str]) -> Vec<usize> {
    (0..lines.len()).filter_map(|start| function_at(lines.get(start..)?)).collect()
}

/// The length of the function that begins at the first of these lines, if one does. A declaration
/// without a body is none.
fn function_at(lines: &[&str]) -> Option<usize> {
    let (first, _) = lines.split_first()?;
    let item = first.trim_start();
    let indent = first.len() - item.len();
    if !is_function(item) {
        return None;
    }
    let closing = format!("{}}}", " ".repeat(indent));
    for (index, line) in lines.iter().enumerate() {
        if line.ends_with(';') && line.len() - line.trim_start().len() == indent {
            return None;
        }
        if **line == *closing || (index == 0 && line.ends_with('}')) {
            return Some(index + 1);
        }
    }
    None
}

fn is_function(item: &str) -> bool {
    let qualifiers = ["pub", "async", "const", "extern", "unsafe", "default"];
    let is_qualifier =
        |word: &&str| qualifiers.contains(word) || word.starts_with("pub(") || *word == "\"C\"";
    item.split_whitespace().find(|word| !is_qualifier(word)) == Some("fn")
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "\
//! A file.

pub struct A;

impl A {
    // Why.
    pub(crate) async fn long(
        &self,
    ) -> u8 {
        if true {
            1
        }
    }

    pub fn short(&self) {}
}

trait T {
    fn declared(&self);
}

#[cfg(test)]
mod tests {
    fn not_counted() {
    }
}
";

    #[test]
    fn production_is_counted_and_tests_are_set_apart() {
        let source = Source::read("src/a.rs", TEXT);
        let wanted = Source {
            is_test: false,
            lines: 26,
            test_lines: 5,
            comment_lines: 2,
            public_items: 2,
            functions: vec![7, 1],
        };
        assert_eq!(source, wanted);
    }

    #[test]
    fn tests_may_lie_in_a_folder_or_in_a_file_of_their_own() {
        assert!(Source::read("tests/it/main.rs", TEXT).is_test);
        assert!(Source::read("src/vote/tests.rs", TEXT).is_test);
    }
}
