use super::*;
use proptest::prelude::*;

fn code(line: &str) -> u16 {
    parse(line.as_bytes()).expect_err(line).code
}

#[test]
fn commands_are_read() {
    let table = [
        ("helo a", Command::Helo("a".into())),
        ("EHLO [192.0.2.1]", Command::Ehlo("[192.0.2.1]".into())),
        ("LHLO a b", Command::Lhlo("a".into())),
        ("RCPT TO:<a@b.example>", Command::Rcpt("a@b.example".into())),
        ("rcpt to: <@x.example,@y.example:a@b.example>", Command::Rcpt("a@b.example".into())),
        (r#"RCPT TO:<"a> \"b"@c.example>"#, Command::Rcpt(r#""a> \"b"@c.example"#.into())),
        ("RCPT TO:<postmaster>", Command::Rcpt("postmaster".into())),
        ("DATA", Command::Data),
        ("BDAT 10", Command::Bdat { size: 10, last: false }),
        ("bdat 0 last", Command::Bdat { size: 0, last: true }),
        ("RSET ", Command::Rset),
        ("NOOP whatever", Command::Noop),
        ("VRFY a", Command::Vrfy),
        ("HELP", Command::Help),
        ("QUIT", Command::Quit),
        ("STARTTLS", Command::StartTls),
    ];
    for (line, command) in table {
        assert_eq!(parse(line.as_bytes()).expect(line), command);
    }
}

#[test]
fn mail_has_its_parameters() {
    let Ok(Command::Mail(mail)) = parse("MAIL FROM:<ä@b.example> SIZE=10 body=8bitmime SMTPUTF8".as_bytes())
    else {
        panic!()
    };
    assert_eq!(mail, Mail { from: "ä@b.example".into(), size: Some(10), eight_bit: true, utf8: true });
    assert_eq!(parse(b"MAIL FROM:<>"), Ok(Command::Mail(Mail::default())));
    for (line, answer) in [
        ("MAIL FROM:<a@b.example> RET=FULL", 555),
        ("MAIL FROM:<a@b.example> BODY=BINARYMIME", 501),
        ("MAIL FROM:<a@b.example> SIZE=x", 501),
        ("MAIL FROM:<a@b.example> SIZE=99999999999999999999", 501),
        ("MAIL FROM:<a@b.example>SIZE=1", 501),
        ("MAIL FROM:<a@b.example", 501),
        ("MAIL FROM:a@b.example", 501),
        ("MAIL FROM:<a b@c.example>", 501),
        ("MAIL FROM:<a<b>", 501),
        ("MAIL FROM:<\"a@b.example>", 501),
        ("MAIL TO:<a@b.example>", 501),
        ("MAIL FR\u{e4}", 501),
        ("MAIL", 501),
        ("MAIL FROM:<\u{e4}@b.example>", 553),
    ] {
        assert_eq!(code(line), answer, "{line}");
    }
}

#[test]
fn errors_have_their_answers() {
    for (line, answer) in [
        ("", 500),
        ("FOO", 500),
        ("NO\u{1}OP", 500),
        ("EHLO", 501),
        ("RCPT TO:<>", 501),
        ("RCPT TO:<a@b.example> NOTIFY=NEVER", 555),
        ("DATA x", 501),
        ("BDAT", 501),
        ("BDAT -1", 501),
        ("BDAT 1 LAST x", 501),
        ("BDAT 1 FIRST", 501),
        ("BDAT 9999999999999", 501),
        ("VRFY", 501),
        ("AUTH PLAIN", 502),
        ("EXPN a", 502),
        ("XFORWARD", 501),
        ("XFORWARD FOO=1", 501),
        ("XFORWARD ADDR", 501),
        ("XFORWARD HELO=+0", 501),
        ("XFORWARD HELO=+0A", 501),
    ] {
        assert_eq!(code(line), answer, "{line}");
    }
    assert_eq!(parse(b"NOOP \xff").unwrap_err().code, 500);
}

#[test]
fn attributes_are_in_xtext() {
    let Ok(Command::Xforward(list)) = parse(b"XFORWARD addr=192.0.2.1 HELO=a+20b NAME=[UNAVAILABLE]") else {
        panic!()
    };
    let clear: Vec<_> = list.iter().map(|a| (a.name.as_str(), a.clear())).collect();
    assert_eq!(clear, [("ADDR", Some("192.0.2.1".into())), ("HELO", Some("a b".into())), ("NAME", None)]);
    assert_eq!(xtext(&to_xtext("a b+=ä")).unwrap(), "a b+=ä");
}

proptest! {
    #[test]
    fn any_line_is_a_command_or_an_answer(line in "(MAIL FROM:|RCPT TO:|BDAT |XCLIENT )?[<>\"\\\\@:a=+ 1ä]{0,30}") {
        match parse(line.as_bytes()) {
            Ok(Command::Mail(Mail { from: address, .. }) | Command::Rcpt(address)) => {
                // What is passed on reads as the same address.
                let again = parse(format!("RCPT TO:<{address}>").as_bytes());
                prop_assert!(address.is_empty() || address.starts_with('@') || again == Ok(Command::Rcpt(address)));
            }
            Ok(_) => {}
            Err(reply) => prop_assert!(matches!(reply.code, 500..=555)),
        }
    }
}
