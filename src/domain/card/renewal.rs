//! What a card says of asking again: that it came to nothing, who can ask again, and that they did.

use countersign_port::card::{Line, Progress, ProgressMark};

use super::{Scene, client_name, requester};
use crate::domain::renewal::{self, Unused};

/// Whether it was approved and not used in time.
pub(super) fn has_lapsed(scene: Scene<'_>) -> bool {
    renewal::unused(scene.view) == Some(Unused::Lapsed)
}

/// How the headline begins.
pub(super) fn title(scene: Scene<'_>) -> &'static str {
    if scene.view.renewed_by.is_some() {
        "Asked again: "
    } else if has_lapsed(scene) {
        "Approved, but not used in time: "
    } else {
        "Expired, nothing granted: "
    }
}

/// Whether somebody who is known can ask again with a press.
pub(super) fn is_offered(scene: Scene<'_>) -> bool {
    renewal::is_open(scene.view) && scene.people.who_is(&scene.view.request.subject).is_some()
}

/// What became of it, and what can be done.
pub(super) fn notes(scene: Scene<'_>) -> Vec<Progress> {
    let lines = [lapse(scene), next(scene)].into_iter().flatten();
    lines.map(|line| Progress { mark: ProgressMark::Note, line }).collect()
}

fn lapse(scene: Scene<'_>) -> Option<Line> {
    let approval = scene.view.approval.as_ref().filter(|_| has_lapsed(scene))?;
    let by = if approval.taken_up_at.is_some() { approval.approved_until } else { approval.use_by };
    Some(Line::words("the approval lapsed: it was not used by ").time(by))
}

fn next(scene: Scene<'_>) -> Option<Line> {
    let view = scene.view;
    renewal::unused(view)?;
    if let Some(new) = &view.renewed_by {
        return Some(Line::words(format!("asked again as {new}")));
    }
    match renewal::bar(&view.request) {
        Some(bar) => {
            let why = format!(" {}: start anew there", bar.words());
            Some(client_name(view).and(why))
        }
        None if is_offered(scene) => Some(requester(view, scene.people).and(" can ask again")),
        None => None,
    }
}
