use proptest::prelude::*;

use super::*;
use crate::w3c::probe::{expect, probe, source, time, torment};

const HTTP_PROXY: &str = "DateTime,RequestId,Protocol,UrlHost,UrlStem,UrlQuery,AuthenticatedUser,UserAgent,\
ClientIpAddress,ServerHostName,HttpStatus,Method,RequestBytes,GenericInfo\r\n\
#Software: Microsoft Exchange Server\r\n#Version: 15.01.2308.008\r\n#Log-type: HttpProxy Logs\r\n\
#Date: 2021-08-24T09:00:00.000Z\r\n\
#Fields: DateTime,RequestId,Protocol,UrlHost,UrlStem,UrlQuery,AuthenticatedUser,UserAgent,ClientIpAddress,\
ServerHostName,HttpStatus,Method,RequestBytes,GenericInfo\r\n\
2021-08-24T09:12:00.123Z,1-2,Autodiscover,mail.example.org,/autodiscover/autodiscover.json,\
?@example.com/powershell/?X-Rps-CAT=VgEA%3D,,\"Mozilla/5.0 (a, b)\",203.0.113.9,EX01,200,POST,1024,\"a=\"\"b\"\";\"\r\n";

const TRACKING: &str = "\u{feff}#Software: Microsoft Exchange Server\r\n#Version: 15.01.2308.008\r\n\
#Log-type: Message Tracking Log\r\n#Date: 2021-10-28T09:00:00.000Z\r\n\
#Fields: date-time,client-ip,source,event-id,internal-message-id,recipient-address,recipient-status,total-bytes,\
recipient-count,message-subject,sender-address,original-client-ip,directionality\r\n\
2021-10-28T09:12:00.123Z,10.0.0.5,SMTP,SENDEXTERNAL,77,a@example.com;b@example.net,\
250 2.1.5 Recipient OK;550 5.1.1 Unknown,2048,2,\"Hello, \"\"you\"\"\",ann@example.org,192.0.2.7,Originating\r\n";

#[test]
fn http_proxy_records_have_their_own_names_and_w3cs() {
    let found = probe(read, HTTP_PROXY.as_bytes());
    assert!(found.problems.is_empty(), "{:?}", found.problems);
    let [event] = &found.events[..] else { panic!("{} events", found.events.len()) };
    assert_eq!(time(event), "2021-08-24T09:12:00.123Z");
    assert_eq!(source(event), "exchange / webserver / httpproxy");
    assert_eq!(event.record, 7);
    expect(
        event,
        &[
            ("Protocol", "Autodiscover"),
            ("UrlStem", "/autodiscover/autodiscover.json"),
            ("UrlQuery", "?@example.com/powershell/?X-Rps-CAT=VgEA%3D"),
            ("cs-uri-stem", "/autodiscover/autodiscover.json"),
            ("cs-method", "POST"),
            ("cs-host", "mail.example.org"),
            ("sc-status", "200"),
            ("c-ip", "203.0.113.9"),
            ("cs-user-agent", "Mozilla/5.0 (a, b)"),
            ("s-computername", "EX01"),
            ("cs-bytes", "1024"),
            ("AuthenticatedUser", ""),
            ("GenericInfo", "a=\"b\";"),
            (
                "cs-uri",
                "/autodiscover/autodiscover.json?@example.com/powershell/?X-Rps-CAT=VgEA%3D | \
                 /autodiscover/autodiscover.json?@example.com/powershell/?X-Rps-CAT=VgEA=",
            ),
        ],
    );
    let queries: Vec<_> = event.get_all("cs-uri-query").map(|value| value.text).collect();
    assert_eq!(
        (queries.len(), queries[0], queries[2]),
        (4, "@example.com/powershell/?X-Rps-CAT=VgEA%3D", "@example.com/powershell/?X-Rps-CAT=VgEA=")
    );
    assert_eq!(event.get("sc-status").unwrap().kind, Kind::Int);
}

#[test]
fn message_tracking_has_one_value_per_recipient() {
    let found = probe(read, TRACKING.as_bytes());
    assert!(found.problems.is_empty() && found.assumed.is_empty(), "{:?}", found.problems);
    let event = &found.events[0];
    assert_eq!(time(event), "2021-10-28T09:12:00.123Z");
    assert_eq!(source(event), "exchange / messagetracking");
    expect(
        event,
        &[
            ("event-id", "SENDEXTERNAL"),
            ("recipient-address", "a@example.com | b@example.net"),
            ("recipient-status", "250 2.1.5 Recipient OK | 550 5.1.1 Unknown"),
            ("message-subject", "Hello, \"you\""),
            ("sender-address", "ann@example.org"),
            ("original-client-ip", "192.0.2.7"),
            ("recipient-count", "2"),
        ],
    );
}

#[test]
fn the_columns_may_change_and_other_logs_are_told_by_their_type() {
    let log = "#Software: Microsoft Exchange Server\n#Log-type: SMTP Receive Protocol Log\n\
               #Fields: date-time,connector-id,data\n2021-08-24T09:12:00.000Z,EX\\In,\"EHLO a\nb\"\n\
               #Log-type: SMTP Send Protocol Log\n#Fields: date-time,data,context\n2021-08-24T09:12:01.000Z,QUIT,x\n\
               #Log-type: Cmdlet Infrastructure Log\n#Fields: DateTime,Cmdlet\n2021-08-24T09:12:02.000Z,Get-Mailbox\n";
    let found = probe(read, log.as_bytes());
    assert!(found.problems.is_empty(), "{:?}", found.problems);
    let shown: Vec<_> = found.events.iter().map(|event| (source(event), event.record)).collect();
    let expected = [("exchange / smtpreceive", 4), ("exchange / smtpsend", 8), ("exchange", 11)];
    assert_eq!(shown, expected.map(|(name, line)| (name.to_owned(), line)));
    expect(&found.events[0], &[("data", "EHLO a\nb"), ("connector-id", r"EX\In")]);
    expect(&found.events[1], &[("data", "QUIT"), ("connector-id", "")]);
}

#[test]
fn records_that_do_not_fit_are_told() {
    let log = "#Software: Microsoft Exchange Server\nlost,record\n#Fields: date-time,event-id,recipient-address\n\
               2021-08-24T09:12:00.000Z,SEND\n2021-08-24T09:12:00.000Z,SEND,a@b,c\n";
    let found = probe(read, log.as_bytes());
    let told: Vec<_> = found.problems.iter().map(|problem| (problem.place, problem.what.as_str())).collect();
    assert_eq!(
        told,
        [
            (Place::Line(2), "a record before the line that names its columns; left out"),
            (Place::Line(4), "2 values for 3 columns"),
            (Place::Line(5), "4 values for 3 columns"),
        ]
    );
    expect(&found.events[1], &[("surplus", "c")]);
}

#[test]
fn it_is_recognised_by_its_content() {
    for (head, expected) in [
        (HTTP_PROXY, true),
        (TRACKING.trim_start_matches('\u{feff}'), true),
        ("#Software: Microsoft Internet Information Services 10.0\n#Fields: date time\n", false),
        ("DateTime,Name\n", false),
        ("", false),
    ] {
        assert_eq!(recognise(head), expected, "{head}");
    }
}

#[test]
fn damage_is_survived() {
    torment(read, HTTP_PROXY.as_bytes());
    torment(read, TRACKING.as_bytes());
}

proptest! {
    #[test]
    fn any_text_is_read(text in "(#Fields: |DateTime,|date-time,)?[a,;\"#\n?%é]{0,80}") {
        recognise(&text);
        probe(read, text.as_bytes());
    }
}
