//! Codes as they are made, typed and tried.

use super::*;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_795_348_800 + second).unwrap()
}

fn code() -> Code {
    Code::of(std::array::from_fn(|number| u8::try_from(number).unwrap() * 7))
}

fn kept(wrong: i64) -> Kept {
    let account =
        Identity { provider: "chat".to_owned(), tenant: "T1".to_owned(), subject: "U1".to_owned() };
    let code = code();
    let (handle, sha256) = (code.handle().to_owned(), code.sha256());
    Kept { account, handle, sha256, wrong, expires_at: at(LIFE_SECONDS) }
}

#[test]
fn a_code_is_read_as_people_type_it_and_never_printed_whole() {
    let words = code().words();
    assert_eq!(words, "07ENW-3AHRZ-6DMV2");
    for typed in
        [words.clone(), words.to_lowercase(), words.replace('-', " "), words.replace('0', "o")]
    {
        assert_eq!(Code::read(&typed), Some(code()), "{typed}");
    }
    for bad in ["", "07ENW", "07ENW-3AHRZ-6DMV2-X", "07ENW-3AHRZ-6DMVÄ", "07ENW-3AHRZ-6DMV!"] {
        assert_eq!(Code::read(bad), None, "{bad}");
    }
    assert_eq!(format!("{:?}", code()), "Code(07ENW-…)");
}

#[test]
fn a_code_is_good_for_a_while_and_for_a_few_tries() {
    let wrong = Code::read("07ENW-00000-00000").unwrap();
    assert_eq!(kept(0).check(&code(), at(599)), Ok(()));
    assert_eq!(kept(0).check(&code(), at(600)), Err(Fault::Unknown));
    assert_eq!(kept(0).check(&wrong, at(0)), Err(Fault::Unknown));
    assert_eq!(kept(4).check(&code(), at(0)), Ok(()));
    assert_eq!(kept(5).check(&code(), at(0)), Err(Fault::Locked));
}
