//! `rules check`, `list`, `test`; where rules come from in a hunt; indicators.

use serde_json::Value;

use super::Step;
use crate::program::{file, folder, hunt, rule, run, w3c};

pub(super) const STEPS: &[Step] = &[
    ("rules check: errors with file and line, what is no rule, --placeholders", rules_are_checked),
    ("rules list: level, door, technique; --json, --no-builtin, --rules", rules_are_listed),
    ("rules test: why a rule held or not; --misses, --zone", rules_are_explained),
    ("--rules twice: of one id the later counts, and that is said", the_later_rule_counts),
    ("--rules replaces a built-in rule; --no-builtin leaves them out", builtin_rules),
    ("--rules: what cannot be loaded is counted and stops nothing", broken_rules),
    ("--placeholders: values for `expand`, as TOML and as JSON", placeholders),
    ("--indicators: a STIX bundle, JSON lines, CSV and text", indicators),
];

fn rules_are_checked() {
    let dir = folder("check");
    file(&dir, "good.yml", rule("A page", "1", "cs-uri-stem|endswith: .aspx"));
    let good = run(&["rules", "check", &dir.display().to_string()]);
    assert!(good.code == 0 && good.err.contains("1 rules can be used, 0 cannot"), "{}{}", good.out, good.err);
    file(
        &dir,
        "wrong.yml",
        "title: Wrong\nlogsource: {category: webserver}\ndetection:\n  s:\n    a|re: '(?=x)'\n  condition: s\n",
    );
    file(&dir, "notes.yml", "just: notes\n");
    file(&dir, "torn.yaml", "title: Torn\ndetection: [\n");
    let known = file(&dir, "values.toml", "pages = [\"/x.aspx\"]\n");
    file(&dir, "expand.yml", rule("Known page", "2", "cs-uri-stem|expand: '%pages%'"));
    let dir = dir.display().to_string();
    let ran = run(&["rules", "check", &dir, "--placeholders", &known.display().to_string()]);
    assert_eq!(ran.code, 1);
    assert!(ran.out.contains("wrong.yml:5: error: Wrong: regular expression"), "{}", ran.out);
    assert!(ran.out.contains("notes.yml:1: note: skipped"), "{}", ran.out);
    assert!(
        ran.out.contains("torn.yaml:") && ran.err.contains("2 rules can be used, 2 cannot"),
        "{}{}",
        ran.out,
        ran.err
    );
    let without = run(&["rules", "check", &dir]);
    assert!(without.out.contains("expand.yml") && without.out.contains("pages"), "{}", without.out);
}

fn rules_are_listed() {
    let table = run(&["rules", "list"]);
    assert!(table.code == 0 && table.out.lines().count() > 60, "{}", table.out);
    let head: Vec<&str> = table.out.lines().next().unwrap().split_whitespace().collect();
    assert_eq!(head, ["level", "door", "technique", "title", "for"]);
    let dir = folder("list");
    file(&dir, "a.yml", rule("A page", "1", "cs-uri-stem|expand: '%pages%'"));
    let known = file(&dir, "values.toml", "pages = [\"/x.aspx\"]\n").display().to_string();
    let dir = dir.display().to_string();
    let list = run(&["rules", "list", "--no-builtin", "--rules", &dir, "--placeholders", &known, "--json"]);
    let [line] = &list.lines()[..] else { panic!("{}", list.out) };
    assert_eq!(line["title"], "A page");
    assert_eq!(line["level"], "high");
    assert_eq!(line["techniques"][0], "T1505.003");
    assert!(line["door"].is_string() && line["logsource"].as_str().unwrap().contains("webserver"), "{line}");
    let with = run(&["rules", "list", "--rules", &dir, "--placeholders", &known, "--json"]);
    assert!(with.lines().len() > 60);
}

fn rules_are_explained() {
    let dir = folder("explain");
    let page =
        file(&dir, "page.yml", rule("A page", "1", "cs-uri-stem|endswith: .aspx")).display().to_string();
    let log = w3c(&["POST /x.aspx", "GET /a.html", "GET /b.html"]);
    let log = file(&dir, "u_ex.log", log).display().to_string();
    let ran = run(&["rules", "test", &page, &log]);
    assert_eq!(ran.code, 1, "{}{}", ran.out, ran.err);
    assert_eq!(ran.out.matches("does not hold").count(), 2, "{}", ran.out);
    assert!(ran.out.contains("✓ cs-uri-stem: endswith .aspx — found “/x.aspx”"), "{}", ran.out);
    assert!(ran.err.contains("held 1 times, did not hold 2 times"), "{}", ran.err);
    let one = run(&["rules", "test", &page, &log, "--misses", "1", "--zone", "Europe/London"]);
    assert_eq!(one.out.matches("does not hold").count(), 1, "{}", one.out);
    assert_eq!(run(&["rules", "test", &page, &log, "--zone", "Mars/North"]).code, 2);
    let other = file(&dir, "other.yml", rule("Other", "2", "cs-uri-stem: /none"));
    assert_eq!(run(&["rules", "test", &other.display().to_string(), &log]).code, 0);
}

fn the_later_rule_counts() {
    let dir = folder("twice");
    let log = file(&dir, "u_ex.log", w3c(&["GET /x.aspx"]));
    let early = file(&dir, "early.yml", rule("Early", "1", "cs-uri-stem: /x.aspx"));
    let late = file(&dir, "late.yml", rule("Late", "1", "cs-uri-stem: /x.aspx"));
    for (first, second, wins) in [(&early, &late, "Late"), (&late, &early, "Early")] {
        let options =
            format!("--no-builtin --rules {} --rules {} --format jsonl", first.display(), second.display());
        let ran = hunt(&log, &options);
        let titles: Vec<Value> = ran.lines().iter().map(|finding| finding["rule"]["title"].clone()).collect();
        assert_eq!(titles, [wins], "{}", ran.err);
        assert!(ran.err.contains("note: ") && ran.err.contains(&first.display().to_string()), "{}", ran.err);
    }
}

fn builtin_rules() {
    let dir = folder("builtin");
    let log = file(&dir, "u_ex.log", w3c(&["POST /aspnet_client/x.aspx"]));
    let builtin = hunt(&log, "--format jsonl").lines();
    assert!(!builtin.is_empty());
    assert!(builtin[0]["rule"]["source"].as_str().unwrap().starts_with("builtin/"), "{}", builtin[0]);
    assert_eq!(hunt(&log, "--no-builtin").code, 0);
    let id = builtin[0]["rule"]["id"].as_str().unwrap();
    let text = rule("Ours", "1", "cs-uri-stem: /none").replace("5d3f6f2e-6d6c-4b3e-9d51-000000000001", id);
    let ours = file(&dir, "ours.yml", text);
    let ran = hunt(&log, &format!("--rules {} --format jsonl", ours.display()));
    assert!(!ran.out.contains(id) && ran.err.contains("ours.yml, which counts"), "{}\n{}", ran.err, ran.out);
}

fn broken_rules() {
    let dir = folder("broken");
    let log = file(&dir, "u_ex.log", w3c(&["GET /x.aspx"]));
    let rules = folder("broken/rules");
    file(&rules, "good.yml", rule("A page", "1", "cs-uri-stem: /x.aspx"));
    file(&rules, "wrong.yml", rule("Wrong", "2", "cs-uri-stem|nonsense: x"));
    file(&rules, "notes.yml", "just: notes\n");
    file(&rules, "latin.yml", b"title: caf\xe9\n");
    let ran = hunt(&log, &format!("--no-builtin --rules {} --format jsonl", rules.display()));
    assert!(ran.code == 1 && ran.lines().len() == 1, "{}", ran.out);
    assert!(ran.err.contains("2 rules could not be loaded; portcullis rules check says"), "{}", ran.err);
    let none = hunt(&log, "--rules /no/such/rules");
    assert!(none.code == 2 && none.err.contains("there are no rules at"), "{}", none.err);
}

fn placeholders() {
    let dir = folder("placeholders");
    let log = file(&dir, "u_ex.log", w3c(&["GET /x.aspx", "GET /y.aspx"]));
    let rule = file(&dir, "known.yml", rule("Known page", "1", "cs-uri-stem|expand: '%pages%'"));
    let toml = file(&dir, "values.toml", "pages = [\"/x.aspx\", \"/z.aspx\"]\n");
    let json = file(&dir, "values.json", "{\"pages\": [\"/y.aspx\"]}");
    for (values, found) in [(&toml, "/x.aspx"), (&json, "/y.aspx")] {
        let options = format!(
            "--no-builtin --rules {} --placeholders {} --format jsonl",
            rule.display(),
            values.display()
        );
        let findings = hunt(&log, &options).lines();
        assert_eq!(findings.len(), 1);
        assert_eq!(findings[0]["event"]["cs-uri-stem"], found);
    }
    let wrong = file(&dir, "wrong.toml", "pages = 7\n");
    let ran = hunt(&log, &format!("--placeholders {}", wrong.display()));
    assert!(ran.code == 2 && ran.err.contains("no list of placeholders"), "{}", ran.err);
}

fn indicators() {
    let dir = folder("indicators");
    let log = file(&dir, "u_ex.log", w3c(&["GET /x.aspx", "GET /y.aspx"]));
    let id = "indicator--6c5a1f3e-1111-4222-8333-444455556666";
    let object = serde_json::json!({
        "type": "indicator", "spec_version": "2.1", "id": id, "created": "2020-01-01T00:00:00.000Z",
        "modified": "2020-01-01T00:00:00.000Z", "name": "relay", "pattern_type": "stix",
        "pattern": "[ipv4-addr:value = '203.0.113.7']",
        "valid_from": "2020-01-01T00:00:00Z", "valid_until": "2020-06-01T00:00:00Z",
    });
    let bundle = serde_json::json!({
        "type": "bundle", "id": "bundle--6c5a1f3e-1111-4222-8333-444455556667", "objects": [&object],
    });
    let forms = [
        file(&dir, "bundle.json", bundle.to_string()),
        file(&dir, "lines.jsonl", format!("{object}\n")),
        file(&dir, "table.csv", "type,value,name\nip,203.0.113.7,relay\n"),
        file(&dir, "list.txt", "# relays\n203.0.113[.]7\nnever.example\n"),
    ];
    for form in &forms {
        let findings =
            hunt(&log, &format!("--no-builtin --indicators {} --format jsonl", form.display())).lines();
        assert_eq!(findings.len(), 2, "{}", form.display());
        for finding in &findings {
            assert_eq!(finding["kind"], "indicator", "{finding}");
            assert!(finding["matched"].to_string().contains("203.0.113.7"), "{finding}");
        }
        if form.extension().is_some_and(|end| end.to_string_lossy().starts_with("json")) {
            assert_eq!(findings[0]["rule"]["id"], id);
            // A look back: what is past still matches, and says so.
            assert!(findings[0]["matched"].to_string().contains("2020-06-01"), "{}", findings[0]);
        }
    }
    let both = format!("--indicators {} --indicators {}", forms[0].display(), forms[2].display());
    assert!(hunt(&log, &format!("{both} --no-builtin --format jsonl")).lines().len() >= 2);
    let none = file(&dir, "none.txt", "# nothing yet\n");
    let ran = hunt(&log, &format!("--indicators {}", none.display()));
    assert!(ran.code == 2 && ran.err.contains("no indicator could be read"), "{}", ran.err);
    assert_eq!(hunt(&log, "--indicators /no/such/file").code, 2);
}
