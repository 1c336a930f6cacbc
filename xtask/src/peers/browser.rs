//! Whether a person can use the demo: headless Chromium clicks through it and takes a picture.

use std::fs;

use super::{place::Place, server::Server};
use crate::{
    command,
    outcome::{During, Outcome},
    workshop::Workshop,
};

/// Starts the demo and clicks.
pub(super) fn run(shop: &Workshop) -> Outcome<String> {
    let chromium = shop.program("chromium", "chromium")?;
    let place = Place::new(shop, "browser")?;
    let mut click = place.node("click-through.mjs")?;
    let profile = place.path("profile");
    if profile.exists() {
        fs::remove_dir_all(&profile).during(profile.display())?;
    }
    let screenshot = place.path("screenshot.png");
    let (_demo, url) = Server::start_for_a_person(shop.countersign()?.arg("demo"))?;
    command::run(click.arg(url).arg(chromium).arg(profile).arg(&screenshot))?;
    Ok(format!("clicked through; see {}", screenshot.display()))
}
