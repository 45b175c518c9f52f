//! System, Application, Exchange management and PowerShell logs.

use super::Day;
use crate::formats::windows::Cmdlet;

/// Services start and stop.
pub(super) fn system(day: &mut Day<'_>) {
    let Some(services) = day.cx.honest.services.get("all") else { return };
    let micros = day.moment();
    let service = day.dice.one(services);
    let state = day.dice.pick(&["running", "stopped"]);
    if day.dice.once_in(9) {
        day.cx
            .catalogue
            .event(day.out, micros, "system-7040")
            .set("param1", "Background Intelligent Transfer Service")
            .set("param2", "demand start")
            .set("param3", "auto start")
            .set("param4", "BITS")
            .done();
    } else {
        day.cx
            .catalogue
            .event(day.out, micros, "system-7036")
            .set("param1", service)
            .set("param2", state)
            .done();
    }
}

/// What Exchange and ASP.NET write to the Application log.
pub(super) fn application(day: &mut Day<'_>) {
    let micros = day.moment();
    let world = day.cx.world;
    let number = day.dice.within(1000..90_000).to_string();
    let client = day.dice.one(&world.outside).clone();
    let (kind, texts): (&str, Vec<&str>) = match day.dice.weighted(&[50, 20, 5, 4, 6]) {
        0 => ("application-esent-916", vec!["Information Store - DB01", &number, "", "0", "10.0.14393.4169"]),
        1 => ("application-transport-1035", vec!["LogonDenied", "Default Frontend", "Login", &client]),
        2 => ("application-transport-17030", vec!["mail", &world.domain, "12014"]),
        3 => ("application-msi-1033", vec!["Security Update", "15.1.2176.14", "1033", "0", "Microsoft"]),
        _ => (
            "application-asp-1309",
            vec!["3005", "An unhandled exception has occurred.", &number, "/owa", &client],
        ),
    };
    day.cx.catalogue.event(day.out, micros, kind).set("Data", &texts[..]).done();
}

/// Cmdlets that administrators, self-service pages and Exchange itself run.
pub(super) fn management(day: &mut Day<'_>) {
    let micros = day.moment();
    let world = day.cx.world;
    let person = day.anybody();
    let admin = day.dice.one(&world.admins);
    let path =
        format!("{}/Microsoft Exchange System Objects/Monitoring Mailboxes/HealthMailbox", world.realm);
    let identity = format!("{}/Users/{}", world.realm, person.display());
    let by_admin = format!("{}/Admins/{}", world.realm, admin.sam);
    let set = format!("-Identity \"{identity}\" -ProhibitSendQuota \"49 GB (52,613,349,376 bytes)\"");
    let get = format!("-Identity \"{}\"", world.hosts.ex.name);
    let test = format!(
        "-MailboxCredential \"System.Management.Automation.PSCredential\" -TargetEmailAddress \"{}\"",
        person.mail
    );
    let calendar = format!("-Identity \"{identity}\" -AutomateProcessing \"AutoUpdate\"");
    let group = format!("-Identity \"{}\" -Member \"{identity}\"", day.dice.one(&world.names.departments));
    let (name, parameters, caller, sid, host) = match day.dice.weighted(&[40, 24, 14, 8, 6, 8]) {
        0 => ("Test-ReplicationHealth", get.as_str(), path.as_str(), world.sid(1140), "MSExchangeHMWorker"),
        1 => ("Test-OutlookWebServices", test.as_str(), path.as_str(), world.sid(1141), "MSExchangeHMWorker"),
        2 => ("Set-Mailbox", set.as_str(), by_admin.as_str(), admin.sid, "w3wp#MSExchangePowerShellAppPool"),
        3 => (
            "Set-CalendarProcessing",
            calendar.as_str(),
            by_admin.as_str(),
            admin.sid,
            "w3wp#MSExchangePowerShellAppPool",
        ),
        4 => (
            "Add-DistributionGroupMember",
            group.as_str(),
            by_admin.as_str(),
            admin.sid,
            "w3wp#MSExchangeECPAppPool",
        ),
        _ => (
            "Set-MailboxCalendarConfiguration",
            set.as_str(),
            identity.as_str(),
            person.sid,
            "w3wp#MSExchangeECPAppPool",
        ),
    };
    Cmdlet { name, parameters, caller, caller_sid: &sid, host, error: "" }.add(&day.cx, day.out, micros);
}

const SCRIPTS: &[&str] = &[
    "Get-ChildItem -Path $LogFolder -Recurse -Filter *.log |\r\n    Where-Object { $_.LastWriteTime -lt (Get-Date).AddDays(-30) } |\r\n    ForEach-Object { Compress-Archive -Path $_.FullName -DestinationPath (Join-Path $Archive ($_.BaseName + '.zip')) -Update; Remove-Item $_.FullName }",
    "$queues = Get-Queue -Server $env:COMPUTERNAME | Where-Object { $_.MessageCount -gt 50 }\r\nif ($queues) { Send-MailMessage -To $Operators -From $Sender -Subject 'Queue length' -Body ($queues | Out-String) -SmtpServer $Relay }",
    "Import-Module ActiveDirectory\r\nSearch-ADAccount -AccountInactive -TimeSpan 90.00:00:00 -UsersOnly | Select-Object Name, SamAccountName, LastLogonDate | Export-Csv -NoTypeInformation $Report",
    "Get-MailboxDatabase -Status | Select-Object Name, DatabaseSize, AvailableNewMailboxSpace, LastFullBackup | Export-Csv -NoTypeInformation $Report",
    "prompt",
    "{ Set-StrictMode -Version 1; $_.ErrorCategory_Message }",
    "Get-Service -Name MSExchange* | Where-Object { $_.StartType -eq 'Automatic' -and $_.Status -ne 'Running' } | ForEach-Object { Write-EventLog -LogName Application -Source Maintenance -EventId 100 -EntryType Warning -Message $_.Name }",
];

/// Script blocks of maintenance.
pub(super) fn powershell(day: &mut Day<'_>) {
    let micros = day.moment();
    let script = day.dice.pick(SCRIPTS);
    let id = day.dice.guid().to_string();
    let path = if script.len() > 80 { "D:\\Maintenance\\Daily.ps1" } else { "" };
    day.cx
        .catalogue
        .event(day.out, micros, "powershell-4104")
        .set("MessageNumber", 1_u64)
        .set("MessageTotal", 1_u64)
        .set("ScriptBlockText", script)
        .set("ScriptBlockId", &id)
        .set("Path", path)
        .done_by(4 * (500 + (micros % 977) as u32), 7000);
}

/// The classic log of PowerShell: engines and providers start.
pub(super) fn classic_powershell(day: &mut Day<'_>) {
    let micros = day.moment();
    let id = day.dice.guid();
    let details = format!(
        "\tNewEngineState=Available\r\n\tPreviousEngineState=None\r\n\r\n\tSequenceNumber=13\r\n\r\n\
         \tHostName=ConsoleHost\r\n\tHostVersion=5.1.14393.4467\r\n\tHostId={id}\r\n\
         \tHostApplication=powershell.exe -NoProfile -ExecutionPolicy RemoteSigned -File D:\\Maintenance\\Rotate-Logs.ps1\r\n\
         \tEngineVersion=5.1.14393.4467\r\n\tRunspaceId={id}\r\n\tPipelineId=\r\n\tCommandName=\r\n\tCommandType=\r\n\
         \tScriptName=\r\n\tCommandPath=\r\n\tCommandLine="
    );
    let (kind, texts) = if day.dice.once_in(4) {
        ("classicps-400", ["Available", "None", details.as_str()])
    } else {
        ("classicps-600", ["Registry", "Started", details.as_str()])
    };
    day.cx.catalogue.event(day.out, micros, kind).set("Data", &texts[..]).done();
}
