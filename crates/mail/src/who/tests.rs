use mail_parser::MessageParser;
use model::Event;
use proptest::prelude::*;

use super::*;
use crate::Person;

fn settings() -> Settings {
    Settings {
        domains: vec!["parliament.uk".to_owned(), "parliament.example".to_owned()],
        people: vec![
            Person {
                name: "Jané Doe".to_owned(), addresses: vec!["jane.doe@parliament.example".to_owned()]
            },
            Person { name: "John Roe".to_owned(), addresses: Vec::new() },
        ],
        own_bulk: vec!["letters.example".to_owned()],
        outlets: Outlets {
            list: vec![Outlet {
                name: "The Daily Example".to_owned(),
                also: vec!["Daily Example".to_owned()],
                domains: vec!["daily.example".to_owned()],
                ..Outlet::default()
            }],
        },
        ..Settings::default()
    }
}

fn look(header: &str) -> (Event, Sender) {
    let settings = settings();
    let raw = format!("{}\r\n\r\ntext\r\n", header.trim().replace('\n', "\r\n"));
    let message = MessageParser::default().parse(raw.as_bytes()).unwrap();
    let mut event = Event::default();
    let sender = read(&message, &Directory::new(&settings), &mut event);
    (event, sender)
}

/// All values under `name`, with commas between.
fn fact(event: &Event, name: &str) -> String {
    event.get_all(name).map(|value| value.text).collect::<Vec<_>>().join(",")
}

/// Header, then facts as `name=value`; an empty value says that there is none.
fn check(header: &str, facts: &[(&str, &str)]) {
    let (event, _) = look(header);
    for (name, value) in facts {
        assert_eq!(fact(&event, name), *value, "{name} of {header}");
    }
}

#[test]
fn a_header_becomes_facts() {
    let header = "\
Return-Path: <bounce@mailer.example>
Delivered-To: A.Member@parliament.example
X-Original-To: office@parliament.example
Date: Mon, 1 Mar 2021 09:12:44 +0100
From: =?utf-8?q?Ren=C3=A9e?= <Editor@Press.Example>
Reply-To: other@else.example
Sender: list@lists.press.example
To: group: b@council.example, a.member@parliament.example;
Cc: c@council.example
Subject: =?utf-8?b?R3LDvMOfZQ==?=
Message-ID: <1@press.example>
References: <0@press.example>
List-Id: News <news.press.example>
List-Unsubscribe: <https://u.press.example/x>, <mailto:u@else.example?subject=x>
List-Unsubscribe-Post: List-Unsubscribe=One-Click
X-Mailer: Example 1";
    check(
        header,
        &[
            ("mail.from.address", "Editor@Press.Example"),
            ("mail.from.domain", "press.example"),
            ("mail.from.name", "Renée"),
            ("mail.subject", "Grüße"),
            ("mail.date", "2021-03-01T09:12:44+01:00"),
            ("mail.to", "b@council.example,a.member@parliament.example"),
            ("mail.to.count", "3"),
            ("mail.reply_to.aligned", "false"),
            ("mail.sender.aligned", "true"),
            ("mail.return_path.aligned", "false"),
            ("mail.list", "true"),
            ("mail.list.kind", "announcement"),
            ("mail.unsubscribe.one_click", "true"),
            ("mail.unsubscribe.aligned", "true"),
            ("mail.reply", "true"),
            ("mail.auto", "false"),
            ("mail.from.own_domain", "false"),
            ("mail.from.count", "1"),
            ("mail.user_agent", "Example 1"),
        ],
    );
    let (event, sender) = look(header);
    assert_eq!(event.time.unwrap().to_string(), "2021-03-01T08:12:44Z");
    assert_eq!((sender.address.as_str(), sender.domain.as_str()), ("editor@press.example", "press.example"));
    let expected = [
        "a.member@parliament.example",
        "office@parliament.example",
        "b@council.example",
        "c@council.example",
    ];
    assert_eq!(sender.recipients, expected);
}

#[test]
fn senders_that_are_odd() {
    check(
        "Subject: x",
        &[("mail.from.missing", "true"), ("mail.from.count", "0"), ("mail.to.undisclosed", "true")],
    );
    check(
        "From: \nTo: undisclosed-recipients:;",
        &[("mail.from.missing", "true"), ("mail.to.undisclosed", "true")],
    );
    check("From: <>\nTo: a@b.example", &[("mail.from.missing", "true"), ("mail.to.undisclosed", "false")]);
    check(
        "From: a@b.example, c@d.example\nFrom: e@f.example",
        &[
            ("mail.from.count", "3"),
            ("mail.from.fields", "2"),
            ("mail.from.address", "a@b.example,c@d.example,e@f.example"),
            ("mail.from.registered_domain", "b.example"),
        ],
    );
    check(
        "From: a@xn--mnchen-3ya.example\nTo: A@xn--mnchen-3ya.example",
        &[
            ("mail.from.domain_unicode", "münchen.example"),
            ("mail.from.domain_ascii", "xn--mnchen-3ya.example"),
            ("mail.to.self", "true"),
        ],
    );
    check(
        "From: x@gmail.com\nAuto-Submitted: auto-replied",
        &[("mail.from.freemail", "true"), ("mail.auto", "true")],
    );
    check("From: x@a.example\nAuto-Submitted: no", &[("mail.auto", "false")]);
    check("From: x@sub.parliament.uk", &[("mail.from.own_domain", "true"), ("mail.from.lookalike_of", "")]);
    check(
        "From: x@page.someone.github.io\nReply-To: x@other.github.io",
        &[("mail.from.registered_domain", "someone.github.io"), ("mail.reply_to.aligned", "false")],
    );
    check(
        "From: x@a.example\nReply-To: x@parliarnent.uk",
        &[
            ("mail.reply_to.lookalike_of", "parliament.uk"),
            ("mail.reply_to.lookalike_how", "confusable"),
            ("mail.from.lookalike_of", ""),
        ],
    );
}

#[test]
fn names_against_addresses() {
    let is = "mail.from.name_is_address";
    let differs = "mail.from.name_address_differs";
    let fits = "mail.from.name_domain_fits";
    let person = "mail.from.protected_person";
    let unfit = "mail.from.protected_person_unfit";
    for (from, facts) in [
        (
            "\"editor@daily.example\" <x@gmail.com>",
            &[(is, "true"), (differs, "true"), ("mail.from.name_address", "editor@daily.example")][..],
        ),
        ("\"X@gmail.com\" <x@gmail.com>", &[(is, "true"), (differs, "false")]),
        ("\"Jane (x@gmail.com)\" <x@gmail.com>", &[(is, "true"), (differs, "false")]),
        ("\"Just @ home\" <x@gmail.com>", &[(is, "false"), (differs, "")]),
        ("x@gmail.com", &[(is, "")]),
        ("\"daily.example\" <x@gmail.com>", &[("mail.from.name_domain", "daily.example"), (fits, "false")]),
        ("\"www.daily.example\" <x@m.daily.example>", &[(fits, "true")]),
        ("\"J.R. Smith, U.S.\" <x@gmail.com>", &[("mail.from.name_domain", ""), (fits, "")]),
        ("\"Jane Doe\" <jane.doe@parliament.example>", &[(person, "Jané Doe"), (unfit, "false")]),
        ("\"DOE, Jane MP\" <mp.doe@gmail.com>", &[(person, "Jané Doe"), (unfit, "true")]),
        ("=?utf-8?q?J=D0=B0ne_D=D0=BEe?= <x@gmail.com>", &[(person, "Jané Doe"), (unfit, "true")]),
        ("\"Janet Doe\" <x@gmail.com>", &[(person, ""), (unfit, "")]),
        ("\"John Roe\" <j@sub.parliament.example>", &[(person, "John Roe"), (unfit, "false")]),
        ("\"Rt Hon John Q. Roe\" <j@else.example>", &[(person, "John Roe"), (unfit, "true")]),
    ] {
        check(&format!("From: {from}"), facts);
    }
}

#[test]
fn bulk_services_are_known() {
    let service = "mail.bulk.service";
    check("From: a@b.example\nX-SG-EID: x", &[(service, "SendGrid"), ("mail.bulk.own", "false")]);
    check("From: a@b.example\nReturn-Path: <x@bounce.mcsv.net>", &[(service, "Mailchimp")]);
    check(
        "From: a@b.example\nDKIM-Signature: v=1; a=rsa-sha256; d=amazonses.com; s=x; b=y",
        &[(service, "Amazon SES")],
    );
    check(
        "From: a@b.example\nReceived: from o1.ptr.sendgrid.net (o1.ptr.sendgrid.net [192.0.2.1]) by mx.b.example; Mon, 1 Mar 2021 09:12:44 +0100",
        &[(service, "SendGrid")],
    );
    check("From: a@b.example\nList-Unsubscribe: <https://x.list-manage.com/u>", &[(service, "Mailchimp")]);
    check("From: a@b.example\nFeedback-ID: 1:2:3:sendgrid", &[(service, "SendGrid")]);
    check(
        "From: a@b.example\nReturn-Path: <x@m.letters.example>",
        &[(service, ""), ("mail.bulk.own", "true")],
    );
    check("From: a@sendgrid.net.evil.example", &[(service, "")]);
}

/// What a message says in name, address, text and link domains → claimed, quoted, unfit.
#[test]
fn to_claim_is_not_to_name() {
    let settings = settings();
    let directory = Directory::new(&settings);
    let pad = "A line of an article that goes on and on for the reader.\n".repeat(20);
    let signed = |signature: &str| format!("Dear Member,\n\n{pad}\nKind regards\n{signature}\n");
    for (name, domain, text, links, claimed, quoted, unfit) in [
        ("BBC News", "gmail.com", String::new(), &[][..], "BBC News", "", "true"),
        ("BBC News", "bbc.co.uk", String::new(), &[], "BBC News", "", "false"),
        ("BBC News", "mailer.example", String::new(), &["bbc.com"], "BBC News", "", "false"),
        ("Jane Doe, The Daily Example", "x.example", String::new(), &[], "The Daily Example", "", "true"),
        ("Jane Doe", "x.example", signed("Jane Doe\nCorrespondent, Reuters"), &[], "Reuters", "", "true"),
        ("Jane Doe", "x.example", signed("Jane Doe\nReporter\nThe Times"), &[], "The Times", "", "true"),
        ("Jane Doe", "reuters.com", signed("Jane Doe\nReuters"), &["reuters.com"], "Reuters", "", "false"),
        (
            "Jane Doe",
            "x.example",
            signed("Jane Doe\nPS: the BBC has reported on it."),
            &[],
            "",
            "BBC News",
            "",
        ),
        (
            "Jane Doe",
            "x.example",
            "I saw it on the BBC this morning.\nWhat do you think?\nJane".to_owned(),
            &[],
            "",
            "BBC News",
            "",
        ),
        ("Jane Doe", "x.example", signed("Jane\n> BBC News"), &[], "", "BBC News", ""),
        ("Jane Doe", "x.example", signed("Jane\nSource: Reuters"), &[], "", "Reuters", ""),
        ("Jane Doe", "x.example", signed("See you next time, in the sun, by metro.\nJane"), &[], "", "", ""),
        ("Metro Council", "x.example", String::new(), &[], "", "", ""),
        ("Jane Doe | The Guardian", "x.example", String::new(), &[], "The Guardian", "", "true"),
        ("Jane Doe - The Guardian", "x.example", String::new(), &[], "The Guardian", "", "true"),
        ("Jane Doe, The Guardian", "x.example", String::new(), &[], "The Guardian", "", "true"),
        ("The Times \u{2013} Jane Doe", "x.example", String::new(), &[], "The Times", "", "true"),
        ("Jane Doe (AFP)", "x.example", String::new(), &[], "Agence France-Presse", "", "true"),
        ("Stern, Jane", "x.example", String::new(), &[], "", "", ""),
        ("The Sun Inn | Jane Doe", "x.example", String::new(), &[], "", "", ""),
        ("Metro", "x.example", String::new(), &[], "Metro", "", "true"),
        ("Time to change", "x.example", String::new(), &[], "", "", ""),
        ("Jane Doe, reporter at The Sun", "x.example", String::new(), &[], "The Sun", "", "true"),
        ("Reutersward", "x.example", String::new(), &[], "", "", ""),
        ("news@bbc.co.uk", "x.example", String::new(), &[], "", "", ""),
        ("新华社", "x.example", String::new(), &[], "Xinhua", "", "true"),
        ("LE FIGARÓ", "x.example", String::new(), &[], "Le Figaro", "", "true"),
        ("", "x.example", String::new(), &[], "", "", ""),
    ] {
        let sender = Sender { name: name.to_owned(), domain: domain.to_owned(), ..Sender::default() };
        let links: Vec<String> = links.iter().map(|link| (*link).to_owned()).collect();
        let mut event = Event::default();
        let claim = claim(&sender, "", &text, &links, &directory, &mut event);
        let found = (
            fact(&event, "mail.outlet.claimed"),
            fact(&event, "mail.outlet.quoted"),
            fact(&event, "mail.outlet.unfit"),
        );
        assert_eq!(found, (claimed.to_owned(), quoted.to_owned(), unfit.to_owned()), "{name} {text}");
        assert_eq!(
            (claim.outlet.unwrap_or_default().as_str(), claim.unfit),
            (claimed, unfit == "true"),
            "{name}"
        );
    }
    let mut event = Event::default();
    let sender = Sender::default();
    claim(
        &sender,
        "Reuters on the vote",
        &signed("Jane Doe\nFreelance journalist"),
        &[],
        &directory,
        &mut event,
    );
    assert_eq!(fact(&event, "mail.outlet.where"), "subject");
    assert_eq!(fact(&event, "mail.from.says_journalist"), "true");
}

#[test]
fn long_headers_are_bounded() {
    let many: Vec<String> = (0..20_000).map(|number| format!("a{number}@b.example")).collect();
    let header = format!("From: {0}\nTo: {0}\nCc: {0}\nReply-To: {0}", many.join(",\n "));
    let (event, sender) = look(&header);
    assert_eq!(sender.recipients.len(), RECIPIENTS);
    assert!(event.raw_fields().len() < 10_000);
}

/// Each fact that is said stands in a table.
#[test]
fn every_fact_is_documented() {
    let known: FxHashSet<String> = crate::facts().into_iter().map(|fact| fact.name).collect();
    let (event, _) = look(
        "Return-Path: <a@mcsv.net>\nFrom: \"x@y.example bbc.com Jane Doe\" <a@parliarnent.uk>, <b@xn--mnchen-3ya.example>\nSender: a@reuterz.com\nReply-To: a@bbc.co.uk.evil.example\nResent-From: N <a@b.example>\nTo: a@b.example\nCc: a@b.example\nBcc: a@b.example\nDelivered-To: a@b.example\nX-Original-To: a@b.example\nSubject: x\nDate: Mon, 1 Mar 2021 09:12:44 +0100\nMessage-ID: <1@b.example>\nIn-Reply-To: <1@b.example>\nX-Mailer: x\nAuto-Submitted: no\nPrecedence: bulk\nAuthentication-Results: x; spf=pass\nReceived-SPF: pass\nX-Originating-IP: [192.0.2.1]\nList-Id: <a.b>\nList-Unsubscribe: <https://a.example/>\nFrom: c@d.example",
    );
    assert!(event.fields().count() > 50);
    for (name, _) in event.fields() {
        assert!(known.contains(name), "{name}");
    }
}

proptest! {
    #[test]
    fn nothing_makes_it_fall(header in "(From|To|Reply-To|List-Unsubscribe|DKIM-Signature|Return-Path|Received|Date): .{0,100}", text in ".{0,300}", name in ".{0,60}") {
        let settings = settings();
        let directory = Directory::new(&settings);
        let mut event = Event::default();
        if let Some(message) = MessageParser::default().parse(format!("{header}\r\n\r\n").as_bytes()) {
            read(&message, &directory, &mut event);
        }
        let sender = Sender { name: format!("{name} BBC{name}"), ..Sender::default() };
        let text = format!("{text}\n{name} Reuters\nreporter {name}\n{text}");
        claim(&sender, &name, &text, &[], &directory, &mut event);
    }
}
