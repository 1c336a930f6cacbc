//! Cookies as browsers bring them, and as they are told to keep them.

use super::*;

const NAME: &str = "__Host-ours";

fn brought_in(lines: &[&'static str]) -> Option<String> {
    let mut headers = HeaderMap::new();
    for line in lines {
        headers.append(COOKIE, HeaderValue::from_static(line));
    }
    brought(&headers, NAME).map(str::to_owned)
}

#[test]
fn a_cookie_is_found_among_others() {
    for lines in [
        &["__Host-ours=abc"][..],
        &["theme=dark; __Host-ours=abc; a=b"],
        &["theme=dark;__Host-ours=abc"],
        &["nonsense; =; ;; __Host-ours=abc"],
        &["theme=dark", "__Host-ours=abc"],
        &["__Host-ours=abc; __Host-ours=def"],
    ] {
        assert_eq!(brought_in(lines).as_deref(), Some("abc"), "{lines:?}");
    }
}

#[test]
fn one_that_is_only_like_it_is_none() {
    for lines in [
        &[][..],
        &[""],
        &["__Host-ours"],
        &["__host-ours=abc"],
        &["__Host-ours2=abc"],
        &["x__Host-ours=abc"],
        &["theme=__Host-ours=abc"],
    ] {
        assert_eq!(brought_in(lines), None, "{lines:?}");
    }
    assert_eq!(brought_in(&["__Host-ours=\"abc\""]).as_deref(), Some("\"abc\""), "as it is");
    assert_eq!(brought_in(&["__Host-ours=a%62c"]).as_deref(), Some("a%62c"), "as it is");
}

#[test]
fn a_browser_is_told_to_keep_it_for_us_alone() {
    let ours = "HttpOnly; SameSite=Lax; Secure; Path=/";
    assert_eq!(fleeting(NAME, "abc"), format!("__Host-ours=abc; {ours}"));
    let ten_minutes = Duration::from_mins(10);
    let kept = format!("__Host-ours=abc; {ours}; Max-Age=600");
    assert_eq!(lasting(NAME, "abc", ten_minutes), kept);
    assert_eq!(taken_away(NAME), format!("__Host-ours=; {ours}; Max-Age=0"));
}
