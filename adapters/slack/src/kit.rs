//! Pieces of Block Kit out of lines. Text from outside becomes `plain_text` without emoji or a text
//! element of rich text, which Slack never reads as markup; `mrkdwn` carries our own words alone,
//! where an instant has to stand in the reader's time zone.

use countersign_port::card::{Line, Span};
use jiff::Timestamp;
use slack_morphism::{
    SlackDateTime,
    blocks::{
        SlackBlock, SlackBlockMarkDownText, SlackBlockPlainText, SlackBlockText, SlackHeaderBlock,
        SlackRichTextBlock, SlackRichTextDate, SlackRichTextInlineElement, SlackRichTextQuote,
        SlackRichTextSection, SlackRichTextStyle, SlackRichTextText, SlackSectionBlock,
    },
};

use crate::limit::{self, cut, length};

/// The day as a word where it is near, then the time.
const TIME_FORMAT: &str = "{date_short_pretty} {time}";

/// Text that Slack shows as it is.
pub(crate) fn plain(text: &str, max: usize) -> SlackBlockPlainText {
    SlackBlockPlainText::new(cut(text, max)).with_emoji(false)
}

/// A header; Slack cuts none, it refuses.
pub(crate) fn header(text: &str) -> SlackBlock {
    SlackHeaderBlock::new(plain(text, limit::HEADER).into()).into()
}

/// A section of one text that Slack shows as it is.
pub(crate) fn section(text: &str) -> SlackBlock {
    SlackSectionBlock::new().with_text(plain(text, limit::SECTION).into()).into()
}

/// A line where only a text object may stand. Instants are localised where the line is all ours;
/// beside text from outside they name their zone.
pub(crate) fn text(line: &Line, max: usize) -> SlackBlockText {
    let times = line.0.iter().any(|span| matches!(span, Span::Time(_)));
    let outside = line.0.iter().any(|span| matches!(span, Span::Outside(_)));
    if times && !outside {
        let markup: String = line.0.iter().map(markup).collect();
        if length(&markup) <= max {
            return SlackBlockMarkDownText::new(markup).with_verbatim(true).into();
        }
    }
    plain(&line.plain(), max).into()
}

/// A line as elements of rich text, with every instant in the reader's time zone.
pub(crate) fn rich(line: &Line) -> Vec<SlackRichTextInlineElement> {
    line.0
        .iter()
        .filter_map(|span| match span {
            Span::Words(words) => run(words),
            Span::Outside(shown) => run(shown.as_str()),
            Span::Time(at) => Some(date(*at)),
        })
        .collect()
}

/// A text element. There is none for an empty text: Slack refuses it.
pub(crate) fn run(text: &str) -> Option<SlackRichTextInlineElement> {
    (!text.is_empty()).then(|| SlackRichTextText::new(text.to_owned()).into())
}

/// A word of ours that stands out.
pub(crate) fn bold(text: &str) -> SlackRichTextInlineElement {
    let style = SlackRichTextStyle::new().with_bold(true);
    SlackRichTextText::new(text.to_owned()).with_style(style).into()
}

/// One rich text block, or none for no elements.
pub(crate) fn paragraph(elements: Vec<SlackRichTextInlineElement>) -> Option<SlackBlock> {
    let section = SlackRichTextSection::new(elements);
    (!section.elements.is_empty()).then(|| SlackRichTextBlock::new(vec![section.into()]).into())
}

/// Words of ours, and below them somebody's own words in a quote.
pub(crate) fn quotation(says: &Line, text: &str) -> SlackBlock {
    let mut elements = vec![SlackRichTextSection::new(rich(says)).into()];
    if let Some(run) = run(&cut(text, limit::SECTION - length(&says.plain()).min(limit::FIELD))) {
        elements.push(SlackRichTextQuote::new(vec![run]).into());
    }
    SlackRichTextBlock::new(elements).into()
}

/// Lines below each other, none longer than `width`, in as many rich text blocks as they need.
pub(crate) fn lines(lines: Vec<Vec<SlackRichTextInlineElement>>, width: usize) -> Vec<SlackBlock> {
    let mut blocks = Vec::new();
    let (mut elements, mut used) = (Vec::new(), 0);
    for line in lines {
        let line = shortened(line, width.min(limit::SECTION - 1));
        let length = size(&line) + 1;
        if used + length > limit::SECTION {
            blocks.extend(paragraph(std::mem::take(&mut elements)));
            used = 0;
        }
        if used > 0 {
            elements.extend(run("\n"));
        }
        used += length;
        elements.extend(line);
    }
    blocks.extend(paragraph(elements));
    blocks
}

/// The texts of a line are cut where they pass the limit, each so that the cut can be seen.
fn shortened(
    line: Vec<SlackRichTextInlineElement>,
    width: usize,
) -> Vec<SlackRichTextInlineElement> {
    let mut room = width.saturating_sub(limit::SHORTEST * line.len());
    let shorten = |element| {
        let SlackRichTextInlineElement::Text(mut text) = element else { return element };
        text.text = cut(&text.text, room.max(limit::SHORTEST));
        room -= length(&text.text).min(room);
        SlackRichTextInlineElement::Text(text)
    };
    line.into_iter().map(shorten).collect()
}

fn size(elements: &[SlackRichTextInlineElement]) -> usize {
    elements
        .iter()
        .map(|element| {
            if let SlackRichTextInlineElement::Text(text) = element {
                length(&text.text)
            } else {
                length(TIME_FORMAT)
            }
        })
        .sum()
}

/// A text that is read as markup even where nothing is marked: in notifications, and beside blocks.
/// Nothing in it mentions, links, dates or smiles.
pub(crate) fn fallback(line: &Line) -> String {
    let spans = line.0.iter().map(|span| match span {
        Span::Words(words) => escaped(words),
        Span::Outside(shown) => escaped(shown.as_str()).replace(':', "\u{2236}"),
        Span::Time(at) => utc(*at),
    });
    cut(&spans.collect::<String>(), limit::TEXT)
}

/// The same for a sentence in which nobody tells our words from names.
pub(crate) fn fallback_words(words: &str) -> String {
    cut(&escaped(words).replace(':', "\u{2236}"), limit::TEXT)
}

/// At most so many blocks, and not too large together; what does not fit is said.
pub(crate) fn fit(mut blocks: Vec<SlackBlock>, max: usize) -> Vec<SlackBlock> {
    let mut bytes = 0;
    let small = blocks.iter().take_while(|block| {
        bytes += serde_json::to_string(block).map_or(0, |json| json.len());
        bytes <= limit::BLOCKS_BYTES
    });
    let kept = small.count().min(max);
    if kept < blocks.len() {
        let kept = kept.min(max.saturating_sub(1));
        let hidden = blocks.len() - kept;
        blocks.truncate(kept);
        blocks.push(section(&format!("… ({hidden} more parts do not fit here)")));
    }
    blocks
}

fn markup(span: &Span) -> String {
    match span {
        Span::Words(words) => escaped(words),
        // Not reached: a line with outside text is plain.
        Span::Outside(shown) => escaped(shown.as_str()),
        Span::Time(at) => {
            format!("<!date^{}^{TIME_FORMAT}|{}>", at.as_second(), utc(*at))
        }
    }
}

/// The three characters that Slack's markup is made of, and no others.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

fn date(at: Timestamp) -> SlackRichTextInlineElement {
    SlackRichTextDate::new(SlackDateTime(at), TIME_FORMAT.to_owned()).with_fallback(utc(at)).into()
}

fn utc(at: Timestamp) -> String {
    at.strftime("%H:%M UTC").to_string()
}
