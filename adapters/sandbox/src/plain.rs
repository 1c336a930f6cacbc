//! A card as plain text: for the terminal, for scripts and for readers without a screen.

use countersign_port::card::{Card, Change, Line, Novelty, Quote};

/// The whole card, a line a fact. Times name their zone.
pub fn plain(card: &Card) -> String {
    let mut lines = vec![format!("{} {}", card.face.mark(), card.title.plain())];
    lines.extend(card.warnings.iter().map(|warning| format!("  ⚠ {}", warning.plain())));
    lines.extend(card.facts.iter().map(|fact| format!("  {}: {}", fact.label, fact.value.plain())));
    lines.extend(card.quote.iter().flat_map(quote));
    lines.extend(card.changes.iter().map(change));
    lines.extend(card.consequence.iter().map(|line| format!("  {}", line.plain())));
    lines.extend(
        card.progress.iter().map(|step| format!("  {} {}", step.mark.as_str(), step.line.plain())),
    );
    lines.extend(buttons(card));
    lines.extend(footer(&card.footer));
    let mut text = lines.join("\n");
    text.push('\n');
    text
}

/// Every line of a quote begins with its mark, so that none can pass for one of ours.
fn quote(quote: &Quote) -> Vec<String> {
    let words = quote.text.as_str().lines().map(|line| format!("  | {line}"));
    std::iter::once(format!("  {} says:", quote.who)).chain(words).collect()
}

fn change(change: &Change) -> String {
    format!("  {}: {} ({})", novelty(change.novelty), change.title, change.name)
}

/// The word before a change.
pub(crate) const fn novelty(novelty: Novelty) -> &'static str {
    match novelty {
        Novelty::New => "New",
        Novelty::Held => "Already has",
    }
}

fn buttons(card: &Card) -> Option<String> {
    let labels: Vec<_> = card.actions.iter().map(|button| format!("[{}]", button.label)).collect();
    (!labels.is_empty()).then(|| format!("  {}", labels.join(" ")))
}

fn footer(lines: &[Line]) -> Option<String> {
    let lines: Vec<_> = lines.iter().map(Line::plain).collect();
    (!lines.is_empty()).then(|| format!("  {}", lines.join(" · ")))
}

#[cfg(test)]
mod tests {
    use countersign_port::card::Face;

    use super::*;
    use crate::samples;

    #[test]
    fn every_face_says_its_facts() {
        let text: Vec<_> =
            samples::FACES.into_iter().map(|face| plain(&samples::card(face))).collect();
        insta::assert_snapshot!(text.join("\n"));
    }

    #[test]
    fn a_quote_cannot_draw_a_line_of_its_own() {
        let text = plain(&samples::card(Face::Pending));
        assert!(text.contains("\n  | ✔ Approved: Shop Admin"), "{text}");
        assert!(
            !text.lines().any(|line| line.trim_start().starts_with('✔') && !line.contains("Erin")),
            "{text}"
        );
    }
}
