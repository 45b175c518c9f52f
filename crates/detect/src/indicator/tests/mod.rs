use model::{Event, Time};

use super::{IndicatorLoader, Indicators};

mod hostile;
mod several;

fn load(text: &str) -> Indicators {
    let mut loader = IndicatorLoader::default();
    loader.add("list", text.as_bytes());
    loader.finish()
}

fn event(fields: &[(&str, &str)]) -> Event {
    let mut event = Event::default();
    event.time = Some(Time::parse("2022-06-01T12:00:00Z").unwrap());
    fields.iter().for_each(|(name, value)| event.push_str(name, value));
    event
}

fn bundle(pattern: &str) -> String {
    serde_json::json!({
        "type": "bundle",
        "id": "bundle--1",
        "objects": [{"type": "indicator", "id": "indicator--1", "pattern": pattern, "pattern_type": "stix"}],
    })
    .to_string()
}

/// Asserts whether an indicator in `text` matches an event with one field.
#[track_caller]
fn check(text: &str, field: &str, value: &str, matches: bool) {
    let indicators = load(text);
    let found = indicators.look(&event(&[(field, value)])).matches;
    let rejected = indicators.rejected();
    assert_eq!(!found.is_empty(), matches, "{text} on {field}={value}: {found:?} {rejected:?}");
    if let Some((_, matched)) = found.first() {
        assert_eq!(matched[0].field, field);
    }
}

#[test]
fn plain_values_are_found_as_logs_write_them() {
    for (text, value, matches) in [
        ("185.1.2.3", "185.1.2.3", true),
        ("185.1.2.3", "185.1.2.3:443", true),
        ("185.1.2.3", "outside:185.1.2.3/443", true),
        ("185.1.2.3", "http://185.1.2.3:8080/x", true),
        ("185.1.2.3", "::ffff:185.1.2.3", true),
        ("185.1.2.3", "from [185.1.2.3]; a", true),
        ("185.1.2.3", "185.1.2.30", false),
        ("185.1.2.3", "Firefox/185.1.2.3", false),
        ("185[.]1[.]2[.]3", "185.1.2.3", true),
        ("198.51.100.0/24", "198.51.100.77", true),
        ("198.51.100.0/24", "198.51.101.77", false),
        ("2001:db8::1", "[2001:0DB8:0::1]:443", true),
        ("2001:db8::/32", "2001:db8:9::1", true),
        ("2001:db8::1", "2001:db8::2", false),
        ("evil.example", "EVIL.example", true),
        ("evil.example", "https://www.evil.example/a", true),
        ("evil.example", "mail.evil.example.", true),
        ("evil.example", "notevil.example", false),
        ("evil.example", "evil.example.org", false),
        ("evil.example", "ann@evil.example", true),
        ("hxxps://evil[.]example/gate.php?id=1", "GET https://evil.example/Gate.php?id=1", true),
        ("https://evil.example/a", "https://evil.example/b", false),
        ("evil.example/a/b", "http://evil.example/a/b", true),
        ("ann@evil.example", "<ann@evil.example>", true),
        ("ann@evil.example", "from=ann@evil.example", true),
        ("ann@evil.example", "joann@evil.example", false),
        ("d41d8cd98f00b204e9800998ecf8427e", "SHA1=AB,MD5=D41D8CD98F00B204E9800998ECF8427E", true),
        ("d41d8cd98f00b204e9800998ecf8427e", "d41d8cd98f00b204e9800998ecf8427e0", false),
        ("2001:db8::1", "pam_unix: rhost=2001:db8::1 user=root", true),
        ("2001:db8::1", "client=host[IPv6:2001:db8::1]", true),
        ("2001:db8::1", "2001:db8::1%eth0", true),
        ("2001:db8::/32", "2001:db8::1/64", true),
        ("hxxp[:]//evil[.]example/a", "http://evil.example/a", true),
        ("evil[.example", "evil.example", true),
        ("SHA256: 77c73b8b1846652307862dd66ec09ebf77c73b8b1846652307862dd66ec09ebf", "x", false),
        ("dropper.exe", r"C:\Users\ann\Dropper.EXE", true),
        ("dropper.exe", "a.dropper.exe", false),
        (r"C:\ProgramData\svchost.exe", r"C:\Windows\System32\svchost.exe", false),
        ("00-11-22-aa-bb-cc", "00:11:22:AA:BB:CC", true),
        ("00:11:22:aa:bb:cc", "mac 00-11-22-AA-BB-CC", true),
    ] {
        check(text, "Any", value, matches);
    }
}

#[test]
fn patterns_match_what_they_say() {
    for (pattern, field, value, matches) in [
        ("[ipv4-addr:value = '185.1.2.3']", "Any", "x 185.1.2.3", true),
        ("[ipv4-addr:value ISSUBSET '185.1.0.0/16']", "Any", "185.1.9.9", true),
        ("[ipv4-addr:value IN ('1.1.1.1', '185.1.2.3')]", "Any", "185.1.2.3", true),
        (
            "[file:hashes.'SHA-256' = 'AEC070645FE53EE3B3763059376134F058CC337247C978ADD178B6CCDFB0019F']",
            "Hashes",
            "SHA256=aec070645fe53ee3b3763059376134f058cc337247c978add178b6ccdfb0019f",
            true,
        ),
        ("[file:name = 'Evil Thing.exe']", "Image", r"C:\Users\x\evil thing.EXE", true),
        ("[file:name = 'thing.exe']", "Image", r"C:\Users\x\evil thing.exe", false),
        ("[user-account:user_id = '1001']", "Record", "1001", false),
        ("[user-account:account_login = 'ann']", "TargetUserName", r"CORP\Ann", true),
        (
            "[windows-registry-key:key = 'HKEY_LOCAL_MACHINE\\\\Software\\\\Run']",
            "TargetObject",
            r"HKLM\SOFTWARE\Run\Evil",
            true,
        ),
        (
            "[windows-registry-key:key = 'HKLM\\\\Software\\\\Run']",
            "TargetObject",
            r"HKLM\SOFTWARE\RunOnce",
            false,
        ),
        ("[process:command_line = 'cmd /c whoami']", "CommandLine", "cmd /c whoami", true),
        ("[process:command_line LIKE '%who_mi%']", "CommandLine", "cmd /c WHOAMI /all", true),
        ("[process:command_line LIKE 'who%']", "CommandLine", "cmd /c whoami", false),
        ("[process:command_line MATCHES '^cmd\\\\s+/c']", "CommandLine", "cmd  /c dir", true),
        ("[process:command_line NOT LIKE '%who%']", "CommandLine", "dir", true),
        ("[process:command_line NOT LIKE '%who%']", "Other", "dir", false),
        ("[network-traffic:dst_port > 1024]", "DestinationPort", "4444", true),
        ("[network-traffic:dst_port > 1024]", "DestinationPort", "443", false),
        ("[ipv4-addr:value = '1.1.1.1'] OR [domain-name:value = 'evil.example']", "Q", "evil.example", true),
        (
            "[domain-name:value = 'e.example'] START t'2022-01-01T00:00:00Z' STOP t'2023-01-01T00:00:00Z'",
            "Q",
            "e.example",
            true,
        ),
        (
            "[domain-name:value = 'e.example'] START t'2023-01-01T00:00:00Z' STOP t'2024-01-01T00:00:00Z'",
            "Q",
            "e.example",
            false,
        ),
        ("[domain-name:value = 'e.example'] WITHIN 5 SECONDS", "Q", "e.example", true),
        ("[EXISTS process:cwd]", "CurrentDirectory", "/", true),
        ("[NOT EXISTS process:cwd]", "CommandLine", "cmd", true),
        ("[NOT EXISTS process:cwd]", "CurrentDirectory", "/", false),
        ("[NOT EXISTS process:cwd]", "QueryName", "a.example", false),
        ("[network-traffic:dst_ref.value = '185.1.2.3']", "DestinationIp", "::ffff:185.1.2.3", true),
        ("[network-traffic:dst_ref.value = '185.1.2.3']", "SourceIp", "185.1.2.3", false),
        ("[network-traffic:dst_ref.value ISSUBSET '185.1.0.0/16']", "DestinationIp", "185.1.2.3", true),
        ("[network-traffic:dst_ref.value = '185.1.0.0/16']", "DestinationIp", "185.2.2.3", false),
        ("[network-traffic:dst_ref.value = 'evil.example']", "DestinationHostname", "a.evil.example", true),
        ("[network-traffic:dst_port = 4444]", "DestinationPort", "4444", true),
        ("[network-traffic:dst_port = 4444]", "SourcePort", "4444", false),
        ("[network-traffic:dst_port IN (80, 4444)]", "DestinationPort", "4444", true),
        ("[network-traffic:dst_port != 443]", "DestinationPort", "4444", true),
        ("[process:pid = 420]", "NewProcessId", "0x1a4", true),
        ("[email-message:from_ref.value = 'ann@evil.example']", "From", "Ann <ann@evil.example>", true),
        (
            "[email-message:from_ref.value = 'ann@evil.example']",
            "mail.from.address",
            "Ann@Evil.example",
            true,
        ),
        ("[email-message:from_ref.value = 'ann@evil.example']", "mail.to", "ann@evil.example", false),
        ("[email-message:sender_ref.value = 'evil.example']", "mail.sender.address", "x@evil.example", true),
        ("[email-message:subject = 'A note']", "mail.subject", "a NOTE", true),
        ("[email-message:subject LIKE '%Xinjiang%']", "message-subject", "On xinjiang", true),
        ("[email-message:to_refs[*].value = 'ann@a.example']", "mail.to", "ann@a.example", true),
        (
            "[email-message:body_multipart[*].body_raw_ref.name = 'a.doc']",
            "mail.attachment.name",
            "A.doc",
            true,
        ),
        ("[directory:path = 'C:\\\\Temp\\\\']", "TargetFilename", r"c:\temp\a.exe", true),
        ("[directory:path = '/tmp']", "cwd", "/tmp", true),
        ("[file:hashes.SSDEEP = '3:abc/d:e']", "ssdeep", "3:abc/d:e", true),
        (
            "[network-traffic:extensions.'http-request-ext'.request_header.'User-Agent' = 'Evil/1.0 (x)']",
            "cs-user-agent",
            "Evil/1.0 (x)",
            true,
        ),
        ("[mutex:name = 'evil']", "MutexName", r"\BaseNamedObjects\evil", true),
        ("[autonomous-system:number = 64500]", "asn", "64500", true),
        ("[user-account:user_id NOT IN ('ann', 'bob')]", "User", r"CORP\eve", true),
        ("[user-account:user_id NOT IN ('ann', 'bob')]", "User", r"CORP\bob", false),
        (
            "[windows-registry-key:key = 'HKLM\\\\Software\\\\Run']",
            "ObjectName",
            r"\REGISTRY\MACHINE\SOFTWARE\Run",
            true,
        ),
        ("[ipv4-addr:value ISSUPERSET '185.1.2.3']", "src_ip", "185.1.0.0/16", true),
    ] {
        check(&bundle(pattern), field, value, matches);
    }
}

#[test]
fn and_asks_for_both_facts_of_one_event() {
    let indicators = load(&bundle(
        "[network-traffic:dst_ref.value = '185.1.2.3' AND network-traffic:dst_port IN (80, 443)]",
    ));
    assert_eq!(indicators.rejected(), []);
    let both = event(&[("DestinationIp", "185.1.2.3"), ("DestinationPort", "443")]);
    let found = indicators.look(&both).matches;
    assert_eq!(found[0].1.len(), 2);
    assert!(found[0].1.iter().any(|matched| matched.wanted == "network-traffic:dst_port 443"));
    for other in [
        event(&[("SourceIp", "185.1.2.3"), ("DestinationPort", "443")]),
        event(&[("DestinationIp", "185.1.2.3"), ("DestinationPort", "22")]),
    ] {
        assert_eq!(indicators.look(&other).matches, []);
    }
}

#[test]
fn what_is_not_evaluated_is_said() {
    for (pattern, reason) in [
        ("[ipv4-addr:value = '1.1.1.1'] REPEATS 0 TIMES", "REPEATS asks for 0 times"),
        ("[ipv4-addr:value = '1.1.1.1'] REPEATS 4294967297 TIMES", "REPEATS asks for 4294967297 times"),
        ("[ipv4-addr:value = '1.1.1.1'] REPEATS 2 TIMES WITHIN 2 MONTHS", "WITHIN counts seconds"),
        ("[ipv4-addr:value = '1.1.1.1'] AND [x-custom:thing = 'a']", "no field of an event stands for"),
        (
            "[ipv4-addr:value = '1.1.1.1'] START t'2023-01-01T00:00:00Z' STOP t'2022-01-01T00:00:00Z'",
            "is not before STOP",
        ),
        ("[file:name MATCHES '(a']", "regex"),
        ("[file:name MATCHES '((a{100}){100}){100}']", "size limit"),
        ("[file:name MATCHES '(?<=a)b']", "look-around"),
        ("[ipv4-addr:value[1] = '1.1.1.1']", "the order of what"),
        ("[NOT ipv4-addr:value = '1.1.1.1']", "not STIX 2.1"),
        ("[x-custom:thing = 'a']", "no field of an event stands for x-custom:thing"),
        ("[ipv4-addr:value = '0.0.0.0/0']", "every address"),
        ("[ipv4-addr:value = ", "parse error"),
    ] {
        let indicators = load(&bundle(pattern));
        assert!(indicators.infos().is_empty(), "{pattern}");
        assert!(indicators.rejected()[0].reason.contains(reason), "{pattern}: {:?}", indicators.rejected());
    }
    let partly = load(&bundle("[ipv4-addr:value = '1.1.1.1' OR x-custom:thing = 'a']"));
    assert_eq!(partly.infos().len(), 1);
    assert!(partly.rejected()[0].reason.starts_with("a part of it is not evaluated: "));
}

#[test]
fn a_look_back_says_that_an_indicator_was_out_of_date() {
    let text = r#"{"type":"identity","id":"identity--1","name":"Maker"}
{"type":"intrusion-set","id":"intrusion-set--1","name":"APT31"}
{"type":"indicator","id":"indicator--1","name":"evil.example","pattern":"[domain-name:value='evil.example']","pattern_type":"stix","valid_from":"2021-01-01T00:00:00Z","valid_until":"2022-01-01T00:00:00Z","confidence":20,"created_by_ref":"identity--1","kill_chain_phases":[{"kill_chain_name":"mitre-attack","phase_name":"command-and-control"}],"labels":["c2"],"external_references":[{"url":"https://example.org/report"}]}
{"type":"indicator","id":"indicator--2","name":"gone","pattern":"[domain-name:value='gone.example']","pattern_type":"stix","revoked":true}
{"type":"indicator","id":"indicator--3","name":"rule","pattern":"rule a {}","pattern_type":"yara"}
{"type":"relationship","id":"relationship--1","relationship_type":"indicates","source_ref":"indicator--1","target_ref":"intrusion-set--1"}
{"type":"ind
"#;
    let indicators = load(text);
    let info = &indicators.infos()[0];
    assert_eq!(info.title, "Indicator: evil.example (APT31)");
    assert_eq!(info.author, "Maker");
    assert_eq!(info.level, Some(model::Level::Medium));
    assert_eq!(info.tags, ["attack.command-and-control", "c2"]);
    assert_eq!(info.references, ["https://example.org/report"]);
    let found = indicators.look(&event(&[("Q", "evil.example"), ("R", "gone.example")])).matches;
    assert_eq!(found.len(), 2);
    assert_eq!(found[1].1[0].wanted, "domain gone.example or a name below it (revoked by its maker)");
    let gone = &indicators.infos()[1];
    assert_eq!(
        (gone.title.as_str(), gone.level),
        ("Indicator: gone (revoked by its maker)", Some(model::Level::Medium))
    );
    assert_eq!(found[0].1[0].wanted, "domain evil.example or a name below it (valid until 2022-01-01)");
    let mut within = event(&[("Q", "evil.example")]);
    within.time = Some(Time::parse("2021-06-01").unwrap());
    assert_eq!(indicators.look(&within).matches[0].1[0].wanted, "domain evil.example or a name below it");
    within.time = Some(Time::parse("2020-06-01").unwrap());
    let early = "domain evil.example or a name below it (valid from 2021-01-01)";
    assert_eq!(indicators.look(&within).matches[0].1[0].wanted, early);
    within.time = None;
    let unknown = "domain evil.example or a name below it (valid until 2022-01-01, event without a time)";
    assert_eq!(indicators.look(&within).matches[0].1[0].wanted, unknown);
    let mut said: Vec<(u32, &str)> =
        indicators.rejected().iter().map(|one| (one.line, one.reason.split(':').next().unwrap())).collect();
    said.sort_unstable();
    assert_eq!(
        said,
        [(5, "patterns of the type “yara” are not evaluated"), (7, "not readable as JSON from here on"),]
    );
}

#[test]
fn tables_are_read_by_their_heads_or_by_what_they_hold() {
    for (text, value) in [
        ("id,pattern,pattern_type\nindicator--1,[domain-name:value = 'evil.example'],stix\n", "evil.example"),
        ("event.info,attribute.type,attribute.value\nx,ip-dst,185.1.2.3\n", "185.1.2.3"),
        ("type;value\nfilename|md5;evil.doc|d41d8cd98f00b204e9800998ecf8427e\n", r"C:\evil.doc"),
        ("first,second\n2021-01-01,evil.example\n2021-01-02,bad.example\n", "bad.example"),
        ("185.1.2.3,seen in May\n185.1.2.4,seen in June\n", "185.1.2.4"),
        ("event.description,event.date,event.value\nx,2021-07-20,evil.example\n", "evil.example"),
        ("domain\nevil.example\n", "evil.example"),
        ("0.0.0.0 evil.example\n", "evil.example"),
        ("[domain-name:value = 'evil.example']\n", "evil.example"),
        (
            "# id,dateadded,url,urlhaus_link\n1,2021,http://evil.example/a,https://b.example/1\n",
            "http://evil.example/a",
        ),
        ("; a list\n198.51.100.0/24 ; SBL1\n203.0.113.0/24 ; SBL2\n", "203.0.113.9"),
        ("// a list\nhttp://evil.example/a,b\nhttp://evil.example/c\n", "http://evil.example/a,b"),
        ("value,revoked\nevil.example,true\n", "evil.example"),
        ("[{\"type\":\"indicator\",\"pattern\":\"[domain-name:value = 'evil.example']\"}]", "evil.example"),
    ] {
        check(text, "Any", value, true);
    }
    let dotted = load("event.description,event.date,event.value\nx,2021-07-20,evil.example\n");
    assert_eq!(dotted.infos().len(), 1);
    let linked = load("# id,url,urlhaus_link\n1,http://evil.example/a,https://b.example/1\n");
    assert_eq!(linked.infos().len(), 1);
    let bad = load("value,comment\nevil.example,a\nno such thing,b\n");
    assert_eq!((bad.infos().len(), bad.rejected()[0].line), (1, 3));
    let utf16: Vec<u8> = "\u{feff}evil.example\r\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let mut loader = IndicatorLoader::default();
    loader.add("utf16.txt", &utf16);
    assert_eq!(loader.finish().infos()[0].id, "indicator:evil.example");
}

#[test]
fn of_two_versions_the_later_counts() {
    let version = |name: &str, modified: &str, pattern: &str| {
        format!(
            r#"{{"type":"indicator","id":"indicator--1","name":"{name}","modified":"{modified}","pattern":"{pattern}"}}"#
        )
    };
    let text = [
        version("b", "2022-01-02T00:00:00Z", "[domain-name:value = 'new.example']"),
        version("a", "2022-01-01T00:00:00Z", "[domain-name:value = 'old.example']"),
    ]
    .join("\n");
    check(&text, "Q", "new.example", true);
    check(&text, "Q", "old.example", false);
}

#[test]
fn a_hundred_thousand_all_count() {
    let mut text = String::new();
    for number in 0..100_000_u32 {
        match number % 4 {
            0 => text += &format!("10.{}.{}.{}\n", number >> 16, number >> 8 & 255, number & 255),
            1 => text += &format!("host{number}.evil.example\n"),
            2 => text += &format!("{number:032x}\n"),
            _ => text += &format!("http://evil.example/{number}\n"),
        }
    }
    let indicators = load(&text);
    assert_eq!((indicators.infos().len(), indicators.rejected()), (100_000, &[][..]));
    let found = indicators
        .look(&event(&[("a", "http://evil.example/99999"), ("b", "10.1.134.156"), ("c", "nothing")]))
        .matches;
    let ids: Vec<&str> = found.iter().map(|(place, _)| indicators.info(*place).id.as_str()).collect();
    assert_eq!(ids, ["indicator:10.1.134.156", "indicator:http://evil.example/99999"]);
}

#[test]
fn a_second_name_of_a_value_is_not_scanned_twice() {
    let indicators = load("185.1.2.3");
    let mut event = event(&[("IpAddress", "185.1.2.3")]);
    event.alias("src_ip", "IpAddress");
    let found = indicators.look(&event).matches;
    assert_eq!(found[0].1.len(), 1);
}

#[test]
fn the_hash_covers_names_and_bytes() {
    assert_ne!(load("a.example").sha256(), load("b.example").sha256());
    assert_eq!(load("a.example").sha256().len(), 64);
}
