use super::*;
use proptest::prelude::*;

/// A mail server that does what it is told, by the rules of Sendmail's documentation.
pub(crate) fn applied(raw: &[u8], changes: &[Reply], blank: bool) -> Vec<u8> {
    let (list, body) = fields::fields(raw);
    let mut header: Vec<(String, Vec<u8>)> = list
        .into_iter()
        .map(|f| (String::from_utf8_lossy(&raw[f.name]).into_owned(), raw[f.value].to_vec()))
        .collect();
    let mut body = raw[body..].to_vec();
    let full = |value: &[u8]| {
        let value: Vec<u8> = if blank { [b" ", value].concat() } else { value.to_vec() };
        crlf(&value)
    };
    for change in changes {
        match change {
            Reply::Add(name, value) => header.push((name.clone(), full(value))),
            Reply::Insert(at, name, value) => header.insert(*at as usize, (name.clone(), full(value))),
            Reply::Change(at, name, value) => {
                let mut places = (0..header.len()).filter(|i| header[*i].0.eq_ignore_ascii_case(name));
                let Some(place) = places.nth(*at as usize - 1) else { continue };
                if value.is_empty() {
                    header.remove(place);
                } else {
                    header[place].1 = full(value);
                }
            }
            Reply::Body(new) => body = new.clone(),
            other => panic!("{other:?}"),
        }
    }
    let mut out = Vec::new();
    for (name, value) in header {
        out.extend_from_slice(name.as_bytes());
        out.push(b':');
        out.extend_from_slice(&value);
        out.extend_from_slice(b"\r\n");
    }
    out.extend_from_slice(b"\r\n");
    out.extend_from_slice(&body);
    out
}

fn deliver(prepend: &[(&str, &str)], remove: &[(&str, u32)], changed: Option<&[u8]>) -> Action {
    Action::Deliver {
        prepend: prepend.iter().map(|(n, v)| (n.to_string(), v.to_string())).collect(),
        remove: remove.iter().map(|(n, i)| (n.to_string(), *i)).collect(),
        changed: changed.map(Into::into),
    }
}

#[test]
fn an_unchanged_message_asks_for_nothing() {
    assert_eq!(changes(b"A: 1\r\n\r\nb", &deliver(&[], &[], None), false), []);
    assert_eq!(changes(b"A: 1\r\n\r\nb", &deliver(&[], &[], Some(b"A: 1\r\n\r\nb")), false), []);
}

#[test]
fn trace_fields_go_on_top_in_order_and_forged_ones_go() {
    let raw = b"X: 1\r\nS: s\r\nX: 2\r\n\r\nbody\r\n";
    let action = deliver(&[("T", "t1"), ("T", "t2")], &[("X", 1), ("X", 2)], None);
    for blank in [false, true] {
        let list = changes(raw, &action, blank);
        assert_eq!(applied(raw, &list, blank), b"T: t1\r\nT: t2\r\nS: s\r\n\r\nbody\r\n");
    }
}

#[test]
fn a_changed_message_is_told_by_its_differences() {
    let old = b"Received: a\r\nContent-Type: text/html\r\nX: 1\r\nX: 2\r\nX: 3\r\n\r\n<p>\r\n";
    let new =
        b"ARC-Seal: i=1\r\nReceived: a\r\nContent-Type: text/plain;\r\n charset=utf-8\r\nX: 1\r\nX: 3\r\n\
        MIME-Version: 1.0\r\n\r\np\r\n";
    let list = changes(old, &deliver(&[("T", "t")], &[], Some(new)), false);
    assert_eq!(
        list,
        [
            Reply::Change(2, "x".into(), vec![]),
            Reply::Change(1, "Content-Type".into(), b" text/plain;\r\n charset=utf-8".into()),
            Reply::Add("MIME-Version".into(), b" 1.0".into()),
            Reply::Insert(0, "ARC-Seal".into(), b" i=1".into()),
            Reply::Body(b"p\r\n".into()),
            Reply::Insert(0, "T".into(), b" t".into()),
        ]
    );
    assert_eq!(applied(old, &list, false), [b"T: t\r\n", &new[..]].concat());
}

#[test]
fn fields_are_put_together_as_they_stood() {
    let mut raw = Vec::new();
    push_field(&mut raw, b"Subject", b"  a\n\tb", false);
    push_field(&mut raw, b"X", b"y\r\n z", true);
    push_field(&mut raw, b"Empty", b"", false);
    assert_eq!(raw, b"Subject:  a\r\n\tb\r\nX: y\r\n z\r\nEmpty:\r\n");
}

/// Fields of a message, by name, and its body.
fn content(raw: &[u8]) -> (BTreeMap<String, Vec<Vec<u8>>>, Vec<u8>) {
    let (named, _, body) = by_name(raw);
    let plain = |list: Vec<(&[u8], usize)>| list.into_iter().map(|v| v.0.to_vec()).collect();
    (named.into_iter().map(|(name, list)| (name, plain(list))).collect(), body.to_vec())
}

proptest! {
    #[test]
    fn the_changes_give_the_new_message(
        old in "([A-C]: [xyz]\r\n){0,8}\r\n[xyz]{1,3}",
        new in "([A-D]: [xyz]\r\n){0,8}\r\n[xyz]{1,3}",
        blank: bool,
    ) {
        let list = changes(old.as_bytes(), &deliver(&[], &[], Some(new.as_bytes())), blank);
        let got = applied(old.as_bytes(), &list, blank);
        prop_assert_eq!(content(&got), content(new.as_bytes()));
    }
}
