//! A click as the browser sends it: form fields in, a ballot out. Tests click through the same
//! bytes, so that there is one way in.

use countersign_port::{
    access::{Ballot, Choice, DenyReason, Identity, Judgement, Press, Refusal, RefusalKind},
    card::Verb,
    text::Untrusted,
};
use sha2::{Digest, Sha256};
use url::form_urlencoded;

/// Somebody pressed a button.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Click {
    /// Who: an account in this workspace.
    pub persona: String,
    /// The message that holds the button.
    pub message: String,
    pub verb: Verb,
    /// The token of the button, as it was on the screen.
    pub token: String,
    pub answers: Answers,
}

/// What was filled in. A form has at most one field of a kind, so the kind names it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Answers {
    /// The value that was chosen of several.
    pub choice: Option<String>,
    /// The indexes of the boxes that stayed ticked.
    pub checks: Vec<usize>,
    /// The number that was typed.
    pub number: Option<String>,
    /// The free text.
    pub text: Option<String>,
}

impl Answers {
    /// The form of a denial.
    pub fn deny(reason: DenyReason, words: &str) -> Self {
        Self {
            choice: Some(reason.as_str().to_owned()),
            text: Some(words.to_owned()),
            ..Self::default()
        }
    }

    /// The form with the number check.
    pub fn number(number: &str) -> Self {
        Self { number: Some(number.to_owned()), ..Self::default() }
    }

    /// The form that approves less: what stays, and optionally for how long.
    pub fn less(scopes: Vec<usize>, valid_for_seconds: Option<u64>) -> Self {
        let choice = valid_for_seconds.map(|seconds| seconds.to_string());
        Self { choice, checks: scopes, ..Self::default() }
    }
}

impl Click {
    /// The request body that a browser would send.
    pub fn body(&self) -> String {
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.append_pair("as", &self.persona)
            .append_pair("message", &self.message)
            .append_pair("verb", self.verb.as_str())
            .append_pair("token", &self.token);
        let Answers { choice, checks, number, text } = &self.answers;
        for (name, value) in [("choice", choice), ("number", number), ("text", text)] {
            if let Some(value) = value {
                form.append_pair(name, value);
            }
        }
        for index in checks {
            form.append_pair("checks", &index.to_string());
        }
        form.finish()
    }

    /// Reads a request body. Fields that mean nothing here are passed over: the page adds its own.
    pub fn parse(body: &[u8]) -> Option<Self> {
        let (mut persona, mut message, mut verb, mut token) = (None, None, None, None);
        let mut answers = Answers::default();
        for (name, value) in form_urlencoded::parse(body) {
            let value = value.into_owned();
            match name.as_ref() {
                "as" => persona = Some(value),
                "message" => message = Some(value),
                "verb" => verb = Verb::ALL.into_iter().find(|verb| verb.as_str() == value),
                "token" => token = Some(value),
                "choice" => answers.choice = filled(value),
                "number" => answers.number = filled(value),
                "text" => answers.text = filled(value),
                "checks" => answers.checks.push(value.parse().ok()?),
                _ => {}
            }
        }
        Some(Self { persona: persona?, message: message?, verb: verb?, token: token?, answers })
    }

    /// The ballot of whoever clicked, or `None` where the button decides nothing. `body` is
    /// the evidence.
    pub fn ballot(&self, by: Identity, body: &[u8]) -> Result<Option<Ballot>, Refusal> {
        let choice = match self.verb {
            Verb::Details | Verb::AskAgain => return Ok(None),
            Verb::Approve => Choice::Approve,
            Verb::ApproveLess => self.less()?,
            Verb::Deny => Choice::Deny { reason: self.reason()? },
            Verb::Justified => Choice::Review(Judgement::Justified),
            Verb::NotJustified => Choice::Review(Judgement::NotJustified),
        };
        Ok(Some(Ballot {
            press: self.press(by, body),
            choice,
            comment: self.answers.text.clone().map(Untrusted::new),
            number: self.answers.number.clone(),
            // The page draws its forms anew with every change.
            seen_at: None,
        }))
    }

    /// The button that was pressed. `body` is the evidence.
    pub fn press(&self, by: Identity, body: &[u8]) -> Press {
        let payload_sha256 = hex::encode(Sha256::digest(body));
        Press {
            button: self.token.clone(),
            by,
            email: None,
            place: None,
            payload_sha256,
            once: None,
        }
    }

    fn less(&self) -> Result<Choice, Refusal> {
        let valid_for_seconds = match &self.answers.choice {
            None => None,
            Some(text) => Some(text.parse().map_err(|_| incomplete("Choose one of the times."))?),
        };
        Ok(Choice::ApproveLess { scopes: self.answers.checks.clone(), valid_for_seconds })
    }

    fn reason(&self) -> Result<DenyReason, Refusal> {
        let chosen = self.answers.choice.as_deref();
        DenyReason::ALL
            .into_iter()
            .find(|reason| Some(reason.as_str()) == chosen)
            .ok_or_else(|| incomplete("Choose a reason, then deny again."))
    }
}

fn filled(value: String) -> Option<String> {
    (!value.trim().is_empty()).then_some(value)
}

fn incomplete(sentence: &str) -> Refusal {
    Refusal { kind: RefusalKind::Incomplete, sentence: sentence.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo;

    fn click(verb: Verb, answers: Answers) -> Click {
        Click { persona: "erin".into(), message: "7".into(), verb, token: "t&k=1".into(), answers }
    }

    fn ballot(verb: Verb, answers: Answers) -> Result<Option<Ballot>, Refusal> {
        let click = click(verb, answers);
        click.ballot(demo::identity("erin"), click.body().as_bytes())
    }

    #[test]
    fn a_body_comes_back_as_it_was() {
        let answers = Answers {
            choice: Some("600".into()),
            checks: vec![0, 2],
            number: Some("42".into()),
            text: Some("a&b=ü\n".into()),
        };
        let sent = click(Verb::ApproveLess, answers);
        assert_eq!(Click::parse(sent.body().as_bytes()), Some(sent));
    }

    #[test]
    fn what_is_missing_or_strange_is_no_click() {
        for body in [
            "",
            "as=erin&message=7&verb=approve",
            "as=erin&message=7&verb=grant&token=t",
            "as=erin&message=7&verb=approve&token=t&checks=-1",
            "message=7&verb=approve&token=t",
        ] {
            assert_eq!(Click::parse(body.as_bytes()), None, "{body}");
        }
    }

    #[test]
    fn every_verb_becomes_its_choice() {
        let choice = |verb, answers| ballot(verb, answers).unwrap().map(|ballot| ballot.choice);
        assert_eq!(choice(Verb::Approve, Answers::default()), Some(Choice::Approve));
        assert_eq!(choice(Verb::Details, Answers::default()), None);
        assert_eq!(
            choice(Verb::Deny, Answers::deny(DenyReason::TooBroad, "")),
            Some(Choice::Deny { reason: DenyReason::TooBroad })
        );
        assert_eq!(
            choice(Verb::ApproveLess, Answers::less(vec![1], Some(600))),
            Some(Choice::ApproveLess { scopes: vec![1], valid_for_seconds: Some(600) })
        );
    }

    #[test]
    fn a_ballot_carries_the_account_the_words_and_the_evidence() {
        let ballot = ballot(Verb::Approve, Answers::number("42")).unwrap().unwrap();
        assert_eq!(ballot.press.by, demo::identity("erin"));
        assert_eq!(ballot.press.button, "t&k=1");
        assert_eq!(ballot.number.as_deref(), Some("42"));
        assert_eq!(ballot.comment, None);
        assert_eq!(ballot.press.payload_sha256.len(), 64);
    }

    #[test]
    fn a_denial_without_a_reason_is_refused() {
        for choice in [None, Some("whim".to_owned())] {
            let answers = Answers { choice, ..Answers::default() };
            let refusal = ballot(Verb::Deny, answers).unwrap_err();
            assert_eq!(refusal.kind, RefusalKind::Incomplete);
        }
    }

    #[test]
    fn a_time_that_is_no_number_is_refused() {
        let answers = Answers { choice: Some("long".into()), ..Answers::default() };
        assert_eq!(ballot(Verb::ApproveLess, answers).unwrap_err().kind, RefusalKind::Incomplete);
    }
}
