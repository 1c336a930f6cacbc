//! What `cargo test` says of the tests that failed, kept from its output while that goes by: where
//! a log holds only its last lines, they are at its end. And whether there were tests at all.

use std::{
    io::{BufRead, BufReader},
    process::{Command, Stdio},
};

use crate::{
    command,
    outcome::{During, Outcome, fail},
};

/// Enough for what a test printed and the words of its panic.
const LINES_OF_A_TEST: usize = 30;

/// The tests that failed, and what each printed.
#[derive(Debug, Default)]
struct Failures {
    tests: Vec<Vec<String>>,
    is_within: bool,
    /// A filter that fits nothing is no error to Cargo.
    passed: usize,
}

/// Runs `cargo test`, showing what it prints; fails with the tests that failed, the first line of
/// its text being a summary, and where no test was run.
pub(crate) fn run(cargo: &mut Command) -> Outcome<()> {
    command::show(cargo);
    let mut child =
        cargo.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().during("cargo test")?;
    let mut failures = Failures::default();
    for line in child.stdout.take().into_iter().flat_map(|out| BufReader::new(out).lines()) {
        let line = line.during("cargo test")?;
        anstream::println!("{line}");
        failures.hear(&line);
    }
    let status = child.wait().during("cargo test")?;
    match (status.success(), failures.passed) {
        (true, 0) => fail("no test was run: nothing is called like that any more"),
        (true, _) => Ok(()),
        (false, _) => fail(failures.told()),
    }
}

impl Failures {
    fn hear(&mut self, line: &str) {
        if let Some(result) = line.strip_prefix("test result: ok. ") {
            let passed = result.split(' ').next().and_then(|count| count.parse().ok());
            self.passed += passed.unwrap_or(0_usize);
        }
        if line.starts_with("---- ") && line.ends_with(" stdout ----") {
            self.tests.push(Vec::new());
            self.is_within = true;
        } else if line == "failures:" || line.starts_with("test result:") {
            self.is_within = false;
        }
        if let Some(test) = self.tests.last_mut().filter(|_| self.is_within) {
            test.push(line.to_owned());
        }
    }

    fn told(self) -> String {
        let mut text = match self.tests.len() {
            // It did not compile, or a test took the whole program with it.
            0 => return "`cargo test` failed before a test did, see its output".to_owned(),
            1 => "one test failed".to_owned(),
            count => format!("{count} tests failed"),
        };
        for test in self.tests {
            let left_out = test.len().saturating_sub(LINES_OF_A_TEST);
            // The header, then the end: a panic comes last.
            for line in test.iter().take(1).chain(test.iter().skip(1.max(left_out))) {
                text.push('\n');
                text.push_str(line);
            }
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(output: &str) -> Failures {
        let mut failures = Failures::default();
        output.lines().for_each(|line| failures.hear(line));
        failures
    }

    #[test]
    fn a_failed_test_is_told_with_what_it_printed() {
        let output = "test a ... ok\ntest b ... FAILED\n\nfailures:\n\n---- b stdout ----\npanicked\n\
                      it was 2\n\nfailures:\n    b\n\ntest result: FAILED. 1 passed\ntest c ... ok";
        assert_eq!(
            heard(output).told(),
            "one test failed\n---- b stdout ----\npanicked\nit was 2\n"
        );
    }

    #[test]
    fn of_a_test_that_printed_much_the_end_is_told() {
        let printed: Vec<String> = (0..100).map(|line| format!("line {line}")).collect();
        let output = format!("---- b stdout ----\n{}\nfailures:\n", printed.join("\n"));
        let told = heard(&output).told();
        assert!(told.starts_with("one test failed\n---- b stdout ----\nline 70\n"), "{told}");
        assert!(told.ends_with("line 99"), "{told}");
    }

    #[test]
    fn tests_that_were_run_are_counted() {
        let none = "running 0 tests\n\ntest result: ok. 0 passed; 0 failed; 0 ignored";
        assert_eq!(heard(none).passed, 0);
        let some = "test result: ok. 2 passed; 0 failed\ntest result: ok. 11 passed; 0 failed";
        assert_eq!(heard(&format!("{none}\n{some}")).passed, 13);
    }

    #[test]
    fn a_failure_without_a_test_says_where_to_look() {
        assert!(heard("").told().contains("before a test did"));
    }
}
