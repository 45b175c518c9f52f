use crate::config::Config;

/// What differs between two configurations: sections that count at once, and those that need a new start.
pub(super) fn between(old: &Config, new: &Config) -> (Vec<&'static str>, Vec<&'static str>) {
    type Of = fn(&Config) -> String;
    const AT_ONCE: [(&str, Of); 15] = [
        ("id", |c| format!("{:?}", c.id)),
        ("dry_run", |c| c.dry_run.to_string()),
        ("on_failure", |c| format!("{:?}", c.on_failure)),
        ("smtp", |c| format!("{:?}", c.smtp)),
        ("institution", |c| format!("{:?}", c.institution)),
        ("rules", |c| format!("{:?}", c.rules)),
        ("policy", |c| format!("{:?}", c.policy)),
        ("group", |c| format!("{:?}", c.group)),
        ("allow", |c| format!("{:?}", c.allow)),
        ("quarantine", |c| c.quarantine.retention_days.to_string()),
        ("release", |c| format!("{:?}", c.release)),
        ("notice", |c| format!("{:?}", c.notice)),
        ("arc", |c| format!("{:?}", c.arc)),
        ("dns", |c| format!("{:?}", c.dns)),
        ("limits", |c| format!("{:?}", c.limits)),
    ];
    const LATER: [(&str, Of); 6] = [
        ("the doors that are listened on", |c| {
            let milter = c.milter.iter().map(|door| door.listen.to_string());
            milter
                .chain(c.smtp.iter().map(|door| format!("{} {}", door.listen, door.lmtp)))
                .collect::<String>()
        }),
        ("quarantine.dir", |c| format!("{:?}", c.quarantine.dir)),
        ("history.file", |c| format!("{:?}", c.history.as_ref().map(|set| &set.file))),
        ("http.listen", |c| format!("{:?}", c.http)),
        ("notice.listen", |c| format!("{:?}", c.notice.as_ref().and_then(|set| set.listen))),
        ("limits.connections, limits.judges, limits.mailings and limits.drain_seconds", |c| {
            let all = &c.limits;
            format!("{} {} {} {}", all.connections, all.judges, all.mailings, all.drain_seconds)
        }),
    ];
    let differ = |list: &[(&'static str, Of)]| {
        list.iter().filter(|(_, of)| of(old) != of(new)).map(|(name, _)| *name).collect()
    };
    (differ(&AT_ONCE), differ(&LATER))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_changed_is_named() {
        let text = "[[milter]]\nlisten = \"127.0.0.1:1\"\n[quarantine]\ndir = \"q\"\n";
        let old = Config::parse(text).unwrap();
        assert_eq!(between(&old, &old), (vec![], vec![]));
        let new = text.replace("[[milter]]", "dry_run = true\n[[milter]]") + "[policy]\nlow = \"tag\"\n";
        assert_eq!(between(&old, &Config::parse(&new).unwrap()), (vec!["dry_run", "policy"], vec![]));
        let moved = text.replace("127.0.0.1:1", "127.0.0.1:2").replace("\"q\"", "\"r\"");
        let (at_once, later) = between(&old, &Config::parse(&moved).unwrap());
        assert_eq!((at_once, later), (vec![], vec!["the doors that are listened on", "quarantine.dir"]));
    }
}
