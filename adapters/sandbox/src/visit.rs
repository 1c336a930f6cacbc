//! How somebody looks at the page: as whom, and with which product's look. It lives in the
//! address, so that a reload, a second window and a bookmark behave as expected.

use url::form_urlencoded;

use crate::visitor::Visitor;

/// A way to look at the page.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Visit {
    /// The account of whom to be, as the address has it; empty where it names nobody.
    pub(crate) who: String,
    pub(crate) look: Look,
}

/// The product that the page resembles. It changes colours and shapes, never a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Look {
    #[default]
    Slack,
    Teams,
}

impl Look {
    pub(crate) const ALL: [Self; 2] = [Self::Slack, Self::Teams];

    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Slack => "slack",
            Self::Teams => "teams",
        }
    }

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Slack => "Slack",
            Self::Teams => "Teams",
        }
    }
}

impl Visit {
    /// Reads `as` and `look` from a query or a form; a look that is not known is the first one.
    pub(crate) fn from_form(form: &[u8]) -> Self {
        let mut visit = Self::default();
        for (name, value) in form_urlencoded::parse(form) {
            match name.as_ref() {
                "as" => visit.who = value.into_owned(),
                "look" => {
                    let mut looks = Look::ALL.into_iter();
                    visit.look = looks.find(|look| look.as_str() == value).unwrap_or(visit.look);
                }
                _ => {}
            }
        }
        visit
    }

    /// The same visit by one of these people: whoever is not among them is the first.
    pub(crate) fn among(self, visitors: &[Visitor]) -> Self {
        if visitors.iter().any(|visitor| visitor.subject == self.who) {
            return self;
        }
        let first = visitors.first().map(|visitor| visitor.subject.clone());
        Self { who: first.unwrap_or_default(), ..self }
    }

    /// The address of the page as seen this way.
    pub(crate) fn address(&self) -> String {
        let query = form_urlencoded::Serializer::new(String::new())
            .append_pair("as", &self.who)
            .append_pair("look", self.look.as_str())
            .finish();
        format!("/demo?{query}")
    }

    pub(crate) fn as_visitor(&self, subject: &str) -> Self {
        Self { who: subject.to_owned(), ..self.clone() }
    }

    pub(crate) fn with_look(&self, look: Look) -> Self {
        Self { look, ..self.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_visit_survives_its_address() {
        for who in ["sam", "U1&look=slack #+é", ""] {
            let visit = Visit { who: who.to_owned(), look: Look::Teams };
            let address = visit.address();
            let (_, query) = address.split_once('?').unwrap();
            assert_eq!(Visit::from_form(query.as_bytes()), visit);
        }
    }

    #[test]
    fn strangers_and_strange_looks_are_passed_over() {
        let visit = Visit::from_form(b"as=mallory&look=//evil.example");
        assert_eq!(visit.look, Look::Slack);
        let visitors = Visitor::of_the_demo();
        assert_eq!(visit.clone().among(&visitors).who, "erin");
        assert_eq!(visit.as_visitor("sam").among(&visitors).who, "sam");
        assert_eq!(visit.among(&[]).who, "");
    }
}
