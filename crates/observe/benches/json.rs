//! How fast the reader of JSON is, from bytes to events that nobody judges, with the SHA-256 of the
//! bytes: `cargo bench -p observe --bench json`. `sha256_alone` is the share of that, to be taken
//! off.

use std::fmt::Write as _;

use divan::Bencher;
use divan::counter::BytesCount;
use model::{Event, Problem};
use observe::{Collector, Format, LogSources, Settings};
use sha2::{Digest as _, Sha256};

fn main() {
    divan::main();
}

/// Looks at every event once, as a rule engine would, and forgets it.
#[derive(Default)]
struct Glance(usize);

impl Collector for Glance {
    fn begin(&mut self, _: &str) {}
    fn format(&mut self, _: Format) {}
    fn event(&mut self, event: &mut Event) {
        self.0 += event.text().len() + event.raw_fields().len();
    }
    fn problem(&mut self, problem: Problem) {
        panic!("{problem:?}");
    }
    fn assumed(&mut self, _: String) {}
    fn progress(&mut self, _: u64) {}
    fn end(&mut self, _: [u8; 32], _: u64) {}
}

/// Records of a log.
const RECORDS: usize = 30_000;

fn measure(bencher: Bencher<'_, '_>, log: &str) {
    let sources = LogSources::builtin();
    let settings = Settings::default();
    bencher.counter(BytesCount::of_str(log)).bench_local(|| {
        let mut glance = Glance::default();
        observe::read_bytes(log.as_bytes(), "bench", &settings, &sources, &mut glance);
        glance.0
    });
}

fn lines(record: fn(usize, &mut String)) -> String {
    let mut log = String::new();
    for number in 0..RECORDS {
        record(number, &mut log);
        log.push('\n');
    }
    log
}

fn m365(number: usize, log: &mut String) {
    let (minute, second) = (number / 60 % 60, number % 60);
    let _ = write!(
        log,
        r#"{{"CreationTime":"2021-08-24T09:{minute:02}:{second:02}","Id":"5f0c7c1e-{number:012}","Operation":"MailItemsAccessed","OrganizationId":"0c7c1e5f","RecordType":50,"ResultStatus":"Succeeded","UserKey":"10032000{number:08}","UserType":0,"Version":1,"Workload":"Exchange","ClientIP":"192.0.2.{}","UserId":"user{number}@example.org","ClientIPAddress":"192.0.2.7","ClientInfoString":"Client=OWA;Action=ViaProxy","ExternalAccess":false,"InternalLogonType":0,"LogonType":0,"MailboxGuid":"5f0c7c1e","MailboxOwnerSid":"S-1-5-21-1-2-3-{number}","MailboxOwnerUPN":"user{number}@example.org","OperationProperties":[{{"Name":"MailAccessType","Value":"Bind"}},{{"Name":"IsThrottled","Value":"False"}}],"OrganizationName":"example.org","OriginatingServer":"EX0001 (15.20.4200.000)\r\n","Folders":[{{"FolderItems":[{{"InternetMessageId":"<{number:x}@example.org>"}},{{"InternetMessageId":"<{number:x}b@example.org>"}}],"Id":"LgAAAAB","Path":"\\Inbox"}}],"OperationCount":2}}"#,
        number % 250
    );
}

fn cloudtrail(number: usize, log: &mut String) {
    let _ = write!(
        log,
        r#"{{"eventVersion":"1.08","userIdentity":{{"type":"IAMUser","principalId":"AIDA{number}","arn":"arn:aws:iam::123456789012:user/backup","accountId":"123456789012","userName":"backup"}},"eventTime":"2021-08-24T09:12:{:02}Z","eventSource":"s3.amazonaws.com","eventName":"PutObject","awsRegion":"eu-west-2","sourceIPAddress":"192.0.2.1","userAgent":"[aws-cli/2.2]","requestParameters":{{"bucketName":"backup","key":"key{number}"}},"responseElements":null,"additionalEventData":{{"SignatureVersion":"SigV4","bytesTransferredIn":12345.0}},"eventID":"{number:032}","readOnly":false,"resources":[{{"type":"AWS::S3::Object","ARN":"arn:aws:s3:::backup/key"}},{{"accountId":"123456789012","type":"AWS::S3::Bucket","ARN":"arn:aws:s3:::backup"}}],"eventType":"AwsApiCall","recipientAccountId":"123456789012"}}"#,
        number % 60
    );
}

fn winlogbeat(number: usize, log: &mut String) {
    let _ = write!(
        log,
        r#"{{"@timestamp":"2021-08-24T09:12:{:02}.123Z","event":{{"code":"1","provider":"Microsoft-Windows-Sysmon","action":"Process Create"}},"log":{{"level":"information"}},"host":{{"name":"ex.example.org"}},"winlog":{{"event_id":1,"channel":"Microsoft-Windows-Sysmon/Operational","provider_name":"Microsoft-Windows-Sysmon","computer_name":"EX.example.org","record_id":{number},"process":{{"pid":1,"thread":{{"id":2}}}},"event_data":{{"Image":"C:\\Windows\\System32\\cmd.exe","CommandLine":"cmd /c whoami {number}","ParentImage":"c:\\windows\\system32\\inetsrv\\w3wp.exe","User":"NT AUTHORITY\\SYSTEM"}}}},"agent":{{"type":"winlogbeat","version":"7.10"}}}}"#,
        number % 60
    );
}

fn proxy(number: usize, log: &mut String) {
    let _ = write!(
        log,
        r#"{{"time":"2021-08-24T09:12:{:02}Z","c-ip":"10.0.0.{}","cs-username":"user{number}","cs-method":"GET","c-uri":"https://www.example.net/a/b/c?d={number}","cs-host":"www.example.net","r-dns":"www.example.net","sc-status":200,"sc-bytes":{number},"cs-bytes":300,"c-useragent":"Mozilla/5.0 (Windows NT 10.0; Win64; x64)","c-uri-extension":""}}"#,
        number % 60,
        number % 250
    );
}

#[divan::bench]
fn m365_lines(bencher: Bencher<'_, '_>) {
    measure(bencher, &lines(m365));
}

#[divan::bench]
fn cloudtrail_lines(bencher: Bencher<'_, '_>) {
    measure(bencher, &lines(cloudtrail));
}

#[divan::bench]
fn cloudtrail_one_document(bencher: Bencher<'_, '_>) {
    let records = lines(cloudtrail);
    measure(bencher, &format!("{{\"Records\":[{}]}}", records.trim_end().replace('\n', ",")));
}

#[divan::bench]
fn winlogbeat_lines(bencher: Bencher<'_, '_>) {
    measure(bencher, &lines(winlogbeat));
}

#[divan::bench]
fn proxy_lines(bencher: Bencher<'_, '_>) {
    measure(bencher, &lines(proxy));
}

#[divan::bench]
fn sha256_alone(bencher: Bencher<'_, '_>) {
    let log = lines(m365);
    bencher.counter(BytesCount::of_str(&log)).bench_local(|| Sha256::digest(log.as_bytes()));
}
