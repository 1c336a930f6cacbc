//! What the service says about a request, and what that means to whoever asked.

use serde::Deserialize;
use serde_json::Value;

use crate::{
    cli::{End, table},
    domain::{outcome::Status, review::State},
};

/// A task as it came, and as much of it as is understood.
#[derive(Debug)]
pub(super) struct Told {
    whole: Value,
    task: Task,
    granted: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Body {
    task: Task,
    result: Option<Granted>,
}

#[derive(Debug, Deserialize)]
struct Task {
    id: String,
    status: Status,
    version: i64,
    expires_at: String,
    progress: Option<Progress>,
    display: Display,
    reason: Option<Reason>,
    #[serde(default)]
    reviews: Vec<Review>,
}

#[derive(Debug, Deserialize)]
struct Review {
    state: State,
    by: String,
    due_at: String,
}

#[derive(Debug, Deserialize)]
struct Progress {
    current_step: usize,
    total_steps: usize,
    step_name: String,
    approvals: u32,
    needed: u32,
}

#[derive(Debug, Deserialize)]
struct Display {
    title: String,
    number: Option<u8>,
}

#[derive(Debug, Deserialize)]
struct Reason {
    code: String,
    comment: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Granted {
    granted_scope: String,
}

impl Told {
    pub(super) fn read(whole: &Value) -> Result<Self, serde_json::Error> {
        let body = Body::deserialize(whole)?;
        let granted = body.result.map(|result| result.granted_scope);
        Ok(Self { whole: whole.clone(), task: body.task, granted })
    }

    pub(super) fn id(&self) -> &str {
        &self.task.id
    }

    pub(super) fn version(&self) -> i64 {
        self.task.version
    }

    pub(super) fn is_pending(&self) -> bool {
        self.task.status == Status::Pending
    }

    /// The meaning of the exit code: only a whole yes is yes.
    pub(super) fn end(&self) -> End {
        match self.task.status {
            Status::Approved => End::Yes,
            Status::Pending => End::Undecided,
            Status::Denied
            | Status::Expired
            | Status::Cancelled
            | Status::Failed
            | Status::Partial => End::No,
        }
    }

    pub(super) fn json(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string(&self.whole)
    }

    /// One line, safe for a terminal.
    pub(super) fn words(&self) -> String {
        table::safe(&format!(
            "{} {}: {}",
            self.task.id,
            self.task.status.as_str(),
            self.task.display.title
        ))
    }

    /// How far it has come, on one line, safe for a terminal.
    pub(super) fn progress(&self) -> String {
        let Some(progress) = &self.task.progress else { return self.words() };
        let Progress { current_step, total_steps, step_name, approvals, needed } = progress;
        table::safe(&format!(
            "step {current_step} of {total_steps}: {approvals} of {needed} from {step_name}"
        ))
    }

    /// Everything that a person wants to know.
    pub(super) fn lines(&self) -> Vec<String> {
        let task = &self.task;
        let mut lines = vec![self.words()];
        if let Some(number) = task.display.number.filter(|_| self.is_pending()) {
            lines.push(format!("  tell the approver this number: {number}"));
        }
        if self.is_pending() {
            lines.push(format!("  {}", self.progress()));
            lines.push(format!("  undecided, it ends at {}", task.expires_at));
        }
        if let Some(Reason { code, comment }) = &task.reason {
            let comment = comment.as_ref().map(|comment| format!(": {comment}"));
            lines.push(format!("  {code}{}", comment.unwrap_or_default()));
        }
        if let Some(scope) = self.granted.as_ref().filter(|scope| !scope.is_empty()) {
            lines.push(format!("  granted: {scope}"));
        }
        lines.extend(task.reviews.iter().map(Review::words));
        lines
    }
}

impl Review {
    fn words(&self) -> String {
        let Self { by, due_at, .. } = self;
        match self.state {
            State::Owed => format!("  a review by {by} is owed until {due_at}"),
            State::Overdue => format!("  a review by {by} is overdue since {due_at}"),
            State::Justified => format!("  reviewed by {by}: justified"),
            State::NotJustified => format!("  reviewed by {by}: not justified"),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn told(status: &str) -> Told {
        Told::read(&json!({ "task": {
            "id": "arq_1", "status": status, "version": 3, "status_endpoint": "",
            "expires_at": "2026-11-22T14:32:00Z",
            "progress": { "current_step": 1, "total_steps": 2, "step_name": "shop", "approvals": 0,
                "needed": 2 },
            "display": { "title": "Change \u{1b}[31mlive orders", "description": "", "number": 42 },
        }}))
        .expect("a task")
    }

    #[test]
    fn the_exit_code_is_the_answer() {
        for (status, end) in [
            ("approved", End::Yes),
            ("denied", End::No),
            ("partial", End::No),
            ("expired", End::No),
            ("pending", End::Undecided),
        ] {
            assert_eq!(told(status).end(), end, "{status}");
        }
    }

    #[test]
    fn words_for_people_draw_nothing() {
        let lines = told("pending").lines();
        assert!(lines[0].starts_with("arq_1 pending: Change "), "{lines:?}");
        assert!(lines[1].contains("42"));
        assert_eq!(lines[2], "  step 1 of 2: 0 of 2 from shop");
        assert!(lines.iter().all(|line| !line.contains('\u{1b}')));
    }
}
