//! How much Slack takes of each thing, and how a text is cut so that the cut can be seen.

/// Blocks of a message.
pub(crate) const MESSAGE_BLOCKS: usize = 50;
/// Blocks of a modal or a home tab.
pub(crate) const VIEW_BLOCKS: usize = 100;
/// The JSON of all blocks of a view; Slack takes 250 000 bytes of the whole view.
pub(crate) const BLOCKS_BYTES: usize = 200_000;
/// A line of a card in a channel; a rule of ours, since the details show it whole.
pub(crate) const SHORT_LINE: usize = 300;
/// The text of a header.
pub(crate) const HEADER: usize = 150;
/// The text of a section, and what we put into one rich text block.
pub(crate) const SECTION: usize = 3000;
/// The fields of one section.
pub(crate) const FIELDS: usize = 10;
/// The text of a field.
pub(crate) const FIELD: usize = 2000;
/// The elements of a context block.
pub(crate) const CONTEXT_ELEMENTS: usize = 10;
/// The buttons of one actions block.
pub(crate) const ACTIONS: usize = 25;
/// The text of a button.
pub(crate) const BUTTON: usize = 75;
/// What a screen reader says of a button.
pub(crate) const SPOKEN: usize = 75;
/// The text of an option, and that of its description.
pub(crate) const OPTION: usize = 75;
/// Boxes or radio buttons of one element.
pub(crate) const BOXES: usize = 10;
/// Options of one menu.
pub(crate) const MENU: usize = 100;
/// Title, submit and close of a modal.
pub(crate) const VIEW_TITLE: usize = 24;
/// The label of an input.
pub(crate) const LABEL: usize = 2000;
/// The text of a message beside its blocks; more is advised against.
pub(crate) const TEXT: usize = 4000;
/// Free text that a person may write; a rule of ours.
pub(crate) const COMMENT: u64 = 500;

/// No text is cut to less, so that there is room to say what was left out.
pub(crate) const SHORTEST: usize = 24;

/// The length as Slack may count it at worst: JavaScript counts UTF-16 units, Python counts
/// characters, and neither is documented.
pub(crate) fn length(text: &str) -> usize {
    text.encode_utf16().count()
}

/// At most `max` long; says how many characters are left out.
pub(crate) fn cut(text: &str, max: usize) -> String {
    if length(text) <= max {
        return text.to_owned();
    }
    let total = text.chars().count();
    let room = max.saturating_sub(length(&told(total)));
    let mut used = 0;
    let kept: String = text
        .chars()
        .take_while(|char| {
            used += char.len_utf16();
            used <= room
        })
        .collect();
    let hidden = total - kept.chars().count();
    kept + &told(hidden)
}

fn told(hidden: usize) -> String {
    format!("… ({hidden} more)")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fits_is_left_alone() {
        assert_eq!(cut("Approve…", 8), "Approve…");
        assert_eq!(cut("", 0), "");
    }

    #[test]
    fn what_is_cut_says_how_much() {
        assert_eq!(cut(&"x".repeat(100), 20), "xxxxxxxx… (92 more)");
    }

    #[test]
    fn a_cut_never_splits_a_character_nor_passes_the_limit() {
        for text in ["🙂".repeat(200), "a🙂".repeat(150), "é".repeat(300)] {
            for max in 20..160 {
                let short = cut(&text, max);
                assert!(length(&short) <= max, "{max}: {short}");
                assert!(short.contains("… ("), "{max}: {short}");
            }
        }
    }
}
