use super::*;

const WHOLE: &str = r#"
id = "gate.parl.example"
[[milter]]
listen = "127.0.0.1:10024"
[[smtp]]
listen = "unix:/run/portcullis/lmtp"
next_hop = "unix:/run/dovecot/lmtp"
lmtp = true
[institution]
domains = ["parl.example"]
[policy]
medium = "neutralise"
[[group]]
name = "protected"
recipients = ["ann@parl.example", "*.parl.example"]
policy = { high = "quarantine", medium = "quarantine" }
[[allow]]
domain = "list.example"
reason = "own newsletter"
expires = "2027-01-31"
[quarantine]
dir = "quarantine"
[history]
file = "history.sqlite"
[http]
listen = "127.0.0.1:9000"
"#;

fn read(text: &str) -> Result<Config, ConfigError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("gate.toml");
    std::fs::write(&path, text).unwrap();
    let config = Config::read(&path)?;
    assert_eq!(config.quarantine.dir, folder.path().join("quarantine"));
    Ok(config)
}

fn said(text: &str) -> String {
    let error = read(text).unwrap_err();
    let source = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
    format!("{error}\n{source}")
}

#[test]
fn a_whole_file_is_read() {
    let config = read(WHOLE).unwrap();
    assert_eq!(config.smtp[0].next_hop.to_string(), "unix:/run/dovecot/lmtp");
    assert_eq!(config.institution(Path::new("gate.toml")).unwrap().domains, ["parl.example"]);
    assert_eq!(
        (config.on_failure, config.dry_run, config.quarantine.retention_days),
        (OnFailure::Tempfail, false, 90)
    );
    assert!(config.rules.builtin);
}

#[test]
fn what_is_wrong_is_said_with_its_line() {
    for (from, to, says) in [
        ("lmtp = true", "lmtpp = true", "unknown field `lmtpp`"),
        ("127.0.0.1:10024", "localhost", "write for example 127.0.0.1:10025"),
        ("2027-01-31", "soon", "“soon” is not a day"),
        ("medium = \"neutralise\"", "medium = \"burn\"", "unknown variant `burn`"),
        ("domain = \"list.example\"", "", "exactly one of sender, domain and client"),
        (
            "unix:/run/dovecot/lmtp",
            "unix:/run/portcullis/lmtp",
            "line 6: the door on unix:/run/portcullis/lmtp leads to itself",
        ),
        ("127.0.0.1:9000", "0.0.0.0:9000", "served to everybody"),
        ("[quarantine]", "[quarantine]\nretention_days = 0", "0 days keep nothing"),
        ("[quarantine]", "[limits]\nconnections = 0\n[quarantine]", "connections = 0 makes no sense"),
        (
            "id = \"gate.parl.example\"",
            "[arc]\ndomain = \"parl.example\"\nselector = \"s\"\nkey = \"k\"",
            "needs the gate's name",
        ),
        ("name = \"protected\"", "", "missing field `name`"),
    ] {
        assert!(WHOLE.contains(from), "{from}");
        let said = said(&WHOLE.replacen(from, to, 1));
        assert!(said.contains(says), "{to}: {said}");
    }
}

#[test]
fn a_typing_error_shows_where() {
    let said = said(&WHOLE.replace("next_hop", "nexthop"));
    assert!(said.contains("line 7"), "{said}");
}

#[test]
fn all_problems_are_said_at_once() {
    let text = "[quarantine]\ndir = \"quarantine\"\n[limits]\njudge_seconds = 0\n";
    let said = said(text);
    assert!(said.contains("there is no door") && said.contains("line 4: judge_seconds"), "{said}");
}

#[test]
fn its_own_results_are_not_believed() {
    let text = WHOLE
        .replace("domains = [", "authserv_ids = [\"GATE.parl.example\", \"mx.parl.example\"]\ndomains = [");
    let settings = read(&text).unwrap().institution(Path::new("gate.toml")).unwrap();
    assert_eq!(settings.authserv_ids, ["mx.parl.example"]);
}
