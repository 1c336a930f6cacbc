//! The app package: its manifest, its icons, and what it is refused for.

use std::io::Read;

use zip::ZipArchive;

use super::*;

const APP: &str = "aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee";

fn site() -> Url {
    "https://approvals.example/".parse().unwrap()
}

fn packed(package: Package<'_>) -> Vec<(String, Vec<u8>)> {
    let mut zip = ZipArchive::new(Cursor::new(package.zip().unwrap())).unwrap();
    let names: Vec<String> = zip.file_names().map(|name| name.unwrap().into_owned()).collect();
    let mut read = |name: &str| {
        let mut bytes = Vec::new();
        zip.by_name(name).unwrap().read_to_end(&mut bytes).unwrap();
        bytes
    };
    names.iter().map(|name| (name.clone(), read(name))).collect()
}

#[test]
fn the_manifest_of_the_package() {
    let site = site();
    let package = Package { app_id: APP, version: "1.0.0", public_url: &site };
    insta::assert_json_snapshot!(package.manifest().unwrap());
}

#[test]
fn the_package_holds_three_files_and_is_the_same_each_time() {
    let site = site();
    let package = Package { app_id: APP, version: "1.0.0", public_url: &site };
    let mut files = packed(package);
    files.sort();
    let names: Vec<&str> = files.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["color.png", "manifest.json", "outline.png"]);
    let manifest: Value = serde_json::from_slice(&files[1].1).unwrap();
    assert_eq!(manifest, package.manifest().unwrap());
    assert_eq!(package.zip().unwrap(), package.zip().unwrap());
}

#[test]
fn the_icons_have_the_sizes_that_teams_asks_for() {
    for (icon, size) in [(COLOR, 192u32), (OUTLINE, 32)] {
        assert_eq!(&icon[..8], b"\x89PNG\r\n\x1a\n");
        assert_eq!(icon[16..20], size.to_be_bytes());
        assert_eq!(icon[20..24], size.to_be_bytes());
    }
}

#[test]
fn the_texts_are_as_short_as_teams_wants_them() {
    let site = site();
    let manifest = Package { app_id: APP, version: "1.0.0", public_url: &site }.manifest().unwrap();
    let length = |pointer: &str| manifest.pointer(pointer).unwrap().as_str().unwrap().len();
    assert!(length("/name/short") <= 30);
    assert!(length("/name/full") <= 100);
    assert!(length("/description/short") <= 80);
    assert!(length("/description/full") <= 4000);
}

#[test]
fn what_teams_would_refuse_is_refused_here() {
    let (site, plain) = (site(), "http://approvals.example/".parse().unwrap());
    for (app_id, version, public_url) in [
        ("", "1.0.0", &site),
        ("not-a-uuid", "1.0.0", &site),
        (APP, "1.0", &site),
        (APP, "1.0.0-beta", &site),
        (APP, "01.0.0", &site),
        (APP, "1.0.0", &plain),
    ] {
        let package = Package { app_id, version, public_url };
        assert!(package.zip().is_err(), "{app_id} {version} {public_url}");
    }
}
