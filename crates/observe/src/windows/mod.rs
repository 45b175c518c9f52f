//! What a Windows record is, whatever it was read from: its log source, and the further names of
//! its fields.
//!
//! Every record is routed by its own channel, provider and event id, since forwarded logs and
//! exports mix channels. Which channel means which service, and which event which category, is data
//! (`data/windows.toml`). Readers fill the event first, with Windows' own names: `Channel`,
//! `Provider_Name`, `EventID` and so on.

mod cmdlet;
mod fields;
mod table;

use model::{Event, LogSource};

use self::table::{Service, TABLE};

/// The log sources of Windows, in the order of their numbers: they follow “unknown” in the table of
/// all log sources, so that routing needs no table but its own.
pub(crate) fn log_sources() -> &'static [LogSource] {
    &TABLE.sources
}

/// Gives a Windows record its log source and the further names that rules know its fields by.
pub(crate) fn route(event: &mut Event) {
    let (service, id) = service_of(event);
    let Some(service) = service else {
        event.source = TABLE.other;
        return;
    };
    match id.and_then(|id| service.events.get(&id)) {
        Some(route) => {
            for row in &route.fields {
                fields::apply(row, event);
            }
            event.source = route.source(event);
        }
        None => event.source = service.source,
    }
    if service.cmdlets {
        cmdlet::derive(event);
    }
}

/// Names the data of a record that stand under `name` without names of their own, by the order that
/// the event's manifest gives them.
pub(crate) fn name_data(event: &mut Event, name: &str) {
    let (Some(service), Some(id)) = service_of(event) else { return };
    let Some(row) = service.data.get(&id) else { return };
    let is_value = |found: &str| {
        // An object in the place of a value, such as a SID, holds the value.
        found.strip_prefix(name).is_some_and(|rest| matches!(rest, "" | ".Value"))
    };
    let fields = event.raw_fields().iter().enumerate();
    let places: Vec<usize> =
        fields.filter(|(_, field)| is_value(event.name(field))).map(|(place, _)| place).collect();
    if places.len() >= row.least {
        for (place, name) in places.into_iter().zip(&row.names) {
            event.alias_field(place, name);
        }
    }
}

/// The service of a record, and its event id.
fn service_of(event: &Event) -> (Option<&'static Service>, Option<u32>) {
    let (mut channel, mut provider, mut id) = (None, None, None);
    for (name, value) in event.fields() {
        match name {
            "Channel" if channel.is_none() => channel = Some(value.text),
            "Provider_Name" if provider.is_none() => provider = Some(value.text),
            "EventID" if id.is_none() => id = Some(value.text),
            _ => continue,
        }
        if channel.is_some() && provider.is_some() && id.is_some() {
            break;
        }
    }
    // A collector may write its own channel in the place of the record's.
    let channel = channel.filter(|name| !name.is_empty() && !name.eq_ignore_ascii_case("ForwardedEvents"));
    let service = match channel {
        Some(channel) => TABLE.of_channel(channel),
        None => provider.and_then(|provider| TABLE.of_provider(provider)),
    };
    (service, id.and_then(|id| id.trim().parse().ok()))
}

#[cfg(test)]
mod tests {
    use model::SourceId;

    use super::*;

    fn routed(fields: &[(&str, &str)]) -> (Event, LogSource) {
        let mut event = Event::default();
        for (name, value) in fields {
            event.push_str(name, value);
        }
        route(&mut event);
        let source = log_sources()[usize::from(event.source.0) - 1].clone();
        (event, source)
    }

    fn check(fields: &[(&str, &str)], category: &[&str], service: &[&str]) {
        let (event, source) = routed(fields);
        assert_eq!(source.product.as_deref(), Some("windows"), "{event:?}");
        assert_eq!((source.category, source.service), (owned(category), owned(service)), "{fields:?}");
    }

    fn owned(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    const SYSMON: (&str, &str) = ("Channel", "microsoft-windows-sysmon/operational");

    #[test]
    fn a_record_is_routed_by_its_own_channel_provider_and_id() {
        check(&[SYSMON, ("EventID", "1")], &["process_creation"], &["sysmon"]);
        check(&[SYSMON, ("EventID", "4711")], &[], &["sysmon"]);
        check(&[("Channel", "Security"), ("EventID", "4624")], &[], &["security"]);
        check(&[("Channel", "Security"), ("EventID", "1")], &[], &["security"]);
        check(
            &[("Channel", "Windows PowerShell"), ("EventID", "400")],
            &["ps_classic_start"],
            &["powershell-classic"],
        );
        check(&[("Channel", "Setup"), ("EventID", "1")], &[], &[]);
        check(&[], &[], &[]);
        let forwarded =
            [("Channel", "ForwardedEvents"), ("Provider_Name", "Microsoft-Windows-Sysmon"), ("EventID", "3")];
        check(&forwarded, &["network_connection"], &["sysmon"]);
        check(&forwarded[1..], &["network_connection"], &["sysmon"]);
        let bus = [("Channel", "Microsoft-ServiceBus-Client/Admin")];
        check(&bus, &[], &["servicebus-client", "microsoft-servicebus-client"]);
    }

    #[test]
    fn a_field_may_decide_the_category() {
        for (id, kind, expected) in [
            ("12", "CreateKey", &["registry_event", "registry_add"][..]),
            ("12", "DeleteValue", &["registry_event", "registry_delete"]),
            ("12", "Other", &["registry_event"]),
            ("13", "SetValue", &["registry_event", "registry_set"]),
            ("14", "RenameKey", &["registry_event", "registry_rename"]),
        ] {
            check(&[SYSMON, ("EventID", id), ("EventType", kind)], expected, &["sysmon"]);
        }
        let access = [("Channel", "Security"), ("EventID", "4663"), ("ObjectType", "Key")];
        check(&access, &[], &["security"]);
    }

    fn values(event: &Event, name: &str) -> String {
        event.get_all(name).map(|value| value.text).collect::<Vec<_>>().join("|")
    }

    #[test]
    fn process_creation_of_the_audit_carries_the_names_of_sysmon() {
        let base = [
            ("Channel", "Security"),
            ("EventID", "4688"),
            ("SubjectUserSid", "S-1-5-18"),
            ("SubjectUserName", "EX01$"),
            ("SubjectDomainName", "COMMISSION"),
            ("NewProcessName", r"C:\Windows\System32\cmd.exe"),
            ("ParentProcessName", r"C:\Windows\System32\inetsrv\w3wp.exe"),
            ("MandatoryLabel", "S-1-16-16384"),
            ("TargetUserName", "-"),
            ("TargetDomainName", "-"),
        ];
        let (event, source) = routed(&base);
        assert_eq!(source.category, ["process_creation"]);
        assert_eq!(values(&event, "Image"), r"C:\Windows\System32\cmd.exe");
        assert_eq!(values(&event, "ParentImage"), r"C:\Windows\System32\inetsrv\w3wp.exe");
        assert_eq!(values(&event, "User"), r"NT AUTHORITY\SYSTEM");
        assert_eq!(values(&event, "IntegrityLevel"), "System");
        let mut as_user = base;
        as_user[2].1 = "S-1-5-21-1-2-3-1104";
        assert_eq!(values(&routed(&as_user).0, "User"), r"COMMISSION\EX01$");
        as_user[8].1 = "j.doe";
        as_user[9].1 = "COMMISSION";
        assert_eq!(values(&routed(&as_user).0, "User"), r"COMMISSION\j.doe");
    }

    #[test]
    fn registry_and_network_audit_carry_the_names_of_sysmon() {
        let (event, source) = routed(&[
            ("Channel", "Security"),
            ("EventID", "4657"),
            ("ObjectName", r"\REGISTRY\MACHINE\SYSTEM\ControlSet001\Services\x"),
            ("ObjectValueName", "ImagePath"),
            ("OperationType", "%%1905"),
            ("NewValue", r"C:\x.exe"),
        ]);
        assert_eq!(source.category, ["registry_event", "registry_set"]);
        assert_eq!(values(&event, "TargetObject"), r"HKLM\System\CurrentControlSet\Services\x\ImagePath");
        assert_eq!(values(&event, "Details"), r"C:\x.exe");
        assert_eq!(values(&event, "EventType"), "SetValue");
        let (event, _) = routed(&[
            ("Channel", "Security"),
            ("EventID", "5156"),
            ("Application", r"\device\harddiskvolume2\windows\system32\cmd.exe"),
            ("Direction", "%%14593"),
            ("SourceAddress", "192.0.2.7"),
            ("SourcePort", "50000"),
            ("DestAddress", "198.51.100.9"),
            ("DestPort", "443"),
            ("Protocol", "6"),
        ]);
        for (name, expected) in [
            ("Image", r"\device\harddiskvolume2\windows\system32\cmd.exe"),
            ("SourceIp", "192.0.2.7"),
            ("SourcePort", "50000"),
            ("DestinationIp", "198.51.100.9"),
            ("DestinationPort", "443"),
            ("Initiated", "true"),
            ("Protocol", "6|tcp"),
        ] {
            assert_eq!(values(&event, name), expected, "{name}");
        }
    }

    #[test]
    fn numbers_of_sources_follow_unknown() {
        let table = crate::LogSources::builtin();
        for (place, source) in log_sources().iter().enumerate() {
            assert_eq!(table.get(SourceId(place as u16 + 1)), source, "{source}");
        }
    }
}
