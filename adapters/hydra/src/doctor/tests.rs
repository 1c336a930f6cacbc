//! Which versions it can be.

use countersign_port::finding::Health;

use super::*;

#[test]
fn what_is_too_old_is_told_and_what_is_newer_is_trusted() {
    for (version, health) in [
        ("v1.11.10", Health::Bad),
        ("0.9", Health::Bad),
        ("v2.2.0", Health::Good),
        ("v25.4.0", Health::Good),
        ("master", Health::Good),
    ] {
        assert_eq!(judge(String::new(), version).health, health, "{version}");
    }
}
