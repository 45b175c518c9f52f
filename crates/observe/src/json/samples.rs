//! One record of each kind as its maker writes it, and what rules must find in it.

use model::Event;

use super::exports::EXPORTS;
use super::tests::gather;
use crate::LogSources;
use crate::w3c::probe::{time, values};

/// Kind, record, log source, time, and fields that must be there with these values.
pub(super) type Sample =
    (&'static str, &'static str, &'static str, &'static str, &'static [(&'static str, &'static str)]);

const SAMPLES: &[Sample] = &[
    (
        "winlogbeat 7",
        r#"{"@timestamp":"2021-08-24T09:12:00.123Z","event":{"code":"1","provider":"Microsoft-Windows-Sysmon"},"host":{"name":"ex.example.org"},
            "winlog":{"channel":"Microsoft-Windows-Sysmon/Operational","event_id":1,"provider_name":"Microsoft-Windows-Sysmon","record_id":7,
            "computer_name":"EX.example.org","event_data":{"Image":"C:\\Windows\\System32\\cmd.exe","ParentImage":"C:\\Windows\\System32\\inetsrv\\w3wp.exe"}}}"#,
        "windows / process_creation / sysmon",
        "2021-08-24T09:12:00.123Z",
        &[
            ("EventID", "1"),
            ("Channel", "Microsoft-Windows-Sysmon/Operational"),
            ("Provider_Name", "Microsoft-Windows-Sysmon"),
            ("Computer", "EX.example.org"),
            ("EventRecordID", "7"),
            ("Image", r"C:\Windows\System32\cmd.exe"),
            ("ParentImage", r"C:\Windows\System32\inetsrv\w3wp.exe"),
        ],
    ),
    (
        "winlogbeat 6",
        r#"{"@timestamp":"2021-08-24T09:12:00.000Z","event_id":4688,"log_name":"Security","source_name":"Microsoft-Windows-Security-Auditing",
            "computer_name":"fs.example.org","record_number":"12","event_data":{"NewProcessName":"C:\\Windows\\System32\\whoami.exe","CommandLine":"whoami /all"}}"#,
        "windows / process_creation / security",
        "2021-08-24T09:12:00Z",
        &[
            ("EventID", "4688"),
            ("Channel", "Security"),
            ("Computer", "fs.example.org"),
            ("Image", r"C:\Windows\System32\whoami.exe"),
        ],
    ),
    (
        "evtx_dump",
        r##"{"Event":{"#attributes":{"xmlns":"http://schemas.microsoft.com/win/2004/08/events/event"},"System":{"Provider":{"#attributes":{"Name":"Service Control Manager","Guid":"555908d1-a6d7-4695-8e1e-26931d2012f4"}},
            "EventID":{"#attributes":{"Qualifiers":16384},"#text":7045},"TimeCreated":{"#attributes":{"SystemTime":"2021-08-24T09:12:00.5Z"}},"Channel":"System","Computer":"FS","EventRecordID":42,
            "Execution":{"#attributes":{"ProcessID":4,"ThreadID":8}}},"EventData":{"ServiceName":"PSEXESVC","ImagePath":"%SystemRoot%\\PSEXESVC.exe"}}}"##,
        "windows / system",
        "2021-08-24T09:12:00.5Z",
        &[
            ("EventID", "7045"),
            ("Qualifiers", "16384"),
            ("Provider_Name", "Service Control Manager"),
            ("TimeCreated_SystemTime", "2021-08-24T09:12:00.5Z"),
            ("Execution_ProcessID", "4"),
            ("ServiceName", "PSEXESVC"),
            ("ImagePath", r"%SystemRoot%\PSEXESVC.exe"),
        ],
    ),
    (
        "evtx_dump, attributes apart, as a list of named data",
        r##"{"Event":{"System":{"Provider_attributes":{"Name":"Microsoft-Windows-Sysmon"},"EventID":1,"TimeCreated_attributes":{"SystemTime":"2021-08-24T09:12:00Z"},"Channel":"Microsoft-Windows-Sysmon/Operational","Computer":"FS"},
            "EventData_attributes":{"Name":"x"},"EventData":{"Data":[{"@Name":"Image","#text":"C:\\Windows\\System32\\cmd.exe"},{"@Name":"User","#text":null}]}}}"##,
        "windows / process_creation / sysmon",
        "2021-08-24T09:12:00Z",
        &[
            ("Provider_Name", "Microsoft-Windows-Sysmon"),
            ("Image", r"C:\Windows\System32\cmd.exe"),
            ("User", "∅"),
        ],
    ),
    (
        "evtx_dump, user data",
        r##"{"Event":{"System":{"Provider":{"#attributes":{"Name":"Microsoft-Windows-Eventlog"}},"EventID":1102,"Channel":"Security","Computer":"DC",
            "TimeCreated":{"#attributes":{"SystemTime":"2021-08-24T09:12:00Z"}}},"UserData":{"LogFileCleared":{"#attributes":{"xmlns:auto-ns3":"x"},"SubjectUserName":"adm","SubjectLogonId":"0x3e7"}}}}"##,
        "windows / security",
        "2021-08-24T09:12:00Z",
        &[("EventID", "1102"), ("SubjectUserName", "adm")],
    ),
    (
        "evtx_dump, named data",
        r##"{"Event":{"System":{"Provider":{"#attributes":{"Name":"MSExchange CmdletLogs"}},"EventID":1,"Channel":"MSExchange Management","Computer":"EX",
            "TimeCreated":{"#attributes":{"SystemTime":"2021-08-24T09:12:00Z"}}},"EventData":{"Data":{"#text":["New-MailboxExportRequest","-Mailbox \"a\" -FilePath \"\\\\127.0.0.1\\c$\\x.aspx\""]}}}}"##,
        "windows / msexchange-management",
        "2021-08-24T09:12:00Z",
        &[
            ("Data", "New-MailboxExportRequest"),
            ("Cmdlet", "New-MailboxExportRequest"),
            ("Parameter_Mailbox", "a"),
        ],
    ),
    (
        "flat Sysmon, as NXLog writes it",
        r#"{"EventTime":"2021-08-24 09:12:00","Hostname":"WS5.example.org","EventID":11,"SourceName":"Microsoft-Windows-Sysmon","Channel":"Microsoft-Windows-Sysmon/Operational",
            "TargetFilename":"C:\\inetpub\\wwwroot\\aspnet_client\\x.aspx","Image":"c:\\windows\\system32\\inetsrv\\w3wp.exe"}"#,
        "windows / file_event / sysmon",
        "2021-08-24T09:12:00Z",
        &[
            ("Computer", "WS5.example.org"),
            ("Provider_Name", "Microsoft-Windows-Sysmon"),
            ("TargetFilename", r"C:\inetpub\wwwroot\aspnet_client\x.aspx"),
        ],
    ),
    (
        "Defender, whose names hold blanks",
        r#"{"@timestamp":"2021-08-24T09:12:00Z","winlog":{"channel":"Microsoft-Windows-Windows Defender/Operational","event_id":1116,"provider_name":"Microsoft-Windows-Windows Defender","event_data":{"Threat Name":"Backdoor:ASP/Chopper"}}}"#,
        "windows / antivirus / windefend",
        "2021-08-24T09:12:00Z",
        &[
            ("Threat Name", "Backdoor:ASP/Chopper"),
            ("ThreatName", "Backdoor:ASP/Chopper"),
            ("Threat_Name", "Backdoor:ASP/Chopper"),
        ],
    ),
    (
        "Microsoft 365 unified audit",
        r#"{"CreationTime":"2021-10-28T07:30:05","Id":"1","Operation":"New-InboxRule","RecordType":1,"ResultStatus":"True","Workload":"Exchange","ClientIP":"198.51.100.7:1234","UserId":"a@example.org","ObjectId":"EX\\a",
            "Parameters":[{"Name":"ForwardTo","Value":"x@example.net"},{"Name":"DeleteMessage","Value":"True"}],"ExtendedProperties":[{"Name":"RequestType","Value":"Cmsi:Cmsi"}]}"#,
        "m365 / audit+exchange",
        "2021-10-28T07:30:05Z",
        &[
            ("Operation", "New-InboxRule"),
            ("eventName", "New-InboxRule"),
            ("eventSource", "Exchange"),
            ("status", "success"),
            ("ClientIPAddress", "198.51.100.7:1234"),
            ("Parameters.ForwardTo", "x@example.net"),
            (
                "Parameters",
                r#"[{"Name":"ForwardTo","Value":"x@example.net"},{"Name":"DeleteMessage","Value":"True"}]"#,
            ),
            ("RequestType", "Cmsi:Cmsi"),
        ],
    ),
    (
        "Microsoft 365 search result around the record",
        r#"{"RecordType":"AzureActiveDirectory","CreationDate":"2021-10-28T07:30:06Z","UserIds":"a@example.org","Operations":"Consent to application.","AuditData":"{\"CreationTime\":\"2021-10-28T07:30:05\",\"Operation\":\"Consent to application.\",\"Workload\":\"AzureActiveDirectory\",\"ModifiedProperties\":[{\"Name\":\"ConsentContext.IsAdminConsent\",\"NewValue\":\"True\",\"OldValue\":\"\"}]}"}"#,
        "m365 / audit",
        "2021-10-28T07:30:05Z",
        &[
            ("Operation", "Consent to application."),
            ("Operations", "Consent to application."),
            ("ModifiedProperties.ConsentContext.IsAdminConsent.NewValue", "True"),
            ("ModifiedProperties.ConsentContext.IsAdminConsent.OldValue", ""),
        ],
    ),
    (
        "Microsoft 365 alert",
        r#"{"CreationTime":"2021-10-28T07:30:05","Operation":"AlertTriggered","Workload":"SecurityComplianceCenter","Name":"Suspicious inbox forwarding","ResultStatus":"Succeeded","UserId":"SecurityComplianceAlerts"}"#,
        "m365 / audit+threat_management+threat_detection",
        "2021-10-28T07:30:05Z",
        &[
            ("eventSource", "SecurityComplianceCenter"),
            ("eventName", "Suspicious inbox forwarding"),
            ("status", "success"),
        ],
    ),
    (
        "Entra sign-in, Graph",
        r#"{"id":"1","createdDateTime":"2021-11-02T08:00:01Z","userDisplayName":"A","userPrincipalName":"a@example.org","appDisplayName":"Office 365 Exchange Online","ipAddress":"203.0.113.9","clientAppUsed":"IMAP4",
            "conditionalAccessStatus":"notApplied","riskState":"none","authenticationRequirement":"singleFactorAuthentication","userAgent":"BAV2ROPC","authenticationProtocol":"ropc",
            "status":{"errorCode":50126,"failureReason":"Invalid username or password"},"deviceDetail":{"deviceId":"","trustType":"","isCompliant":false},"networkLocationDetails":[],"location":{"city":"X","countryOrRegion":"GB"}}"#,
        "azure / signinlogs",
        "2021-11-02T08:00:01Z",
        &[
            ("ResultType", "50126"),
            ("status.errorCode", "50126"),
            ("ResultDescription", "Invalid username or password"),
            ("Status", "Failure"),
            ("AuthenticationRequirement", "singleFactorAuthentication"),
            ("NetworkLocationDetails", "[]"),
            ("DeviceDetail.trusttype", ""),
            ("DeviceDetail.isCompliant", "false"),
            ("ClientApp", "IMAP4"),
            ("properties.message", "ROPC"),
        ],
    ),
    (
        "Entra sign-in, diagnostic settings",
        r#"{"time":"2021-11-02T08:00:02Z","resourceId":"/tenants/x/providers/Microsoft.aadiam","operationName":"Sign-in activity","category":"SignInLogs","resultType":"0","resultSignature":"None","callerIpAddress":"203.0.113.9","identity":"A",
            "properties":{"createdDateTime":"2021-11-02T08:00:01Z","userPrincipalName":"a@example.org","appDisplayName":"Azure Portal","ipAddress":"203.0.113.9","status":{"errorCode":0}}}"#,
        "azure / signinlogs",
        "2021-11-02T08:00:01Z",
        &[
            ("userPrincipalName", "a@example.org"),
            ("properties.userPrincipalName", "a@example.org"),
            ("ResultType", "0"),
            ("Status", "Success"),
            ("status.errorCode", "0"),
        ],
    ),
    (
        "Entra audit, Graph",
        r#"{"id":"1","category":"RoleManagement","correlationId":"c","result":"success","resultReason":"","activityDisplayName":"Add member to role","activityDateTime":"2021-11-02T08:05:00Z","loggedByService":"Core Directory","operationType":"Assign",
            "initiatedBy":{"user":{"userPrincipalName":"admin@example.org","ipAddress":"203.0.113.9"},"app":null},
            "targetResources":[{"id":"t","displayName":null,"type":"User","userPrincipalName":"a@example.org","modifiedProperties":[{"displayName":"Role.DisplayName","oldValue":null,"newValue":"\"Global Administrator\""}]}]}"#,
        "azure / auditlogs",
        "2021-11-02T08:05:00Z",
        &[
            ("operationName", "Add member to role"),
            ("OperationName", "Add member to role"),
            ("properties.message", "Add member to role"),
            ("Category", "RoleManagement"),
            ("LoggedByService", "Core Directory"),
            ("Status", "success"),
            ("Initiatedby", "admin@example.org"),
            ("targetResources.type", "User"),
            ("TargetResources.ModifiedProperties.NewValue", "\"Global Administrator\""),
            ("targetResources.modifiedProperties.Role.DisplayName.newValue", "\"Global Administrator\""),
        ],
    ),
    (
        "Azure activity",
        r#"{"time":"2021-11-02T09:00:00Z","resourceId":"/SUBSCRIPTIONS/1/RESOURCEGROUPS/R","operationName":"MICROSOFT.NETWORK/DNSZONES/WRITE","category":"Administrative","resultType":"Success","callerIpAddress":"203.0.113.9","properties":"{\"eventCategory\":\"Administrative\",\"message\":\"Delete device\"}"}"#,
        "azure / activitylogs",
        "2021-11-02T09:00:00Z",
        &[
            ("operationName", "MICROSOFT.NETWORK/DNSZONES/WRITE"),
            ("CategoryValue", "Administrative"),
            ("properties.message", "Delete device"),
            ("eventCategory", "Administrative"),
        ],
    ),
    (
        "Azure risk detection",
        r#"{"id":"1","riskEventType":"passwordSpray","riskState":"atRisk","riskLevel":"high","activityDateTime":"2021-11-02T09:00:00Z","userPrincipalName":"a@example.org","ipAddress":"203.0.113.9"}"#,
        "azure / riskdetection",
        "2021-11-02T09:00:00Z",
        &[("riskEventType", "passwordSpray")],
    ),
    (
        "Entra alert of privileged identities",
        r##"{"@odata.type":"#microsoft.graph.redundantAssignmentAlertIncident","id":"1","roleDisplayName":"Global Administrator","assigneeUserPrincipalName":"a@example.org","lastActivationDateTime":"2021-11-02T09:00:00Z"}"##,
        "azure / pim",
        "2021-11-02T09:00:00Z",
        &[("riskEventType", "redundantAssignmentAlertIncident")],
    ),
    (
        "CloudTrail in the message of a log forwarder",
        r#"{"@timestamp":"2021-12-01T00:00:09Z","message":"{\"eventVersion\":\"1.08\",\"eventTime\":\"2021-12-01T00:00:00Z\",\"eventSource\":\"iam.amazonaws.com\",\"eventName\":\"CreateUser\",\"userIdentity\":{\"type\":\"IAMUser\"}}"}"#,
        "aws / cloudtrail",
        "2021-12-01T00:00:00Z",
        &[("eventName", "CreateUser"), ("userIdentity.type", "IAMUser")],
    ),
    (
        "CloudTrail",
        r#"{"eventVersion":"1.08","userIdentity":{"type":"Root","arn":"arn:aws:iam::1:root"},"eventTime":"2021-12-01T00:00:00Z","eventSource":"cloudtrail.amazonaws.com","eventName":"StopLogging","awsRegion":"eu-west-2","sourceIPAddress":"203.0.113.9","requestParameters":{"name":"t"},"responseElements":null}"#,
        "aws / cloudtrail",
        "2021-12-01T00:00:00Z",
        &[
            ("userIdentity.type", "Root"),
            ("requestParameters.name", "t"),
            ("requestParameters", r#"{"name":"t"}"#),
            ("responseElements", "∅"),
        ],
    ),
    (
        "Google Cloud audit",
        r#"{"protoPayload":{"@type":"type.googleapis.com/google.cloud.audit.AuditLog","serviceName":"storage.googleapis.com","methodName":"storage.buckets.delete","authorizationInfo":[{"permission":"storage.buckets.delete","granted":true}]},"resource":{"type":"gcs_bucket"},"timestamp":"2021-12-01T00:00:00.1Z","logName":"projects/p/logs/cloudaudit.googleapis.com%2Factivity"}"#,
        "gcp / gcp.audit",
        "2021-12-01T00:00:00.1Z",
        &[
            ("gcp.audit.method_name", "storage.buckets.delete"),
            ("data.protoPayload.authorizationInfo.granted", "true"),
        ],
    ),
    (
        "Google Workspace login",
        r#"{"protoPayload":{"serviceName":"login.googleapis.com","methodName":"google.login.LoginService.govAttackWarning","metadata":{"event":[{"eventName":"gov_attack_warning","eventType":"attack_warning"}]}},"timestamp":"2021-12-01T00:00:00Z","logName":"organizations/1/logs/x"}"#,
        "gcp / google_workspace.admin+google_workspace.login",
        "2021-12-01T00:00:00Z",
        &[
            ("protoPayload.metadata.event.eventName", "gov_attack_warning"),
            ("eventService", "login.googleapis.com"),
        ],
    ),
    (
        "Google Workspace reports",
        r#"{"kind":"admin#reports#activity","id":{"time":"2021-12-01T00:00:00.5Z","uniqueQualifier":"1","applicationName":"admin","customerId":"C"},"actor":{"email":"a@example.org"},"ipAddress":"203.0.113.9","events":[{"type":"DELEGATED_ADMIN_SETTINGS","name":"GRANT_ADMIN_PRIVILEGE","parameters":[{"name":"USER_EMAIL","value":"b@example.org"}]}]}"#,
        "gcp / google_workspace.admin+google_workspace.login",
        "2021-12-01T00:00:00.5Z",
        &[
            ("eventName", "GRANT_ADMIN_PRIVILEGE"),
            ("eventService", "admin.googleapis.com"),
            ("events.parameters.USER_EMAIL", "b@example.org"),
        ],
    ),
    (
        "Okta",
        r#"{"actor":{"id":"1","alternateId":"a@example.org"},"eventType":"user.session.start","published":"2021-12-01T00:00:00Z","displayMessage":"User login to Okta","outcome":{"result":"SUCCESS"},"securityContext":{"isProxy":true},"target":[{"displayName":"Okta Admin Console"}],"debugContext":{"debugData":{"requestUri":"/admin"}}}"#,
        "okta / okta",
        "2021-12-01T00:00:00Z",
        &[
            ("securityContext.isProxy", "true"),
            ("target.displayName", "Okta Admin Console"),
            ("debugContext.debugData.requestUri", "/admin"),
        ],
    ),
    (
        "GitHub audit",
        r#"{"@timestamp":1638316800000,"_document_id":"x","action":"repo.archived","actor":"octo","actor_ip":"203.0.113.9","created_at":1638316800000,"org":"o","repo":"o/r"}"#,
        "github / audit",
        "2021-12-01T00:00:00Z",
        &[("action", "repo.archived")],
    ),
    (
        "Kubernetes audit",
        r#"{"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"RequestResponse","auditID":"1","stage":"ResponseComplete","requestURI":"/api/v1/namespaces/kube-system/pods","verb":"create","user":{"username":"a"},"objectRef":{"resource":"pods","namespace":"kube-system","apiGroup":"apps"},"requestObject":{"spec":{"volumes":[{"hostPath":{"path":"/"}}]}},"requestReceivedTimestamp":"2021-12-01T00:00:00.000001Z"}"#,
        "kubernetes / application / audit",
        "2021-12-01T00:00:00.000001Z",
        &[("objectRef.resource", "pods"), ("apiGroup", "apps"), ("hostPath", "/")],
    ),
    (
        "OneLogin",
        r#"{"id":1,"created_at":"2021-12-01T00:00:00.000Z","account_id":2,"event_type_id":3,"ipaddr":"203.0.113.9"}"#,
        "onelogin / onelogin.events",
        "2021-12-01T00:00:00Z",
        &[("event_type_id", "3")],
    ),
    (
        "Duo",
        r#"{"event_type":"authentication","txid":"t","timestamp":1638316800,"isotimestamp":"2021-12-01T00:00:00+00:00","factor":"duo_push","reason":"bypass_user","result":"success","user":{"name":"a"}}"#,
        "cisco / duo",
        "2021-12-01T00:00:00Z",
        &[("reason", "bypass_user")],
    ),
    (
        "Bitbucket",
        r#"{"affectedObjects":[],"auditType":{"action":"Global permission granted","category":"Permissions","area":"PERMISSIONS"},"author":{"name":"a"},"source":"203.0.113.9","timestamp":{"epochSecond":1638316800,"nano":0}}"#,
        "bitbucket / audit",
        "2021-12-01T00:00:00Z",
        &[("auditType.action", "Global permission granted"), ("auditType.category", "Permissions")],
    ),
    (
        "OpenCanary",
        r#"{"dst_host":"10.0.0.9","dst_port":22,"local_time":"2021-12-01 00:00:00.000001","logdata":{"USERNAME":"root"},"logtype":4002,"node_id":"c","src_host":"10.0.0.1","utc_time":"2021-12-01 00:00:00.000001"}"#,
        "opencanary / application",
        "2021-12-01T00:00:00.000001Z",
        &[("logtype", "4002")],
    ),
    (
        "Zeek with its path",
        r#"{"_path":"smb_files","ts":1638316800.25,"uid":"C","id.orig_h":"10.0.0.1","id.resp_h":"10.0.0.2","action":"SMB::FILE_OPEN","path":"\\\\FS\\C$","name":"x.exe"}"#,
        "zeek / smb_files",
        "2021-12-01T00:00:00.25Z",
        &[("path", r"\\FS\C$"), ("name", "x.exe")],
    ),
    (
        "Zeek without its path",
        r#"{"ts":"2021-12-01T00:00:00.000000Z","uid":"C","id.orig_h":"10.0.0.1","proto":"udp","trans_id":1,"query":"a.example","qtype_name":"A","answers":["192.0.2.1","192.0.2.2"],"rejected":false}"#,
        "zeek / dns / dns",
        "2021-12-01T00:00:00Z",
        &[("query", "a.example"), ("answer", "192.0.2.1"), ("record_type", "A")],
    ),
    (
        "proxy",
        r#"{"time":"2021-12-01T00:00:00Z","c-ip":"10.0.0.5","cs-username":"a","cs-method":"PUT","c-uri":"https://files.example/u","r-dns":"files.example","cs-bytes":900000,"sc-bytes":12,"c-useragent":"curl/7.68"}"#,
        "proxy",
        "2021-12-01T00:00:00Z",
        &[("cs-host", "files.example"), ("cs-bytes", "900000"), ("c-useragent", "curl/7.68")],
    ),
    (
        "nginx",
        r#"{"time_iso8601":"2021-12-01T00:00:00+00:00","remote_addr":"203.0.113.9","request_method":"POST","uri":"/x.php","args":"a=1","status":"200","body_bytes_sent":"5","http_user_agent":"x"}"#,
        "webserver / nginx",
        "2021-12-01T00:00:00Z",
        &[
            ("cs-method", "POST"),
            ("cs-uri-stem", "/x.php"),
            ("cs-uri-query", "a=1"),
            ("sc-status", "200"),
            ("c-ip", "203.0.113.9"),
        ],
    ),
    (
        "Elastic, process on Linux",
        r#"{"@timestamp":"2021-12-01T00:00:00Z","event":{"category":["process"],"type":["start"]},"host":{"os":{"type":"linux"}},"process":{"executable":"/usr/bin/tar","command_line":"tar czf /dev/shm/x /registers","parent":{"executable":"/bin/bash"}},"user":{"name":"root"}}"#,
        "linux / process_creation",
        "2021-12-01T00:00:00Z",
        &[
            ("Image", "/usr/bin/tar"),
            ("CommandLine", "tar czf /dev/shm/x /registers"),
            ("ParentImage", "/bin/bash"),
            ("User", "root"),
        ],
    ),
    (
        "anything else",
        r#"{"when":"x","timestamp":1638316800,"message":"{hello"}"#,
        "unknown",
        "2021-12-01T00:00:00Z",
        &[("message", "{hello")],
    ),
];

#[test]
fn each_kind_has_its_source_time_and_fields() {
    let sources = LogSources::builtin();
    let mut faults = Vec::new();
    for sample in SAMPLES.iter().chain(EXPORTS) {
        let gathered = gather(sample.1);
        assert_eq!((gathered.events.len(), gathered.problems.len()), (1, 0), "{}", sample.0);
        faults.extend(faults_of(&gathered.events[0], sample, &sources));
    }
    assert_eq!(faults, [""; 0]);
}

/// The same records, one a line and in one file: each is told by itself.
#[test]
fn kinds_may_be_mixed_in_one_file() {
    let sources = LogSources::builtin();
    let samples = || SAMPLES.iter().chain(EXPORTS);
    let lines: String = samples().map(|(_, json, ..)| json.replace('\n', " ") + "\n").collect();
    let gathered = gather(&lines);
    assert_eq!(gathered.events.len(), samples().count());
    for (event, sample) in gathered.events.iter().zip(samples()) {
        assert_eq!(faults_of(event, sample, &sources), [""; 0]);
    }
}

/// What `event` has otherwise than it should.
fn faults_of(event: &Event, sample: &Sample, sources: &LogSources) -> Vec<String> {
    let (kind, _, source, expected_time, fields) = sample;
    let mut faults = Vec::new();
    let found = (sources.get(event.source).to_string(), time(event));
    if found != ((*source).to_owned(), (*expected_time).to_owned()) {
        faults.push(format!("{kind}: {} at {}", found.0, found.1));
    }
    for (name, value) in *fields {
        let found = values(event, name);
        if !found.iter().any(|text| text == value) {
            faults.push(format!("{kind}: {name} is {found:?}"));
        }
    }
    faults
}
